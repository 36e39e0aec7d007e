use std::sync::Arc;

use burn::{
    module::{Module, Param},
    nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig},
    tensor::{Tensor, TensorData},
};
use concord_core::{Embedding, LogNorm};
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::{
    ModelError,
    batch::SparseBatch,
    ops::{self, SharedBatch},
    random::{Purpose, stream},
};

/// Cells that are projected at once.
const CELLS_PER_BLOCK: usize = 256;

/// The CONCORD encoder: for each width a linear layer, layer normalisation and leaky ReLU (slope 0.1).
///
/// With the reference's defaults: genes to 1000 hidden units to 100 latent neurons. Weights are gene-major
/// (`[n_inputs, n_outputs]`), so that a gene of a cell is one contiguous row.
#[derive(Module, Debug)]
pub(crate) struct EncoderModule {
    pub(crate) layers: Vec<Layer>,
}

/// One linear layer with its normalisation; the activation has no parameters.
#[derive(Module, Debug)]
pub(crate) struct Layer {
    pub(crate) linear: Linear,
    pub(crate) norm: LayerNorm,
}

impl Layer {
    pub(crate) fn bias(&self) -> Tensor<1> {
        self.linear.bias.as_ref().expect("EncoderModule::new gives every linear layer a bias").val()
    }

    pub(crate) fn beta(&self) -> Tensor<1> {
        self.norm.beta.as_ref().expect("EncoderModule::new gives every normalisation a bias").val()
    }

    /// Normalisation and activation of the linear layer's output.
    fn activate(&self, x: Tensor<2>) -> Tensor<2> {
        ops::norm_activation(x, self.norm.gamma.val(), self.beta())
    }
}

impl EncoderModule {
    /// Fresh weights: Kaiming normal (fan in, gain sqrt 2), biases 0, normalisations the identity.
    ///
    /// They are drawn from our own generator, because Burn draws the weights of a module when they are first used.
    pub(crate) fn new(n_genes: usize, widths: &[usize], seed: u64, device: &burn::tensor::Device) -> Self {
        let mut n_inputs = n_genes;
        let mut layers = Vec::new();
        for (index, &width) in widths.iter().enumerate() {
            let weight = kaiming_normal(n_inputs, width, seed, index);
            layers.push(Layer {
                linear: Linear {
                    weight: Param::from_data(TensorData::new(weight, [n_inputs, width]), device),
                    bias: Some(Param::from_data(TensorData::new(vec![0.0f32; width], [width]), device)),
                },
                norm: LayerNormConfig::new(width).init(device),
            });
            n_inputs = width;
        }
        Self { layers }
    }

    /// The latent code of a batch, `[n_cells, n_latent]`.
    pub(crate) fn forward(&self, x: &SharedBatch) -> Tensor<2> {
        let (first, rest) = self.layers.split_first().expect("an encoder has at least the latent layer");
        let hidden = first.activate(ops::sparse_linear(x, first.linear.weight.val(), first.bias()));
        rest.iter().fold(hidden, |hidden, layer| layer.activate(layer.linear.forward(hidden)))
    }

    /// Empty parameters of the right shapes, to be loaded from a file.
    pub(crate) fn empty(n_genes: usize, widths: &[usize], device: &burn::tensor::Device) -> Self {
        let inputs = [n_genes].into_iter().chain(widths.iter().copied());
        let layers = inputs.zip(widths).map(|(n_inputs, &width)| Layer {
            linear: LinearConfig::new(n_inputs, width).init(device),
            norm: LayerNormConfig::new(width).init(device),
        });
        Self { layers: layers.collect() }
    }
}

/// A `[n_inputs, n_outputs]` matrix of normal numbers with variance 2 / `n_inputs`.
fn kaiming_normal(n_inputs: usize, n_outputs: usize, seed: u64, layer: usize) -> Vec<f32> {
    let sd = (2.0 / n_inputs as f64).sqrt();
    let normal = stream(seed, Purpose::Weights, &[layer]).sample_iter::<f64, _>(StandardNormal);
    normal.take(n_inputs * n_outputs).map(|value| (value * sd) as f32).collect()
}

/// A trained encoder.
#[derive(Debug, Clone)]
pub struct Encoder(EncoderModule);

impl Encoder {
    pub(crate) fn new(module: EncoderModule) -> Self {
        Self(module)
    }

    pub(crate) fn module(&self) -> &EncoderModule {
        &self.0
    }

    /// An encoder of the same shape with fresh random weights: what attributions of the trained one are held against.
    ///
    /// Source: Adebayo et al., "Sanity checks for saliency maps", `NeurIPS` 2018 (randomisation of the model's parameters).
    #[must_use]
    pub fn with_random_weights(&self, seed: u64) -> Self {
        let widths: Vec<usize> = self.0.layers.iter().map(|layer| layer.linear.weight.dims()[1]).collect();
        let device = self.0.layers.first().map(|layer| layer.linear.weight.device()).unwrap_or_default();
        Self(EncoderModule::new(self.n_genes(), &widths, seed, &device))
    }

    /// Number of input genes.
    pub fn n_genes(&self) -> usize {
        self.0.layers.first().map_or(0, |layer| layer.linear.weight.dims()[0])
    }

    /// Number of latent neurons.
    pub fn n_latent(&self) -> usize {
        self.0.layers.last().map_or(0, |layer| layer.linear.weight.dims()[1])
    }
}

/// The latent code of every cell, `[n_cells, n_latent]`, in the order of the cells.
///
/// The columns of `data` are the encoder's input genes in its order. Memory beside the result does not grow with the
/// number of cells.
///
/// # Errors
/// [`ModelError::GeneCount`] when the data have another number of genes, [`ModelError::Core`] when a code is not finite.
pub fn embed(encoder: &Encoder, data: &LogNorm) -> Result<Embedding, ModelError> {
    if data.n_genes() != encoder.n_genes() {
        return Err(ModelError::GeneCount { expected: encoder.n_genes(), found: data.n_genes() });
    }
    let (n_cells, n_latent) = (data.n_cells(), encoder.n_latent());
    let mut codes = Vec::with_capacity(n_cells * n_latent);
    for start in (0..n_cells).step_by(CELLS_PER_BLOCK) {
        let cells: Vec<usize> = (start..n_cells.min(start + CELLS_PER_BLOCK)).collect();
        let batch = SparseBatch::gather(data.matrix(), &cells, |_| true);
        let code = encoder.0.forward(&Arc::new(batch));
        codes.extend(code.into_data().iter::<f32>());
    }
    let codes = ndarray::Array2::from_shape_vec((n_cells, n_latent), codes)
        .map_err(|_| ModelError::GeneCount { expected: encoder.n_genes(), found: data.n_genes() })?;
    Ok(Embedding::new(codes)?)
}
