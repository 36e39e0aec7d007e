//! Samples of cells where not all can be shown or looked at, and random orders.

use rand::{
    SeedableRng,
    seq::{SliceRandom, index},
};
use rand_xoshiro::Xoshiro256PlusPlus;

/// At most `n_wanted` of so many cells, ascending; which ones depends on the seed alone.
pub(crate) fn sample_cells(n_cells: usize, n_wanted: usize, seed: u64) -> Vec<usize> {
    if n_cells <= n_wanted {
        return (0..n_cells).collect();
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut cells = index::sample(&mut random, n_cells, n_wanted).into_vec();
    cells.sort_unstable();
    cells
}

/// At most `n_wanted` of so many things, evenly spaced.
pub(crate) fn evenly_spaced(n: usize, n_wanted: usize) -> Vec<usize> {
    let n_wanted = n_wanted.min(n);
    (0..n_wanted).map(|place| place * n / n_wanted).collect()
}

/// So many numbers, from 0, in an order that depends on the seed alone.
pub(crate) fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..n).collect();
    numbers.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_no_cell_twice_and_follow_the_seed() {
        let cells = sample_cells(1000, 300, 1);
        assert!(cells.len() == 300 && cells.windows(2).all(|pair| pair[0] < pair[1]) && cells[299] < 1000);
        assert_eq!(cells, sample_cells(1000, 300, 1));
        assert_ne!(cells, sample_cells(1000, 300, 2));
        assert_eq!(sample_cells(3, 300, 1), [0, 1, 2]);
        assert_eq!(evenly_spaced(10, 4), [0, 2, 5, 7]);
        assert_eq!((evenly_spaced(2, 4), evenly_spaced(0, 4)), (vec![0, 1], vec![]));
        assert_ne!(shuffled(100, 1), shuffled(100, 2));
    }
}
