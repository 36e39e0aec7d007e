//! Which cells a report shows.

/// At most `most` of `n_cells` cells, ascending: the first cell of each of `most` stretches of equal length.
pub(super) fn evenly_spaced(n_cells: usize, most: usize) -> Vec<usize> {
    if n_cells <= most {
        return (0..n_cells).collect();
    }
    // In 128 bits no product of two counts overflows.
    (0..most).map(|place| (place as u128 * n_cells as u128 / most as u128) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_even_and_without_repeats() {
        assert_eq!(evenly_spaced(3, 3), [0, 1, 2]);
        assert_eq!(evenly_spaced(10, 4), [0, 2, 5, 7]);
        assert_eq!(evenly_spaced(0, 4), [] as [usize; 0]);
        let cells = evenly_spaced(1_000_003, 100_000);
        assert_eq!(cells.len(), 100_000);
        let steps: Vec<usize> = cells.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|&step| step == 10 || step == 11));
    }
}
