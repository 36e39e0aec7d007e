use concord_core::Csr;

use crate::IoError;

/// The place of a column that is left out.
pub(super) const ABSENT: u32 = u32::MAX;

/// Where the columns of an input go.
#[derive(Debug)]
pub(super) struct ColumnMap {
    /// The new place of each column, no two of them the same.
    places: Vec<u32>,
    n_columns: usize,
    /// Whether all stay where they are.
    is_identity: bool,
    /// Whether no column goes before one that it was behind.
    keeps_order: bool,
}

impl ColumnMap {
    pub(super) fn new(places: Vec<u32>, n_columns: usize) -> Self {
        let is_identity = places.len() == n_columns && places.iter().zip(0..).all(|(&place, column)| place == column);
        let mut kept = places.iter().filter(|&&place| place != ABSENT);
        let keeps_order = kept.by_ref().is_sorted();
        Self { places, n_columns, is_identity, keeps_order }
    }

    /// Hands over the rows of a matrix with their columns in their new places, some rows at a time.
    pub(super) fn place_rows(
        &self,
        matrix: &Csr,
        n_block_rows: usize,
        take: &mut dyn FnMut(&Csr) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        if self.is_identity && matrix.rows() <= n_block_rows {
            return take(matrix);
        }
        for start in (0..matrix.rows()).step_by(n_block_rows) {
            let end = (start + n_block_rows).min(matrix.rows());
            take(&if self.is_identity { rows(matrix, start, end) } else { self.place(matrix, start, end) })?;
        }
        Ok(())
    }

    fn place(&self, matrix: &Csr, start: usize, end: usize) -> Csr {
        let row_ends = matrix.indptr();
        let row_ends = &row_ends.raw_storage()[start..=end];
        let n_entries = row_ends[end - start] - row_ends[0];
        let mut new_ends = Vec::with_capacity(row_ends.len());
        let (mut indices, mut data) = (Vec::with_capacity(n_entries), Vec::with_capacity(n_entries));
        let mut entries: Vec<(u32, f32)> = Vec::new();
        new_ends.push(0);
        for ends in row_ends.windows(2) {
            let row = matrix.indices()[ends[0]..ends[1]].iter().zip(&matrix.data()[ends[0]..ends[1]]);
            let placed = row.map(|(&column, &value)| (self.places[column as usize], value));
            entries.clear();
            entries.extend(placed.filter(|&(place, _)| place != ABSENT));
            if !self.keeps_order {
                entries.sort_unstable_by_key(|&(place, _)| place);
            }
            indices.extend(entries.iter().map(|&(place, _)| place));
            data.extend(entries.iter().map(|&(_, value)| value));
            new_ends.push(indices.len());
        }
        Csr::new((end - start, self.n_columns), new_ends, indices, data)
    }
}

/// Some rows of a matrix as they are.
fn rows(matrix: &Csr, start: usize, end: usize) -> Csr {
    let row_ends = matrix.indptr();
    let row_ends = &row_ends.raw_storage()[start..=end];
    let entries = row_ends[0]..row_ends[end - start];
    let new_ends = row_ends.iter().map(|end| end - entries.start).collect();
    let (indices, data) = (matrix.indices()[entries.clone()].to_vec(), matrix.data()[entries].to_vec());
    Csr::new((end - start, matrix.cols()), new_ends, indices, data)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn placed(places: &[u32], n_columns: usize) -> Vec<Vec<f32>> {
        // 1 0 2
        // 0 0 0
        // 3 4 5
        let matrix = Csr::new((3, 3), vec![0, 2, 2, 5], vec![0, 2, 0, 1, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0]);
        let map = ColumnMap::new(places.to_vec(), n_columns);
        let mut rows = Vec::new();
        let mut take = |block: &Csr| {
            rows.extend(block.to_dense().rows().into_iter().map(|row| row.to_vec()));
            Ok(())
        };
        map.place_rows(&matrix, 2, &mut take).unwrap();
        rows
    }

    #[test]
    fn columns_are_moved_left_out_and_made_room_for() {
        assert_eq!(placed(&[0, 1, 2], 3), [[1.0, 0.0, 2.0], [0.0; 3], [3.0, 4.0, 5.0]]);
        assert_eq!(placed(&[0, 1, 2], 4), [[1.0, 0.0, 2.0, 0.0], [0.0; 4], [3.0, 4.0, 5.0, 0.0]]);
        assert_eq!(placed(&[2, ABSENT, 0], 3), [[2.0, 0.0, 1.0], [0.0; 3], [5.0, 0.0, 3.0]]);
        assert_eq!(placed(&[ABSENT, 0, ABSENT], 1), [[0.0], [0.0], [4.0]]);
    }
}
