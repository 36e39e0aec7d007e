//! How far a list can be trusted: what perturbing its genes does, whether its parts add up, and what a model with random
//! weights says.

use std::ops::Range;

use concord_attr::{
    AttributeConfig, Followed, GeneStatistics, Network, PerturbConfig, Perturbation, Replacement, descending,
    importance, perturbation_curves,
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
const N_CELLS: usize = 50;
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
    ("seeds", "Part of the best 5 % of the list that models trained with other seeds share with this one, on average."),
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
    let mean: Vec<f32> = all.mean_expression.iter().map(|&mean| mean as f32).collect();
    let followed: Vec<Followed<'_>> = context
        .targets
        .iter()
        .map(|planned| Followed { target: &planned.target, level_of_others: planned.level_of_others })
        .collect();
    let rankings = rankings(subject, context, &cells, statistics, targets, config)?;
    let curves: Result<Vec<Vec<Areas>>, CliError> = rankings
        .par_iter()
        .map(|ranking| areas(subject.network, &cells, &followed[ranking.targets.clone()], &ranking.genes, &mean))
        .collect();
    let curves = curves?;
    for (place, target) in targets.iter_mut().enumerate() {
        for name in RANKINGS {
            let of_name = rankings.iter().zip(&curves).filter(|(ranking, _)| ranking.name == name);
            let found: Vec<Areas> = of_name
                .filter(|(ranking, _)| ranking.targets.contains(&place))
                .map(|(ranking, areas)| areas[place - ranking.targets.start])
                .collect();
            let mean = |kind: usize| found.iter().map(|areas| areas[kind]).sum::<f64>() / found.len() as f64;
            target.trust.push(TrustRow {
                context: context.name.clone(),
                target: target.name.clone(),
                ranking: name.to_owned(),
                deletion_to_zero: mean(0),
                deletion_to_mean: mean(1),
                insertion_to_zero: mean(2),
                insertion_to_mean: mean(3),
                sum_error: target.sum_error.filter(|_| name == RANKINGS[0]),
                random_weights: None,
                seeds: None,
            });
        }
    }
    Ok(())
}

/// Genes to perturb, and the targets for which that is done.
struct Ranking {
    name: &'static str,
    targets: Range<usize>,
    genes: Vec<usize>,
}

/// The lists of the targets and the genes by their gradients, and what is the same for all targets.
fn rankings<N: Network>(
    subject: &Subject<'_, N>,
    context: &Context,
    cells: &LogNorm,
    statistics: &GeneStatistics,
    targets: &[TargetResult],
    config: &AttributeConfig,
) -> Result<Vec<Ranking>, CliError> {
    let jacobian = importance(subject.network, cells)?;
    let mut rankings = Vec::new();
    for (place, (result, planned)) in targets.iter().zip(&context.targets).enumerate() {
        let list = result.list.iter().map(|gene| gene.gene).collect();
        let by_gradient = descending(jacobian.dot(&planned.target.as_direction()).view());
        for (name, genes) in [(RANKINGS[0], list), (RANKINGS[1], by_gradient)] {
            rankings.push(Ranking { name, targets: place..place + 1, genes });
        }
    }
    let expression: Array1<f32> = statistics.mean_expression.iter().map(|&mean| mean as f32).collect();
    rankings.push(Ranking { name: RANKINGS[2], targets: 0..targets.len(), genes: descending(expression.view()) });
    rankings.extend((0..N_RANDOM).map(|draw| Ranking {
        name: RANKINGS[3],
        targets: 0..targets.len(),
        genes: shuffled(cells.n_genes(), config.seed.wrapping_add(draw)),
    }));
    Ok(rankings)
}

/// Deletion to zero and to the mean, insertion from zero and from the mean.
type Areas = [f64; 4];

/// These of each target that is followed.
fn areas<N: Network>(
    network: &N,
    cells: &LogNorm,
    followed: &[Followed<'_>],
    ranking: &[usize],
    mean: &[f32],
) -> Result<Vec<Areas>, CliError> {
    let mut areas = vec![[0.0; 4]; followed.len()];
    for (kind, (perturbation, replacement)) in [
        (Perturbation::Deletion, Replacement::Zero),
        (Perturbation::Deletion, Replacement::Mean(mean)),
        (Perturbation::Insertion, Replacement::Zero),
        (Perturbation::Insertion, Replacement::Mean(mean)),
    ]
    .into_iter()
    .enumerate()
    {
        let config = PerturbConfig { perturbation, replacement, n_genes: N_GENES };
        let curves = perturbation_curves(network, cells, followed, ranking, &config)?;
        for (areas, curve) in areas.iter_mut().zip(&curves) {
            areas[kind] = if perturbation == Perturbation::Deletion { 1.0 - curve.area() } else { curve.area() };
        }
    }
    Ok(areas)
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
