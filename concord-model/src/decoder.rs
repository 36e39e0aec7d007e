use burn::{
    module::{Module, Param},
    nn::Linear,
    tensor::{
        Device, Tensor, TensorData,
        activation::{leaky_relu, relu},
    },
};

use crate::{
    architecture::Architecture,
    data::CellLabels,
    layers::{Block, Draws, Pass, blocks, linear},
    ops::LEAKY_SLOPE,
    options::DecoderActivation,
    random::Purpose,
};

/// From the latent code, with embeddings of a cell's domain and covariates appended, back to expression.
///
/// Hidden layers are those of the encoder; the last layer is not normalised, and nothing is dropped there.
#[derive(Module, Debug)]
pub(crate) struct DecoderModule {
    /// `[n_domains, domain_embedding_dim]`
    pub(crate) domain_embedding: Option<Param<Tensor<2>>>,
    /// `[n_categories, width]` for each covariate of the architecture
    pub(crate) covariate_embeddings: Vec<Param<Tensor<2>>>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) last: Linear,
    #[module(skip)]
    final_activation: DecoderActivation,
}

impl DecoderModule {
    /// Weights drawn with a seed, or zeros.
    pub(crate) fn new(architecture: &Architecture, seed: Option<u64>, device: &Device) -> Self {
        let Architecture { config, n_genes, categories } = architecture;
        let embedding = |index: usize, n_categories: usize, width: usize| {
            Draws::new(seed, Purpose::EmbeddingWeights, index).normal_matrix([n_categories, width], 1.0, device)
        };
        let (n_domains, domain_dim) = (categories.domains.len(), config.domain_embedding_dim);
        let covariates = architecture.covariates().enumerate();
        let (n_inputs, widths) = (architecture.n_decoder_inputs(), &config.decoder_dims);
        let draws = |layer| Draws::new(seed, Purpose::DecoderWeights, layer);
        let last_shape = [widths.last().copied().unwrap_or(n_inputs), *n_genes];
        Self {
            domain_embedding: (domain_dim > 0).then(|| embedding(0, n_domains, domain_dim)),
            covariate_embeddings: covariates
                .map(|(index, (covariate, dim))| embedding(index + 1, covariate.categories.len(), dim))
                .collect(),
            blocks: blocks(n_inputs, widths, config.norm_type, draws, device),
            last: linear(last_shape, draws(widths.len()), device),
            final_activation: config.decoder_final_activation,
        }
    }

    /// The expression of a batch, `[n_cells, n_genes]`, from its latent code.
    pub(crate) fn forward(&self, code: Tensor<2>, labels: &CellLabels, pass: &mut Pass) -> Tensor<2> {
        let mut inputs = vec![code];
        inputs.extend(self.domain_embedding.iter().map(|embedding| look_up(embedding, &labels.domains)));
        let covariates = self.covariate_embeddings.iter().zip(&labels.covariates);
        inputs.extend(covariates.map(|(embedding, codes)| look_up(embedding, codes)));
        let hidden = self.blocks.iter().fold(Tensor::cat(inputs, 1), |hidden, block| {
            let hidden = block.forward(hidden, pass);
            pass.drop_units(hidden)
        });
        let expression = self.last.forward(hidden);
        match self.final_activation {
            // Without hidden layers the reference's decoder is a linear map and nothing else.
            _ if self.blocks.is_empty() => expression,
            DecoderActivation::Relu => relu(expression),
            DecoderActivation::LeakyRelu => leaky_relu(expression, f64::from(LEAKY_SLOPE)),
        }
    }
}

/// The rows of an embedding, one for each code. As a product with zeros and ones it has a gradient whose sums are taken
/// in the same order everywhere.
fn look_up(embedding: &Param<Tensor<2>>, codes: &[u32]) -> Tensor<2> {
    let embedding = embedding.val();
    let n_categories = embedding.dims()[0];
    let mut is_category = vec![0.0f32; codes.len() * n_categories];
    for (row, &code) in is_category.chunks_exact_mut(n_categories).zip(codes) {
        row[code as usize] = 1.0;
    }
    let is_category = TensorData::new(is_category, [codes.len(), n_categories]);
    Tensor::<2>::from_data(is_category, &embedding.device()).matmul(embedding)
}
