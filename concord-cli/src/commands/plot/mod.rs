//! `concord plot`: figures of what is in a file.

mod embedding;
mod genes;
mod heatmap;
mod neurons;
mod terms;

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

pub(crate) use heatmap::{Bar as HeatmapBar, latent_heatmap};
pub(crate) use neurons::neuron_means;
pub(crate) use terms::ora_figure;

use crate::{Session, error::CliError, figures::FigureArgs};

/// Which figure to draw.
#[derive(Debug, Args)]
pub(crate) struct PlotArgs {
    #[command(subcommand)]
    figure: PlotCommand,
}

#[derive(Debug, Subcommand)]
enum PlotCommand {
    /// Draw the cells on an embedding, in a panel for each column of obs or gene
    Embedding(embedding::EmbeddingArgs),
    /// Draw the latent code of a sample of cells as a heat map with trees
    Heatmap(heatmap::HeatmapArgs),
    /// List the most active neurons of each context, and draw their mean activation
    Neurons(neurons::NeuronsArgs),
    /// Draw genes on an embedding in a strip of small panels
    Genes(genes::GenesArgs),
    /// Draw the best terms of an enrichment as bars
    Terms(terms::TermsArgs),
}

/// Runs the command.
pub(crate) fn run(args: &PlotArgs, session: &Session) -> Result<(), CliError> {
    match &args.figure {
        PlotCommand::Embedding(args) => embedding::run(args, session),
        PlotCommand::Heatmap(args) => heatmap::run(args, session),
        PlotCommand::Neurons(args) => neurons::run(args, session),
        PlotCommand::Genes(args) => genes::run(args, session),
        PlotCommand::Terms(args) => terms::run(args, session),
    }
}

/// Says where the figure is; `details` go into the JSON.
fn report(figure: &FigureArgs, details: Value, session: &Session) {
    report_files(&figure.paths(), details, session);
}

/// The same of files whose names were made up.
fn report_files<P: AsRef<Path>>(files: &[P], mut details: Value, session: &Session) {
    let files: Vec<&Path> = files.iter().map(AsRef::as_ref).collect();
    if session.json {
        details["files"] = json!(files);
        super::print_json(&details);
        return;
    }
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    session.terminal.line(&format!("wrote {}", names.join(", ")));
}
