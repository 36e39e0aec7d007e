use std::sync::Arc;

use burn::{
    module::Module,
    tensor::{Device as BurnDevice, Tensor},
};
use concord_core::{Embedding, LogNorm};

use crate::{
    Categories, ModelError,
    architecture::Architecture,
    batch::SparseBatch,
    classifier::ClassifierModule,
    decoder::DecoderModule,
    encoder::EncoderModule,
    layers::{Moments, Norm, Pass},
};

/// Cells that are projected at once.
pub(crate) const CELLS_PER_BLOCK: usize = 256;

/// All that is trained together.
#[derive(Module, Debug)]
pub(crate) struct ModelModule {
    pub(crate) encoder: EncoderModule,
    pub(crate) decoder: Option<DecoderModule>,
    pub(crate) classifier: Option<ClassifierModule>,
}

impl ModelModule {
    /// Weights drawn with a seed, or zeros.
    pub(crate) fn new(architecture: &Architecture, seed: Option<u64>, device: &BurnDevice) -> Self {
        let config = &architecture.config;
        Self {
            encoder: EncoderModule::new(architecture, seed, device),
            decoder: config.use_decoder.then(|| DecoderModule::new(architecture, seed, device)),
            classifier: config.use_classifier.then(|| ClassifierModule::new(architecture, seed, device)),
        }
    }

    /// Takes the statistics of a pass into the running ones, in the order in which the pass met the normalisations.
    pub(crate) fn update_running(&mut self, moments: Vec<Moments>) {
        let encoder = self.encoder.blocks.iter_mut();
        let decoder = self.decoder.iter_mut().flat_map(|decoder| &mut decoder.blocks);
        let classifier = self.classifier.iter_mut().map(|classifier| &mut classifier.hidden);
        let blocks = encoder.chain(decoder).chain(classifier);
        let running = blocks.filter_map(|block| block.norm.as_mut().and_then(|Norm { running, .. }| running.as_mut()));
        for (running, moments) in running.zip(moments) {
            running.update(moments);
        }
    }
}

/// A trained model: the encoder and, where they were trained with it, a decoder and a classifier.
#[derive(Debug, Clone)]
pub struct Model {
    module: ModelModule,
    architecture: Architecture,
}

impl Model {
    pub(crate) fn new(module: ModelModule, architecture: Architecture) -> Self {
        Self { module, architecture }
    }

    pub(crate) fn module(&self) -> &ModelModule {
        &self.module
    }

    pub(crate) fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// A model of the same shape with fresh random weights: what attributions of the trained one are held against.
    ///
    /// Source: Adebayo et al., "Sanity checks for saliency maps", `NeurIPS` 2018 (randomisation of the model's parameters).
    #[must_use]
    pub fn with_random_weights(&self, seed: u64) -> Self {
        let architecture = self.architecture.clone();
        Self { module: ModelModule::new(&architecture, Some(seed), &self.device()), architecture }
    }

    /// Number of input genes.
    pub fn n_genes(&self) -> usize {
        self.architecture.n_genes
    }

    /// Number of latent neurons.
    pub fn n_latent(&self) -> usize {
        self.module.encoder.n_latent()
    }

    /// What the decoder's and the classifier's codes mean.
    pub fn categories(&self) -> &Categories {
        &self.architecture.categories
    }

    /// The importance of every gene, between 0 and 1, where the model learned them (`use_importance_mask`).
    pub fn gene_importances(&self) -> Option<Vec<f32>> {
        let importances = self.module.encoder.importances()?;
        Some(importances.into_data().iter::<f32>().collect())
    }

    pub(crate) fn device(&self) -> BurnDevice {
        self.module.encoder.blocks.first().map(|block| block.linear.weight.device()).unwrap_or_default()
    }

    /// The latent code of the cells in blocks, `[n_cells_of_block, n_latent]`, in the order of the cells.
    pub(crate) fn codes<'a>(
        &'a self,
        data: &'a LogNorm,
    ) -> Result<impl Iterator<Item = (std::ops::Range<usize>, Tensor<2>)> + 'a, ModelError> {
        if data.n_genes() != self.n_genes() {
            return Err(ModelError::GeneCount { expected: self.n_genes(), found: data.n_genes() });
        }
        let n_cells = data.n_cells();
        Ok((0..n_cells).step_by(CELLS_PER_BLOCK).map(move |start| {
            let cells: Vec<usize> = (start..n_cells.min(start + CELLS_PER_BLOCK)).collect();
            let batch = Arc::new(SparseBatch::gather(data.matrix(), &cells, |_| true));
            (start..start + cells.len(), self.module.encoder.forward(&batch, &mut Pass::evaluation()))
        }))
    }
}

/// The latent code of every cell, `[n_cells, n_latent]`, in the order of the cells.
///
/// The columns of `data` are the model's input genes in its order. Memory beside the result does not grow with the
/// number of cells.
///
/// # Errors
/// [`ModelError::GeneCount`] when the data have another number of genes, [`ModelError::Core`] when a code is not finite.
pub fn embed(model: &Model, data: &LogNorm) -> Result<Embedding, ModelError> {
    let shape = (data.n_cells(), model.n_latent());
    let mut codes = Vec::with_capacity(shape.0 * shape.1);
    for (_, code) in model.codes(data)? {
        codes.extend(code.into_data().iter::<f32>());
    }
    let codes = ndarray::Array2::from_shape_vec(shape, codes)
        .map_err(|_| ModelError::GeneCount { expected: model.n_genes(), found: data.n_genes() })?;
    Ok(Embedding::new(codes)?)
}
