//! Made-up data for the benchmarks: the same in every run.

use concord_core::{Counts, Csr, Embedding};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

type AnyError = Box<dyn std::error::Error>;

/// Counts of which about 7 % are not 0. Genes differ in how many cells express them, and how strongly.
///
/// # Errors
/// Never, but that is for the constructor to say.
pub fn counts(n_cells: usize, n_genes: usize) -> Result<Counts, AnyError> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    let shares: Vec<f64> = (0..n_genes).map(|_| 0.3 * random.random::<f64>().powi(3)).collect();
    for _ in 0..n_cells {
        for (gene, &share) in shares.iter().enumerate() {
            if random.random_bool(share) {
                indices.push(gene as u32);
                let most = 1.0 + 40.0 * share as f32 * random.random::<f32>();
                values.push((1.0 + most * random.random::<f32>()).floor());
            }
        }
        indptr.push(indices.len());
    }
    Ok(Counts::new(Csr::new((n_cells, n_genes), indptr, indices, values))?)
}

/// Cells in twenty groups that overlap.
///
/// # Errors
/// Never, but that is for the constructor to say.
pub fn embedding(n_cells: usize, n_dimensions: usize) -> Result<Embedding, AnyError> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    let centers = Array2::from_shape_fn((20, n_dimensions), |_| random.random::<f32>());
    let values =
        Array2::from_shape_fn((n_cells, n_dimensions), |(cell, d)| centers[[cell % 20, d]] + random.random::<f32>());
    Ok(Embedding::new(values)?)
}
