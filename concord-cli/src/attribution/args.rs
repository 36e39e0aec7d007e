use clap::{Args, ValueEnum};
use concord_attr::{AttributeConfig, Filter};
use serde::Serialize;

use crate::error::CliError;

/// How contexts are attributed: what `concord run` and `concord attribute` share.
#[derive(Debug, Clone, Args, Serialize)]
pub(crate) struct AttributionArgs {
    /// Attribute the N most active neurons of each context, beside the context against the rest
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) top_neurons: usize,
    #[command(flatten)]
    pub(crate) config: AttributeConfig,
    /// Where integrated and expected gradients start
    #[arg(long, value_enum, default_value_t, value_name = "WHERE")]
    pub(crate) baseline: BaselineName,
    /// Cells of a context that are attributed, evenly spaced, when it has more
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) max_cells: usize,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Train with N seeds in all, and say how far the lists agree and what they agree on
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) replicates: usize,
    /// Do not measure how far the lists can be trusted
    #[arg(long)]
    pub(crate) no_trust: bool,
}

impl AttributionArgs {
    pub(crate) fn validate(&self) -> Result<(), CliError> {
        self.config.validate()?;
        self.filter.validate()?;
        if self.max_cells == 0 {
            return Err(CliError::usage("--max-cells 0 is out of range: at least 1"));
        }
        if !(1..=100).contains(&self.replicates) {
            return Err(CliError::usage(format!("--replicates {} is out of range: from 1 to 100", self.replicates)));
        }
        Ok(())
    }

    /// The same with the seed in its place, as it is recorded.
    pub(crate) fn with_seed(&self, seed: u64) -> Self {
        Self { config: AttributeConfig { seed, ..self.config.clone() }, ..self.clone() }
    }

    /// The same for other models, in which trust is not measured once more, with so many cells of a context at most.
    pub(super) fn for_comparison(&self, max_cells: usize) -> Self {
        Self { no_trust: true, max_cells: self.max_cells.min(max_cells), ..self.clone() }
    }
}

/// Where integrated and expected gradients start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BaselineName {
    /// At the mean of all cells
    #[default]
    AllCells,
    /// At the mean of the cells of the other contexts
    OtherContexts,
    /// Where nothing is expressed; a network with layer normalisation is not defined well there
    Zeros,
}
