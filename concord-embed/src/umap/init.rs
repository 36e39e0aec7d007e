use concord_core::Embedding;
use ndarray::{Array2, Axis, s};

use super::Initialization;
use super::dense::{orthonormalize, random_block, symmetric_eigen};
use super::fuzzy::FuzzyGraph;
use super::random::{hash, normal, uniform};
use super::spectral::laplacian_eigenvectors;

/// Side of the square (cube) in which the layout starts.
const EXTENT: f64 = 10.0;
/// Standard deviation of the noise that keeps coinciding cells apart.
const NOISE: f64 = 1e-4;

/// Where the cells start, `[n_cells, n_components]`, every dimension from 0 to 10.
pub(crate) fn initial_positions(
    embedding: &Embedding,
    graph: &FuzzyGraph,
    kind: Initialization,
    n_components: usize,
    seed: u64,
) -> Array2<f64> {
    let mut positions = match kind {
        Initialization::Random => random_positions(embedding.n_cells(), n_components, EXTENT, seed),
        Initialization::Pca => scaled_with_noise(principal_components(embedding, n_components, seed), seed),
        Initialization::Spectral => scaled_with_noise(spectral_positions(embedding, graph, n_components, seed), seed),
    };
    for mut column in positions.columns_mut() {
        let (low, high) = column.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &x| (l.min(x), h.max(x)));
        let scale = if high > low { EXTENT / (high - low) } else { 0.0 };
        column.mapv_inplace(|x| (x - low) * scale);
    }
    positions
}

fn random_positions(n_cells: usize, n_components: usize, extent: f64, seed: u64) -> Array2<f64> {
    let seed = hash(seed ^ 1);
    Array2::from_shape_fn((n_cells, n_components), |(cell, component)| {
        extent * (2.0 * uniform(seed, (cell * n_components + component) as u64) - 1.0)
    })
}

fn scaled_with_noise(mut positions: Array2<f64>, seed: u64) -> Array2<f64> {
    let largest = positions.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    let scale = if largest > 0.0 { EXTENT / largest } else { 0.0 };
    let seed = hash(seed ^ 2);
    for (entry, x) in positions.iter_mut().enumerate() {
        *x = *x * scale + NOISE * normal(seed, entry as u64);
    }
    positions
}

/// The first principal components; columns of zeros where the data has fewer dimensions.
fn principal_components(embedding: &Embedding, n_components: usize, seed: u64) -> Array2<f64> {
    /// Up to this many dimensions the covariance matrix is decomposed as a whole.
    const DENSE_LIMIT: usize = 256;
    let mut centered = embedding.values().mapv(f64::from);
    if let Some(mean) = centered.mean_axis(Axis(0)) {
        centered -= &mean;
    }
    let n_dimensions = centered.ncols();
    let axes = if n_dimensions <= DENSE_LIMIT {
        let (_, vectors) = symmetric_eigen(centered.t().dot(&centered));
        vectors.slice(s![.., ..;-1]).to_owned()
    } else {
        power_iteration(&centered, seed)
    };
    let n_found = n_components.min(axes.ncols());
    let mut positions = Array2::zeros((centered.nrows(), n_components));
    positions.slice_mut(s![.., ..n_found]).assign(&centered.dot(&axes.slice(s![.., ..n_found])));
    positions
}

/// The leading principal axes of data with many dimensions, `[n_dimensions, 72]`, most variance first.
fn power_iteration(centered: &Array2<f64>, seed: u64) -> Array2<f64> {
    const WIDTH: usize = 72;
    const N_STEPS: usize = 20;
    let n_dimensions = centered.ncols();
    let mut block = random_block::<WIDTH>(n_dimensions, hash(seed ^ 3));
    let as_matrix =
        |block: &[[f32; WIDTH]]| Array2::from_shape_fn((n_dimensions, WIDTH), |(i, j)| f64::from(block[i][j]));
    for step in 0..N_STEPS {
        orthonormalize(&mut block, |_| (), seed.wrapping_add(step as u64));
        let image = centered.t().dot(&centered.dot(&as_matrix(&block)));
        for (row, image) in block.iter_mut().zip(image.rows()) {
            *row = std::array::from_fn(|j| image[j] as f32);
        }
    }
    orthonormalize(&mut block, |_| (), seed);
    let axes = as_matrix(&block);
    let scores = centered.dot(&axes);
    let (_, rotation) = symmetric_eigen(scores.t().dot(&scores));
    axes.dot(&rotation.slice(s![.., ..;-1]))
}

