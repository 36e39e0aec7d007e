//! How much it matters for each cell that genes of the model are missing.

use concord_core::{Embedding, LogNorm};
use concord_model::{Model, embed};
use rand::{SeedableRng, seq::SliceRandom};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::{error::CliError, gene_matching::FoundGenes};

/// Draws of genes that are averaged over.
const N_DRAWS: u64 = 4;

/// For every cell, how far its code moves (one minus the cosine) when as large a share of the genes that are there is
/// taken away as is missing already: the mean of four draws of genes. Near 0, the code hardly depends on genes like those
/// that are missing; near 1, it is mostly made of what is left by chance.
pub(super) fn effect(
    model: &Model,
    data: &LogNorm,
    latent: &Embedding,
    found: &FoundGenes,
) -> Result<Vec<f64>, CliError> {
    let n_found = found.features.len();
    let share = found.missing().len() as f64 / data.n_genes() as f64;
    let n_taken = ((share * n_found as f64).round() as usize).clamp(1, n_found);
    let mut effects = vec![0.0; data.n_cells()];
    for seed in 0..N_DRAWS {
        let mut genes = found.features.clone();
        genes.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
        let moved = embed(model, &without(data, &genes[..n_taken])?)?;
        for (cell, effect) in effects.iter_mut().enumerate() {
            *effect += (1.0 - cosine(latent.point(cell), moved.point(cell))) / N_DRAWS as f64;
        }
    }
    Ok(effects)
}

/// The same with some genes set to zero.
fn without(data: &LogNorm, genes: &[usize]) -> Result<LogNorm, CliError> {
    let mut is_taken = vec![false; data.n_genes()];
    for &gene in genes {
        is_taken[gene] = true;
    }
    let mut matrix = data.matrix().clone();
    let indices = data.matrix().indices();
    for (value, &gene) in matrix.data_mut().iter_mut().zip(indices) {
        if is_taken[gene as usize] {
            *value = 0.0;
        }
    }
    Ok(LogNorm::from_logged(matrix)?)
}

/// 1 when one of them is nowhere, and has no direction that could be another.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 { (dot(a, b) / norms).min(1.0) } else { 1.0 }
}
