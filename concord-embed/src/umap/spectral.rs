use ndarray::{Array2, s};
use rayon::prelude::*;

use super::dense::{Block, combine, orthonormalize, products, random_block, symmetric_eigen};
use super::fuzzy::FuzzyGraph;

const ROWS_PER_TASK: usize = 512;
/// Degree of the polynomial that damps the unwanted eigenvectors, and how often it is applied at the most.
const FILTER_DEGREE: usize = 12;
const MAX_FILTERS: usize = 20;
/// The eigenvectors are a starting point only: a residual of a twentieth of the eigenvalue is enough.
const TOLERANCE: f64 = 0.05;
/// Graphs up to this size are solved densely.
const DENSE_LIMIT: usize = 64;

/// Eigenvectors 2 to `n_vectors + 1` of the normalised Laplacian of a connected graph, `[n_cells, n_vectors]`.
///
/// Chebyshev-filtered subspace iteration (Zhou et al., 2006) with Rayleigh-Ritz steps: every step is a product of the
/// sparse matrix with a block of vectors, in parallel and without a sum that depends on the number of threads.
pub(crate) fn laplacian_eigenvectors(graph: &FuzzyGraph, n_vectors: usize, seed: u64) -> Array2<f64> {
    let laplacian = Laplacian::new(graph);
    match n_vectors {
        _ if graph.n_cells() <= DENSE_LIMIT.max(2 * n_vectors) => laplacian.dense_eigenvectors(n_vectors),
        ..=4 => laplacian.eigenvectors::<8>(n_vectors, seed),
        5..=10 => laplacian.eigenvectors::<16>(n_vectors, seed),
        _ => laplacian.eigenvectors::<80>(n_vectors, seed),
    }
}

/// `I - D^(-1/2) W D^(-1/2)`, kept as the scaled weights.
struct Laplacian<'a> {
    graph: &'a FuzzyGraph,
    weights: Vec<f32>,
    /// The eigenvector of eigenvalue 0: the square roots of the degrees, of length 1.
    trivial: Vec<f32>,
}

impl<'a> Laplacian<'a> {
    fn new(graph: &'a FuzzyGraph) -> Self {
        let degree = |cell| graph.row(cell).map(|(_, weight)| f64::from(weight)).sum::<f64>();
        let degrees: Vec<f64> = (0..graph.n_cells()).map(degree).collect();
        let total: f64 = degrees.iter().sum();
        let scaled = |cell: usize| {
            let degrees = &degrees;
            graph.row(cell).map(move |(other, weight)| {
                (f64::from(weight) / (degrees[cell] * degrees[other as usize]).sqrt()) as f32
            })
        };
        Self {
            graph,
            weights: (0..graph.n_cells()).flat_map(scaled).collect(),
            trivial: degrees.iter().map(|degree| (degree / total).sqrt() as f32).collect(),
        }
    }

    fn dense_eigenvectors(&self, n_vectors: usize) -> Array2<f64> {
        let n_cells = self.graph.n_cells();
        let mut matrix = Array2::eye(n_cells);
        for cell in 0..n_cells {
            for entry in self.graph.starts[cell]..self.graph.starts[cell + 1] {
                matrix[[cell, self.graph.neighbors[entry] as usize]] -= f64::from(self.weights[entry]);
            }
        }
        let (_, vectors) = symmetric_eigen(matrix);
        vectors.slice(s![.., 1..=n_vectors]).to_owned()
    }

    fn eigenvectors<const W: usize>(&self, n_vectors: usize, seed: u64) -> Array2<f64> {
        let mut block = random_block::<W>(self.graph.n_cells(), seed);
        let mut cut = 1.0;
        for step in 0..MAX_FILTERS {
            self.filter(&mut block, cut);
            orthonormalize(&mut block, |block| self.exclude_trivial(block), seed.wrapping_add(step as u64 + 1));
            let mut image = self.apply(&block, |x, y| x - y);
            let (values, weights) = symmetric_eigen(products(&block, &image));
            combine(&mut block, &weights);
            combine(&mut image, &weights);
            if converged(&block, &image, &values[..n_vectors]) {
                break;
            }
            // Damp what is beyond the block; the margin keeps the interval from closing on a wanted vector.
            cut = values[W - 1].clamp(1e-3, 1.0);
        }
        Array2::from_shape_fn((self.graph.n_cells(), n_vectors), |(cell, vector)| f64::from(block[cell][vector]))
    }

    /// Applies `combine(x, y)` to every vector `x` and its product `y` with the scaled weights.
    fn apply<const W: usize>(&self, block: &Block<W>, combine: impl Fn(f32, f32) -> f32 + Sync) -> Block<W> {
        let mut image = vec![[0.0; W]; block.len()];
        self.apply_into(block, &mut image, |_, x, y| combine(x, y));
        image
    }

