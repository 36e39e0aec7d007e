//! The flavours `seurat` and `cell_ranger`: variance over mean, relative to genes of similar mean.

use std::cmp::Ordering;

use super::cells::Batch;
use super::{Flavor, Input, Ranking, SelectConfig, Variability};
use crate::columns::{mean_and_variance, sum_columns};
use crate::lookup::Lookup;
use crate::normalize::size_factor;
use crate::{MatrixState, PrepError};

/// The total to which cells are scaled when the matrix is not logged yet.
const TARGET_SUM: f32 = 1e4;

/// Bins of `seurat`, of equal width.
const N_EQUAL_BINS: usize = 20;

/// The median absolute deviation of a normal distribution of standard deviation 1.
const NORMAL_MAD: f64 = 0.674_489_750_196_081_7;

/// Statistics of the tested genes: of one batch, or added up over the batches.
struct Statistics {
    means: Vec<f64>,
    dispersions: Vec<f64>,
    dispersions_norm: Vec<f64>,
    is_chosen: Vec<bool>,
}

pub(super) fn rank(input: &Input<'_>, config: &SelectConfig) -> Result<Ranking, PrepError> {
    let factors = size_factors(input);
    let results = input
        .batches
        .iter()
        .map(|batch| rank_batch(input, batch, factors.as_deref(), config))
        .collect::<Result<Vec<_>, PrepError>>()?;
    let n_tested = input.tested.len();
    let n_batches: Vec<u32> =
        (0..n_tested).map(|gene| results.iter().map(|batch| u32::from(batch.is_chosen[gene])).sum()).collect();
    let means = mean_over_batches(&results, |batch| &batch.means);
    let dispersions = mean_over_batches(&results, |batch| &batch.dispersions);
    let dispersions_norm = mean_over_batches(&results, |batch| &batch.dispersions_norm);

    let mut chosen: Vec<usize> = (0..n_tested).collect();
    // A stable sort: among equals the first column wins.
    chosen.sort_by(|&a, &b| {
        n_batches[b].cmp(&n_batches[a]).then_with(|| falling_nan_last(dispersions_norm[a], dispersions_norm[b]))
    });
    if input.batches.iter().any(|batch| batch.name.is_some()) {
        chosen.truncate(config.n_top_features);
    } else {
        // Genes that tie with the last one are all chosen here, as in the reference.
        chosen.retain(|&gene| n_batches[gene] > 0);
    }
    Ok(Ranking { means, variability: Variability::Dispersion { dispersions, dispersions_norm }, n_batches, chosen })
}

/// By what the values of each cell are divided before they are logged; nothing when they are logged already.
fn size_factors(input: &Input<'_>) -> Option<Vec<f32>> {
    if input.state == MatrixState::Logged {
        return None;
    }
    let mut is_tested = vec![false; input.matrix.cols()];
    for &column in &input.tested {
        is_tested[column] = true;
    }
    let total = |cell: sprs::CsVecViewI<'_, f32, u32>| {
        let tested = cell.iter().filter(|&(column, _)| is_tested[column]);
        tested.map(|(_, &value)| f64::from(value)).sum::<f64>() as f32
    };
    Some(input.matrix.outer_iterator().map(|cell| size_factor(total(cell), TARGET_SUM)).collect())
}

fn rank_batch(
    input: &Input<'_>,
    batch: &Batch,
    factors: Option<&[f32]>,
    config: &SelectConfig,
) -> Result<Statistics, PrepError> {
    let is_seurat = config.flavor == Flavor::Seurat;
    let sums = sum_columns(input.matrix, &batch.cells, |cell| {
        let factor = factors.map(|factors| factors[cell]);
        let expression = Lookup::new(move |value| {
            let logged = factor.map_or(value, |factor| (value / factor).ln_1p());
            if is_seurat { logged.exp_m1() } else { logged }
        });
        move |_, value| {
            let value = expression.get(value);
            [f64::from(value), f64::from(value * value), f64::from(u8::from(value > 0.0))]
        }
    });
    // Within a batch, genes that no cell expresses take no part; their statistics are 0.
    let expressed: Vec<usize> =
        (0..input.tested.len()).filter(|&gene| batch.name.is_none() || sums[input.tested[gene]][2] > 0.0).collect();
    let (means, dispersions): (Vec<f64>, Vec<f64>) = expressed
        .iter()
        .map(|&gene| {
            let [sum, sum_of_squares, _] = sums[input.tested[gene]];
            let (mean, variance) = mean_and_variance(sum, sum_of_squares, batch.cells.len());
            mean_and_dispersion(mean, variance, is_seurat)
        })
        .unzip();
    let dispersions_norm = if is_seurat {
        standardize(&equal_bins(&means), &dispersions, mean_and_deviation)
    } else {
        standardize(&quantile_bins(&means, batch)?, &dispersions, median_and_mad)
    };
    let is_chosen = best(&dispersions_norm, config.n_top_features);
    Ok(Statistics {
        means: scatter(&expressed, &means, input.tested.len()),
        dispersions: scatter(&expressed, &dispersions, input.tested.len()),
        dispersions_norm: scatter(&expressed, &dispersions_norm, input.tested.len()),
        is_chosen: scatter(&expressed, &is_chosen, input.tested.len()),
    })
}

fn mean_and_dispersion(mean: f64, variance: f64, is_seurat: bool) -> (f64, f64) {
    let mean = if mean == 0.0 { 1e-12 } else { mean };
    let dispersion = variance / mean;
    if !is_seurat {
        return (mean, dispersion);
    }
    (mean.ln_1p(), if dispersion == 0.0 { f64::NAN } else { dispersion.ln() })
}

