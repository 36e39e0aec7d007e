//! What umap-learn printed for a small input (`tests/golden/make.py` wrote the file).

use concord_core::{CoreError, KnnGraph};
use ndarray::Array2;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Golden {
    /// Spread, `min_dist`, a, b.
    pub(crate) curves: Vec<[f64; 4]>,
    pub(crate) n_neighbors: usize,
    neighbors: Vec<Vec<u32>>,
    distances: Vec<Vec<f32>>,
    pub(crate) sigmas: Vec<f64>,
    pub(crate) rhos: Vec<f32>,
    pub(crate) indptr: Vec<usize>,
    pub(crate) indices: Vec<u32>,
    pub(crate) weights: Vec<f32>,
}

impl Golden {
    pub(crate) fn read() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("../../tests/golden/umap.json"))
    }

    pub(crate) fn graph(&self) -> Result<KnnGraph, CoreError> {
        let shape = (self.neighbors.len(), self.n_neighbors - 1);
        let neighbors = Array2::from_shape_vec(shape, self.neighbors.concat()).unwrap_or_default();
        let distances = Array2::from_shape_vec(shape, self.distances.concat()).unwrap_or_default();
        KnnGraph::new(neighbors, distances)
    }
}
