use burn::{
    module::{Module, Param},
    tensor::{Device, Tensor, TensorData, activation::sigmoid},
};

use crate::{
    architecture::Architecture,
    layers::{Block, Draws, Pass, blocks},
    ops::{self, SharedBatch},
    random::Purpose,
};

/// The CONCORD encoder: for each width a linear layer, a normalisation, leaky ReLU (slope 0.1) and dropout.
///
/// With the reference's defaults: genes to 1000 hidden units to 100 latent neurons. Weights are gene-major
/// (`[n_inputs, n_outputs]`), so that a gene of a cell is one contiguous row.
#[derive(Module, Debug)]
pub(crate) struct EncoderModule {
    pub(crate) blocks: Vec<Block>,
    /// Values whose sigmoids are the importances of the genes.
    pub(crate) importance_mask: Option<Param<Tensor<1>>>,
}

impl EncoderModule {
    /// Weights drawn with a seed, or zeros.
    pub(crate) fn new(architecture: &Architecture, seed: Option<u64>, device: &Device) -> Self {
        let Architecture { config, n_genes, .. } = architecture;
        let draws = |layer| Draws::new(seed, Purpose::Weights, layer);
        let mask = || Param::from_data(TensorData::new(vec![1.0f32; *n_genes], [*n_genes]), device);
        Self {
            blocks: blocks(*n_genes, &config.widths(), config.norm_type, draws, device),
            importance_mask: config.use_importance_mask.then(mask),
        }
    }

    /// The latent code of a batch, `[n_cells, n_latent]`.
    pub(crate) fn forward(&self, x: &SharedBatch, pass: &mut Pass) -> Tensor<2> {
        let (first, rest) = self.blocks.split_first().expect("an encoder has at least the latent layer");
        // With importances the optimiser sees other weights than the layer.
        let deferred = pass.deferred.clone().filter(|_| self.importance_mask.is_none());
        let linear = ops::sparse_linear(x, deferred, self.first_weight(), first.bias());
        let code = first.activate(linear, pass);
        // The reference drops nothing in an encoder without hidden layers.
        if rest.is_empty() {
            return code;
        }
        let code = pass.drop_units(code);
        rest.iter().fold(code, |code, block| {
            let code = block.forward(code, pass);
            pass.drop_units(code)
        })
    }

    /// The importances of the genes, between 0 and 1, where they are learned.
    pub(crate) fn importances(&self) -> Option<Tensor<1>> {
        self.importance_mask.as_ref().map(|mask| sigmoid(mask.val()))
    }

    /// The first layer's weights, `[n_genes, n_hidden]`. To multiply the genes with their importances is to multiply the
    /// rows of the weights, and keeps the input sparse.
    pub(crate) fn first_weight(&self) -> Tensor<2> {
        let weight = self.blocks.first().expect("an encoder has at least the latent layer").linear.weight.val();
        match self.importances() {
            None => weight,
            Some(importances) => weight * importances.unsqueeze_dim::<2>(1),
        }
    }

    pub(crate) fn n_latent(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.linear.weight.dims()[1])
    }
}
