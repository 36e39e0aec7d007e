use std::path::Path;

use concord_core::Csr;
use rayon::prelude::*;

use crate::IoError;

/// Entries of a matrix in the order of a file, on their way into rows.
///
/// As long as no cell comes after a later one, as in the files of 10x, they are in rows already, and the cell of each is not
/// kept.
pub(super) struct Entries {
    n_features: usize,
    /// Number of entries of each cell.
    sizes: Vec<usize>,
    last_cell: u32,
    /// The cell of each entry, once they are out of order.
    cells: Option<Vec<u32>>,
    features: Vec<u32>,
    values: Vec<f32>,
}

impl Entries {
    /// Makes room for as many entries as are likely to come.
    pub(super) fn new(n_cells: usize, n_features: usize, n_likely: usize) -> Self {
        let (features, values) = (Vec::with_capacity(n_likely), Vec::with_capacity(n_likely));
        Self { n_features, sizes: vec![0; n_cells], last_cell: 0, cells: None, features, values }
    }

    /// Takes the parts of a matrix that a file keeps in rows.
    pub(super) fn from_rows(n_features: usize, row_ends: &[usize], features: Vec<u32>, values: Vec<f32>) -> Self {
        let sizes = row_ends.windows(2).map(|ends| ends[1] - ends[0]).collect();
        Self { n_features, sizes, last_cell: 0, cells: None, features, values }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    pub(super) fn n_cells(&self) -> usize {
        self.sizes.len()
    }

    /// Adds an entry, whose cell and feature must be in range.
    pub(super) fn push(&mut self, cell: u32, feature: u32, value: f32) {
        if self.cells.is_none() && cell < self.last_cell {
            self.cells = Some(self.cells_so_far());
        }
        if let Some(cells) = &mut self.cells {
            cells.push(cell);
        }
        self.last_cell = cell;
        self.sizes[cell as usize] += 1;
        self.features.push(feature);
        self.values.push(value);
    }

    /// The cell of each entry while they are in order.
    fn cells_so_far(&self) -> Vec<u32> {
        let runs = self.sizes.iter().enumerate();
        runs.flat_map(|(cell, &size)| std::iter::repeat_n(cell as u32, size)).collect()
    }

    /// The matrix, `[n_cells, n_features]`; how many of its rows were not in order; how many entries were added to another of
    /// the same place.
    pub(super) fn into_matrix(mut self, path: &Path) -> Result<(Csr, usize, usize), IoError> {
        let shape = (self.n_cells(), self.n_features);
        let mut row_ends = Vec::with_capacity(self.sizes.len() + 1);
        row_ends.push(0);
        for size in &self.sizes {
            row_ends.push(row_ends[row_ends.len() - 1] + size);
        }
        if let Some(cells) = self.cells.take() {
            self.put_in_rows(&row_ends, &cells);
        }
        let Self { mut features, mut values, .. } = self;
        let (n_unsorted, n_duplicates) = sort_rows(&mut row_ends, &mut features, &mut values);
        let matrix = Csr::try_new(shape, row_ends, features, values);
        let matrix = matrix.map_err(|(_, _, _, error)| IoError::BadText {
            path: path.to_owned(),
            detail: format!("its matrix contradicts itself: {error}"),
        })?;
        Ok((matrix, n_unsorted, n_duplicates))
    }

    fn put_in_rows(&mut self, row_ends: &[usize], cells: &[u32]) {
        let mut next = row_ends.to_vec();
        let (mut features, mut values) = (vec![0; self.len()], vec![0.0; self.len()]);
        for ((&cell, &feature), &value) in cells.iter().zip(&self.features).zip(&self.values) {
            let place = &mut next[cell as usize];
            (features[*place], values[*place]) = (feature, value);
            *place += 1;
        }
        (self.features, self.values) = (features, values);
    }
}

/// Sorts the entries of each row by feature and adds up those of the same place, in the order of the file. Returns the number
/// of rows that were not in order and of entries that went into others.
fn sort_rows(row_ends: &mut [usize], features: &mut Vec<u32>, values: &mut Vec<f32>) -> (usize, usize) {
    let mut rows = Vec::with_capacity(row_ends.len());
    let (mut rest_of_features, mut rest_of_values) = (&mut features[..], &mut values[..]);
    for ends in row_ends.windows(2) {
        let (row, later) = rest_of_features.split_at_mut(ends[1] - ends[0]);
        let (row_values, later_values) = rest_of_values.split_at_mut(ends[1] - ends[0]);
        rows.push((row, row_values));
        (rest_of_features, rest_of_values) = (later, later_values);
    }
    let sorted = rows.into_par_iter().map(|(row, values)| sort_row(row, values));
    let (n_unsorted, n_duplicates) = sorted.reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    if n_duplicates > 0 {
        add_up(row_ends, features, values);
    }
    (n_unsorted, n_duplicates)
}

/// Sorts a row. Returns 1 when it was not in order, and the number of entries behind another of the same place.
fn sort_row(features: &mut [u32], values: &mut [f32]) -> (usize, usize) {
    if features.is_sorted_by(|a, b| a < b) {
        return (0, 0);
    }
    if features.is_sorted_by(|a, b| a > b) {
        // What Cell Ranger 2 wrote.
        features.reverse();
        values.reverse();
        return (1, 0);
    }
    let mut entries: Vec<(u32, f32)> = features.iter().copied().zip(values.iter().copied()).collect();
    entries.sort_by_key(|&(feature, _)| feature);
    let n_duplicates = entries.windows(2).filter(|pair| pair[0].0 == pair[1].0).count();
    for ((feature, value), entry) in features.iter_mut().zip(values).zip(entries) {
        (*feature, *value) = entry;
    }
    (1, n_duplicates)
}

/// Adds entries of rows in order to those of the same place before them.
fn add_up(row_ends: &mut [usize], features: &mut Vec<u32>, values: &mut Vec<f32>) {
    let (mut start, mut write) = (0, 0);
    for row_end in &mut row_ends[1..] {
        let row_start = write;
        for read in start..*row_end {
            if write > row_start && features[write - 1] == features[read] {
                values[write - 1] += values[read];
            } else {
                (features[write], values[write]) = (features[read], values[read]);
                write += 1;
            }
        }
        (start, *row_end) = (*row_end, write);
    }
    features.truncate(write);
    values.truncate(write);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn matrix(entries: &[(u32, u32, f32)]) -> (Csr, usize, usize) {
        let mut kept = Entries::new(3, 4, 2);
        for &(cell, feature, value) in entries {
            kept.push(cell, feature, value);
        }
        kept.into_matrix(Path::new("x")).unwrap()
    }

    #[test]
    fn entries_come_in_any_order_and_more_than_once() {
        let in_order = [(0, 1, 1.0), (0, 3, 2.0), (2, 0, 3.0), (2, 1, 4.0), (2, 3, 5.0)];
        let (expected, n_unsorted, n_duplicates) = matrix(&in_order);
        assert_eq!((n_unsorted, n_duplicates), (0, 0));
        assert_eq!(expected.indptr().raw_storage(), [0, 2, 2, 5]);
        let mut reversed = in_order;
        reversed.reverse();
        assert_eq!(matrix(&reversed), (expected.clone(), 2, 0));
        let mixed = [in_order[3], in_order[0], in_order[4], in_order[2], in_order[1]];
        assert_eq!(matrix(&mixed), (expected.clone(), 1, 0));
        let parts = [(2, 3, 1.0), (0, 1, 1.0), (2, 0, 1.0), (2, 3, 4.0), (2, 0, 2.0), (0, 3, 2.0), (2, 1, 4.0)];
        assert_eq!(matrix(&parts), (expected, 1, 2));
    }

    #[test]
    fn no_entries_are_a_matrix_too() {
        let (matrix, ..) = matrix(&[]);
        assert_eq!((matrix.shape(), matrix.nnz()), ((3, 4), 0));
    }
}
