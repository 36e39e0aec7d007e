use concord_core::Metric;
use serde::{Deserialize, Serialize};

use crate::options::{CovariateDim, DecoderActivation, MinibatchStrategy, NormType, PenaltyType, covariate_map};

/// Where the options of the network stand in a program's help.
#[cfg(feature = "clap")]
const NETWORK: &str = "Network";
/// Where those of sampling stand.
#[cfg(feature = "clap")]
const SAMPLING: &str = "Sampling";

/// Everything that decides what a training run computes. Names and defaults are those of the reference's `Concord` class.
///
/// ```
/// use concord_model::TrainConfig;
///
/// let config = TrainConfig { n_epochs: 5, seed: 1, ..TrainConfig::default() };
/// config.validate()?;
/// // The reference steps its schedule twice an epoch, and so do we.
/// assert!((config.learning_rate(1) - 0.01 * 0.97f64.powi(2)).abs() < 1e-15);
/// # Ok::<(), concord_model::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of the reference")]
pub struct TrainConfig {
    /// Number of passes over the cells
    #[cfg_attr(feature = "clap", arg(long, visible_alias = "epochs", value_name = "N", default_value_t = Self::default().n_epochs))]
    pub n_epochs: usize,
    /// Number of cells of a training batch
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().batch_size))]
    pub batch_size: usize,
    /// Leave out, in every epoch, the cells that do not fill a batch, as the reference does
    ///
    /// By default they make a smaller batch of their own, so that every cell is seen in every epoch.
    #[cfg_attr(feature = "clap", arg(long))]
    pub drop_partial_batches: bool,
    /// Seed of all random draws: the same seed gives the same bytes, whatever the number of threads
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().seed))]
    pub seed: u64,
    /// Widths of the encoder's hidden layers, from the genes to the latent code
    #[cfg_attr(feature = "clap", arg(long, value_name = "N,N", value_delimiter = ',', default_values_t = Self::default().encoder_dims))]
    pub encoder_dims: Vec<usize>,
    /// Number of latent neurons
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().latent_dim))]
    pub latent_dim: usize,
    /// Learning rate of the first epoch
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().lr))]
    pub lr: f64,
    /// The learning rate is multiplied with this twice after every epoch
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().schedule_ratio))]
    pub schedule_ratio: f64,
    /// Augmentation: probability that a non-zero entry is set to zero
    #[cfg_attr(feature = "clap", arg(long, value_name = "P", default_value_t = Self::default().element_mask_prob))]
    pub element_mask_prob: f64,
    /// Augmentation: probability that a gene is set to zero in all cells of a batch
    #[cfg_attr(feature = "clap", arg(long, value_name = "P", default_value_t = Self::default().feature_mask_prob))]
    pub feature_mask_prob: f64,
    /// Contrastive loss: cosines are divided by this
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().clr_temperature))]
    pub clr_temperature: f64,
    /// Contrastive loss: how much more the closest negatives count (0: all alike)
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().clr_beta))]
    pub clr_beta: f64,
    /// Contrastive loss: its weight
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().clr_weight))]
    pub clr_weight: f64,
    /// How the output of a linear layer is normalised
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "NORM", default_value_t, help_heading = NETWORK))]
    pub norm_type: NormType,
    /// Probability that the output of a hidden unit is set to zero in training (dropout)
    #[cfg_attr(feature = "clap", arg(long, value_name = "P", default_value_t = Self::default().dropout_prob, help_heading = NETWORK))]
    pub dropout_prob: f64,
    /// Learn an importance of every gene, between 0 and 1, that its values are multiplied with
    #[cfg_attr(feature = "clap", arg(long, help_heading = NETWORK))]
    pub use_importance_mask: bool,
    /// Weight of the penalty on the importances
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().importance_penalty_weight, help_heading = NETWORK))]
    pub importance_penalty_weight: f64,
    /// The norm of the importances that is penalised
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "NORM", default_value_t, help_heading = NETWORK))]
    pub importance_penalty_type: PenaltyType,
    /// Train a decoder too, from the latent code and the batch of a cell back to expression
    #[cfg_attr(feature = "clap", arg(long, help_heading = NETWORK))]
    pub use_decoder: bool,
    /// Widths of the decoder's hidden layers, from the latent code to the genes
    #[cfg_attr(feature = "clap", arg(long, value_name = "N,N", value_delimiter = ',', default_values_t = Self::default().decoder_dims, help_heading = NETWORK))]
    pub decoder_dims: Vec<usize>,
    /// What the decoder ends in
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "FUNCTION", default_value_t, help_heading = NETWORK))]
    pub decoder_final_activation: DecoderActivation,
    /// Weight of the decoder's loss, the mean squared error
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().decoder_weight, help_heading = NETWORK))]
    pub decoder_weight: f64,
    /// Width of the embedding of batches that the decoder is given (0: none)
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().domain_embedding_dim, help_heading = NETWORK))]
    pub domain_embedding_dim: usize,
    /// Columns of obs that the decoder is given an embedding of, and its width, such as donor=4
    #[cfg_attr(feature = "clap", arg(long, value_name = "KEY=N", value_delimiter = ',', help_heading = NETWORK))]
    #[serde(with = "covariate_map")]
    pub covariate_embedding_dims: Vec<CovariateDim>,
    /// Train a classifier too, from the latent code to the class of a cell
    #[cfg_attr(feature = "clap", arg(long, help_heading = NETWORK))]
    pub use_classifier: bool,
    /// Weight of the classifier's loss, the cross entropy of the labelled cells
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().classifier_weight, help_heading = NETWORK))]
    pub classifier_weight: f64,
    /// Share of the cells to train on; the others tell when to stop and which epoch was the best
    #[cfg_attr(feature = "clap", arg(long, value_name = "P", default_value_t = Self::default().train_frac, help_heading = SAMPLING))]
    pub train_frac: f64,
    /// Epochs without a better loss of the cells left out, after which training stops
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().patience, help_heading = SAMPLING))]
    pub patience: usize,
    /// How many batches of an epoch each domain gets
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "STRATEGY", default_value_t, help_heading = SAMPLING))]
    pub sampler_domain_minibatch_strategy: MinibatchStrategy,
    /// A domain is found in a cluster when it has there more than this share of the cells that chance would give it
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().enrichment_threshold, help_heading = SAMPLING))]
    pub enrichment_threshold: f64,
    /// Share of a training batch that comes from one domain
    #[cfg_attr(feature = "clap", arg(long, value_name = "P", default_value_t = Self::default().p_intra_domain, help_heading = SAMPLING))]
    pub p_intra_domain: f64,
    /// Share of a training batch that are neighbours of one cell
    #[cfg_attr(feature = "clap", arg(long, value_name = "P", default_value_t = Self::default().p_intra_knn, help_heading = SAMPLING))]
    pub p_intra_knn: f64,
    /// Number of neighbours that they are drawn from, the cell among them [default: a tenth of the cells, at most 1000]
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", help_heading = SAMPLING))]
    pub sampler_knn: Option<usize>,
    /// Epochs without neighbours, after which these are sought in the latent code
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().knn_warmup_epochs, help_heading = SAMPLING))]
    pub knn_warmup_epochs: usize,
    /// How far apart two cells are when neighbours are sought
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "METRIC", default_value_t, help_heading = SAMPLING))]
    pub dist_metric: Metric,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            n_epochs: 15,
            batch_size: 256,
            drop_partial_batches: false,
            seed: 0,
            encoder_dims: vec![1000],
            latent_dim: 100,
            lr: 1e-2,
            schedule_ratio: 0.97,
            element_mask_prob: 0.4,
            feature_mask_prob: 0.3,
            clr_temperature: 0.4,
            clr_beta: 1.0,
            clr_weight: 1.0,
            norm_type: NormType::LayerNorm,
            dropout_prob: 0.0,
            use_importance_mask: false,
            importance_penalty_weight: 0.0,
            importance_penalty_type: PenaltyType::L1,
            use_decoder: false,
            decoder_dims: vec![1000],
            decoder_final_activation: DecoderActivation::Relu,
            decoder_weight: 1.0,
            domain_embedding_dim: 8,
            covariate_embedding_dims: Vec::new(),
            use_classifier: false,
            classifier_weight: 1.0,
            train_frac: 1.0,
            patience: 2,
            sampler_domain_minibatch_strategy: MinibatchStrategy::Proportional,
            enrichment_threshold: 0.2,
            p_intra_domain: 1.0,
            p_intra_knn: 0.0,
            sampler_knn: None,
            knn_warmup_epochs: 2,
            dist_metric: Metric::Euclidean,
        }
    }
}

impl TrainConfig {
    /// The learning rate of an epoch, counted from 0: `lr * schedule_ratio^(2 epoch)`.
    pub fn learning_rate(&self, epoch: usize) -> f64 {
        self.lr * self.schedule_ratio.powi(i32::try_from(2 * epoch).unwrap_or(i32::MAX))
    }

    /// Widths of the outputs of all linear layers, the latent code's last.
    pub(crate) fn widths(&self) -> Vec<usize> {
        [self.encoder_dims.as_slice(), &[self.latent_dim]].concat()
    }
}