    /// As [`Self::apply`], with the old value of the place as a first argument.
    fn apply_into<const W: usize>(
        &self,
        block: &Block<W>,
        image: &mut Block<W>,
        combine: impl Fn(f32, f32, f32) -> f32 + Sync,
    ) {
        image.par_chunks_mut(ROWS_PER_TASK).enumerate().for_each(|(task, rows)| {
            for (offset, row) in rows.iter_mut().enumerate() {
                let cell = task * ROWS_PER_TASK + offset;
                let entries = self.graph.starts[cell]..self.graph.starts[cell + 1];
                let mut sums = [0.0; W];
                for (&other, &weight) in self.graph.neighbors[entries.clone()].iter().zip(&self.weights[entries]) {
                    for (sum, &x) in sums.iter_mut().zip(&block[other as usize]) {
                        *sum += weight * x;
                    }
                }
                for ((place, &x), &y) in row.iter_mut().zip(&block[cell]).zip(&sums) {
                    *place = combine(*place, x, y);
                }
            }
        });
    }

    /// Applies the Chebyshev polynomial that is small on the eigenvalues from `cut` to 2.
    fn filter<const W: usize>(&self, block: &mut Block<W>, cut: f64) {
        let (center, half) = (f64::midpoint(cut, 2.0) as f32, ((2.0 - cut) / 2.0) as f32);
        // The Laplacian maps x to x - y, where y is the product with the scaled weights.
        let mut next = self.apply(block, |x, y| ((x - y) - center * x) / half);
        for _ in 1..FILTER_DEGREE {
            self.apply_into(&next, block, |old, x, y| 2.0 * ((x - y) - center * x) / half - old);
            std::mem::swap(block, &mut next);
        }
        std::mem::swap(block, &mut next);
    }

    fn exclude_trivial<const W: usize>(&self, block: &mut Block<W>) {
        let mut shares = [0.0f64; W];
        for (row, &t) in block.iter().zip(&self.trivial) {
            for (share, &x) in shares.iter_mut().zip(row) {
                *share += f64::from(x) * f64::from(t);
            }
        }
        for (row, &t) in block.iter_mut().zip(&self.trivial) {
            for (x, &share) in row.iter_mut().zip(&shares) {
                *x = (f64::from(*x) - share * f64::from(t)) as f32;
            }
        }
    }
}

fn converged<const W: usize>(block: &Block<W>, image: &Block<W>, values: &[f64]) -> bool {
    values.iter().enumerate().all(|(vector, &value)| {
        let residual: f64 =
            block.iter().zip(image).map(|(x, y)| (f64::from(y[vector]) - value * f64::from(x[vector])).powi(2)).sum();
        residual.sqrt() <= TOLERANCE * value.max(1e-4)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path of cells: eigenvalue `k` of its normalised Laplacian is `1 - cos(pi k / (n - 1))`.
    fn path(n_cells: usize) -> FuzzyGraph {
        let mut graph = FuzzyGraph { starts: vec![0], neighbors: Vec::new(), weights: Vec::new() };
        for cell in 0..n_cells {
            let neighbors = [cell.checked_sub(1), Some(cell + 1).filter(|&next| next < n_cells)];
            graph.neighbors.extend(neighbors.into_iter().flatten().map(|neighbor| neighbor as u32));
            graph.weights.resize(graph.neighbors.len(), 1.0);
            graph.starts.push(graph.neighbors.len());
        }
        graph
    }

    #[test]
    fn eigenvectors_of_a_path_are_cosines() {
        for n_cells in [40, 400] {
            let vectors = laplacian_eigenvectors(&path(n_cells), 2, 0);
            for (k, vector) in vectors.columns().into_iter().enumerate() {
                // The eigenvectors of D^(-1/2) W D^(-1/2) are cosines but at the two ends, whose degree is half.
                let angle = std::f64::consts::PI * (k + 1) as f64 / (n_cells - 1) as f64;
                let exact: Vec<f64> = (1..n_cells - 1).map(|cell| (angle * cell as f64).cos()).collect();
                let inner = vector.slice(s![1..n_cells - 1]);
                let product: f64 = inner.iter().zip(&exact).map(|(x, y)| x * y).sum();
                let norms = inner.dot(&inner).sqrt() * exact.iter().map(|y| y * y).sum::<f64>().sqrt();
                assert!((product / norms).abs() > 0.99, "{n_cells} cells, vector {k}: {}", product / norms);
            }
        }
    }
}
