//! How far a list can be trusted: what perturbing its genes does, whether its parts add up, and what a model with random
//! weights says.

use concord_attr::{
    AttributeConfig, GeneStatistics, Network, PerturbConfig, Perturbation, Replacement, Target, descending, importance,
    perturbation_curve,
};
use concord_core::{Column, CoreError, LogNorm, Table};
use ndarray::Array1;
use rayon::prelude::*;

use super::{Context, Subject, TargetResult};
use crate::{
    error::CliError,
    sample::{evenly_spaced, shuffled},
    tables::TrustRow,
    text_table::text_table,
};

/// Cells of a context that are perturbed.
const N_CELLS: usize = 100;
/// Genes that are perturbed at the end of a curve.
const N_GENES: usize = 50;
/// Random rankings that are averaged.
const N_RANDOM: u64 = 3;

/// The rankings that are held against each other; the first is the list itself.
const RANKINGS: [&str; 4] = ["list", "gradient", "expression", "random"];

/// What the columns of the table mean.
pub(crate) const TRUST_GLOSSARY: [(&str, &str); 7] = [
    (
        "ranking",
        "The list itself, and what it is held against: the genes by the plain gradient, by their expression in the \
         context, and at random.",
    ),
    (
        "deletion",
        "The first 50 genes are taken out of the cells one after another; the mean part of the way from the context to \
         the other cells that the target goes meanwhile. Higher is better; random genes give about 0.",
    ),
    (
        "insertion",
        "The genes are put back one after another into cells that lack all; the mean level reached, 1 being the context \
         and 0 the other cells. Higher is better.",
    ),
    ("to zero, to mean", "What a gene is replaced by: nothing, or its mean over all cells."),
    (
        "sum_error",
        "Completeness: the scores of all genes should add up to the difference of the target between a cell and the \
         baseline; median relative error.",
    ),
    (
        "random_weights",
        "Rank correlation with the scores from a model with random weights in the same context; far from 1 is good.",
    ),
    ("seeds", "Part of the best 5 % of genes that models trained with other seeds share with this one, on average."),
];

/// Measures all targets of a context by perturbing their genes.
pub(super) fn measure<N: Network>(
    subject: &Subject<'_, N>,
    context: &Context,
    statistics: &GeneStatistics,
    all: &GeneStatistics,
    targets: &mut [TargetResult],
    config: &AttributeConfig,
) -> Result<(), CliError> {
    let chosen: Vec<usize> =
        evenly_spaced(context.cells.len(), N_CELLS).into_iter().map(|place| context.cells[place]).collect();
    let cells = subject.data.select_cells(&chosen);
    let jacobian = importance(subject.network, &cells)?;
    let expression: Array1<f32> = statistics.mean_expression.iter().map(|&mean| mean as f32).collect();
    let by_expression = vec![descending(expression.view())];
    let at_random: Vec<Vec<usize>> =
        (0..N_RANDOM).map(|draw| shuffled(cells.n_genes(), config.seed.wrapping_add(draw))).collect();
    let mean: Vec<f32> = all.mean_expression.iter().map(|&mean| mean as f32).collect();
    for (result, planned) in targets.iter_mut().zip(&context.targets) {
        let list = vec![result.list.iter().map(|gene| gene.gene).collect()];
        let by_gradient = vec![descending(jacobian.dot(&planned.target.as_direction()).view())];
        for (name, rankings) in RANKINGS.into_iter().zip([&list, &by_gradient, &by_expression, &at_random]) {
            let of_each: Result<Vec<[f64; 4]>, CliError> = rankings
                .par_iter()
                .map(|ranking| areas(subject, &cells, &planned.target, planned.level_of_others, ranking, &mean))
                .collect();
            let of_each = of_each?;
            let mean_of = |place: usize| of_each.iter().map(|areas| areas[place]).sum::<f64>() / of_each.len() as f64;
            result.trust.push(TrustRow {
                context: context.name.clone(),
                target: result.name.clone(),
                ranking: name.to_owned(),
                deletion_to_zero: mean_of(0),
                deletion_to_mean: mean_of(1),
                insertion_to_zero: mean_of(2),
                insertion_to_mean: mean_of(3),
                sum_error: result.sum_error.filter(|_| name == RANKINGS[0]),
                random_weights: None,
                seeds: None,
            });
        }
    }
    Ok(())
}

