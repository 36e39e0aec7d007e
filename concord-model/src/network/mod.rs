//! The encoder as attribution sees it: plain matrices and closed-form derivatives, without Burn.

use std::ops::Range;

use burn::tensor::Tensor;
use concord_core::{Dense, LogNorm, Network};
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayViewMut1, Axis, Zip};

use crate::{
    Model, ModelError,
    batch::SparseBatch,
    kernels::sparse_linear,
    layers::{Block, Norm, Running},
    ops::{LEAKY_SLOPE, NORM_EPSILON},
};

#[cfg(test)]
mod tests;

/// Entries of the flat sequence that each layer of the encoder takes: linear, normalisation, activation, dropout.
const ENTRIES_PER_LAYER: usize = 4;

/// An encoder, or its first layers, in evaluation mode; see [`Model::network`].
#[derive(Debug, Clone)]
pub struct EncoderNetwork {
    stages: Vec<Stage>,
}

impl Model {
    /// The whole encoder as a network that can be attributed: its neurons are the latent code.
    ///
    /// An importance mask is part of the first weights.
    pub fn network(&self) -> EncoderNetwork {
        let encoder = &self.module().encoder;
        let blocks = encoder.blocks.iter().enumerate();
        let weight =
            |index: usize, block: &Block| if index == 0 { encoder.first_weight() } else { block.linear.weight.val() };
        let stages = blocks.map(|(index, block)| Stage::new(weight(index, block), block, Ending::Activation));
        EncoderNetwork { stages: stages.collect() }
    }

    /// The encoder up to an entry of its flat sequence, counted from 0 as in the reference: linear, normalisation,
    /// activation and dropout of the first layer, then those of the second, and so on. With the default widths 6 is the
    /// latent code, as is 7 (dropout does nothing here).
    ///
    /// # Errors
    /// [`ModelError::NoSuchLayer`].
    ///
    /// Source: the argument `layer_index` of the reference's `compute_feature_importance`.
    pub fn network_up_to(&self, entry: usize) -> Result<EncoderNetwork, ModelError> {
        let n_entries = self.module().encoder.blocks.len() * ENTRIES_PER_LAYER;
        if entry >= n_entries {
            return Err(ModelError::NoSuchLayer { layer: entry, n_layers: n_entries });
        }
        let mut network = self.network();
        network.stages.truncate(entry / ENTRIES_PER_LAYER + 1);
        if let Some(last) = network.stages.last_mut() {
            last.ending = match entry % ENTRIES_PER_LAYER {
                0 => Ending::Linear,
                1 => Ending::Norm,
                _ => Ending::Activation,
            };
        }
        Ok(network)
    }
}

/// How far a layer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Linear,
    Norm,
    Activation,
}

/// One layer of the encoder: linear, normalisation and activation, of which the last may stop early.
#[derive(Debug, Clone)]
struct Stage {
    /// `[n_inputs, n_outputs]`
    weight: Dense,
    bias: Array1<f32>,
    /// Whether cells are normalised over their units before scale and shift.
    is_layer_norm: bool,
    scale: Array1<f32>,
    shift: Array1<f32>,
    ending: Ending,
}

/// What normalisation and activation did to the cells: their Jacobian at cell c is
/// `diag(slope_c) (I - 1 1' / n - x_c x_c' / n)`, or `diag(slope_c)` where cells were not normalised over their units, or
/// the identity where a layer stops before the normalisation.
struct Local {
    /// Derivative of the activation times scale (over the standard deviation), `[n_cells, n]`.
    slope: Dense,
    /// The rows normalised over their units, `[n_cells, n]`.
    normalized: Option<Dense>,
}

impl Stage {
    fn new(weight: Tensor<2>, block: &Block, ending: Ending) -> Self {
        let vector = |tensor: Tensor<1>| tensor.into_data().iter::<f32>().collect::<Array1<f32>>();
        let [n_inputs, n_outputs] = weight.dims();
        let weight: Array1<f32> = weight.into_data().iter::<f32>().collect();
        let (scale, shift) = match &block.norm {
            None => (Array1::ones(n_outputs), Array1::zeros(n_outputs)),
            Some(Norm { gamma, beta, running: None }) => (vector(gamma.val()), vector(beta.val())),
            Some(Norm { gamma, beta, running: Some(Running { mean, variance }) }) => {
                let scale = vector(gamma.val()) / (vector(variance.val()) + NORM_EPSILON).sqrt();
                let shift = vector(beta.val()) - vector(mean.val()) * &scale;
                (scale, shift)
            }
        };
        Self {
            weight: weight.into_shape_with_order((n_inputs, n_outputs)).unwrap_or_default(),
            bias: vector(block.bias()),
            is_layer_norm: block.norm.as_ref().is_some_and(|norm| norm.running.is_none()),
            scale,
            shift,
            ending,
        }
    }

