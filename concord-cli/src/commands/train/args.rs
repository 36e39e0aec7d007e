use std::{collections::HashSet, fs, num::NonZeroUsize, path::PathBuf};

use clap::Args;
use concord_model::{Device, Model, ModelCard, TrainConfig};
use concord_prep::{NormalizeConfig, SelectConfig};
use serde_json::{Map, Value, json};

use super::known::KnownArgs;
use crate::{
    args::{DeviceArgs, MatrixArgs, obsm_key},
    error::CliError,
    model_input::load_model,
};

const EXAMPLES: &str = "\
Examples:
  concord train data.h5ad -o trained --batch sample
  concord train data.h5ad -o typed --use-classifier --class-key cell_type --unlabeled-class unknown --train-frac 0.9
  concord train data.h5ad -o decoding --batch sample --use-decoder --covariate-embedding-dims donor=4

A long training that may be interrupted, by Ctrl-C or otherwise, and goes on as if nothing had happened:
  concord train data.h5ad -o trained --checkpoint-every 1
  concord train --resume trained";

/// Options that have no effect where genes are given.
const SELECTION: [&str; 7] =
    ["n_top_features", "flavor", "min_cells", "filter_gene_by_counts", "min_batch_size", "subsample_frac", "span"];

/// Everything that decides what a model becomes, from the file to its weights.
#[derive(Debug, Clone, Args)]
pub(crate) struct TrainingArgs {
    /// Column of obs that says which batch a cell comes from; batches are integrated
    #[arg(long, value_name = "KEY", help_heading = "Data")]
    pub(crate) batch: Option<String>,
    #[command(flatten)]
    pub(crate) known: KnownArgs,
    #[command(flatten)]
    pub(crate) matrix: MatrixArgs,
    /// Do as the authors' notebook does with logged data: normalise and log them once more
    #[arg(long, help_heading = "Genes and normalisation")]
    pub(crate) tutorial: bool,
    /// Train on the genes in this file, one a line and in this order, instead of selected ones
    #[arg(long, value_name = "FILE", conflicts_with_all = SELECTION, help_heading = "Genes and normalisation")]
    pub(crate) input_feature: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Genes and normalisation")]
    pub(crate) select: SelectConfig,
    #[command(flatten)]
    pub(crate) normalize: NormalizeConfig,
    /// Begin with the weights of this model instead of random ones, on the same genes; the options are to be those of its shape
    #[arg(long, value_name = "FOLDER", conflicts_with = "input_feature", conflicts_with_all = SELECTION, help_heading = "Training")]
    pub(super) pretrained_model: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Training")]
    pub(crate) config: TrainConfig,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

impl TrainingArgs {
    /// Refuses options that are out of range or do not go together.
    pub(crate) fn check(&self) -> Result<(), CliError> {
        self.config.validate()?;
        self.given_features(None)?;
        self.known.check(&self.config)
    }

    /// Refuses more models of the kind where this one does not begin with random weights.
    pub(crate) fn check_replicates(&self, n_models: usize) -> Result<(), CliError> {
        if self.pretrained_model.is_none() || n_models <= 1 {
            return Ok(());
        }
        Err(CliError::usage(
            "--replicates holds models against each other that all begin with random weights: leave out --pretrained-model, \
             or --replicates",
        ))
    }

    /// The model to begin with, if there is one.
    pub(crate) fn pretrained(&self, device: &Device) -> Result<Option<(Model, ModelCard)>, CliError> {
        self.pretrained_model.as_deref().map(|folder| load_model(folder, device)).transpose()
    }

    /// The genes to train on where they are not to be selected: those of a model to begin with, or those listed in a file.
    pub(super) fn given_features(&self, pretrained: Option<&ModelCard>) -> Result<Option<Vec<String>>, CliError> {
        if let Some(card) = pretrained {
            return Ok(Some(card.features.clone()));
        }
        let Some(path) = &self.input_feature else { return Ok(None) };
        let name = path.display();
        let text = fs::read_to_string(path).map_err(|error| {
            CliError::usage(format!("--input-feature {name}: {error}; give a file with a gene a line"))
        })?;
        let genes: Vec<String> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        let mut seen = HashSet::new();
        match genes.iter().find(|gene| !seen.insert(*gene)) {
            _ if genes.is_empty() => Err(CliError::usage(format!("--input-feature {name} holds no gene"))),
            Some(gene) => {
                Err(CliError::usage(format!("--input-feature {name} has {gene} twice: leave one of them out")))
            }
            None => Ok(Some(genes)),
        }
    }

    /// All of it for a record.
    pub(crate) fn record(&self) -> Map<String, Value> {
        let entries = [
            ("source", json!(self.matrix.source().to_string())),
            ("batch", json!(self.batch)),
            ("known", json!(self.known)),
            ("input_feature", json!(self.input_feature)),
            ("select", json!(self.select)),
            ("normalize", json!(self.normalize)),
            ("pretrained_model", json!(self.pretrained_model)),
            ("train", json!(self.config)),
            ("tutorial", json!(self.tutorial)),
        ];
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Options of `concord train`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct TrainArgs {
    /// The .h5ad file with the counts
    #[arg(value_name = "IN.h5ad", required_unless_present = "resume")]
    pub(super) input: Option<PathBuf>,
    /// Folder for the results; made when missing, files of the same names are replaced
    #[arg(long, short, value_name = "FOLDER", required_unless_present = "resume")]
    pub(super) out: Option<PathBuf>,
    /// Go on with a training that was interrupted; its folder has the options
    #[arg(long, value_name = "FOLDER", conflicts_with = "out", help_heading = "Interruption")]
    pub(super) resume: Option<PathBuf>,
    /// Write a checkpoint after every N epochs, from which training can go on [default: only when it is interrupted]
    #[arg(long, value_name = "N", help_heading = "Interruption")]
    pub(super) checkpoint_every: Option<NonZeroUsize>,
    /// Stop after N steps as by Ctrl-C: write a checkpoint and say how to go on
    #[arg(long, value_name = "N", help_heading = "Interruption")]
    pub(super) stop_after: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(super) training: TrainingArgs,
    /// Name of the latent code in obsm
    #[arg(long, value_name = "NAME", default_value = "Concord", value_parser = obsm_key, help_heading = "Results")]
    pub(super) output_key: String,
}
