//! Inputs of the tests.

use std::error::Error;
use std::io::Read;
use std::path::PathBuf;

use concord_core::{Embedding, KnnGraph};
use concord_embed::Metric;
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Cells around the centres of `n_groups` groups, one group after the other in turn.
pub(crate) fn gaussian_groups(
    n_cells: usize,
    n_groups: usize,
    n_dimensions: usize,
) -> Result<Embedding, Box<dyn Error>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    // The sum of twelve uniform numbers is as normal as a test needs.
    let mut normal = || (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0;
    let centers = Array2::from_shape_fn((n_groups, n_dimensions), |_| 4.0 * normal());
    let values = Array2::from_shape_fn((n_cells, n_dimensions), |(cell, d)| centers[[cell % n_groups, d]] + normal());
    Ok(Embedding::new(values)?)
}

/// The `k` nearest neighbours of every cell by comparing all pairs.
pub(crate) fn exact_graph(embedding: &Embedding, k: usize, metric: Metric) -> Result<KnnGraph, Box<dyn Error>> {
    let mut points = embedding.values().mapv(f64::from);
    if metric == Metric::Cosine {
        for mut row in points.rows_mut() {
            let norm = row.dot(&row).sqrt();
            row /= norm.max(f64::MIN_POSITIVE);
        }
    }
    let products = points.dot(&points.t());
    let n_cells = embedding.n_cells();
    let (mut neighbors, mut distances) = (Vec::new(), Vec::new());
    for i in 0..n_cells {
        let distance = |j: usize| match metric {
            Metric::Cosine => (1.0 - products[[i, j]]).max(0.0),
            Metric::Euclidean => (products[[i, i]] + products[[j, j]] - 2.0 * products[[i, j]]).max(0.0).sqrt(),
        };
        let mut row: Vec<(f64, usize)> = (0..n_cells).filter(|&j| j != i).map(|j| (distance(j), j)).collect();
        row.sort_by(|x, y| x.0.total_cmp(&y.0));
        neighbors.extend(row.iter().take(k).map(|&(_, j)| j as u32));
        distances.extend(row.iter().take(k).map(|&(distance, _)| distance as f32));
    }
    let shape = (n_cells, k);
    Ok(KnnGraph::new(Array2::from_shape_vec(shape, neighbors)?, Array2::from_shape_vec(shape, distances)?)?)
}

/// The latent code of the reference (2638 x 100), or nothing where the reference results are not at hand.
pub(crate) fn reference_embedding() -> Result<Option<Embedding>, Box<dyn Error>> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let path = std::env::var_os("CONCORD_SHARED").map_or_else(default, PathBuf::from);
    let path = path.join("golden/pbmc3k_reference.npz");
    if !path.exists() {
        #[allow(clippy::print_stderr)]
        {
            eprintln!("SKIPPED: {} is not there; set CONCORD_SHARED to its folder's parent", path.display());
        }
        return Ok(None);
    }
    let npy = zip_member(&std::fs::read(path)?, "embedding.npy").ok_or("embedding.npy is missing")?;
    let header_length = usize::from(u16::from_le_bytes([npy[8], npy[9]]));
    let values = npy[10 + header_length..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    Ok(Some(Embedding::new(Array2::from_shape_vec((2638, 100), values.collect())?)?))
}

/// Inflates one member of a zip archive, found by its local header.
fn zip_member(zip: &[u8], name: &str) -> Option<Vec<u8>> {
    let u16_at = |at: usize| usize::from(u16::from_le_bytes([zip[at], zip[at + 1]]));
    let starts_here = |&at: &usize| zip[at..].starts_with(b"PK\x03\x04") && zip[at + 30..].starts_with(name.as_bytes());
    let at = (0..zip.len().checked_sub(30)?).find(starts_here)?;
    let mut content = Vec::new();
    flate2::read::DeflateDecoder::new(&zip[at + 30 + u16_at(at + 26) + u16_at(at + 28)..])
        .read_to_end(&mut content)
        .ok()?;
    Some(content)
}