    fn linear(&self, inputs: &Dense) -> Dense {
        inputs.dot(&self.weight) + &self.bias
    }

    /// Output of the layer, given that of its linear part.
    fn output(&self, mut linear: Dense) -> Dense {
        if self.ending == Ending::Linear {
            return linear;
        }
        let leaky = self.slope_below_zero();
        for mut x in linear.rows_mut() {
            if self.is_layer_norm {
                normalize(&mut x);
            }
            Zip::from(&mut x).and(&self.scale).and(&self.shift).for_each(|x, &scale, &shift| {
                let y = scale * *x + shift;
                *x = if y >= 0.0 { y } else { leaky * y };
            });
        }
        linear
    }

    /// The same, and how to walk back.
    fn output_and_local(&self, linear: Dense) -> (Dense, Option<Local>) {
        if self.ending == Ending::Linear {
            return (linear, None);
        }
        let mut normalized = linear;
        let mut slope = Array2::zeros(normalized.dim());
        let mut output = Array2::zeros(normalized.dim());
        let leaky = self.slope_below_zero();
        let rows = normalized.rows_mut().into_iter().zip(slope.rows_mut()).zip(output.rows_mut());
        for ((mut x, mut slope), mut output) in rows {
            let inverse_sd = if self.is_layer_norm { normalize(&mut x) } else { 1.0 };
            Zip::from(&x).and(&self.scale).and(&self.shift).and(&mut slope).and(&mut output).for_each(
                |&x, &scale, &shift, slope, output| {
                    let y = scale * x + shift;
                    let factor = if y >= 0.0 { 1.0 } else { leaky };
                    *output = factor * y;
                    *slope = factor * scale * inverse_sd;
                },
            );
        }
        (output, Some(Local { slope, normalized: self.is_layer_norm.then_some(normalized) }))
    }

    fn slope_below_zero(&self) -> f32 {
        if self.ending == Ending::Activation { LEAKY_SLOPE } else { 1.0 }
    }
}

/// Normalises a row in place; returns one over its standard deviation.
fn normalize(x: &mut ArrayViewMut1<'_, f32>) -> f32 {
    let n = x.len() as f32;
    let mean = x.sum() / n;
    *x -= mean;
    let inverse_sd = 1.0 / (x.dot(x) / n + NORM_EPSILON).sqrt();
    *x *= inverse_sd;
    inverse_sd
}

impl Local {
    /// Turns gradients with respect to the output, `[n_cells, n]`, into those with respect to the input.
    fn pull_back(&self, gradients: &mut Dense) {
        *gradients *= &self.slope;
        let Some(normalized) = &self.normalized else { return };
        for (mut gradient, x) in gradients.rows_mut().into_iter().zip(normalized.rows()) {
            let n = gradient.len() as f32;
            let (mean, along) = (gradient.sum() / n, gradient.dot(&x) / n);
            Zip::from(&mut gradient).and(&x).for_each(|gradient, &x| *gradient -= mean + x * along);
        }
    }
}

impl EncoderNetwork {
    /// Runs the cells through all layers and remembers how to walk back.
    fn locals(&self, hidden: &ArrayView2<'_, f32>) -> Vec<Option<Local>> {
        let mut locals = Vec::with_capacity(self.stages.len());
        let mut linear = hidden.to_owned();
        for (index, stage) in self.stages.iter().enumerate() {
            let (output, local) = stage.output_and_local(linear);
            locals.push(local);
            linear = self.stages.get(index + 1).map_or_else(|| Dense::zeros((0, 0)), |next| next.linear(&output));
        }
        locals
    }

    /// The mean Jacobian of one layer alone: that of its normalisation and activation.
    fn mean_of_one(local: Option<&Local>, n_neurons: usize) -> Dense {
        let Some(Local { slope, normalized }) = local else { return Array2::eye(n_neurons) };
        let (n_cells, n) = (slope.nrows() as f32, slope.ncols() as f32);
        let mean_slope = slope.sum_axis(Axis(0)) / n_cells;
        let Some(normalized) = normalized else { return Array2::from_diag(&mean_slope) };
        let along = (slope * normalized).t().dot(normalized) / (n_cells * n);
        Array2::from_diag(&mean_slope) - mean_slope.insert_axis(Axis(1)) / n - along
    }

