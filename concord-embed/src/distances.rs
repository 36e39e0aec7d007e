use concord_core::{Embedding, Metric};
use ndarray::{Array2, Axis, s};
use rayon::prelude::*;

/// Rows whose distances to all cells are computed in one matrix product.
const ROWS_PER_BLOCK: usize = 32;

/// All pairwise distances of an embedding, computed block by block and never held at once.
///
/// In 64-bit floats, because the measures are compared with scikit-learn's, which computes them so.
pub(crate) struct Distances {
    points: Array2<f64>,
    squared_norms: Vec<f64>,
    metric: Metric,
}

impl Distances {
    pub(crate) fn new(embedding: &Embedding, metric: Metric) -> Self {
        let mut points = embedding.values().mapv(f64::from);
        if metric == Metric::Cosine {
            normalize_rows(&mut points);
        }
        let squared_norms = points.rows().into_iter().map(|row| row.dot(&row)).collect();
        Self { points, squared_norms, metric }
    }

    /// Calls `measure(cell, distances)` for every cell, in parallel, and returns the results in the cells' order.
    ///
    /// The distances are those to all cells, in their order, the cell itself among them at 0. Euclidean ones are
    /// **squared**: most measures need their order only.
    pub(crate) fn map_rows<T: Send>(&self, measure: impl Fn(usize, &[f64]) -> T + Sync) -> Vec<T> {
        let n_cells = self.points.nrows();
        let blocks: Vec<Vec<T>> = (0..n_cells.div_ceil(ROWS_PER_BLOCK))
            .into_par_iter()
            .map(|block| {
                let first = block * ROWS_PER_BLOCK;
                let last = (first + ROWS_PER_BLOCK).min(n_cells);
                let mut products = self.points.slice(s![first..last, ..]).dot(&self.points.t());
                let rows = products.axis_iter_mut(Axis(0)).enumerate();
                rows.map(|(offset, mut row)| {
                    let cell = first + offset;
                    // The product of two row-major matrices is row-major, so every row is a slice.
                    let row = row.as_slice_mut().unwrap_or_default();
                    self.products_to_distances(cell, row);
                    measure(cell, row)
                })
                .collect()
            })
            .collect();
        blocks.into_iter().flatten().collect()
    }

    fn products_to_distances(&self, cell: usize, row: &mut [f64]) {
        match self.metric {
            Metric::Euclidean => {
                let own = self.squared_norms[cell];
                for (value, &other) in row.iter_mut().zip(&self.squared_norms) {
                    *value = (own + other - 2.0 * *value).max(0.0);
                }
            }
            Metric::Cosine => row.iter_mut().for_each(|value| *value = (1.0 - *value).clamp(0.0, 2.0)),
        }
        if let Some(own) = row.get_mut(cell) {
            *own = 0.0;
        }
    }
}

/// Scales every row to length 1; rows of zeros stay as they are.
pub(crate) fn normalize_rows(points: &mut Array2<f64>) {
    for mut row in points.rows_mut() {
        let norm = row.dot(&row).sqrt();
        if norm > 0.0 {
            row /= norm;
        }
    }
}

/// The `k` nearest of the candidates, nearest first; of equally near ones the lower index.
pub(crate) fn nearest(distances: &[f64], k: usize, is_candidate: impl Fn(usize) -> bool) -> Vec<u32> {
    // A short sorted list beats a heap: after the first few hundred cells almost no candidate enters it.
    let mut best: Vec<(f64, u32)> = Vec::with_capacity(k + 1);
    for (cell, &distance) in distances.iter().enumerate() {
        if best.len() == k && best.last().is_none_or(|worst| distance >= worst.0) || !is_candidate(cell) {
            continue;
        }
        let place = best.partition_point(|entry| entry.0 <= distance);
        best.insert(place, (distance, cell as u32));
        best.truncate(k);
    }
    best.into_iter().map(|(_, cell)| cell).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn distances_are_exact_on_a_right_triangle() -> Result<(), concord_core::CoreError> {
        let embedding = Embedding::new(array![[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])?;
        let squared = Distances::new(&embedding, Metric::Euclidean).map_rows(|_, row| row.to_vec());
        assert_eq!(squared, [[0.0, 9.0, 16.0], [9.0, 0.0, 25.0], [16.0, 25.0, 0.0]]);
        let cosine = Distances::new(&embedding, Metric::Cosine).map_rows(|_, row| row.to_vec());
        assert_eq!(cosine, [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]);
        Ok(())
    }

    #[test]
    fn nearest_breaks_ties_by_index_and_skips_what_is_no_candidate() {
        let distances = [0.0, 2.0, 1.0, 2.0, 1.0];
        assert_eq!(nearest(&distances, 3, |cell| cell != 0), [2, 4, 1]);
        assert_eq!(nearest(&distances, 9, |cell| cell > 1), [2, 4, 3]);
        assert!(nearest(&distances, 0, |_| true).is_empty());
    }
}
