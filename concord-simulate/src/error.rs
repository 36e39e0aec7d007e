use std::fmt::Display;

use concord_core::CoreError;
use thiserror::Error;

use crate::{Distribution, EffectKind};

/// Why something cannot be simulated.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// An option has a value that makes no sense.
    #[error("--{option} {value} is out of range: {expected}")]
    InvalidOption {
        /// The option's name, as on the command line.
        option: &'static str,
        /// The value that was given.
        value: String,
        /// What was expected.
        expected: String,
    },
    /// An option that another structure has.
    #[error("--{option} {value} gives one number a cluster, and there are clusters in --structure clusters only")]
    NotClusters {
        /// The option's name, as on the command line.
        option: &'static str,
        /// The value that was given.
        value: String,
    },
    /// A list has another length than what it is about.
    #[error("--{option} has {found} values for {expected} {things}: give one for each{hint}")]
    WrongNumber {
        /// The option's name, as on the command line.
        option: &'static str,
        /// How many values were given.
        found: usize,
        /// How many were expected.
        expected: usize,
        /// What they are about.
        things: &'static str,
        /// What else is possible, or nothing.
        hint: &'static str,
    },
    /// Numbers for an effect that takes none.
    #[error("--{option} is not used by {effect}: leave it out, or choose another --batch-effect")]
    UnusedOption {
        /// The option's name, as on the command line.
        option: &'static str,
        /// The effect (the first, when there are several).
        effect: EffectKind,
    },
    /// More than can be simulated.
    #[error("the simulation would have {found} {things}, and {most} are possible at most: lower {options}")]
    TooLarge {
        /// What there would be too many of.
        things: &'static str,
        /// How many there would be.
        found: usize,
        /// How many there may be.
        most: usize,
        /// The options that decide.
        options: &'static str,
    },
    /// A batch without cells.
    #[error(
        "batch {batch} has no cells: a share of {cell_proportion} of {n_cells} cells is less than one; raise --n-cells or \
         --batch-cell-proportion"
    )]
    EmptyBatch {
        /// The batch, from 1.
        batch: usize,
        /// Its share of the cells.
        cell_proportion: f64,
        /// Number of cells of the population.
        n_cells: usize,
    },
    /// Two genes of one name.
    #[error("two genes are called '{name}': choose other names for --initial-inherited-genes")]
    RepeatedGene {
        /// The name.
        name: String,
    },
    /// The annotation contradicts itself.
    #[error(transparent)]
    Core(#[from] CoreError),
}

/// Refuses a value of an option.
pub(crate) fn check(
    is_valid: bool,
    option: &'static str,
    value: &dyn Display,
    expected: impl Into<String>,
) -> Result<(), SimulateError> {
    if is_valid {
        return Ok(());
    }
    Err(SimulateError::InvalidOption { option, value: value.to_string(), expected: expected.into() })
}

/// Levels beyond this would be lost in 32-bit floats.
const LARGEST: f64 = 1e9;

/// Refuses expression levels that the distribution cannot have.
pub(crate) fn check_level(option: &'static str, value: f64, distribution: Distribution) -> Result<(), SimulateError> {
    let is_valid = value.abs() <= LARGEST && (value >= 0.0 || distribution == Distribution::Normal);
    check(is_valid, option, &value, "from 0 to 1e9 (normal values: from -1e9)")
}

/// Refuses what is no dispersion of the distribution.
pub(crate) fn check_dispersion(
    option: &'static str,
    value: f64,
    distribution: Distribution,
) -> Result<(), SimulateError> {
    match distribution {
        Distribution::Poisson => Ok(()),
        Distribution::NegativeBinomial => {
            check((1e-6..=LARGEST).contains(&value), option, &value, "from 1e-6 to 1e9 (the size parameter)")
        }
        Distribution::Normal => check((0.0..=LARGEST).contains(&value), option, &value, "from 0 to 1e9"),
        Distribution::Lognormal => {
            check((0.0..=10.0).contains(&value), option, &value, "from 0 to 10 (on the scale of logarithms)")
        }
    }
}

/// Refuses what is no share.
pub(crate) fn check_share(option: &'static str, value: f64) -> Result<(), SimulateError> {
    check((0.0..=1.0).contains(&value), option, &value, "from 0 to 1")
}
