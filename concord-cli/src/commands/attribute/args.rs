use std::{fs, path::PathBuf};

use clap::Args;
use concord_attr::{AttributeConfig, Method};
use concord_core::Labels;

use crate::{
    args::{MatrixArgs, obsm_key},
    attribution::{AttributionArgs, Neurons, Wanted},
    error::CliError,
    names::nearest_few,
};

const EXAMPLES: &str = "\
Examples:
  concord attribute data.h5ad --model run/model --by cell_type -o genes
  concord attribute data.h5ad --model run/model --by cell_type --context \"NK cells\" --against \"CD8 T cells\" -o nk
  concord attribute data.h5ad --model run/model --by cell_type --replicates 5 -o stable

The lists of the authors' tutorial (plain gradients, of all neurons, lowered genes among them):
  concord attribute data.h5ad --model run/model --by cell_type --method gradient --neurons all --include-lowered \
      --no-trust -o paper";

/// Options of `concord attribute`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct AttributeArgs {
    /// The .h5ad file with the cells; the matrix that the model was trained on
    #[arg(value_name = "IN.h5ad")]
    pub(super) input: PathBuf,
    /// The model: a folder of `concord run`, or of the Python package
    #[arg(long, value_name = "FOLDER")]
    pub(super) model: PathBuf,
    /// Folder for the results; made when missing, files of the same names are replaced
    #[arg(long, short, value_name = "FOLDER")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) matrix: MatrixArgs,
    /// Column of obs whose categories are the contexts
    #[arg(long, value_name = "KEY", required_unless_present = "cells", help_heading = "Contexts")]
    pub(super) by: Option<String>,
    /// A list of cells, one name a line, as the only context
    #[arg(long, value_name = "FILE", conflicts_with_all = ["by", "context", "against"], help_heading = "Contexts")]
    pub(super) cells: Option<PathBuf>,
    /// Attribute this context only; may be given several times
    #[arg(long, value_name = "NAME", help_heading = "Contexts")]
    pub(super) context: Vec<String>,
    /// Hold contexts against this one instead of all the rest
    #[arg(long, value_name = "NAME", help_heading = "Contexts")]
    pub(super) against: Option<String>,
    /// Attribute these neurons in every context instead of its most active ones: numbers with commas, or `all`
    #[arg(long, value_name = "NUMBERS", value_parser = neurons, help_heading = "Targets")]
    pub(super) neurons: Option<Neurons>,
    /// Attribute a direction of the latent code too: a file with a number for each neuron
    #[arg(long, value_name = "FILE", help_heading = "Targets")]
    pub(super) direction: Option<PathBuf>,
    /// Do not attribute contexts against the rest, only neurons
    #[arg(long, conflicts_with_all = ["against", "replicates"], help_heading = "Targets")]
    pub(super) no_contrast: bool,
    /// Attribute the neurons of another layer, and nothing else; layers are counted from 0 as in the reference: linear,
    /// norm, activation, dropout, and so on; with the default widths 6 is the latent code
    #[arg(long, value_name = "N", conflicts_with_all = ["against", "replicates"], help_heading = "Targets")]
    pub(super) network_layer: Option<usize>,
    #[command(flatten, next_help_heading = "Attribution")]
    pub(super) attribution: AttributionArgs,
    /// Start integrated and expected gradients at these cells instead: a list of names, one a line
    #[arg(long, value_name = "FILE", conflicts_with = "baseline", help_heading = "Attribution")]
    pub(super) baseline_cells: Option<PathBuf>,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Attribution")]
    pub(super) seed: u64,
    /// Column of obs with the batches that the model was trained with; for --replicates
    #[arg(long, value_name = "KEY", help_heading = "Attribution")]
    pub(super) batch: Option<String>,
    /// Write the scores of the single cells that were attributed (--max-cells of each context), a table for each target
    #[arg(long, help_heading = "Results")]
    pub(super) per_cell: bool,
    /// Name of the importance matrix in varm and of the lists in uns
    #[arg(long, value_name = "NAME", default_value = "Concord_importance", value_parser = obsm_key, help_heading = "Results")]
    pub(super) output_key: String,
}

fn neurons(text: &str) -> Result<Neurons, String> {
    if text == "all" {
        return Ok(Neurons::All);
    }
    let numbers: Result<Vec<usize>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    let mut numbers = numbers.map_err(|_| "numbers with commas between are needed, or `all`".to_owned())?;
    let mut seen = std::collections::HashSet::new();
    numbers.retain(|&neuron| seen.insert(neuron));
    Ok(Neurons::Given(numbers))
}

impl AttributeArgs {
    /// Everything that decides how scores are found.
    pub(super) fn config(&self) -> AttributeConfig {
        AttributeConfig { seed: self.seed, keep_cells: self.per_cell, ..self.attribution.config.clone() }
    }

    /// What the options ask for.
    pub(super) fn wanted(&self, labels: &Labels) -> Result<Wanted, CliError> {
        for (option, names) in [("--context", &self.context[..]), ("--against", self.against.as_slice())] {
            for name in names {
                check_category(option, name, labels)?;
            }
        }
        if let Some(name) = self.against.as_ref().filter(|name| self.context.contains(*name)) {
            return Err(CliError::usage(format!("--against {name}: a context cannot be held against itself")));
        }
        let is_list = self.cells.is_some();
        Ok(Wanted {
            contexts: if is_list { vec![super::input::LISTED.to_owned()] } else { self.context.clone() },
            against: self.against.clone(),
            contrast: !self.no_contrast && self.network_layer.is_none(),
            neurons: self.neurons.clone().unwrap_or(Neurons::Top(self.attribution.top_neurons)),
            direction: self.direction.as_ref().map(read_direction).transpose()?,
            layer: self.network_layer,
        })
    }

    /// What the record says of the method.
    pub(super) fn method(&self) -> Method {
        self.attribution.config.method
    }
}

/// Refuses a category that is not there, or that has no cells.
fn check_category(option: &str, name: &str, labels: &Labels) -> Result<(), CliError> {
    let Some(position) = labels.names().iter().position(|known| known == name) else {
        let nearest = nearest_few(name, labels.names().iter().map(String::as_str));
        return Err(CliError::usage(format!("{option} {name}: no such context; there are: {nearest}")));
    };
    if labels.sizes()[position] == 0 {
        return Err(CliError::usage(format!("{option} {name}: this context has no cells")));
    }
    Ok(())
}

fn read_direction(path: &PathBuf) -> Result<Vec<f32>, CliError> {
    let text = fs::read_to_string(path)
        .map_err(|error| CliError::usage(format!("--direction {}: cannot be read ({error})", path.display())))?;
    let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let number = |word: &str| word.parse().ok().filter(|number: &f32| number.is_finite());
    let numbers: Result<Vec<f32>, String> =
        words.map(|word| number(word).ok_or_else(|| format!("'{word}' is no number"))).collect();
    let is_nowhere = numbers.as_ref().is_ok_and(|numbers| numbers.iter().all(|&number| number == 0.0));
    let numbers = if is_nowhere { Err("there is no number other than 0 in it".to_owned()) } else { numbers };
    numbers.map_err(|error| CliError::usage(format!("--direction {}: {error}", path.display())))
}
