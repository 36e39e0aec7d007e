use ndarray::Array2;

use crate::CoreError;

/// The nearest neighbours of every cell, nearest first, the cell itself not among them.
#[derive(Debug, Clone, PartialEq)]
pub struct KnnGraph {
    neighbors: Array2<u32>,
    distances: Array2<f32>,
}

impl KnnGraph {
    /// Takes neighbours and their distances, both `[n_cells, k]`.
    ///
    /// # Errors
    /// [`CoreError::LengthMismatch`] when the shapes differ, [`CoreError::CodeOutOfRange`] when a neighbour is no cell.
    pub fn new(neighbors: Array2<u32>, distances: Array2<f32>) -> Result<Self, CoreError> {
        if neighbors.dim() != distances.dim() {
            return Err(CoreError::LengthMismatch {
                what: "distances of a neighbour graph",
                expected: neighbors.len(),
                found: distances.len(),
            });
        }
        let n_cells = neighbors.nrows();
        if let Some(((row, _), &code)) = neighbors.indexed_iter().find(|&(_, &cell)| cell as usize >= n_cells) {
            return Err(CoreError::CodeOutOfRange { row, code, n_categories: n_cells });
        }
        Ok(Self { neighbors, distances })
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.neighbors.nrows()
    }

    /// Number of neighbours of each cell.
    pub fn k(&self) -> usize {
        self.neighbors.ncols()
    }

    /// The neighbours, `[n_cells, k]`.
    pub fn neighbors(&self) -> &Array2<u32> {
        &self.neighbors
    }

    /// The distances to them, `[n_cells, k]`, ascending along a row.
    pub fn distances(&self) -> &Array2<f32> {
        &self.distances
    }
}
