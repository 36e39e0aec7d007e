use concord_core::Embedding;

use crate::distances::{Distances, nearest};
use crate::{EmbedError, Metric};

/// How far the `k` nearest neighbours in a picture can be trusted to be neighbours in the original space: 0 to 1.
///
/// Every neighbour in `low` that is none in `high` costs the number of ranks by which it is too far away there. Ranks
/// in `high` use `metric`; neighbours in `low` are Euclidean. Equals `sklearn.manifold.trustworthiness` (Venna and
/// Kaski, 2001). Time grows with the square of the number of cells, memory does not.
///
/// # Shapes
/// `high` is `[n_cells, n_dimensions]`, `low` has as many cells and any number of dimensions.
///
/// # Errors
/// [`EmbedError::CellMismatch`]; [`EmbedError::TooManyNeighbors`] unless `1 <= k < n_cells / 2`.
///
/// # Examples
/// ```
/// use concord_core::Embedding;
/// use concord_embed::{Metric, trustworthiness};
/// use ndarray::array;
///
/// let line = Embedding::new(array![[0.0, 0.0], [1.0, 0.1], [2.0, 0.3], [4.0, 0.2], [8.0, 0.0]])?;
/// let picture = Embedding::new(array![[0.0], [1.0], [2.0], [4.0], [8.0]])?;
/// assert_eq!(trustworthiness(&line, &picture, 2, Metric::Euclidean)?, 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn trustworthiness(high: &Embedding, low: &Embedding, k: usize, metric: Metric) -> Result<f64, EmbedError> {
    let n_cells = high.n_cells();
    check_same_cells(high, low)?;
    check_k(k, n_cells, n_cells.div_ceil(2).saturating_sub(1))?;
    let low_neighbors = neighbor_lists(low, k, Metric::Euclidean);
    let penalties = Distances::new(high, metric).map_rows(|cell, distances| {
        let excess = |&neighbor: &u32| rank(distances, cell, neighbor as usize).saturating_sub(k);
        low_neighbors[cell].iter().map(excess).sum::<usize>()
    });
    let penalty: usize = penalties.into_iter().sum();
    let (n, k) = (n_cells as f64, k as f64);
    Ok(1.0 - penalty as f64 * 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0)))
}

/// The share of the `k` nearest neighbours in `high` (by `metric`) that are among the `k` nearest (Euclidean) in `low`.
///
/// Mean over cells, 0 to 1; a random picture has about `k / n_cells`.
///
/// # Shapes
/// As for [`trustworthiness`].
///
/// # Errors
/// [`EmbedError::CellMismatch`]; [`EmbedError::TooManyNeighbors`] unless `1 <= k < n_cells`.
pub fn neighbor_preservation(high: &Embedding, low: &Embedding, k: usize, metric: Metric) -> Result<f64, EmbedError> {
    check_same_cells(high, low)?;
    check_k(k, high.n_cells(), high.n_cells() - 1)?;
    let low_neighbors = neighbor_lists(low, k, Metric::Euclidean);
    let kept: usize = Distances::new(high, metric)
        .map_rows(|cell, distances| {
            let neighbors = nearest(distances, k, |other| other != cell);
            neighbors.iter().filter(|neighbor| low_neighbors[cell].contains(neighbor)).count()
        })
        .into_iter()
        .sum();
    Ok(kept as f64 / (k * high.n_cells()) as f64)
}

/// The `k` nearest neighbours of every cell, nearest first, the cell itself not among them.
pub(crate) fn neighbor_lists(embedding: &Embedding, k: usize, metric: Metric) -> Vec<Vec<u32>> {
    Distances::new(embedding, metric).map_rows(|cell, distances| nearest(distances, k, |other| other != cell))
}

/// Position of a neighbour among all other cells, from 1; equally near ones are ranked by index.
fn rank(distances: &[f64], cell: usize, neighbor: usize) -> usize {
    let distance = distances[neighbor];
    let (before, after) = (&distances[..neighbor], &distances[neighbor + 1..]);
    let n_before = before.iter().filter(|&&other| other <= distance).count();
    let n_after = after.iter().filter(|&&other| other < distance).count();
    // The cell itself, at distance 0, is no neighbour: take it out again where it was counted.
    let itself = usize::from(cell < neighbor || distances[cell] < distance);
    n_before + n_after + 1 - itself
}

fn check_same_cells(high: &Embedding, low: &Embedding) -> Result<(), EmbedError> {
    if high.n_cells() == low.n_cells() {
        return Ok(());
    }
    Err(EmbedError::CellMismatch { what: "low-dimensional embedding", expected: high.n_cells(), found: low.n_cells() })
}

pub(crate) fn check_k(k: usize, n_cells: usize, largest: usize) -> Result<(), EmbedError> {
    if (1..=largest).contains(&k) { Ok(()) } else { Err(EmbedError::TooManyNeighbors { k, n_cells, largest }) }
}