/// Laplacian eigenvectors of every connected part of the graph, the parts set apart.
///
/// As in umap-learn, parts lie on the coordinate axes when there are at most two for each of them. More parts are placed
/// by the principal components of their means (there by a spectral embedding of the means), and a part fills its
/// surroundings up to half the way to the nearest other.
fn spectral_positions(embedding: &Embedding, graph: &FuzzyGraph, n_components: usize, seed: u64) -> Array2<f64> {
    let parts = connected_parts(graph);
    if let [cells] = parts.as_slice() {
        return part_positions(graph, cells.len(), n_components, seed);
    }
    let centers = part_centers(embedding, &parts, n_components, seed);
    let mut positions = Array2::zeros((graph.n_cells(), n_components));
    let mut place = vec![0u32; graph.n_cells()];
    for (part, cells) in parts.iter().enumerate() {
        let center = centers.row(part);
        let nearest = (0..parts.len())
            .filter(|&other| other != part)
            .map(|other| (&centers.row(other) - &center).mapv(|x| x * x).sum().sqrt())
            .fold(f64::INFINITY, f64::min);
        for (new, &cell) in cells.iter().enumerate() {
            place[cell] = new as u32;
        }
        let mut own = part_positions(&subgraph(graph, cells, &place), cells.len(), n_components, seed);
        let largest = own.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        own *= if largest > 0.0 { nearest / (2.0 * largest) } else { 0.0 };
        for (row, &cell) in own.rows().into_iter().zip(cells) {
            positions.row_mut(cell).assign(&(&row + &center));
        }
    }
    positions
}

/// Positions of the cells of one connected graph; random where it is too small to have that many eigenvectors.
fn part_positions(graph: &FuzzyGraph, n_cells: usize, n_components: usize, seed: u64) -> Array2<f64> {
    if n_cells <= n_components + 1 || n_cells < 2 * n_components {
        return random_positions(n_cells, n_components, 1.0, seed);
    }
    laplacian_eigenvectors(graph, n_components, hash(seed ^ 4))
}

fn part_centers(embedding: &Embedding, parts: &[Vec<usize>], n_components: usize, seed: u64) -> Array2<f64> {
    if parts.len() <= 2 * n_components {
        return Array2::from_shape_fn((parts.len(), n_components), |(part, component)| {
            let sign = if part < n_components { 1.0 } else { -1.0 };
            if part % n_components == component { sign } else { 0.0 }
        });
    }
    let mut means = Array2::<f32>::zeros((parts.len(), embedding.n_dimensions()));
    for (part, cells) in parts.iter().enumerate() {
        for (dimension, mean) in means.row_mut(part).iter_mut().enumerate() {
            let sum: f64 = cells.iter().map(|&cell| f64::from(embedding.point(cell)[dimension])).sum();
            *mean = (sum / cells.len() as f64) as f32;
        }
    }
    match Embedding::new(means) {
        Ok(means) => principal_components(&means, n_components, seed),
        // Means of finite numbers are finite; were they not, any place would do.
        Err(_) => random_positions(parts.len(), n_components, 1.0, seed),
    }
}

/// The cells of every connected part, ascending; parts in the order of their first cells.
fn connected_parts(graph: &FuzzyGraph) -> Vec<Vec<usize>> {
    let mut is_seen = vec![false; graph.n_cells()];
    let mut parts = Vec::new();
    for first in 0..graph.n_cells() {
        if is_seen[first] {
            continue;
        }
        is_seen[first] = true;
        let mut part = vec![first];
        let mut next = 0;
        while next < part.len() {
            for (neighbor, _) in graph.row(part[next]) {
                let neighbor = neighbor as usize;
                if !is_seen[neighbor] {
                    is_seen[neighbor] = true;
                    part.push(neighbor);
                }
            }
            next += 1;
        }
        part.sort_unstable();
        parts.push(part);
    }
    parts
}

/// The graph of one part, whose cells are renumbered by `place`.
fn subgraph(graph: &FuzzyGraph, cells: &[usize], place: &[u32]) -> FuzzyGraph {
    let mut sub = FuzzyGraph { starts: vec![0], neighbors: Vec::new(), weights: Vec::new() };
    for &cell in cells {
        for (neighbor, weight) in graph.row(cell) {
            sub.neighbors.push(place[neighbor as usize]);
            sub.weights.push(weight);
        }
        sub.starts.push(sub.neighbors.len());
    }
    sub
}
