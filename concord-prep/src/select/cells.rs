//! The cells that take part in a selection.

use concord_core::Labels;
use rand::SeedableRng;
use rand::seq::index;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{SelectConfig, SelectWarning};
use crate::PrepError;

/// Cells among which genes are ranked.
pub(super) struct Batch {
    /// `None` when the data have no batches.
    pub(super) name: Option<String>,
    /// Its cells, ascending.
    pub(super) cells: Vec<usize>,
}

/// The cells by batch: without those that have no label, without small batches, thinned out when asked for.
pub(super) fn batches(
    n_cells: usize,
    labels: Option<&Labels>,
    config: &SelectConfig,
    warnings: &mut Vec<SelectWarning>,
) -> Result<Vec<Batch>, PrepError> {
    let mut batches = match labels {
        None => vec![Batch { name: None, cells: (0..n_cells).collect() }],
        Some(labels) => labelled_batches(labels, config.min_batch_size, warnings)?,
    };
    if config.subsample_frac < 1.0 {
        let mut generator = Xoshiro256PlusPlus::seed_from_u64(config.seed);
        for batch in &mut batches {
            thin_out(&mut batch.cells, config.subsample_frac, &mut generator);
        }
    }
    Ok(batches)
}

fn labelled_batches(
    labels: &Labels,
    min_batch_size: usize,
    warnings: &mut Vec<SelectWarning>,
) -> Result<Vec<Batch>, PrepError> {
    if labels.n_missing() > 0 {
        warnings.push(SelectWarning::CellsWithoutBatch { n_cells: labels.n_missing() });
    }
    let (mut kept, mut small, mut largest) = (Vec::new(), Vec::new(), 0);
    for (cells, name) in labels.members().into_iter().zip(labels.names()) {
        largest = largest.max(cells.len());
        if cells.is_empty() {
            continue;
        }
        if cells.len() < min_batch_size {
            small.push(name.clone());
        } else {
            kept.push(Batch { name: Some(name.clone()), cells });
        }
    }
    if kept.is_empty() {
        return Err(PrepError::NoBatchesLeft { min_batch_size: min_batch_size.max(1), largest });
    }
    if !small.is_empty() {
        warnings.push(SelectWarning::SmallBatches { names: small, min_batch_size });
    }
    Ok(kept)
}

/// Keeps a share of the cells, rounded down, but one at least.
fn thin_out(cells: &mut Vec<usize>, share: f64, generator: &mut Xoshiro256PlusPlus) {
    let n_kept = ((cells.len() as f64 * share) as usize).max(1);
    let mut positions = index::sample(generator, cells.len(), n_kept).into_vec();
    positions.sort_unstable();
    *cells = positions.into_iter().map(|position| cells[position]).collect();
}
