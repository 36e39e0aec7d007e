use serde::{Deserialize, Serialize};

use crate::{ModelError, sampler::SMALLEST_BATCH};

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
        }
    }
}

/// The widest layer: beyond it a mistyped number would ask for more memory than there is.
const WIDEST: usize = 65_536;

impl TrainConfig {
    /// Checks every value.
    ///
    /// # Errors
    /// [`ModelError::Option`] with the first option that is out of range.
    pub fn validate(&self) -> Result<(), ModelError> {
        let probability = |p: f64| (0.0..1.0).contains(&p);
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let at_most_1 = |x: f64| positive(x) && x <= 1.0;
        let at_least_0 = |x: f64| x.is_finite() && x >= 0.0;
        self.validate_widths()?;
        check("n-epochs", self.n_epochs, self.n_epochs > 0, "at least 1")?;
        check("batch-size", self.batch_size, self.batch_size >= SMALLEST_BATCH, "at least 4")?;
        check("lr", self.lr, positive(self.lr), "above 0")?;
        check("schedule-ratio", self.schedule_ratio, at_most_1(self.schedule_ratio), "above 0, at most 1")?;
        let (element, feature) = (self.element_mask_prob, self.feature_mask_prob);
        check("element-mask-prob", element, probability(element), "from 0, below 1")?;
        check("feature-mask-prob", feature, probability(feature), "from 0, below 1")?;
        check("clr-temperature", self.clr_temperature, at_most_1(self.clr_temperature), "above 0, at most 1")?;
        check("clr-beta", self.clr_beta, at_least_0(self.clr_beta), "at least 0")?;
        check("clr-weight", self.clr_weight, positive(self.clr_weight), "above 0")
    }

    /// Checks the options that decide how large the encoder is.
    pub(crate) fn validate_widths(&self) -> Result<(), ModelError> {
        let width = |width: usize| (1..=WIDEST).contains(&width);
        let widths = self.encoder_dims.iter().all(|&dim| width(dim));
        check("encoder-dims", format!("{:?}", self.encoder_dims), widths, "widths from 1 to 65536")?;
        check("latent-dim", self.latent_dim, width(self.latent_dim), "from 1 to 65536")
    }

    /// The learning rate of an epoch, counted from 0: `lr * schedule_ratio^(2 epoch)`.
    pub fn learning_rate(&self, epoch: usize) -> f64 {
        self.lr * self.schedule_ratio.powi(i32::try_from(2 * epoch).unwrap_or(i32::MAX))
    }

    /// Widths of the outputs of all linear layers, the latent code's last.
    pub(crate) fn widths(&self) -> Vec<usize> {
        [self.encoder_dims.as_slice(), &[self.latent_dim]].concat()
    }
}

fn check(
    option: &'static str,
    value: impl std::fmt::Display,
    is_in_range: bool,
    expected: &'static str,
) -> Result<(), ModelError> {
    if is_in_range { Ok(()) } else { Err(ModelError::Option { option, value: value.to_string(), expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_named() {
        let message = |config: TrainConfig| config.validate().map_err(|error| error.to_string());
        assert_eq!(message(TrainConfig::default()), Ok(()));
        assert_eq!(
            message(TrainConfig { lr: 0.0, ..TrainConfig::default() }),
            Err("--lr 0 is out of range: above 0".into())
        );
        assert!(message(TrainConfig { element_mask_prob: f64::NAN, ..TrainConfig::default() }).is_err());
        assert!(message(TrainConfig { batch_size: 3, ..TrainConfig::default() }).is_err());
    }
}
