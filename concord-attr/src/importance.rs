use concord_core::{Dense, LogNorm, Network};
use ndarray::{Array2, ArrayView2, Axis, concatenate};
use rayon::prelude::*;

use crate::{
    AttrError,
    first_step::{blocks, check_cells, hidden},
};

/// The mean Jacobian over a context: entry (gene, neuron) of the result, `[n_genes, n_neurons]`, is the mean over the
/// cells of the derivative of the neuron with respect to the gene.
///
/// The derivatives are averaged where the first, linear step ends, and multiplied by its weights once: exact, and
/// without a walk back through the largest layer for each neuron.
///
/// # Errors
/// [`AttrError::GeneCount`], [`AttrError::NoCells`], [`AttrError::NotFinite`].
///
/// Source: `compute_feature_importance` of the reference, with which it agrees to the rounding of 32-bit floats.
///
/// # Examples
/// With an encoder of `concord-model`: `importance(&encoder.network(), &data.select_cells(&b_cells))`; the latent code is
/// the reference's layer 6, and `encoder.network_up_to(layer)` gives the others.
pub fn importance<N: Network + ?Sized>(network: &N, cells: &LogNorm) -> Result<Dense, AttrError> {
    check_cells(network, "the matrix of cells", cells)?;
    let parts: Vec<Dense> = blocks(cells.n_cells())
        .into_par_iter()
        .map(|block| {
            let share = block.len() as f32 / cells.n_cells() as f32;
            let hidden = hidden(network, cells, block);
            let mean = network.mean_jacobian(hidden.view());
            mean.unwrap_or_else(|| mean_of_gradients(network, hidden.view())) * share
        })
        .collect();
    let mut jacobian: Array2<f64> = Array2::zeros((network.n_neurons(), network.bias().len()));
    for part in &parts {
        jacobian.zip_mut_with(part, |sum, &part| *sum += f64::from(part));
    }
    let jacobian = jacobian.mapv(|value| value as f32);
    let scores = product(network.weights(), jacobian.t());
    match scores.indexed_iter().find(|(_, score)| !score.is_finite()) {
        Some(((_, neuron), _)) => Err(AttrError::NotFinite { target: format!("neuron {neuron}") }),
        None => Ok(scores),
    }
}

/// What the network's neurons do in every cell, `[n_cells, n_neurons]`: for networks of whatever layer.
///
/// # Errors
/// [`AttrError::GeneCount`], [`AttrError::NoCells`].
pub fn activations<N: Network + ?Sized>(network: &N, cells: &LogNorm) -> Result<Dense, AttrError> {
    check_cells(network, "the matrix of cells", cells)?;
    let parts: Vec<Dense> = blocks(cells.n_cells())
        .into_par_iter()
        .map(|block| network.outputs(hidden(network, cells, block).view()))
        .collect();
    let views: Vec<ArrayView2<'_, f32>> = parts.iter().map(|part| part.view()).collect();
    // The parts have the same width, so they always fit below one another.
    Ok(concatenate(Axis(0), &views).unwrap_or_default())
}

/// `a b`, some rows of `a` at a time by all threads.
fn product(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> Dense {
    const ROWS_AT_ONCE: usize = 128;
    let mut result = Array2::zeros((a.nrows(), b.ncols()));
    let rows = result.axis_chunks_iter_mut(Axis(0), ROWS_AT_ONCE).zip(a.axis_chunks_iter(Axis(0), ROWS_AT_ONCE));
    rows.collect::<Vec<_>>().into_par_iter().for_each(|(mut result, a)| result.assign(&a.dot(&b)));
    result
}

/// The long way, for networks that know no shorter one.
fn mean_of_gradients<N: Network + ?Sized>(network: &N, hidden: ArrayView2<'_, f32>) -> Dense {
    /// Keeps the gradients of a block in some megabytes.
    const NEURONS_AT_ONCE: usize = 8;
    let n_neurons = network.n_neurons();
    let mut jacobian = Array2::zeros((n_neurons, hidden.ncols()));
    for first in (0..n_neurons).step_by(NEURONS_AT_ONCE) {
        let n_directions = NEURONS_AT_ONCE.min(n_neurons - first);
        let mut directions = Array2::zeros((n_directions, n_neurons));
        for direction in 0..n_directions {
            directions[(direction, first + direction)] = 1.0;
        }
        let gradients = network.gradients(hidden, directions.view());
        for (direction, gradient) in gradients.axis_iter(Axis(0)).enumerate() {
            jacobian.row_mut(first + direction).assign(&(gradient.sum_axis(Axis(0)) / hidden.nrows() as f32));
        }
    }
    jacobian
}
