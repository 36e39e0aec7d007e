use std::fmt;

use crate::error::{check, check_dispersion, check_level, check_share};
use crate::{Distribution, SimulateError};

/// The values that an effect adds: expectation `level`, scattered as the distribution says.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Values {
    /// How they scatter.
    pub distribution: Distribution,
    /// Their expectation.
    pub level: f64,
    /// By how much they scatter.
    pub dispersion: f64,
}

impl Default for Values {
    fn default() -> Self {
        let EffectSettings { distribution, level, dispersion, .. } = EffectSettings::default();
        Self { distribution, level, dispersion }
    }
}

/// What a batch does to the expression of its cells.
///
/// The names are the reference's. `level` is the one number of the reference that each effect reads in its own way.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(tag = "effect_type"))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum BatchEffect {
    /// Nothing.
    None,
    /// Each value is multiplied by a normal number of mean 1 and this standard deviation.
    VarianceInflation {
        /// Standard deviation of the factors.
        level: f64,
    },
    /// To each value one of a distribution is added.
    BatchSpecificDistribution {
        /// What is added.
        values: Values,
    },
    /// Each value is lost with this probability.
    UniformDropout {
        /// Probability, below 1.
        level: f64,
    },
    /// Each value x is lost with probability 1 - exp(-level x^2), so that high values are lost more often; negative ones
    /// become 0.
    ValueDependentDropout {
        /// The factor in the exponent.
        level: f64,
    },
    /// Of each cell's counts (values without their fractions), this share is kept, drawn without replacement.
    Downsampling {
        /// Share of the counts.
        level: f64,
    },
    /// Every value is multiplied by one factor.
    ScalingFactor {
        /// The factor.
        level: f64,
    },
    /// To each value of some genes, one of a distribution is added.
    BatchSpecificExpression {
        /// What is added.
        values: Values,
        /// Share of the genes.
        feature_frac: f64,
    },
    /// The batch has genes of its own, which are 0 in all others.
    BatchSpecificFeatures {
        /// Their expression.
        values: Values,
        /// Their number, as a share of the genes that all batches have.
        feature_frac: f64,
    },
}

/// The kinds of [`BatchEffect`] without their numbers, as a command line names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum EffectKind {
    /// No effect
    None,
    /// Multiply each value by a normal number around 1; level: its standard deviation
    #[cfg_attr(feature = "clap", value(name = "variance_inflation", alias = "variance-inflation"))]
    VarianceInflation,
    /// Add a value of a distribution to each; level: its expectation
    #[cfg_attr(feature = "clap", value(name = "batch_specific_distribution", alias = "batch-specific-distribution"))]
    BatchSpecificDistribution,
    /// Lose values; level: the probability
    #[cfg_attr(feature = "clap", value(name = "uniform_dropout", alias = "uniform-dropout"))]
    UniformDropout,
    /// Lose a value x with probability 1 - exp(-level x^2)
    #[cfg_attr(feature = "clap", value(name = "value_dependent_dropout", alias = "value-dependent-dropout"))]
    ValueDependentDropout,
    /// Keep a part of each cell's counts; level: the share
    Downsampling,
    /// Multiply all values by one number; level: the number
    #[cfg_attr(feature = "clap", value(name = "scaling_factor", alias = "scaling-factor"))]
    ScalingFactor,
    /// Add values of a distribution to some genes; level: its expectation
    #[cfg_attr(feature = "clap", value(name = "batch_specific_expression", alias = "batch-specific-expression"))]
    BatchSpecificExpression,
    /// Give the batch genes of its own; level: their expectation
    #[default]
    #[cfg_attr(feature = "clap", value(name = "batch_specific_features", alias = "batch-specific-features"))]
    BatchSpecificFeatures,
}

/// The numbers of all effects together; each kind takes what it needs. The defaults are the reference's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectSettings {
    /// How added values scatter.
    pub distribution: Distribution,
    /// Probability, share, factor or expectation.
    pub level: f64,
    /// By how much added values scatter.
    pub dispersion: f64,
    /// Share of the genes.
    pub feature_frac: f64,
}

impl Default for EffectSettings {
    fn default() -> Self {
        Self { distribution: Distribution::Normal, level: 1.0, dispersion: 0.1, feature_frac: 0.1 }
    }
}

impl EffectKind {
    /// The name in the reference, which has no `none`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::VarianceInflation => "variance_inflation",
            Self::BatchSpecificDistribution => "batch_specific_distribution",
            Self::UniformDropout => "uniform_dropout",
            Self::ValueDependentDropout => "value_dependent_dropout",
            Self::Downsampling => "downsampling",
            Self::ScalingFactor => "scaling_factor",
            Self::BatchSpecificExpression => "batch_specific_expression",
            Self::BatchSpecificFeatures => "batch_specific_features",
        }
    }

    /// The effect with its numbers.
    pub fn with(self, settings: &EffectSettings) -> BatchEffect {
        let &EffectSettings { distribution, level, dispersion, feature_frac } = settings;
        let values = Values { distribution, level, dispersion };
        match self {
            Self::None => BatchEffect::None,
            Self::VarianceInflation => BatchEffect::VarianceInflation { level },
            Self::BatchSpecificDistribution => BatchEffect::BatchSpecificDistribution { values },
            Self::UniformDropout => BatchEffect::UniformDropout { level },
            Self::ValueDependentDropout => BatchEffect::ValueDependentDropout { level },
            Self::Downsampling => BatchEffect::Downsampling { level },
            Self::ScalingFactor => BatchEffect::ScalingFactor { level },
            Self::BatchSpecificExpression => BatchEffect::BatchSpecificExpression { values, feature_frac },
            Self::BatchSpecificFeatures => BatchEffect::BatchSpecificFeatures { values, feature_frac },
        }
    }

    /// Whether the effect has a level.
    pub fn has_level(self) -> bool {
        self != Self::None
    }

    /// Whether the effect adds values of a distribution.
    pub fn has_values(self) -> bool {
        matches!(self, Self::BatchSpecificDistribution | Self::BatchSpecificExpression | Self::BatchSpecificFeatures)
    }

    /// Whether the effect concerns a share of the genes.
    pub fn has_feature_frac(self) -> bool {
        matches!(self, Self::BatchSpecificExpression | Self::BatchSpecificFeatures)
    }
}

