//! The flavours `seurat_v3` and `seurat_v3_paper`: variance, standardised by its trend over the mean.

use super::cells::Batch;
use super::{Flavor, Input, Ranking, SelectConfig, Variability};
use crate::PrepError;
use crate::columns::{mean_and_variance, sum_columns};
use crate::loess::{LoessError, loess};

/// What a batch contributes, for every tested gene.
struct BatchResult {
    variances_norm: Vec<f64>,
    /// Place in the order of falling standardised variance, from 0.
    ranks: Vec<usize>,
}

pub(super) fn rank(input: &Input<'_>, config: &SelectConfig) -> Result<Ranking, PrepError> {
    refuse_single_cells(&input.batches)?;
    let results =
        input.batches.iter().map(|batch| rank_batch(input, batch, config)).collect::<Result<Vec<_>, PrepError>>()?;
    let (means, variances) = means_and_variances(input, &input.cells);
    let n_tested = input.tested.len();
    let (mut ranks, mut n_batches) = (Vec::with_capacity(n_tested), Vec::with_capacity(n_tested));
    for gene in 0..n_tested {
        let mut own: Vec<usize> =
            results.iter().map(|batch| batch.ranks[gene]).filter(|&rank| rank < config.n_top_features).collect();
        n_batches.push(own.len() as u32);
        ranks.push(median(&mut own));
    }
    let variances_norm = (0..n_tested)
        .map(|gene| results.iter().map(|batch| batch.variances_norm[gene]).sum::<f64>() / results.len() as f64)
        .collect();

    let mut chosen: Vec<usize> = (0..n_tested).collect();
    let by_rank = |a: usize, b: usize| place(ranks[a]).total_cmp(&place(ranks[b]));
    let by_batches = |a: usize, b: usize| n_batches[b].cmp(&n_batches[a]);
    // A stable sort: among equals the first column wins.
    chosen.sort_by(|&a, &b| match config.flavor {
        Flavor::SeuratV3Paper => by_batches(a, b).then_with(|| by_rank(a, b)),
        _ => by_rank(a, b).then_with(|| by_batches(a, b)),
    });
    chosen.truncate(config.n_top_features);
    Ok(Ranking { means, variability: Variability::Variance { variances, variances_norm, ranks }, n_batches, chosen })
}

/// Looked at before any batch is ranked: where a column of the cells' names was taken for batches, that saves a long wait.
fn refuse_single_cells(batches: &[Batch]) -> Result<(), PrepError> {
    let mut single = batches.iter().filter(|batch| batch.cells.len() == 1).filter_map(|batch| batch.name.as_ref());
    let Some(first) = single.next() else { return Ok(()) };
    Err(PrepError::SingleCellBatches { batch: first.clone(), n_single: 1 + single.count(), n_batches: batches.len() })
}

fn rank_batch(input: &Input<'_>, batch: &Batch, config: &SelectConfig) -> Result<BatchResult, PrepError> {
    let (means, variances) = means_and_variances(input, &batch.cells);
    let n_varying = variances.iter().filter(|&&variance| variance > 0.0).count();
    if n_varying == 0 && batch.name.is_none() {
        return Err(PrepError::NoVariation { n_cells: batch.cells.len(), n_genes: input.tested.len() });
    }
    let deviations =
        expected_deviations(&means, &variances, config.span).map_err(|reason| PrepError::VarianceTrend {
            batch: batch.name.clone(),
            n_cells: batch.cells.len(),
            n_as_small: input.batches.iter().filter(|other| other.cells.len() <= batch.cells.len()).count(),
            n_genes: n_varying,
            reason,
        })?;
    let n_cells = batch.cells.len() as f64;
    // Values above this are taken for it, so that a gene is not chosen for a few outlying cells.
    let mut largest = vec![f64::INFINITY; input.matrix.cols()];
    for (position, &column) in input.tested.iter().enumerate() {
        largest[column] = deviations[position] * n_cells.sqrt() + means[position];
    }
    let largest = largest.as_slice();
    let sums = sum_columns(input.matrix, &batch.cells, |_| {
        move |column, value| {
            let clipped = f64::from(value).min(largest[column]);
            [clipped, clipped * clipped]
        }
    });
    let variances_norm: Vec<f64> = input
        .tested
        .iter()
        .enumerate()
        .map(|(position, &column)| {
            let ([sum, sum_of_squares], mean, deviation) = (sums[column], means[position], deviations[position]);
            (1.0 / ((n_cells - 1.0) * (deviation * deviation)))
                * (n_cells * (mean * mean) + sum_of_squares - 2.0 * sum * mean)
        })
        .collect();
    let mut order: Vec<usize> = (0..variances_norm.len()).collect();
    order.sort_by(|&a, &b| variances_norm[b].total_cmp(&variances_norm[a]));
    let mut ranks = vec![0; order.len()];
    for (rank, gene) in order.into_iter().enumerate() {
        ranks[gene] = rank;
    }
    Ok(BatchResult { variances_norm, ranks })
}

/// Means and variances of the tested genes over some cells.
fn means_and_variances(input: &Input<'_>, cells: &[usize]) -> (Vec<f64>, Vec<f64>) {
    // The reference squares 32-bit floats to 32-bit floats, which matters for values that are no integers.
    let sums = sum_columns(input.matrix, cells, |_| |_, value: f32| [f64::from(value), f64::from(value * value)]);
    input.tested.iter().map(|&column| mean_and_variance(sums[column][0], sums[column][1], cells.len())).unzip()
}

/// The standard deviation that a gene of this mean usually has: 1 for constant genes, which do not shape the trend.
fn expected_deviations(means: &[f64], variances: &[f64], span: f64) -> Result<Vec<f64>, LoessError> {
    let varying: Vec<usize> = (0..means.len()).filter(|&gene| variances[gene] > 0.0).collect();
    let x: Vec<f64> = varying.iter().map(|&gene| means[gene].log10()).collect();
    let y: Vec<f64> = varying.iter().map(|&gene| variances[gene].log10()).collect();
    let fitted = loess(&x, &y, span)?;
    let mut deviations = vec![1.0; means.len()];
    for (gene, log_variance) in varying.into_iter().zip(fitted) {
        deviations[gene] = 10.0_f64.powf(log_variance).sqrt();
    }
    Ok(deviations)
}

fn median(ranks: &mut [usize]) -> Option<f64> {
    ranks.sort_unstable();
    let middle = ranks.len() / 2;
    match ranks.len() {
        0 => None,
        n if n % 2 == 1 => Some(ranks[middle] as f64),
        _ => Some(f64::midpoint(ranks[middle - 1] as f64, ranks[middle] as f64)),
    }
}

/// Where a rank stands in ascending order: genes without one come last.
fn place(rank: Option<f64>) -> f64 {
    rank.unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [7, 1, 3]), Some(3.0));
        assert_eq!(median(&mut [4, 1]), Some(2.5));
    }
}
