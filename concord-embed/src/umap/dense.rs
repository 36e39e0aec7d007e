//! Small dense linear algebra: symmetric eigenproblems, and orthonormal blocks of a few long vectors.

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::random::uniform;

/// Rows that one task works on. Fixed, so that sums do not depend on the number of threads.
const ROWS_PER_TASK: usize = 1024;
const MAX_SWEEPS: usize = 60;

/// Eigenvalues in ascending order and their eigenvectors (columns) of a symmetric matrix, by Jacobi rotations.
pub(crate) fn symmetric_eigen(mut matrix: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = matrix.nrows();
    let mut vectors = Array2::eye(n);
    let total: f64 = matrix.iter().map(|value| value * value).sum();
    for _ in 0..MAX_SWEEPS {
        let off: f64 = matrix.indexed_iter().filter(|((i, j), _)| i != j).map(|(_, value)| value * value).sum();
        if off <= 1e-28 * total {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut matrix, &mut vectors, p, q);
            }
        }
    }
    let values = matrix.diag().to_vec();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    (order.iter().map(|&i| values[i]).collect(), vectors.select(Axis(1), &order))
}

/// Makes the entry `(p, q)` zero.
fn rotate(matrix: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    let off = matrix[[p, q]];
    if off.abs() < f64::MIN_POSITIVE {
        return;
    }
    let theta = (matrix[[q, q]] - matrix[[p, p]]) / (2.0 * off);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for i in 0..matrix.nrows() {
        let (x, y) = (matrix[[i, p]], matrix[[i, q]]);
        (matrix[[i, p]], matrix[[i, q]]) = (cosine * x - sine * y, sine * x + cosine * y);
    }
    for i in 0..matrix.nrows() {
        let (x, y) = (matrix[[p, i]], matrix[[q, i]]);
        (matrix[[p, i]], matrix[[q, i]]) = (cosine * x - sine * y, sine * x + cosine * y);
        let (x, y) = (vectors[[i, p]], vectors[[i, q]]);
        (vectors[[i, p]], vectors[[i, q]]) = (cosine * x - sine * y, sine * x + cosine * y);
    }
}

/// A few long vectors side by side: row `i` holds entry `i` of each of the `W`.
pub(crate) type Block<const W: usize> = Vec<[f32; W]>;

/// A block of random numbers in [-1/2, 1/2).
pub(crate) fn random_block<const W: usize>(n_rows: usize, seed: u64) -> Block<W> {
    let entry = |row: usize, column: usize| uniform(seed, (row * W + column) as u64) as f32 - 0.5;
    (0..n_rows).map(|row| std::array::from_fn(|column| entry(row, column))).collect()
}

/// All products of a vector of one block with a vector of the other, `[W, W]`.
pub(crate) fn products<const W: usize>(left: &[[f32; W]], right: &[[f32; W]]) -> Array2<f64> {
    let partial: Vec<[[f64; W]; W]> = left
        .par_chunks(ROWS_PER_TASK)
        .zip(right.par_chunks(ROWS_PER_TASK))
        .map(|(left, right)| {
            let mut sums = [[0.0; W]; W];
            for (x, y) in left.iter().zip(right) {
                for (sums, &x) in sums.iter_mut().zip(x) {
                    for (sum, &y) in sums.iter_mut().zip(y) {
                        *sum += f64::from(x) * f64::from(y);
                    }
                }
            }
            sums
        })
        .collect();
    Array2::from_shape_fn((W, W), |(i, j)| partial.iter().map(|sums| sums[i][j]).sum())
}

/// Replaces the vectors by combinations of them: column `j` of `weights` says how much of each goes into vector `j`.
pub(crate) fn combine<const W: usize>(block: &mut [[f32; W]], weights: &Array2<f64>) {
    block.par_chunks_mut(ROWS_PER_TASK).for_each(|rows| {
        for row in rows {
            let mut combined = [0.0; W];
            for (i, &x) in row.iter().enumerate() {
                for (j, sum) in combined.iter_mut().enumerate() {
                    *sum += f64::from(x) * weights[[i, j]];
                }
            }
            *row = combined.map(|value| value as f32);
        }
    });
}

/// Makes the vectors orthonormal, their span unchanged; those that depend on the others are replaced by random ones.
///
/// `exclude` takes unwanted directions out of the block, and is called again whenever random ones came in.
pub(crate) fn orthonormalize<const W: usize>(block: &mut Block<W>, exclude: impl Fn(&mut Block<W>), seed: u64) {
    /// Shares of the largest direction below this are rounding errors of 32-bit floats.
    const NEGLIGIBLE: f64 = 1e-9;
    for round in 0..3 {
        exclude(block);
        let gram = products(block, block);
        let scale: Vec<f64> =
            gram.diag().iter().map(|&norm| if norm > 0.0 { norm.sqrt().recip() } else { 0.0 }).collect();
        let scaled = Array2::from_shape_fn((W, W), |(i, j)| gram[[i, j]] * scale[i] * scale[j]);
        let (values, mut weights) = symmetric_eigen(scaled);
        let largest = values.last().copied().unwrap_or(0.0);
        let is_lost = |value: f64| value <= NEGLIGIBLE * largest || value <= 0.0;
        for ((i, j), weight) in weights.indexed_iter_mut() {
            *weight *= if is_lost(values[j]) { 0.0 } else { scale[i] / values[j].sqrt() };
        }
        combine(block, &weights);
        let lost: Vec<usize> = (0..W).filter(|&j| is_lost(values[j])).collect();
        if !lost.is_empty() {
            let fresh = random_block::<W>(block.len(), seed.wrapping_add(round));
            for (row, fresh) in block.iter_mut().zip(&fresh) {
                for &j in &lost {
                    row[j] = fresh[j];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn eigenvalues_of_a_known_matrix() {
        let matrix = array![[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]];
        let (values, vectors) = symmetric_eigen(matrix.clone());
        let root = 2.0f64.sqrt();
        for (value, exact) in values.iter().zip([2.0 - root, 2.0, 2.0 + root]) {
            assert!((value - exact).abs() < 1e-12, "{value}, expected {exact}");
        }
        let residual = matrix.dot(&vectors) - &vectors * &ndarray::aview1(&values);
        assert!(residual.iter().all(|x| x.abs() < 1e-12));
    }

    #[test]
    fn dependent_vectors_are_replaced() {
        let mut block: Block<4> = random_block(3000, 1);
        for row in &mut block {
            row[2] = row[0] - 2.0 * row[1];
            row[3] = 0.0;
        }
        orthonormalize(&mut block, |_| (), 2);
        let gram = products(&block, &block);
        assert!((gram - Array2::<f64>::eye(4)).iter().all(|x| x.abs() < 1e-5));
    }
}