impl fmt::Display for EffectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl BatchEffect {
    /// The kind of the effect.
    pub fn kind(&self) -> EffectKind {
        match self {
            Self::None => EffectKind::None,
            Self::VarianceInflation { .. } => EffectKind::VarianceInflation,
            Self::BatchSpecificDistribution { .. } => EffectKind::BatchSpecificDistribution,
            Self::UniformDropout { .. } => EffectKind::UniformDropout,
            Self::ValueDependentDropout { .. } => EffectKind::ValueDependentDropout,
            Self::Downsampling { .. } => EffectKind::Downsampling,
            Self::ScalingFactor { .. } => EffectKind::ScalingFactor,
            Self::BatchSpecificExpression { .. } => EffectKind::BatchSpecificExpression,
            Self::BatchSpecificFeatures { .. } => EffectKind::BatchSpecificFeatures,
        }
    }

    /// The values that the effect adds.
    pub fn values(&self) -> Option<&Values> {
        match self {
            Self::BatchSpecificDistribution { values }
            | Self::BatchSpecificExpression { values, .. }
            | Self::BatchSpecificFeatures { values, .. } => Some(values),
            _ => None,
        }
    }

    pub(crate) fn validate(&self) -> Result<(), SimulateError> {
        const LEVEL: &str = "batch-level";
        if let Some(values) = self.values() {
            check_level(LEVEL, values.level, values.distribution)?;
            check_dispersion("batch-dispersion", values.dispersion, values.distribution)?;
        }
        let is_size = |level: f64| (0.0..=1e9).contains(&level);
        match *self {
            Self::BatchSpecificExpression { feature_frac, .. } | Self::BatchSpecificFeatures { feature_frac, .. } => {
                check_share("batch-feature-frac", feature_frac)
            }
            Self::UniformDropout { level } => check(
                (0.0..1.0).contains(&level),
                LEVEL,
                &level,
                "uniform_dropout loses values with this probability, from 0 to below 1",
            ),
            Self::Downsampling { level } => check(
                level > 0.0 && level <= 1.0,
                LEVEL,
                &level,
                "downsampling keeps this share, above 0 and at most 1",
            ),
            Self::ScalingFactor { level } => check(
                level > 0.0 && is_size(level),
                LEVEL,
                &level,
                "scaling_factor takes a factor above 0, at most 1e9",
            ),
            Self::VarianceInflation { level } | Self::ValueDependentDropout { level } => {
                check(is_size(level), LEVEL, &level, format!("{} takes a number from 0 to 1e9", self.kind()))
            }
            Self::None | Self::BatchSpecificDistribution { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [EffectKind; 9] = [
        EffectKind::None,
        EffectKind::VarianceInflation,
        EffectKind::BatchSpecificDistribution,
        EffectKind::UniformDropout,
        EffectKind::ValueDependentDropout,
        EffectKind::Downsampling,
        EffectKind::ScalingFactor,
        EffectKind::BatchSpecificExpression,
        EffectKind::BatchSpecificFeatures,
    ];

    fn refused(settings: EffectSettings) -> Vec<&'static str> {
        let is_refused = |kind: &EffectKind| kind.with(&settings).validate().is_err();
        KINDS.into_iter().filter(is_refused).map(EffectKind::name).collect()
    }

    #[test]
    fn a_kind_makes_an_effect_of_this_kind() {
        for kind in KINDS {
            let effect = kind.with(&EffectSettings { level: 0.5, ..EffectSettings::default() });
            assert_eq!((effect.kind(), effect.values().is_some()), (kind, kind.has_values()));
            assert_eq!(effect.validate(), Ok(()), "{kind}");
        }
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        let default = EffectSettings::default;
        assert_eq!(refused(default()), ["uniform_dropout"], "the default loses everything");
        let of_levels = ["variance_inflation", "uniform_dropout", "value_dependent_dropout"];
        let negative = refused(EffectSettings { level: -0.1, ..default() });
        assert_eq!(negative, [&of_levels[..], &["downsampling", "scaling_factor"]].concat());
        assert_eq!(refused(EffectSettings { level: f64::NAN, ..default() }).len(), 8);
        assert_eq!(refused(EffectSettings { level: f64::INFINITY, ..default() }).len(), 8);
        assert_eq!(refused(EffectSettings { level: 0.0, ..default() }), ["downsampling", "scaling_factor"]);
        let fractions = refused(EffectSettings { level: 0.5, feature_frac: 1.1, ..default() });
        assert_eq!(fractions, ["batch_specific_expression", "batch_specific_features"]);
        let settings = EffectSettings { level: 0.5, dispersion: -1.0, ..default() };
        assert_eq!(refused(settings).len(), 3);
        assert_eq!(refused(EffectSettings { distribution: Distribution::Poisson, ..settings }).len(), 0);
        let no_theta = EffectSettings { distribution: Distribution::NegativeBinomial, dispersion: 0.0, ..settings };
        assert_eq!(refused(no_theta).len(), 3);
    }
}
