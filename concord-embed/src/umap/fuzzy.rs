use concord_core::KnnGraph;
use rayon::prelude::*;

/// How closely the bisection has to meet its target, and how many halvings it may take.
const SMOOTH_TOLERANCE: f64 = 1e-5;
const MAX_BISECTIONS: usize = 64;
/// A kernel is never narrower than this share of the mean distance.
const MIN_SCALE: f64 = 1e-3;

/// The fuzzy simplicial set: a symmetric weighted graph, compressed by rows, neighbours ascending.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FuzzyGraph {
    pub(crate) starts: Vec<usize>,
    pub(crate) neighbors: Vec<u32>,
    pub(crate) weights: Vec<f32>,
}

impl FuzzyGraph {
    /// Turns the first `k` neighbours of every cell into memberships, and unites the two directions of every edge.
    pub(crate) fn new(graph: &KnnGraph, k: usize) -> Self {
        let kernels = smooth_distances(graph, k);
        let rows: Vec<Vec<(u32, f32)>> = (0..graph.n_cells())
            .into_par_iter()
            .map(|cell| {
                let mut row = memberships(graph, k, cell, kernels[cell]);
                row.sort_unstable_by_key(|&(neighbor, _)| neighbor);
                row.dedup_by_key(|&mut (neighbor, _)| neighbor);
                row
            })
            .collect();
        let incoming = transpose(&rows);
        let united: Vec<Vec<(u32, f32)>> =
            rows.par_iter().zip(incoming).map(|(row, incoming)| unite(row, &incoming)).collect();
        Self::from_rows(&united)
    }

    fn from_rows(rows: &[Vec<(u32, f32)>]) -> Self {
        let mut starts = Vec::with_capacity(rows.len() + 1);
        starts.push(0);
        let mut end = 0;
        starts.extend(rows.iter().map(|row| {
            end += row.len();
            end
        }));
        let (neighbors, weights) = rows.iter().flatten().copied().unzip();
        Self { starts, neighbors, weights }
    }

    pub(crate) fn n_cells(&self) -> usize {
        self.starts.len() - 1
    }

    /// Neighbours and weights of one cell.
    pub(crate) fn row(&self, cell: usize) -> impl Iterator<Item = (u32, f32)> + '_ {
        let entries = self.starts[cell]..self.starts[cell + 1];
        self.neighbors[entries.clone()].iter().copied().zip(self.weights[entries].iter().copied())
    }
}

/// Distance to the nearest neighbour that is not a duplicate, and width, of the kernel of one cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernel {
    pub(crate) rho: f32,
    pub(crate) sigma: f64,
}

/// The kernels under which every cell has `log2(k + 1)` neighbours in all (`umap.umap_.smooth_knn_dist`).
///
/// The cell itself counts as one, at distance 0, wherever distances are averaged: `k + 1` is `n_neighbors`.
pub(crate) fn smooth_distances(graph: &KnnGraph, k: usize) -> Vec<Kernel> {
    let mean = |distances: &[f32]| distances.iter().copied().map(f64::from).sum::<f64>() / (k + 1) as f64;
    let rows: Vec<Vec<f32>> =
        graph.distances().rows().into_iter().map(|row| row.iter().copied().take(k).collect()).collect();
    let row_means: Vec<f64> = rows.iter().map(|row| mean(row)).collect();
    let overall_mean = row_means.iter().sum::<f64>() / rows.len() as f64;
    let kernel = |(distances, row_mean): (&Vec<f32>, &f64)| {
        let rho = distances.iter().copied().find(|&distance| distance > 0.0).unwrap_or(0.0);
        let narrowest = MIN_SCALE * if rho > 0.0 { *row_mean } else { overall_mean };
        Kernel { rho, sigma: bisect_sigma(distances, rho, ((k + 1) as f64).log2()).max(narrowest) }
    };
    rows.par_iter().zip(&row_means).map(kernel).collect()
}

