use concord_core::{CoreError, Dense};
use kodama::{Method, linkage};
use rayon::prelude::*;

use crate::EmbedError;

/// The most rows that [`ward`] takes: their distances are 1.6 GB.
const MOST_ROWS: usize = 20_000;

/// Sums that are kept apart when squares are added, so that the processor adds them at once.
const LANES: usize = 8;

/// Two clusters that become one.
///
/// Clusters are numbered as `scipy.cluster.hierarchy.linkage` does: `0..n` are the rows, and merge `i` makes cluster
/// `n + i`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge {
    /// The cluster with the lower number.
    pub first: usize,
    /// The cluster with the higher number.
    pub second: usize,
    /// Ward's distance between the two; that of two rows is the Euclidean one.
    pub height: f64,
}

/// The tree of the rows of a matrix by Ward's criterion, from Euclidean distances: `n_rows - 1` merges, lowest first.
///
/// Each step merges the two clusters whose union adds least to the sum of the rows' squared distances to the centres of
/// their clusters (Ward, 1963). The heights equal those of `scipy.cluster.hierarchy.linkage(points, method="ward")`; both are
/// the chain of nearest neighbours of Müllner (2011). Where distances are exactly equal the criterion leaves a choice:
/// it is made by the order of the rows, always in the same way, but not always in scipy's. One row has no merges.
///
/// Memory is `4 n_rows^2` bytes, and time grows with `n_rows^2` too: with 100 columns, 2,000 rows took 0.2 seconds, 5,000
/// took 1.7 and 20,000 took 42 on two cores.
///
/// ```
/// use concord_embed::ward;
/// use ndarray::array;
///
/// let merges = ward(&array![[0.0], [10.0], [1.0], [13.0]])?;
/// let clusters: Vec<_> = merges.iter().map(|merge| (merge.first, merge.second)).collect();
/// // Rows 0 and 2 make cluster 4, rows 1 and 3 make cluster 5, and these two the tree.
/// assert_eq!(clusters, [(0, 2), (1, 3), (4, 5)]);
/// assert_eq!(merges[1].height, 3.0);
/// # Ok::<(), concord_embed::EmbedError>(())
/// ```
///
/// # Errors
/// [`EmbedError::Core`] when there is no value or one is not finite, [`EmbedError::TooManyRows`] beyond 20,000 rows.
pub fn ward(points: &Dense) -> Result<Vec<Merge>, EmbedError> {
    let (n_rows, n_columns) = points.dim();
    if points.is_empty() {
        return Err(CoreError::EmptyMatrix { n_rows, n_columns }.into());
    }
    if n_rows > MOST_ROWS {
        return Err(EmbedError::TooManyRows { n_rows, largest: MOST_ROWS });
    }
    if let Some(((row, column), &value)) = points.indexed_iter().find(|(_, value)| !value.is_finite()) {
        return Err(CoreError::NotFinite { row, column, value }.into());
    }
    let tree = linkage(&mut condensed_distances(points), n_rows, Method::Ward);
    let merges = tree.steps().iter().map(|step| Merge {
        first: step.cluster1,
        second: step.cluster2,
        // Between rows that are the same, rounding may make a square negative, whose root `max` turns into 0.
        height: step.dissimilarity.max(0.0),
    });
    Ok(merges.collect())
}

/// The distances of all pairs of rows, those of row 0 to the rows after it first; `n_rows (n_rows - 1) / 2` values.
fn condensed_distances(points: &Dense) -> Vec<f64> {
    // Collected row by row, so the values lie row by row, whatever the layout of the input.
    let rows: Vec<f64> = points.iter().map(|&value| f64::from(value)).collect();
    let (n_rows, n_columns) = points.dim();
    let row = |index: usize| &rows[index * n_columns..(index + 1) * n_columns];
    let mut distances = vec![0.0; n_rows * (n_rows - 1) / 2];
    let mut rest = distances.as_mut_slice();
    let mut to_later_rows = Vec::with_capacity(n_rows);
    for index in 0..n_rows {
        let (own, later) = rest.split_at_mut(n_rows - 1 - index);
        to_later_rows.push(own);
        rest = later;
    }
    to_later_rows.into_par_iter().enumerate().for_each(|(index, own)| {
        for (offset, distance) in own.iter_mut().enumerate() {
            *distance = squared_distance(row(index), row(index + 1 + offset)).sqrt();
        }
    });
    distances
}

/// By differences, not by a product of matrices: that would make rows that are the same differ by rounding.
fn squared_distance(one: &[f64], other: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (ones, others) = (one.chunks_exact(LANES), other.chunks_exact(LANES));
    let remainder = ones.remainder().iter().zip(others.remainder()).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    for (one, other) in ones.zip(others) {
        for lane in 0..LANES {
            sums[lane] += (one[lane] - other[lane]) * (one[lane] - other[lane]);
        }
    }
    sums.iter().sum::<f64>() + remainder
}
