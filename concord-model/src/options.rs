//! Options that are a choice among a few, and the widths of covariates' embeddings.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

/// How the output of a linear layer is normalised before its activation. The reference's `norm_type`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum NormType {
    /// Every cell over its units
    #[default]
    #[serde(alias = "layer-norm")]
    #[cfg_attr(feature = "clap", value(alias = "layer_norm"))]
    LayerNorm,
    /// Every unit over the cells of the batch, with running statistics for new cells
    #[serde(alias = "batch-norm")]
    #[cfg_attr(feature = "clap", value(alias = "batch_norm"))]
    BatchNorm,
    /// Not at all
    None,
}

/// The norm of the importance mask that is penalised. The reference's `importance_penalty_type`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum PenaltyType {
    /// The mean of the importances
    #[default]
    #[cfg_attr(feature = "clap", value(name = "L1", alias = "l1"))]
    L1,
    /// The root of the mean of their squares
    #[cfg_attr(feature = "clap", value(name = "L2", alias = "l2"))]
    L2,
}

/// What the decoder ends in. The reference's `decoder_final_activation`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum DecoderActivation {
    /// Negative values become zero
    #[default]
    Relu,
    /// Negative values are divided by ten
    #[serde(alias = "leaky-relu")]
    #[cfg_attr(feature = "clap", value(alias = "leaky_relu"))]
    LeakyRelu,
}

/// How many batches of an epoch each domain gets. The reference's `sampler_domain_minibatch_strategy`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum MinibatchStrategy {
    /// As many as its cells fill
    #[default]
    Proportional,
    /// All alike: the median of what their cells fill
    Equal,
    /// By the share of clusters in which the domain is found
    Coverage,
}

/// The width of a covariate's embedding, which the decoder is given: `donor=4` on a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CovariateDim {
    /// Name of the covariate.
    pub covariate: String,
    /// Width of its embedding.
    pub dim: usize,
}

impl FromStr for CovariateDim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('=').map(|(covariate, dim)| (covariate, dim.parse()));
        match parts {
            Some((covariate, Ok(dim))) if !covariate.is_empty() => Ok(Self { covariate: covariate.to_owned(), dim }),
            _ => Err(format!("'{text}' is not of the form NAME=WIDTH, such as donor=4")),
        }
    }
}

impl fmt::Display for CovariateDim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.covariate, self.dim)
    }
}

/// Covariates as the reference writes them: a map from name to width, whose order decides where in the decoder's input
/// each stands.
pub(crate) mod covariate_map {
    use super::{CovariateDim, Deserializer, MapAccess, Serializer, Visitor, fmt};

    pub(crate) fn serialize<S: Serializer>(dims: &[CovariateDim], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(dims.iter().map(|dim| (&dim.covariate, dim.dim)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CovariateDim>, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<CovariateDim>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from covariates to widths")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut dims = Vec::new();
                while let Some((covariate, dim)) = map.next_entry()? {
                    dims.push(CovariateDim { covariate, dim });
                }
                Ok(dims)
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn covariates_are_a_name_and_a_width() {
        let dim: CovariateDim = "treatment=day=4".parse().unwrap();
        assert_eq!((dim.covariate.as_str(), dim.dim), ("treatment=day", 4));
        assert_eq!(dim.to_string(), "treatment=day=4");
        for text in ["donor", "=4", "donor=", "donor=-1"] {
            assert!(text.parse::<CovariateDim>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_those_of_the_reference_and_those_of_the_command_line_are_understood() {
        assert_eq!(serde_json::to_string(&NormType::LayerNorm).unwrap(), "\"layer_norm\"");
        assert_eq!(serde_json::from_str::<NormType>("\"layer-norm\"").unwrap(), NormType::LayerNorm);
        assert_eq!(serde_json::to_string(&DecoderActivation::LeakyRelu).unwrap(), "\"leaky_relu\"");
        assert_eq!(serde_json::from_str::<NormType>("\"batch_norm\"").unwrap(), NormType::BatchNorm);
        assert_eq!(serde_json::from_str::<DecoderActivation>("\"leaky_relu\"").unwrap(), DecoderActivation::LeakyRelu);
        assert_eq!(serde_json::to_string(&PenaltyType::L2).unwrap(), "\"L2\"");
    }
}
