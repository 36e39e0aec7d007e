use rayon::prelude::*;

use super::null::Null;
use crate::Compatibility;

/// How unusual the score of a set is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Significance {
    pub(super) normalized_score: f64,
    pub(super) p_value: f64,
    pub(super) false_discovery_rate: f64,
    pub(super) family_wise_error_rate: f64,
}

/// Compares observed scores with those of random orders, of the same sign throughout; 0 counts as positive.
pub(super) fn of(scores: &[f64], null: &Null, compatibility: Compatibility) -> Vec<Significance> {
    let fraction = |part: usize, whole: usize| match compatibility {
        Compatibility::None => (part + 1) as f64 / (whole + 1) as f64,
        Compatibility::Gseapy if whole == 0 => 1.0,
        Compatibility::Gseapy => part as f64 / whole as f64,
    };
    let summaries = summarize(scores, null);
    let normalized: Vec<f64> = scores.iter().zip(&summaries).map(|(&score, set)| set.normalize(score)).collect();
    let sides = [Side::new(&normalized, true), Side::new(&normalized, false)];
    let reached = sides.each_ref().map(|side| side.reached(&summaries, null));
    let one = |(&score, summary): (&f64, &Summary)| {
        let index = usize::from(score < 0.0);
        let (side, [by_any, by_largest]) = (&sides[index], &reached[index]);
        let place = side.observed.partition_point(|&other| other < score.abs());
        let of_null = fraction(by_any.times[place], by_any.of);
        let of_observed = (side.observed.len() - place) as f64 / side.observed.len() as f64;
        Significance {
            normalized_score: score,
            p_value: fraction(summary.n_extreme, summary.n_same_sign(score)),
            false_discovery_rate: (of_null / of_observed).min(1.0),
            family_wise_error_rate: fraction(by_largest.times[place], by_largest.of),
        }
    };
    normalized.iter().zip(&summaries).map(one).collect()
}

/// A set's scores in random orders.
#[derive(Debug, Clone, Copy, Default)]
struct Summary {
    n_positive: usize,
    n_negative: usize,
    positive_sum: f64,
    negative_sum: f64,
    /// Those at least as far from 0 as the observed score, on its side.
    n_extreme: usize,
}

impl Summary {
    fn n_same_sign(&self, score: f64) -> usize {
        if score < 0.0 { self.n_negative } else { self.n_positive }
    }

    /// Divides a score by the mean of those of the same sign; where there are none, by itself.
    fn normalize(&self, score: f64) -> f64 {
        let (n, sum) =
            if score < 0.0 { (self.n_negative, -self.negative_sum) } else { (self.n_positive, self.positive_sum) };
        if sum > 0.0 { score * (n as f64 / sum) } else { score.signum() }
    }
}

fn summarize(scores: &[f64], null: &Null) -> Vec<Summary> {
    let mut summaries = vec![Summary::default(); scores.len()];
    for permutation in null.permutations() {
        for ((summary, &random), &score) in summaries.iter_mut().zip(permutation).zip(scores) {
            if random < 0.0 {
                summary.n_negative += 1;
                summary.negative_sum += random;
                summary.n_extreme += usize::from(score < 0.0 && random <= score);
            } else {
                summary.n_positive += 1;
                summary.positive_sum += random;
                summary.n_extreme += usize::from(score >= 0.0 && random >= score);
            }
        }
    }
    summaries
}

/// The normalised scores of one sign.
struct Side {
    is_positive: bool,
    /// Magnitudes, ascending.
    observed: Vec<f64>,
}

/// How often something random reaches the observed scores of one sign.
struct Reached {
    /// Of every observed score, in their order.
    times: Vec<usize>,
    /// How much there is that could have.
    of: usize,
}

impl Reached {
    /// `bins[i]` things reach exactly the `i` smallest observed scores.
    fn new(mut bins: Vec<usize>) -> Self {
        for i in (1..bins.len()).rev() {
            bins[i - 1] += bins[i];
        }
        let times = bins.split_off(1);
        Self { times, of: bins[0] }
    }
}

impl Side {
    fn new(normalized: &[f64], is_positive: bool) -> Self {
        let mut observed: Vec<f64> =
            normalized.iter().filter(|&&score| (score >= 0.0) == is_positive).map(|score| score.abs()).collect();
        observed.sort_unstable_by(f64::total_cmp);
        Self { is_positive, observed }
    }

    /// By random scores of this sign, of all sets together; and by the largest of each permutation.
    ///
    /// These are whole numbers, whose sum does not depend on the order in which threads finish.
    fn reached(&self, summaries: &[Summary], null: &Null) -> [Reached; 2] {
        let n_bins = self.observed.len() + 1;
        let empty = || (vec![0_usize; n_bins], vec![0_usize; n_bins]);
        let (all, maxima) = null
            .par_permutations()
            .fold(empty, |(mut all, mut maxima), permutation| {
                let mut largest = None;
                for (summary, &score) in summaries.iter().zip(permutation) {
                    if (score >= 0.0) == self.is_positive {
                        let bin = self.n_reached(summary.normalize(score).abs());
                        all[bin] += 1;
                        largest = largest.max(Some(bin));
                    }
                }
                if let Some(bin) = largest {
                    maxima[bin] += 1;
                }
                (all, maxima)
            })
            .reduce(empty, |(all, maxima), (more, more_maxima)| (add(all, &more), add(maxima, &more_maxima)));
        [Reached::new(all), Reached::new(maxima)]
    }

    /// How many observed scores a random one reaches.
    fn n_reached(&self, magnitude: f64) -> usize {
        self.observed.partition_point(|&observed| observed <= magnitude)
    }
}

fn add(mut counts: Vec<usize>, more: &[usize]) -> Vec<usize> {
    counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
    counts
}
