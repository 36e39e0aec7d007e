//! Which cells of the population are in a batch.

use std::ops::Range;

use crate::random::{Purpose, hypergeometric, stream};

/// A random subset of `0..n_population` without replacement, in ascending order, any part of which can be had alone.
///
/// The population is cut into halves again and again. How many members lie in the left half is one hypergeometric draw,
/// from a stream that belongs to these halves, so nothing is kept and the way to a member is as long as the logarithm of
/// the population.
#[derive(Debug, Clone)]
pub(crate) struct Members {
    pub(crate) n_population: usize,
    pub(crate) n_drawn: usize,
    pub(crate) seed: u64,
    pub(crate) batch: usize,
}

impl Members {
    /// The members with these ranks (positions within the batch).
    pub(crate) fn at(&self, ranks: &Range<usize>) -> Vec<usize> {
        let mut found = Vec::with_capacity(ranks.len());
        self.descend(0..self.n_population, 0..self.n_drawn, ranks, &mut found);
        found
    }

    /// Goes through a part of the population in which the members have the ranks `held`.
    fn descend(&self, part: Range<usize>, held: Range<usize>, wanted: &Range<usize>, found: &mut Vec<usize>) {
        let overlap = held.start.max(wanted.start)..held.end.min(wanted.end);
        if overlap.is_empty() {
            return;
        }
        if held.len() == part.len() {
            found.extend(overlap.map(|rank| part.start + (rank - held.start)));
            return;
        }
        let middle = part.start + part.len() / 2;
        let random = &mut stream(self.seed, Purpose::Members, &[self.batch, part.start, part.end]);
        let n_left = hypergeometric(part.len() as u64, (middle - part.start) as u64, held.len() as u64, random);
        let split = held.start + n_left as usize;
        self.descend(part.start..middle, held.start..split, wanted, found);
        self.descend(middle..part.end, split..held.end, wanted, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(n_population: usize, n_drawn: usize, seed: u64) -> Members {
        Members { n_population, n_drawn, seed, batch: 0 }
    }

    #[test]
    fn any_part_is_the_same_as_in_the_whole() {
        let members = members(1_000, 377, 4);
        let all = members.at(&(0..377));
        assert_eq!(all.len(), 377);
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]) && all[376] < 1_000);
        for start in [0, 1, 100, 376] {
            for end in [start, start + 1, 377] {
                assert_eq!(members.at(&(start..end)), all[start..end]);
            }
        }
    }

    #[test]
    fn everyone_or_one() {
        assert_eq!(members(5, 5, 0).at(&(0..5)), [0, 1, 2, 3, 4]);
        let firsts: Vec<usize> = (0..4_000).map(|seed| members(4, 1, seed).at(&(0..1))[0]).collect();
        for cell in 0..4 {
            let n = firsts.iter().filter(|&&first| first == cell).count();
            assert!(n.abs_diff(1_000) < 140, "cell {cell} was drawn {n} times");
        }
    }

    #[test]
    fn pairs_are_drawn_without_preference() {
        let mut counts = [[0_u32; 6]; 6];
        for seed in 0..15_000 {
            let pair = members(6, 2, seed).at(&(0..2));
            counts[pair[0]][pair[1]] += 1;
        }
        for (i, j) in (0..6).flat_map(|i| (i + 1..6).map(move |j| (i, j))) {
            assert!(counts[i][j].abs_diff(1_000) < 160, "{counts:?}");
        }
    }

    #[test]
    fn a_few_of_very_many_are_found_at_once() {
        let found = members(1 << 40, 1_000_000, 9).at(&(500_000..500_003));
        let share = found[1] as f64 / (1_u64 << 40) as f64;
        assert!((share - 0.5).abs() < 0.005, "{found:?}");
    }
}