/// The bin of every gene among 20 of equal width over the range of the means.
fn equal_bins(means: &[f64]) -> Vec<usize> {
    let smallest = means.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Genes that all have one mean share a bin, whichever it is.
    let step = (largest - smallest) / N_EQUAL_BINS as f64;
    let upper_edges: Vec<f64> = (1..N_EQUAL_BINS).map(|edge| edge as f64 * step + smallest).collect();
    means.iter().map(|&mean| upper_edges.partition_point(|&edge| edge < mean)).collect()
}

/// The bin of every gene among those that the percentiles 10, 15, ..., 100 of the means separate.
fn quantile_bins(means: &[f64], batch: &Batch) -> Result<Vec<usize>, PrepError> {
    let mut sorted = means.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let edges: Vec<f64> = (10..=100).step_by(5).map(|percent| percentile(&sorted, f64::from(percent))).collect();
    if let Some(pair) = edges.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(PrepError::RepeatedBinEdge { batch: batch.name.clone(), mean: pair[0] });
    }
    Ok(means.iter().map(|&mean| edges.partition_point(|&edge| edge < mean)).collect())
}

/// The percentile of sorted values, interpolated between the two nearest ones.
fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let position = percent / 100.0 * (sorted.len() - 1) as f64;
    let below = (position.floor() as usize).min(sorted.len() - 1);
    let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    let share = position - below as f64;
    // Both forms are the same number but for rounding; numpy takes the one from the nearer end.
    if share >= 0.5 { high - (high - low) * (1.0 - share) } else { low + (high - low) * share }
}

/// `(dispersion - centre) / scale`, with centre and scale of the gene's bin.
fn standardize(bins: &[usize], dispersions: &[f64], centre_and_scale: impl Fn(&mut [f64]) -> (f64, f64)) -> Vec<f64> {
    let n_bins = bins.iter().max().map_or(0, |largest| largest + 1);
    let mut members = vec![Vec::new(); n_bins];
    for (&bin, &dispersion) in bins.iter().zip(dispersions) {
        if !dispersion.is_nan() {
            members[bin].push(dispersion);
        }
    }
    let scales: Vec<(f64, f64)> = members.iter_mut().map(|values| centre_and_scale(values)).collect();
    bins.iter().zip(dispersions).map(|(&bin, dispersion)| (dispersion - scales[bin].0) / scales[bin].1).collect()
}

/// Mean and standard deviation; `(0, mean)` of a single value, so that a gene alone in its bin gets 1.
fn mean_and_deviation(values: &mut [f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (0.0, mean);
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

/// Median and median absolute deviation, the latter scaled to the standard deviation of a normal distribution.
fn median_and_mad(values: &mut [f64]) -> (f64, f64) {
    let centre = median(values);
    for value in values.iter_mut() {
        *value = (*value - centre).abs() / NORMAL_MAD;
    }
    (centre, median(values))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// Which values are among the `n` highest, those equal to the last of them included; NaN never is.
fn best(values: &[f64], n: usize) -> Vec<bool> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let Some(&cut) = sorted.get(n.min(sorted.len()).saturating_sub(1)) else { return vec![false; values.len()] };
    values.iter().map(|&value| value >= cut).collect()
}

/// Values at their positions among `n`, the default elsewhere.
fn scatter<T: Copy + Default>(positions: &[usize], values: &[T], n: usize) -> Vec<T> {
    let mut all = vec![T::default(); n];
    for (&position, &value) in positions.iter().zip(values) {
        all[position] = value;
    }
    all
}

/// Per gene, the mean over the batches in which the value is a number.
fn mean_over_batches(batches: &[Statistics], values: impl Fn(&Statistics) -> &Vec<f64>) -> Vec<f64> {
    let n_genes = batches.first().map_or(0, |batch| values(batch).len());
    let mean = |gene: usize| {
        let numbers = batches.iter().map(|batch| values(batch)[gene]).filter(|value| !value.is_nan());
        let (n, sum) = numbers.fold((0_u32, 0.0), |(n, sum), value| (n + 1, sum + value));
        sum / f64::from(n)
    };
    (0..n_genes).map(mean).collect()
}

fn falling_nan_last(a: f64, b: f64) -> Ordering {
    b.partial_cmp(&a).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_and_the_largest_mean_have_a_bin() {
        assert_eq!(equal_bins(&[0.0, 20.0, 1.0, 1.5, 19.5]), [0, 19, 0, 1, 19]);
        assert_eq!(equal_bins(&[3.0, 3.0]), [0, 0]);
    }

    #[test]
    fn percentiles_are_interpolated() {
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 100.0), 4.0);
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 75.0), 3.0);
        assert_eq!(percentile(&[5.0], 10.0), 5.0);
    }

    #[test]
    fn a_gene_alone_in_its_bin_gets_one() {
        assert_eq!(standardize(&[0, 1, 1], &[7.0, 1.0, f64::NAN], mean_and_deviation)[..2], [1.0, 1.0]);
    }

    #[test]
    fn ties_at_the_cut_are_all_best_and_nan_never_is() {
        assert_eq!(best(&[1.0, f64::NAN, 3.0, 1.0, 0.0], 2), [true, false, true, true, false]);
        assert_eq!(best(&[f64::NAN], 1), [false]);
    }

    #[test]
    fn falling_order_puts_nan_last() {
        let mut values = [1.0, f64::NAN, 3.0];
        values.sort_by(|a, b| falling_nan_last(*a, *b));
        assert_eq!(values[..2], [3.0, 1.0]);
    }
}