fn bisect_sigma(distances: &[f32], rho: f32, target: f64) -> f64 {
    let (mut low, mut high, mut sigma) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..MAX_BISECTIONS {
        let total: f64 = distances
            .iter()
            .map(|distance| f64::from(distance - rho))
            .map(|excess| if excess > 0.0 { (-excess / sigma).exp() } else { 1.0 })
            .sum();
        if (total - target).abs() < SMOOTH_TOLERANCE {
            break;
        }
        if total > target {
            high = sigma;
            sigma = f64::midpoint(low, high);
        } else {
            low = sigma;
            sigma = if high.is_infinite() { sigma * 2.0 } else { f64::midpoint(low, high) };
        }
    }
    sigma
}

/// The memberships of a cell's neighbours; those that vanish are left out, and so is the cell itself.
fn memberships(graph: &KnnGraph, k: usize, cell: usize, kernel: Kernel) -> Vec<(u32, f32)> {
    let neighbors = graph.neighbors().row(cell);
    let distances = graph.distances().row(cell);
    let membership = |distance: f32| {
        let excess = f64::from(distance - kernel.rho);
        if excess <= 0.0 || kernel.sigma <= 0.0 { 1.0 } else { (-excess / kernel.sigma).exp() as f32 }
    };
    let pairs = neighbors.iter().zip(distances).take(k).filter(|&(&neighbor, _)| neighbor as usize != cell);
    pairs.map(|(&neighbor, &distance)| (neighbor, membership(distance))).filter(|&(_, weight)| weight > 0.0).collect()
}

fn transpose(rows: &[Vec<(u32, f32)>]) -> Vec<Vec<(u32, f32)>> {
    let mut sizes = vec![0; rows.len()];
    for &(neighbor, _) in rows.iter().flatten() {
        sizes[neighbor as usize] += 1;
    }
    let mut transposed: Vec<Vec<(u32, f32)>> = sizes.into_iter().map(Vec::with_capacity).collect();
    for (cell, row) in rows.iter().enumerate() {
        for &(neighbor, weight) in row {
            transposed[neighbor as usize].push((cell as u32, weight));
        }
    }
    transposed
}

/// The probabilistic union of an edge's two directions, `v + w - v w`, along two ascending rows.
fn unite(row: &[(u32, f32)], incoming: &[(u32, f32)]) -> Vec<(u32, f32)> {
    let mut united = Vec::with_capacity(row.len() + incoming.len());
    let (mut left, mut right) = (row.iter().copied().peekable(), incoming.iter().copied().peekable());
    loop {
        match (left.peek().copied(), right.peek().copied()) {
            (Some((a, v)), Some((b, w))) if a == b => {
                united.push((a, v + w - v * w));
                left.next();
                right.next();
            }
            (Some(entry), Some((b, _))) if entry.0 < b => {
                united.push(entry);
                left.next();
            }
            (_, Some(entry)) => {
                united.push(entry);
                right.next();
            }
            (Some(entry), None) => {
                united.push(entry);
                left.next();
            }
            (None, None) => return united,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::umap::golden::Golden;

    #[test]
    fn kernels_and_graph_equal_those_of_umap_learn() -> Result<(), Box<dyn std::error::Error>> {
        let golden = Golden::read()?;
        let (graph, k) = (golden.graph()?, golden.n_neighbors - 1);
        for (cell, kernel) in smooth_distances(&graph, k).into_iter().enumerate() {
            let (rho, sigma) = (golden.rhos[cell], golden.sigmas[cell]);
            assert!((kernel.rho - rho).abs() < 1e-6, "cell {cell}: rho {}, expected {rho}", kernel.rho);
            assert!((kernel.sigma - sigma).abs() < 1e-5 * sigma, "cell {cell}: {}, expected {sigma}", kernel.sigma);
        }
        let fuzzy = FuzzyGraph::new(&graph, k);
        assert_eq!(fuzzy.starts, golden.indptr);
        assert_eq!(fuzzy.neighbors, golden.indices);
        for (ours, theirs) in fuzzy.weights.iter().zip(&golden.weights) {
            assert!((ours - theirs).abs() < 1e-5, "{ours}, expected {theirs}");
        }
        Ok(())
    }
}
