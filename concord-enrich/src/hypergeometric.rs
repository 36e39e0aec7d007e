/// The probability that a random list shares at least `n_overlap` genes with a set.
///
/// The list has `n_genes`, the set `set_size` genes of a background of `n_background`; the caller sees to it that
/// neither is larger than the background.
///
/// All probabilities are multiples of that of the most likely overlap, and each follows from its neighbour by a ratio.
/// Without a logarithm of a factorial there is nothing large to cancel, so the tail is good to about 13 digits, and
/// tails down to the smallest float are.
pub(crate) fn upper_tail(n_overlap: u64, set_size: u64, n_genes: u64, n_background: u64) -> f64 {
    let smallest = (set_size + n_genes).saturating_sub(n_background);
    let largest = set_size.min(n_genes);
    if n_overlap <= smallest {
        return 1.0;
    }
    if n_overlap > largest {
        return 0.0;
    }
    let n_neither = n_background + smallest - set_size - n_genes;
    // How much less likely `overlap + 1` is than `overlap`; `n_neither` belongs to the smallest overlap.
    let ratio = |overlap: u64| {
        let (in_set, in_list) = ((set_size - overlap) as f64, (n_genes - overlap) as f64);
        in_set * in_list / ((overlap + 1) as f64 * (n_neither + overlap + 1 - smallest) as f64)
    };
    let mode = (((set_size + 1) as f64) * ((n_genes + 1) as f64) / ((n_background + 2) as f64)) as u64;
    let mode = mode.clamp(smallest, largest);
    let (mut tail, mut rest) = (0.0, 0.0);
    let mut add = |overlap: u64, weight: f64| *(if overlap >= n_overlap { &mut tail } else { &mut rest }) += weight;
    let mut weight = 1.0;
    add(mode, weight);
    for overlap in mode..largest {
        weight *= ratio(overlap);
        add(overlap + 1, weight);
    }
    weight = 1.0;
    for overlap in (smallest..mode).rev() {
        weight /= ratio(overlap);
        add(overlap, weight);
    }
    tail / (tail + rest)
}

#[cfg(test)]
mod tests {
    use rand::seq::SliceRandom;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    #[track_caller]
    fn check(arguments: (u64, u64, u64, u64), expected: f64) {
        let (n_overlap, set_size, n_genes, n_background) = arguments;
        let found = upper_tail(n_overlap, set_size, n_genes, n_background);
        assert!((found / expected - 1.0).abs() < 1e-12, "{arguments:?}: {found:e}, expected {expected:e}");
    }

    /// Fractions of binomial coefficients, worked out in whole numbers (Python's `math.comb` and `fractions`).
    #[test]
    fn tails_are_exact() {
        check((1, 1, 1, 10), 0.1);
        check((2, 3, 4, 10), 1.0 / 3.0);
        check((5, 5, 5, 10), 1.0 / 252.0);
        check((7, 8, 9, 10), 1.0);
        check((8, 8, 9, 10), 0.2);
        check((4, 50, 100, 2_000), 0.238_055_983_595_549_05);
        check((30, 60, 100, 13_714), 6.289_178_930_958_82e-50);
        check((95, 120, 100, 13_714), 4.155_774_709_727_547_6e-212);
        check((500, 900, 2_000, 5_000), 1.490_393_277_369_683_2e-25);
    }

    #[test]
    fn what_cannot_happen_has_probability_zero_and_what_must_one() {
        assert!(upper_tail(4, 3, 5, 10).abs() < f64::MIN_POSITIVE);
        for arguments in [(0, 3, 5, 10), (0, 0, 0, 0), (3, 8, 5, 10), (5, 5, 10, 10)] {
            check(arguments, 1.0);
        }
    }

    /// With the step at the observed overlap crossed at random, the p-values of random lists are exactly uniform.
    #[test]
    fn random_lists_have_uniform_p_values() {
        const N_LISTS: usize = 4_000;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        for (set_size, n_genes, n_background) in [(12, 100, 2_000), (150, 100, 2_000), (40, 700, 1_000)] {
            let mut order: Vec<u64> = (0..n_background).collect();
            let mut p_values: Vec<f64> = (0..N_LISTS)
                .map(|_| {
                    let (list, _) = order.partial_shuffle(&mut rng, n_genes);
                    let overlap = list.iter().filter(|&&gene| gene < set_size).count() as u64;
                    let tail = |overlap| upper_tail(overlap, set_size, n_genes as u64, n_background);
                    tail(overlap + 1) + rng.random::<f64>() * (tail(overlap) - tail(overlap + 1))
                })
                .collect();
            p_values.sort_by(f64::total_cmp);
            let distance = |(i, p): (usize, &f64)| ((i as f64 + 0.5) / N_LISTS as f64 - p).abs();
            let largest = p_values.iter().enumerate().map(distance).fold(0.0, f64::max);
            // The Kolmogorov-Smirnov distance that one of a thousand uniform samples exceeds.
            let limit = 1.95 / (N_LISTS as f64).sqrt();
            assert!(largest < limit, "set of {set_size}: distance {largest}, allowed {limit}");
        }
    }
}
