//! Random streams that depend on the seed and on what they are for, never on the order in which they are made.

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Hypergeometric};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The generator of every draw in this crate.
pub(crate) type Random = Xoshiro256PlusPlus;

/// What a stream is for: the first word of its key.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Which genes are shared between clusters.
    SharedGenes = 1,
    /// Which genes a batch shifts.
    ShiftedGenes = 2,
    /// Which cells are in a batch.
    Members = 3,
    /// The noise of a cell of the population.
    Noise = 4,
    /// What a batch does to a cell.
    Effect = 5,
}

/// The stream of a purpose and its indices (a cell; a batch and a cell).
pub(crate) fn stream(seed: u64, purpose: Purpose, indices: &[usize]) -> Random {
    let key = indices.iter().fold(mix(seed ^ mix(purpose as u64)), |key, &index| mix(key ^ mix(index as u64 + 1)));
    Random::seed_from_u64(key)
}

/// A bijection of 64-bit words that changes half of the bits for every bit that changes (the finaliser of SplitMix64).
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// `n_chosen` of the items without replacement, in random order.
pub(crate) fn choose(mut items: Vec<u32>, n_chosen: usize, random: &mut Random) -> Vec<u32> {
    for place in 0..n_chosen {
        let other = random.random_range(place..items.len());
        items.swap(place, other);
    }
    items.truncate(n_chosen);
    items
}

/// From this expected number on, rejection is faster than drawing one by one, and `rand_distr` takes no sum over the
/// whole population.
const LARGE: f64 = 10.0;

/// How many of `n_drawn` things, taken from `total` without replacement, are among the `n_marked` ones.
pub(crate) fn hypergeometric(total: u64, n_marked: u64, n_drawn: u64, random: &mut Random) -> u64 {
    if n_drawn > total - n_drawn {
        return n_marked - hypergeometric(total, n_marked, total - n_drawn, random);
    }
    if n_marked > total - n_marked {
        return n_drawn - hypergeometric(total, total - n_marked, n_drawn, random);
    }
    // Marking and drawing are interchangeable.
    let (few, many) = (n_marked.min(n_drawn), n_marked.max(n_drawn));
    let mode = ((few + 1) as f64 * (many + 1) as f64 / (total as f64 + 2.0)).floor();
    if mode >= LARGE
        && let Ok(distribution) = Hypergeometric::new(total, many, few)
    {
        return distribution.sample(random);
    }
    one_by_one(total, many, few, random)
}

fn one_by_one(total: u64, n_marked: u64, n_drawn: u64, random: &mut Random) -> u64 {
    let mut n_left = n_marked;
    for n_taken in 0..n_drawn {
        if random.random_range(n_taken..total) < n_taken + n_left {
            n_left -= 1;
        }
    }
    n_marked - n_left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of many draws against the formulas, to five standard errors.
    fn check(total: u64, n_marked: u64, n_drawn: u64) {
        const N: usize = 40_000;
        let mut random = stream(1, Purpose::Members, &[total as usize, n_marked as usize, n_drawn as usize]);
        let draws: Vec<f64> = (0..N).map(|_| hypergeometric(total, n_marked, n_drawn, &mut random) as f64).collect();
        let mean = draws.iter().sum::<f64>() / N as f64;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / N as f64;
        let (n, k, m) = (total as f64, n_marked as f64, n_drawn as f64);
        let p = k / n;
        let expected = m * p * (1.0 - p) * (n - m) / (n - 1.0);
        let what = format!("{total} {n_marked} {n_drawn}: mean {mean}, variance {variance}, expected {expected}");
        assert!((mean - m * p).abs() <= 5.0 * (expected / N as f64).sqrt() + 1e-12, "{what}");
        assert!((variance - expected).abs() <= 0.05 * expected, "{what}");
        assert!(draws.iter().all(|&draw| draw <= k.min(m) && draw >= (m + k - n).max(0.0)), "{what}");
    }

    #[test]
    fn hypergeometric_draws_have_the_right_moments() {
        for (total, n_marked, n_drawn) in [
            (10, 3, 4),
            (10, 0, 4),
            (10, 10, 4),
            (10, 5, 10),
            (40, 30, 35),
            (1_000, 500, 300),
            (1_000, 900, 800),
            (1_000_000, 500_000, 7),
            (1_000_000, 500_000, 333_333),
            (1_000_000_000_000, 500_000_000_000, 1_000_000),
        ] {
            check(total, n_marked, n_drawn);
        }
    }

    #[test]
    fn each_outcome_is_as_frequent_as_it_should_be() {
        // 60 of 120 marked, 40 drawn: by rejection. The probabilities by their recurrence.
        let mut weights = vec![1.0_f64];
        for x in 0..40 {
            let x = f64::from(x);
            weights.push(weights[x as usize] * (60.0 - x) * (40.0 - x) / ((x + 1.0) * (120.0 - 60.0 - 40.0 + x + 1.0)));
        }
        let sum: f64 = weights.iter().sum();
        let mut counts = vec![0.0; 41];
        let mut random = stream(2, Purpose::Members, &[]);
        for _ in 0..100_000 {
            counts[hypergeometric(120, 60, 40, &mut random) as usize] += 1.0;
        }
        let expected = weights.iter().map(|weight| weight / sum * 1e5);
        let (chi, n): (f64, usize) = counts
            .iter()
            .zip(expected)
            .filter(|(_, expected)| *expected > 5.0)
            .fold((0.0, 0), |(chi, n), (count, expected): (&f64, f64)| {
                (chi + (count - expected).powi(2) / expected, n + 1)
            });
        // The chi-squared distribution has mean n and variance 2 n.
        assert!(chi < n as f64 + 4.0 * (2.0 * n as f64).sqrt(), "{chi} for {n} outcomes");
    }

    #[test]
    fn choices_are_distinct_and_fair() {
        let mut counts = [0_u32; 10];
        for number in 0..10_000 {
            let mut chosen = choose((0..10).collect(), 3, &mut stream(3, Purpose::SharedGenes, &[number]));
            for &item in &chosen {
                counts[item as usize] += 1;
            }
            chosen.sort_unstable();
            chosen.dedup();
            assert_eq!(chosen.len(), 3);
        }
        assert!(counts.iter().all(|count| count.abs_diff(3_000) < 250), "{counts:?}");
    }
}
