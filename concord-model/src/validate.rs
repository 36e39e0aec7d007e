//! The checks of the options: each value alone, and those that do not go together.

use std::collections::HashSet;

use crate::{ModelError, TrainConfig, sampler::SMALLEST_BATCH};

/// The widest layer: beyond it a mistyped number would ask for more memory than there is.
const WIDEST: usize = 65_536;

impl TrainConfig {
    /// Checks every value, and that none contradicts another.
    ///
    /// # Errors
    /// [`ModelError::Option`] with the first option that is out of range, [`ModelError::Contradiction`] with the first two
    /// that do not go together.
    pub fn validate(&self) -> Result<(), ModelError> {
        self.validate_network()?;
        self.validate_training()?;
        self.validate_losses()?;
        self.validate_sampling()?;
        self.validate_together()
    }

    /// Checks the options that decide what the network looks like.
    pub(crate) fn validate_network(&self) -> Result<(), ModelError> {
        check_widths("encoder-dims", &self.encoder_dims)?;
        check("latent-dim", self.latent_dim, is_width(self.latent_dim), "from 1 to 65536")?;
        check_widths("decoder-dims", &self.decoder_dims)?;
        let dim = self.domain_embedding_dim;
        check("domain-embedding-dim", dim, dim <= WIDEST, "at most 65536")?;
        let mut seen = HashSet::new();
        for covariate in &self.covariate_embedding_dims {
            let is_new = seen.insert(covariate.covariate.as_str());
            check("covariate-embedding-dims", covariate, is_new, "each covariate once")?;
            check("covariate-embedding-dims", covariate, covariate.dim <= WIDEST, "widths of at most 65536")?;
        }
        let dropout = self.dropout_prob;
        check("dropout-prob", dropout, is_probability_below_1(dropout), "from 0, below 1")
    }

    fn validate_training(&self) -> Result<(), ModelError> {
        check("n-epochs", self.n_epochs, self.n_epochs > 0, "at least 1")?;
        check("batch-size", self.batch_size, self.batch_size >= SMALLEST_BATCH, "at least 4")?;
        check("lr", self.lr, is_positive(self.lr), "above 0")?;
        let ratio = self.schedule_ratio;
        check("schedule-ratio", ratio, is_positive(ratio) && ratio <= 1.0, "above 0, at most 1")?;
        let (element, feature) = (self.element_mask_prob, self.feature_mask_prob);
        check("element-mask-prob", element, is_probability_below_1(element), "from 0, below 1")?;
        check("feature-mask-prob", feature, is_probability_below_1(feature), "from 0, below 1")?;
        let share = self.train_frac;
        check("train-frac", share, is_positive(share) && share <= 1.0, "above 0, at most 1")?;
        check("patience", self.patience, self.patience > 0, "at least 1")
    }

    fn validate_losses(&self) -> Result<(), ModelError> {
        let temperature = self.clr_temperature;
        check("clr-temperature", temperature, is_positive(temperature) && temperature <= 1.0, "above 0, at most 1")?;
        for (option, value) in [
            ("clr-beta", self.clr_beta),
            ("clr-weight", self.clr_weight),
            ("decoder-weight", self.decoder_weight),
            ("classifier-weight", self.classifier_weight),
            ("importance-penalty-weight", self.importance_penalty_weight),
        ] {
            check(option, value, value.is_finite() && value >= 0.0, "at least 0")?;
        }
        let learns = self.clr_weight > 0.0
            || (self.use_decoder && self.decoder_weight > 0.0)
            || (self.use_classifier && self.classifier_weight > 0.0);
        check("clr-weight", self.clr_weight, learns, "above 0, where neither decoder nor classifier has a weight")
    }

    fn validate_sampling(&self) -> Result<(), ModelError> {
        for (option, value) in [("p-intra-domain", self.p_intra_domain), ("p-intra-knn", self.p_intra_knn)] {
            check(option, value, (0.0..=1.0).contains(&value), "from 0 to 1")?;
        }
        let threshold = self.enrichment_threshold;
        check("enrichment-threshold", threshold, threshold.is_finite() && threshold >= 0.0, "at least 0")?;
        match self.sampler_knn {
            Some(k) => check("sampler-knn", k, k >= 2, "at least 2: the cell itself and a neighbour"),
            None => Ok(()),
        }
    }

