use clap::{Args, Parser, Subcommand};
use concord_io::MatrixSource;
use concord_model::{Device, DeviceName};

use crate::{
    commands::{
        attribute::AttributeArgs, convert::ConvertArgs, devices::DevicesArgs, embed::EmbedArgs, enrich::EnrichArgs,
        export::ExportArgs, inspect::InspectArgs, plot::PlotArgs, report::ReportArgs, run::RunArgs,
        simulate::SimulateArgs, train::TrainArgs, umap::UmapArgs,
    },
    error::CliError,
};

/// Denoised, batch-corrected embeddings of single-cell data, and the genes behind them
///
/// CONCORD (Zhu et al., Nature Biotechnology 2025) learns by contrast a latent code of each cell from an .h5ad file.
#[derive(Debug, Parser)]
#[command(name = "concord", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Number of threads; results do not depend on it [default: all cores]
    #[arg(long, global = true, value_name = "N", help_heading = "Global options")]
    pub(crate) threads: Option<usize>,
    /// Print errors only
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// Print the result as JSON on stdout
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do the whole job: select genes, normalise, train, embed, draw a UMAP, write everything to a folder
    Run(Box<RunArgs>),
    /// Train a model and write it with its latent code, and nothing else; can be interrupted and resumed
    Train(Box<TrainArgs>),
    /// Put new cells into the latent space of an existing model; tell their classes, decode their expression
    Embed(Box<EmbedArgs>),
    /// Compute the UMAP of a latent code, or of any other matrix about cells
    Umap(UmapArgs),
    /// Rank the genes that drive neurons and contexts of a trained model, and measure how far to trust the lists
    Attribute(Box<AttributeArgs>),
    /// Find gene sets (pathways, GO terms) that stand out in ranked genes or in a list
    Enrich(Box<EnrichArgs>),
    /// Draw figures as PNG, SVG or PDF
    Plot(Box<PlotArgs>),
    /// Write one HTML page about a file, its lists and its enriched terms, to look at in any browser
    Report(ReportArgs),
    /// Make an h5ad file of 10x matrices, or of several inputs
    Convert(ConvertArgs),
    /// Write a model for the Python package, which loads it as one of its own
    Export(ExportArgs),
    /// Simulate data with a known truth: clusters, trajectories or trees, with batch effects
    Simulate(Box<SimulateArgs>),
    /// Print what is in an h5ad file
    Inspect(InspectArgs),
    /// List what a model can compute on: what this build has and this machine
    Devices(DevicesArgs),
}

/// Where a command computes.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DeviceArgs {
    /// Where the model computes: cpu, libtorch, wgpu, vulkan, metal or cuda, as in `concord devices`; cuda:1 is the second
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub(crate) device: DeviceName,
}

impl DeviceArgs {
    /// The device, if this build and this machine have it.
    pub(crate) fn open(self) -> Result<Device, CliError> {
        Device::open(self.device).map_err(|error| CliError::usage(format!("--device {}: {error}", self.device)))
    }
}

/// The matrix of a file that a command reads.
#[derive(Debug, Clone, Args)]
pub(crate) struct MatrixArgs {
    /// Read the expression from this layer instead of X
    #[arg(long, value_name = "NAME", conflicts_with = "use_raw", help_heading = "Data")]
    pub(crate) layer: Option<String>,
    /// Read the expression from raw instead of X
    #[arg(long, help_heading = "Data")]
    pub(crate) use_raw: bool,
}

impl MatrixArgs {
    /// The matrix that the options name.
    pub(crate) fn source(&self) -> MatrixSource {
        match &self.layer {
            Some(layer) => MatrixSource::Layer(layer.clone()),
            None if self.use_raw => MatrixSource::Raw,
            None => MatrixSource::X,
        }
    }
}

/// A name that can be a key of obsm.
pub(crate) fn obsm_key(text: &str) -> Result<String, &'static str> {
    let is_name = !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '\0']);
    if is_name { Ok(text.to_owned()) } else { Err("a name without slashes is needed") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Options come from several crates, and clap looks for clashes in debug builds only.
    #[test]
    fn no_option_stands_twice() {
        use clap::CommandFactory;
        let program = Cli::command();
        let nested = program.get_subcommands().flat_map(clap::Command::get_subcommands);
        for command in program.get_subcommands().chain(nested) {
            for names in [
                command.get_arguments().map(|argument| argument.get_id().to_string()).collect::<Vec<_>>(),
                command.get_arguments().filter_map(clap::Arg::get_long).map(str::to_owned).collect(),
            ] {
                let distinct: std::collections::HashSet<&String> = names.iter().collect();
                assert_eq!(distinct.len(), names.len(), "{} has one of these twice: {names:?}", command.get_name());
            }
        }
    }

    /// Splits a line as a shell would, as far as the examples need it.
    fn words(line: &str) -> Vec<String> {
        let parts = line.split('"').enumerate();
        parts
            .flat_map(|(place, part)| match place % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect()
    }

    #[test]
    fn examples_in_the_help_are_commands() {
        use clap::CommandFactory;
        let program = Cli::command();
        let nested = program.get_subcommands().flat_map(clap::Command::get_subcommands);
        let mut n_examples = 0;
        for help in program.get_subcommands().chain(nested).filter_map(clap::Command::get_after_long_help) {
            let help = help.to_string().replace("\\\n", " ");
            for line in help.lines().filter(|line| line.trim_start().starts_with("concord ")) {
                let parsed = Cli::try_parse_from(words(line));
                assert!(parsed.is_ok(), "{line}: {}", parsed.map_or_else(|error| error.to_string(), |_| String::new()));
                n_examples += 1;
            }
        }
        assert!(n_examples >= 10, "only {n_examples} examples were found");
    }
}
