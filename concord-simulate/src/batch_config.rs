use crate::error::check;
use crate::{Batch, Distribution, EffectKind, EffectSettings, SimulateError};

/// Batches as the reference's `BatchConfig` says them: each list has one value for all batches, one for each, or none,
/// which means the default.
///
/// ```
/// use concord_simulate::{BatchConfig, EffectKind};
///
/// let config = BatchConfig {
///     n_batches: 3,
///     effect: vec![EffectKind::None, EffectKind::UniformDropout, EffectKind::Downsampling],
///     level: vec![1.0, 0.2, 0.5],
///     ..BatchConfig::default()
/// };
/// assert_eq!(config.batches()?.len(), 3);
/// # Ok::<(), concord_simulate::SimulateError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct BatchConfig {
    /// Number of batches, each a random part of the population
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().n_batches))]
    pub n_batches: usize,
    /// What the batches do to expression: one effect for all, or one for each, with commas between
    #[cfg_attr(feature = "clap", arg(long = "batch-effect", id = "batch_effect", value_enum, value_name = "EFFECT", value_delimiter = ',', default_values_t = [EffectKind::default()]))]
    pub effect: Vec<EffectKind>,
    /// The number that the effect takes, for all or for each
    #[cfg_attr(feature = "clap", arg(long = "batch-level", id = "batch_level", value_name = "X", value_delimiter = ',', allow_negative_numbers = true, help = with_default("The number that the effect takes, for all batches or for each", EffectSettings::default().level)))]
    pub level: Vec<f64>,
    /// How values that are added scatter, for all or for each
    #[cfg_attr(feature = "clap", arg(long = "batch-distribution", id = "batch_distribution", value_enum, value_name = "NAME", value_delimiter = ',', help = with_default("How values that are added scatter, for all batches or for each", EffectSettings::default().distribution)))]
    pub distribution: Vec<Distribution>,
    /// By how much they scatter, for all or for each
    #[cfg_attr(feature = "clap", arg(long = "batch-dispersion", id = "batch_dispersion", value_name = "X", value_delimiter = ',', allow_negative_numbers = true, help = with_default("By how much they scatter, for all batches or for each", EffectSettings::default().dispersion)))]
    pub dispersion: Vec<f64>,
    /// Share of the genes that change or are added, for all or for each
    #[cfg_attr(feature = "clap", arg(long = "batch-feature-frac", id = "batch_feature_frac", value_name = "P", value_delimiter = ',', allow_negative_numbers = true, help = with_default("Share of the genes that change or are added, for all batches or for each", EffectSettings::default().feature_frac)))]
    pub feature_frac: Vec<f64>,
    /// Share of the population in a batch, for all or for each [default: 1 / number of batches]
    #[cfg_attr(
        feature = "clap",
        arg(
            long = "batch-cell-proportion",
            id = "batch_cell_proportion",
            value_name = "P",
            value_delimiter = ',',
            allow_negative_numbers = true
        )
    )]
    pub cell_proportion: Vec<f64>,
}

#[cfg(feature = "clap")]
fn with_default(help: &str, default: impl std::fmt::Display) -> String {
    format!("{help} [default: {default}]")
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            n_batches: 2,
            effect: vec![EffectKind::default()],
            level: Vec::new(),
            distribution: Vec::new(),
            dispersion: Vec::new(),
            feature_frac: Vec::new(),
            cell_proportion: Vec::new(),
        }
    }
}

/// More batches than any table of samples has.
const MOST_BATCHES: usize = 10_000;

pub(crate) fn check_n_batches(n_batches: usize) -> Result<(), SimulateError> {
    let expected = format!("from 1 to {MOST_BATCHES}");
    check((1..=MOST_BATCHES).contains(&n_batches), "n-batches", &n_batches, expected)
}