    /// Where the reference changes one of two options on its own, or lets one have no effect, we say no.
    fn validate_together(&self) -> Result<(), ModelError> {
        let contradiction = |option, other, reason| Err(ModelError::Contradiction { option, other, reason });
        if self.p_intra_knn > 0.0 && self.train_frac < 1.0 {
            return contradiction(
                "p-intra-knn",
                "train-frac",
                "neighbours are drawn from all cells, those left out for validation too (the reference sets p_intra_knn \
                 to 0 here); leave out one of the two",
            );
        }
        if self.importance_penalty_weight > 0.0 && !self.use_importance_mask {
            let reason = "it penalises the mask of --use-importance-mask, which is not asked for; ask for it too";
            return contradiction("importance-penalty-weight", "use-importance-mask", reason);
        }
        if !self.covariate_embedding_dims.is_empty() && !self.use_decoder {
            let reason = "the decoder alone is given covariates, and none is asked for; ask for it too";
            return contradiction("covariate-embedding-dims", "use-decoder", reason);
        }
        Ok(())
    }
}

fn is_width(width: usize) -> bool {
    (1..=WIDEST).contains(&width)
}

fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn is_probability_below_1(value: f64) -> bool {
    (0.0..1.0).contains(&value)
}

fn check_widths(option: &'static str, widths: &[usize]) -> Result<(), ModelError> {
    let are_widths = widths.iter().all(|&width| is_width(width));
    check(option, format!("{widths:?}"), are_widths, "widths from 1 to 65536")
}

pub(crate) fn check(
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

    fn message(change: impl FnOnce(&mut TrainConfig)) -> String {
        let mut config = TrainConfig::default();
        change(&mut config);
        config.validate().map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn values_out_of_range_are_named() {
        assert_eq!(message(|_| ()), "fine");
        assert_eq!(message(|config| config.lr = 0.0), "--lr 0 is out of range: above 0");
        assert_eq!(message(|config| config.lr = f64::NAN), "--lr NaN is out of range: above 0");
        let temperature = message(|config| config.clr_temperature = 1.5);
        assert_eq!(temperature, "--clr-temperature 1.5 is out of range: above 0, at most 1");
        assert_eq!(message(|config| config.p_intra_knn = -0.1), "--p-intra-knn -0.1 is out of range: from 0 to 1");
        let message_of_mask = message(|config| config.element_mask_prob = f64::NAN);
        assert_eq!(message_of_mask, "--element-mask-prob NaN is out of range: from 0, below 1");
        assert_eq!(message(|config| config.batch_size = 3), "--batch-size 3 is out of range: at least 4");
        assert_eq!(message(|config| config.dropout_prob = 1.0), "--dropout-prob 1 is out of range: from 0, below 1");
        assert_eq!(message(|config| config.train_frac = 0.0), "--train-frac 0 is out of range: above 0, at most 1");
        assert_eq!(message(|config| config.p_intra_domain = 1.1), "--p-intra-domain 1.1 is out of range: from 0 to 1");
        let message_of_widths = message(|config| config.decoder_dims = vec![0]);
        assert_eq!(message_of_widths, "--decoder-dims [0] is out of range: widths from 1 to 65536");
        assert!(message(|config| config.clr_weight = 0.0).starts_with("--clr-weight 0 is out of range"));
    }

    #[test]
    fn contradictions_are_refused_with_a_reason() {
        let knn = message(|config| (config.p_intra_knn, config.train_frac) = (0.3, 0.8));
        assert!(knn.starts_with("--p-intra-knn does not go with --train-frac as it is: neighbours are drawn"), "{knn}");
        let penalty = message(|config| config.importance_penalty_weight = 0.1);
        assert!(penalty.contains("--use-importance-mask, which is not asked for"), "{penalty}");
        let covariates = |config: &mut TrainConfig| {
            config.covariate_embedding_dims = ["donor=4".parse(), "donor=2".parse()].into_iter().flatten().collect();
        };
        assert!(message(covariates).ends_with("each covariate once"));
        let of_no_decoder = message(|config| {
            covariates(config);
            config.covariate_embedding_dims.pop();
        });
        assert!(of_no_decoder.contains("--use-decoder"), "{of_no_decoder}");
    }
}
