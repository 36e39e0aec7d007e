//! The network's first, linear step on sparse cells, and cells as dense rows.

use std::ops::Range;

use concord_core::{Dense, LogNorm, Network};
use ndarray::{Array1, Array2, ArrayView1};

use crate::AttrError;

/// Cells that are worked on together, in one task. Sums are taken within blocks first, so results do not depend on
/// the number of threads.
pub(crate) const CELLS_PER_BLOCK: usize = 128;

/// The blocks of some cells.
pub(crate) fn blocks(n_cells: usize) -> Vec<Range<usize>> {
    (0..n_cells).step_by(CELLS_PER_BLOCK).map(|start| start..n_cells.min(start + CELLS_PER_BLOCK)).collect()
}

/// `x W + b` of some cells, `[n_cells, n_hidden]`.
pub(crate) fn hidden<N: Network + ?Sized>(network: &N, data: &LogNorm, cells: Range<usize>) -> Dense {
    if let Some(result) = network.first_step(data, cells.clone()) {
        return result;
    }
    let (weights, bias) = (network.weights(), network.bias());
    let mut result = Array2::zeros((cells.len(), bias.len()));
    for (cell, mut hidden) in cells.zip(result.rows_mut()) {
        hidden.assign(&bias);
        if let Some(row) = data.matrix().outer_view(cell) {
            for (&gene, &value) in row.indices().iter().zip(row.data()) {
                hidden.scaled_add(value, &weights.row(gene as usize));
            }
        }
    }
    result
}

/// `x W + b` of one dense row of genes.
pub(crate) fn hidden_of_row<N: Network + ?Sized>(network: &N, row: ArrayView1<'_, f32>) -> Array1<f32> {
    row.dot(&network.weights()) + network.bias()
}

/// Some cells as dense rows, `[n_cells, n_genes]`.
pub(crate) fn dense_rows(data: &LogNorm, cells: Range<usize>) -> Dense {
    let mut result = Array2::zeros((cells.len(), data.n_genes()));
    for (cell, mut dense) in cells.zip(result.rows_mut()) {
        if let Some(row) = data.matrix().outer_view(cell) {
            for (&gene, &value) in row.indices().iter().zip(row.data()) {
                dense[gene as usize] = value;
            }
        }
    }
    result
}

/// Refuses cells of another width than the network's input, and none at all.
pub(crate) fn check_cells<N: Network + ?Sized>(
    network: &N,
    what: &'static str,
    cells: &LogNorm,
) -> Result<(), AttrError> {
    check_genes(network, what, cells.n_genes())?;
    if cells.n_cells() == 0 { Err(AttrError::NoCells { what }) } else { Ok(()) }
}

/// Refuses rows of another width than the network's input.
pub(crate) fn check_genes<N: Network + ?Sized>(network: &N, what: &'static str, found: usize) -> Result<(), AttrError> {
    let expected = network.weights().nrows();
    if found == expected { Ok(()) } else { Err(AttrError::GeneCount { what, expected, found }) }
}