impl BatchConfig {
    /// One batch after the other.
    ///
    /// # Errors
    /// [`SimulateError::WrongNumber`] for a list that fits neither all batches nor each,
    /// [`SimulateError::UnusedOption`] for numbers that no effect takes.
    pub fn batches(&self) -> Result<Vec<Batch>, SimulateError> {
        let n = self.n_batches;
        check_n_batches(n)?;
        let default = EffectSettings::default();
        let kinds = spread("batch-effect", &self.effect, EffectKind::default(), n)?;
        let levels = spread("batch-level", &self.level, default.level, n)?;
        let distributions = spread("batch-distribution", &self.distribution, default.distribution, n)?;
        let dispersions = spread("batch-dispersion", &self.dispersion, default.dispersion, n)?;
        let feature_fracs = spread("batch-feature-frac", &self.feature_frac, default.feature_frac, n)?;
        let proportions = spread("batch-cell-proportion", &self.cell_proportion, 1.0 / n as f64, n)?;
        self.check_use(&kinds)?;
        let batch = |number: usize| {
            let settings = EffectSettings {
                distribution: distributions[number],
                level: levels[number],
                dispersion: dispersions[number],
                feature_frac: feature_fracs[number],
            };
            Batch { effect: kinds[number].with(&settings), cell_proportion: proportions[number] }
        };
        Ok((0..n).map(batch).collect())
    }

    /// The reference ignores numbers that no effect takes.
    fn check_use(&self, kinds: &[EffectKind]) -> Result<(), SimulateError> {
        let check = |option, is_given: bool, takes: fn(EffectKind) -> bool| {
            let is_unused = is_given && !kinds.iter().any(|&kind| takes(kind));
            if is_unused { Err(SimulateError::UnusedOption { option, effect: kinds[0] }) } else { Ok(()) }
        };
        check("batch-level", !self.level.is_empty(), EffectKind::has_level)?;
        check("batch-distribution", !self.distribution.is_empty(), EffectKind::has_values)?;
        check("batch-dispersion", !self.dispersion.is_empty(), EffectKind::has_values)?;
        check("batch-feature-frac", !self.feature_frac.is_empty(), EffectKind::has_feature_frac)
    }
}

/// One value for each of `n` batches.
fn spread<T: Copy>(option: &'static str, values: &[T], default: T, n: usize) -> Result<Vec<T>, SimulateError> {
    match values {
        [] => Ok(vec![default; n]),
        [one] => Ok(vec![*one; n]),
        values if values.len() == n => Ok(values.to_vec()),
        values => {
            let (found, things, hint) =
                (values.len(), "batches", ", or one for all; --n-batches says how many there are");
            Err(SimulateError::WrongNumber { option, found, expected: n, things, hint })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BatchEffect, SimulateConfig, Values};

    #[test]
    fn the_defaults_are_those_of_the_simulation() {
        assert_eq!(BatchConfig::default().batches(), Ok(SimulateConfig::default().batches));
    }

    #[test]
    fn one_for_all_or_one_for_each() {
        let config = BatchConfig {
            n_batches: 3,
            effect: vec![EffectKind::ScalingFactor, EffectKind::BatchSpecificDistribution, EffectKind::None],
            level: vec![2.0, 3.0, 4.0],
            dispersion: vec![0.5],
            cell_proportion: vec![0.1, 0.2, 0.3],
            ..BatchConfig::default()
        };
        let values = Values { level: 3.0, dispersion: 0.5, ..Values::default() };
        let expected = [
            Batch { effect: BatchEffect::ScalingFactor { level: 2.0 }, cell_proportion: 0.1 },
            Batch { effect: BatchEffect::BatchSpecificDistribution { values }, cell_proportion: 0.2 },
            Batch { effect: BatchEffect::None, cell_proportion: 0.3 },
        ];
        assert_eq!(config.batches().unwrap(), expected);
    }

    #[test]
    fn contradictions_are_refused() {
        let refused = |config: BatchConfig| config.batches().unwrap_err().to_string();
        let default = BatchConfig::default;
        let message = refused(BatchConfig { level: vec![1.0; 3], ..default() });
        assert!(
            message.starts_with("--batch-level has 3 values for 2 batches: give one for each, or one"),
            "{message}"
        );
        let effect = || vec![EffectKind::UniformDropout];
        let message = refused(BatchConfig { effect: effect(), feature_frac: vec![0.1], ..default() });
        assert!(message.starts_with("--batch-feature-frac is not used by uniform_dropout"), "{message}");
        refused(BatchConfig { effect: effect(), distribution: vec![Distribution::Poisson], ..default() });
        refused(BatchConfig { effect: effect(), dispersion: vec![1.0], ..default() });
        refused(BatchConfig { effect: vec![EffectKind::None], level: vec![1.0], ..default() });
        refused(BatchConfig { n_batches: 0, ..default() });
        refused(BatchConfig { n_batches: usize::MAX, ..default() });
    }
}