    /// The mean of `A2 W' A1` over the cells, `A` being the layers' local Jacobians and `W` the second layer's weights,
    /// with a handful of products of whole matrices.
    ///
    /// Write `m` for a layer's slopes and `x` for its normalised rows. With `B = W' - 1 mean(W')` and `v_c = W x2_c / n2`,
    /// row k of `A2 W'` at cell c is `m2_ck (B_k - x2_ck v_c)`. Its product with `diag(m1_c)` is summed over the cells
    /// by two products (`q`); the mean over the hidden units is taken off afterwards; and what is left, the part along
    /// `x1_c`, needs the scalar products of all rows with `m1_c x1_c` (`along`). A layer that does not normalise its
    /// cells over their units has neither of these parts.
    fn mean_of_two(first: &Local, second: Option<&Local>, weight: &Dense) -> Dense {
        let Local { slope: m1, normalized: x1 } = first;
        let (n_cells, n_hidden) = (m1.nrows() as f32, m1.ncols() as f32);
        let n_neurons = weight.ncols();
        let m1_x1 = x1.as_ref().map(|x1| m1 * x1);
        let along_of = |matrix: &Dense| m1_x1.as_ref().map(|m1_x1| m1_x1.dot(matrix));
        let (mut q, along) = match second {
            None => (&weight.t() * &m1.sum_axis(Axis(0)), along_of(weight)),
            Some(Local { slope: m2, normalized: None }) => {
                (m2.t().dot(m1) * weight.t(), along_of(weight).map(|along| m2 * &along))
            }
            Some(Local { slope: m2, normalized: Some(x2) }) => {
                let b = &weight.t() - &weight.sum_axis(Axis(1)) / n_neurons as f32;
                let v = x2.dot(&weight.t()) / n_neurons as f32;
                let q = m2.t().dot(m1) * &b - (m2 * x2).t().dot(&(&v * m1));
                let along = m1_x1.as_ref().map(|m1_x1| {
                    let v_along = (&v * m1_x1).sum_axis(Axis(1)).insert_axis(Axis(1));
                    m2 * &(m1_x1.dot(&b.t()) - x2 * &v_along)
                });
                (q, along)
            }
        };
        let (Some(x1), Some(along)) = (x1, along) else { return q / n_cells };
        let mean = q.sum_axis(Axis(1)).insert_axis(Axis(1)) / n_hidden;
        q -= &mean;
        (q - along.t().dot(x1) / n_hidden) / n_cells
    }
}

impl Network for EncoderNetwork {
    fn weights(&self) -> ArrayView2<'_, f32> {
        self.stages[0].weight.view()
    }

    fn bias(&self) -> ArrayView1<'_, f32> {
        self.stages[0].bias.view()
    }

    fn n_neurons(&self) -> usize {
        self.stages[self.stages.len() - 1].weight.ncols()
    }

    fn outputs(&self, hidden: ArrayView2<'_, f32>) -> Dense {
        let (first, rest) = self.stages.split_at(1);
        let output = first[0].output(hidden.to_owned());
        rest.iter().fold(output, |output, stage| stage.output(stage.linear(&output)))
    }

    fn gradients(&self, hidden: ArrayView2<'_, f32>, directions: ArrayView2<'_, f32>) -> Array3<f32> {
        let locals = self.locals(&hidden);
        let mut result = Array3::zeros((directions.nrows(), hidden.nrows(), hidden.ncols()));
        for (direction, mut result) in directions.rows().into_iter().zip(result.outer_iter_mut()) {
            let mut gradients = Array2::zeros((hidden.nrows(), direction.len())) + direction;
            for (index, (stage, local)) in self.stages.iter().zip(&locals).enumerate().rev() {
                if let Some(local) = local {
                    local.pull_back(&mut gradients);
                }
                if index > 0 {
                    gradients = gradients.dot(&stage.weight.t());
                }
            }
            result.assign(&gradients);
        }
        result
    }

    fn first_step(&self, data: &LogNorm, cells: Range<usize>) -> Option<Dense> {
        let Stage { weight, bias, .. } = &self.stages[0];
        let (weight, bias) = (weight.as_slice()?, bias.as_slice()?);
        let batch = SparseBatch::gather(data.matrix(), &cells.collect::<Vec<_>>(), |_| true);
        Array2::from_shape_vec((batch.n_cells(), bias.len()), sparse_linear(&batch, weight, bias)).ok()
    }

    fn mean_jacobian(&self, hidden: ArrayView2<'_, f32>) -> Option<Dense> {
        let locals = self.locals(&hidden);
        match (&self.stages[..], &locals[..]) {
            ([_], [local]) => Some(Self::mean_of_one(local.as_ref(), self.n_neurons())),
            ([_, second], [Some(local), last]) => Some(Self::mean_of_two(local, last.as_ref(), &second.weight)),
            _ => None,
        }
    }
}