/// Deletion to zero and to the mean, insertion from zero and from the mean.
fn areas<N: Network>(
    subject: &Subject<'_, N>,
    cells: &LogNorm,
    target: &Target,
    level_of_others: f64,
    ranking: &[usize],
    mean: &[f32],
) -> Result<[f64; 4], CliError> {
    let area = |perturbation, replacement| -> Result<f64, CliError> {
        let config = PerturbConfig { perturbation, replacement, n_genes: N_GENES };
        Ok(perturbation_curve(subject.network, cells, target, level_of_others, ranking, &config)?.area())
    };
    Ok([
        1.0 - area(Perturbation::Deletion, Replacement::Zero)?,
        1.0 - area(Perturbation::Deletion, Replacement::Mean(mean))?,
        area(Perturbation::Insertion, Replacement::Zero)?,
        area(Perturbation::Insertion, Replacement::Mean(mean))?,
    ])
}

/// The table for the terminal: a line for each target, with the four rankings side by side.
pub(crate) fn to_text(rows: &[TrustRow]) -> String {
    let side_by_side = |of_target: &[TrustRow], value: fn(&TrustRow) -> f64| {
        of_target.iter().map(|row| format!("{:.2}", value(row))).collect::<Vec<_>>().join(" / ")
    };
    let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
    let header = ["context", "target", "deletion to zero", "deletion to mean", "sum error", "random weights", "seeds"];
    let lines = rows.chunks(RANKINGS.len()).map(|of_target| {
        let first = &of_target[0];
        vec![
            first.context.clone(),
            first.target.clone(),
            side_by_side(of_target, |row| row.deletion_to_zero),
            side_by_side(of_target, |row| row.deletion_to_mean),
            first.sum_error.map_or_else(|| "-".to_owned(), |error| format!("{:.1} %", 100.0 * error)),
            optional(first.random_weights),
            optional(first.seeds),
        ]
    });
    let table = text_table(std::iter::once(header.map(str::to_owned).to_vec()).chain(lines));
    format!("How far the lists can be trusted (deletion: {}; higher is better):\n{table}", RANKINGS.join(" / "))
}

/// The table for the report.
pub(crate) fn to_table(rows: &[TrustRow]) -> Result<Table, CoreError> {
    let mut table = Table::new(rows.len());
    let texts =
        |value: fn(&TrustRow) -> &String| Column::Texts(rows.iter().map(|row| Some(value(row).clone())).collect());
    let numbers = |value: fn(&TrustRow) -> Option<f64>| {
        Column::Floats(rows.iter().map(|row| value(row).unwrap_or(f64::NAN)).collect())
    };
    table.insert("context", texts(|row| &row.context))?;
    table.insert("target", texts(|row| &row.target))?;
    table.insert("ranking", texts(|row| &row.ranking))?;
    table.insert("deletion to zero", numbers(|row| Some(row.deletion_to_zero)))?;
    table.insert("deletion to mean", numbers(|row| Some(row.deletion_to_mean)))?;
    table.insert("insertion to zero", numbers(|row| Some(row.insertion_to_zero)))?;
    table.insert("insertion to mean", numbers(|row| Some(row.insertion_to_mean)))?;
    table.insert("sum error", numbers(|row| row.sum_error))?;
    table.insert("random weights", numbers(|row| row.random_weights))?;
    table.insert("seeds", numbers(|row| row.seeds))?;
    Ok(table)
}
