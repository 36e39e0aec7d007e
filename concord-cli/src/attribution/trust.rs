//! How far a list can be trusted: what perturbing its genes does, whether its parts add up, and what a model with random
//! weights says.

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
        "The list itself, and what it is held against: the same genes ordered by the plain gradient, by their expression \
         in the context, and at random.",
    ),
    (
        "deletion",
        "The first 50 genes are taken out of the cells one after another; the mean part of the way from the context to \
         the other cells that the target goes meanwhile. Higher is better. Empty where a target is hardly more active in \
         the context than in other cells: such lists mean little.",
    ),
    (
        "insertion",
        "The genes are put back one after another into cells that lack all; the mean level reached, 1 being the context \
         and 0 the other cells. Higher is better.",
    ),
    (
        "to zero, to mean",
        "What a gene is replaced by: nothing, or its mean over all cells (or over those held against).",
    ),
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

/// Measures all targets of a context by perturbing their genes. `attributed` are the cells that the lists were made
/// with, `reference` what their genes are held against.
pub(super) fn measure<N: Network>(
    subject: &Subject<'_, N>,
    context: &Context,
    attributed: &LogNorm,
    reference: &GeneStatistics,
    targets: &mut [TargetResult],
    config: &AttributeConfig,
) -> Result<(), CliError> {
    let cells = attributed.select_cells(&evenly_spaced(attributed.n_cells(), N_CELLS));
    let mean: Vec<f32> = reference.mean_expression.iter().map(|&mean| mean as f32).collect();
    let rankings = rankings(subject, context, attributed, targets, config)?;
    let areas: Result<Vec<Areas>, CliError> = rankings
        .par_iter()
        .map(|ranking| {
            let planned = &context.targets[ranking.target];
            let followed = Followed { target: &planned.target, level_of_others: planned.level_of_others };
            areas(subject.network, &cells, followed, &ranking.genes, &mean)
        })
        .collect();
    let areas = areas?;
    for (place, target) in targets.iter_mut().enumerate() {
        for name in RANKINGS {
            let of_name = rankings.iter().zip(&areas).filter(|(ranking, _)| ranking.name == name);
            let found: Vec<&Areas> =
                of_name.filter(|(ranking, _)| ranking.target == place).map(|(_, areas)| areas).collect();
            let n_found = found.len() as f64;
            let mean =
                |kind: usize| (!found.is_empty()).then(|| found.iter().map(|areas| areas[kind]).sum::<f64>() / n_found);
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

/// Genes to perturb for a target.
struct Ranking {
    name: &'static str,
    target: usize,
    genes: Vec<usize>,
}

/// The lists of the targets, and the same genes in other orders: a list is not to look good because a filter is.
fn rankings<N: Network>(
    subject: &Subject<'_, N>,
    context: &Context,
    attributed: &LogNorm,
    targets: &[TargetResult],
    config: &AttributeConfig,
) -> Result<Vec<Ranking>, CliError> {
    let jacobian = importance(subject.network, attributed)?;
    let mut rankings = Vec::new();
    for (place, (result, planned)) in targets.iter().zip(&context.targets).enumerate() {
        if !planned.is_active || result.list.is_empty() {
            continue;
        }
        let list: Vec<usize> = result.list.iter().map(|gene| gene.gene).collect();
        let gradient = jacobian.dot(&planned.target.as_direction());
        let by = |score: &dyn Fn(usize) -> f32| -> Vec<usize> {
            let scores: Array1<f32> = (0..list.len()).map(score).collect();
            descending(scores.view()).into_iter().map(|place| list[place]).collect()
        };
        let by_gradient = by(&|place| gradient[list[place]]);
        let by_expression = by(&|place| result.list[place].mean_expression as f32);
        let at_random = (0..N_RANDOM).map(|draw| {
            let order = shuffled(list.len(), config.seed.wrapping_add(draw));
            (RANKINGS[3], order.into_iter().map(|place| list[place]).collect())
        });
        let others = [(RANKINGS[0], list.clone()), (RANKINGS[1], by_gradient), (RANKINGS[2], by_expression)];
        rankings.extend(others.into_iter().chain(at_random).map(|(name, genes)| Ranking {
            name,
            target: place,
            genes,
        }));
    }
    Ok(rankings)
}

/// Deletion to zero and to the mean, insertion from zero and from the mean.
type Areas = [f64; 4];

/// These for one ranking.
fn areas<N: Network>(
    network: &N,
    cells: &LogNorm,
    followed: Followed<'_>,
    ranking: &[usize],
    mean: &[f32],
) -> Result<Areas, CliError> {
    let mut areas = [0.0; 4];
    let kinds = [
        (Perturbation::Deletion, Replacement::Zero),
        (Perturbation::Deletion, Replacement::Mean(mean)),
        (Perturbation::Insertion, Replacement::Zero),
        (Perturbation::Insertion, Replacement::Mean(mean)),
    ];
    for (area, (perturbation, replacement)) in areas.iter_mut().zip(kinds) {
        let config = PerturbConfig { perturbation, replacement, n_genes: N_GENES };
        for curve in perturbation_curves(network, cells, &[followed], ranking, &config)? {
            *area = if perturbation == Perturbation::Deletion { 1.0 - curve.area() } else { curve.area() };
        }
    }
    Ok(areas)
}

/// The table for the terminal: a line for each target, with the four rankings side by side.
pub(crate) fn to_text(rows: &[TrustRow]) -> String {
    let side_by_side = |of_target: &[TrustRow], value: fn(&TrustRow) -> Option<f64>| {
        let values: Option<Vec<String>> =
            of_target.iter().map(|row| value(row).map(|value| format!("{value:.2}"))).collect();
        values.map_or_else(|| "not active".to_owned(), |values| values.join(" / "))
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
    table.insert("deletion to zero", numbers(|row| row.deletion_to_zero))?;
    table.insert("deletion to mean", numbers(|row| row.deletion_to_mean))?;
    table.insert("insertion to zero", numbers(|row| row.insertion_to_zero))?;
    table.insert("insertion to mean", numbers(|row| row.insertion_to_mean))?;
    table.insert("sum error", numbers(|row| row.sum_error))?;
    table.insert("random weights", numbers(|row| row.random_weights))?;
    table.insert("seeds", numbers(|row| row.seeds))?;
    Ok(table)
}
