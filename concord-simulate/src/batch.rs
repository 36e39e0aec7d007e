//! What batches do to a row of expression.

use rand::RngExt;

use crate::distribution::standard_normal;
use crate::members::Members;
use crate::plan::share_of;
use crate::random::{Purpose, Random, choose, hypergeometric, stream};
use crate::{Batch, BatchEffect, SimulateConfig, SimulateError, Values};

/// A batch with everything that is drawn for it once.
#[derive(Debug, Clone)]
pub(crate) struct PlannedBatch {
    pub(crate) members: Members,
    effect: BatchEffect,
    /// The genes to which values are added.
    pub(crate) shifted: Vec<u32>,
    /// The first of its own genes.
    pub(crate) own_start: usize,
    pub(crate) n_own: usize,
}

impl PlannedBatch {
    /// `own_start` is the first column that is still free.
    pub(crate) fn new(
        config: &SimulateConfig,
        number: usize,
        n_cells: usize,
        n_genes: usize,
        own_start: usize,
    ) -> Result<Self, SimulateError> {
        let Batch { effect, cell_proportion } = config.batches[number];
        let n_drawn = share_of(n_cells, cell_proportion);
        if n_drawn == 0 {
            return Err(SimulateError::EmptyBatch { batch: number + 1, cell_proportion, n_cells });
        }
        let members = Members { n_population: n_cells, n_drawn, seed: config.seed, batch: number };
        let (mut shifted, mut n_own) = (Vec::new(), 0);
        match effect {
            BatchEffect::BatchSpecificExpression { feature_frac, .. } => {
                let random = &mut stream(config.seed, Purpose::ShiftedGenes, &[number]);
                shifted = choose((0..n_genes as u32).collect(), share_of(n_genes, feature_frac), random);
                shifted.sort_unstable();
            }
            BatchEffect::BatchSpecificFeatures { feature_frac, .. } => n_own = share_of(n_genes, feature_frac),
            _ => {}
        }
        Ok(Self { members, effect, shifted, own_start, n_own })
    }

    /// Changes a row of the genes that all batches have, and fills in the batch's own.
    pub(crate) fn apply(&self, row: &mut [f64], n_genes: usize, random: &mut Random) {
        let common = &mut row[..n_genes];
        match self.effect {
            BatchEffect::None => {}
            BatchEffect::VarianceInflation { level } => {
                change(common, |value| value * (1.0 + level * standard_normal(random)));
            }
            BatchEffect::BatchSpecificDistribution { values } => {
                change(common, |value| value + draw(&values, random));
            }
            BatchEffect::UniformDropout { level } => lose(common, random, |_| level),
            BatchEffect::ValueDependentDropout { level } => {
                clip(common);
                lose(common, random, |value| -(-level * value * value).exp_m1());
            }
            BatchEffect::Downsampling { level } => downsample(common, level, random),
            BatchEffect::ScalingFactor { level } => change(common, |value| value * level),
            BatchEffect::BatchSpecificExpression { values, .. } => {
                for &gene in &self.shifted {
                    common[gene as usize] += draw(&values, random);
                }
            }
            BatchEffect::BatchSpecificFeatures { values, .. } => {
                change(&mut row[self.own_start..self.own_start + self.n_own], |_| draw(&values, random));
            }
        }
    }
}

fn draw(values: &Values, random: &mut Random) -> f64 {
    values.distribution.draw(values.level, values.dispersion, random)
}

/// Sets negative values to 0.
pub(crate) fn clip(row: &mut [f64]) {
    change(row, |value| value.max(0.0));
}

/// Puts something else in the place of each value.
pub(crate) fn change(row: &mut [f64], mut new: impl FnMut(f64) -> f64) {
    for value in row {
        *value = new(*value);
    }
}

/// Sets values to 0, each with its own probability. Zeros stay what they are, and take no random number.
fn lose(row: &mut [f64], random: &mut Random, probability: impl Fn(f64) -> f64) {
    for value in row.iter_mut().filter(|value| **value != 0.0) {
        if random.random::<f64>() < probability(*value) {
            *value = 0.0;
        }
    }
}

/// No cell has more counts of one gene than this.
const MOST_COUNTS: f64 = (1_u64 << 39) as f64;

/// Keeps a share of all counts of a row, drawn without replacement.
fn downsample(row: &mut [f64], share: f64, random: &mut Random) {
    change(row, |value| value.clamp(0.0, MOST_COUNTS).trunc());
    let mut n_left = row.iter().map(|&value| value as u64).sum::<u64>();
    let mut n_kept = (n_left as f64 * share) as u64;
    for value in row.iter_mut().filter(|value| **value != 0.0) {
        let n_here = *value as u64;
        let n_kept_here = hypergeometric(n_left, n_here, n_kept, random);
        (n_left, n_kept) = (n_left - n_here, n_kept - n_kept_here);
        *value = n_kept_here as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(number: usize) -> Random {
        stream(21, Purpose::Effect, &[number])
    }

    #[test]
    fn a_share_of_the_counts_is_kept_whatever_gene_they_are_of() {
        // The fraction and the negative value are no counts: 1205 counts in all, of which 361 stay.
        let counts = [0.0, 1.7, 3.0, 200.0, 1001.0, -4.0];
        let mut sums = [0.0; 6];
        for number in 0..20_000 {
            let mut row = counts;
            downsample(&mut row, 0.3, &mut random(number));
            assert_eq!(row.iter().sum::<f64>(), 361.0);
            assert!(row.iter().zip(&counts).all(|(kept, count)| *kept <= count.max(0.0) && *kept >= 0.0));
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        for (sum, count) in sums.into_iter().zip([0.0, 1.0, 3.0, 200.0, 1001.0, 0.0]) {
            let (n, p): (f64, f64) = (1205.0, 361.0 / 1205.0);
            let variance = count * p * (1.0 - p) * (n - count) / (n - 1.0);
            let error = (variance / 20_000.0).sqrt();
            assert!((sum / 20_000.0 - count * p).abs() <= 5.0 * error, "{sum} of {count}");
        }
    }

    #[test]
    fn all_counts_or_none() {
        let counts = [5.0, 0.0, 1e300, 7.0];
        let mut row = counts;
        downsample(&mut row, 1.0, &mut random(0));
        assert_eq!(row, [5.0, 0.0, MOST_COUNTS, 7.0]);
        let mut row = [1.0, 2.0, 0.5];
        downsample(&mut row, 0.2, &mut random(0));
        assert_eq!(row, [0.0; 3]);
    }

    #[test]
    fn losses_are_as_frequent_as_said() {
        let mut row = vec![2.0; 100_000];
        lose(&mut row, &mut random(1), |_| 0.3);
        let n_lost = row.iter().filter(|&&value| value == 0.0).count();
        assert!(n_lost.abs_diff(30_000) < 730, "{n_lost}");
    }
}
