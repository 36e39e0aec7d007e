use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use concord_core::Metric;
use concord_embed::UmapConfig;
use concord_io::MatrixSource;
use concord_model::{Device, TrainConfig};
use concord_prep::{NormalizeConfig, SelectConfig};

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
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Print errors only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Print the result as JSON on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do the whole job: select genes, normalise, train, embed, draw a UMAP, write everything to a folder
    Run(Box<RunArgs>),
    /// Print what is in an h5ad file
    Inspect(InspectArgs),
}

/// Where the model is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DeviceName {
    /// The processor, with kernels for sparse data
    #[default]
    Cpu,
}

impl DeviceName {
    pub(crate) fn device(self) -> Device {
        match self {
            Self::Cpu => Device::cpu(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The .h5ad file with the counts
    #[arg(value_name = "IN.h5ad", required_unless_present = "demo", conflicts_with = "demo")]
    pub(crate) input: Option<PathBuf>,
    /// Run on the embedded data set (700 blood cells, 765 genes) instead of a file
    #[arg(long)]
    pub(crate) demo: bool,
    /// Folder for the results; made when missing, files of the same names are replaced
    #[arg(long, short, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Column of obs that says which batch a cell comes from; batches are integrated
    #[arg(long, value_name = "KEY", help_heading = "Data")]
    pub(crate) batch: Option<String>,
    /// Column of obs to colour by; may be given several times [default: categorical columns, six at most]
    #[arg(long = "label", value_name = "KEY", help_heading = "Data")]
    pub(crate) labels: Vec<String>,
    /// Read the counts from this layer instead of X
    #[arg(long, value_name = "NAME", conflicts_with = "use_raw", help_heading = "Data")]
    pub(crate) layer: Option<String>,
    /// Read the counts from raw instead of X
    #[arg(long, help_heading = "Data")]
    pub(crate) use_raw: bool,
    #[command(flatten, next_help_heading = "Genes and normalisation")]
    pub(crate) select: SelectConfig,
    #[command(flatten)]
    pub(crate) normalize: NormalizeConfig,
    #[command(flatten, next_help_heading = "Training")]
    pub(crate) train: TrainConfig,
    /// Where the model is trained
    #[arg(long, value_enum, default_value_t)]
    pub(crate) device: DeviceName,
    /// UMAP: how distances between latent codes are measured
    #[arg(long, value_enum, default_value_t, value_name = "METRIC", help_heading = "UMAP")]
    pub(crate) umap_metric: Metric,
    #[command(flatten, next_help_heading = "UMAP")]
    pub(crate) umap: UmapConfig,
    /// Name of the latent code in obsm; the UMAP gets the same name with _UMAP behind it
    #[arg(long, value_name = "NAME", default_value = "Concord", value_parser = output_key, help_heading = "Results")]
    pub(crate) output_key: String,
}

/// A name that can be a key of obsm.
fn output_key(text: &str) -> Result<String, &'static str> {
    let is_name = !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '\0']);
    if is_name { Ok(text.to_owned()) } else { Err("a name without slashes is needed") }
}

impl RunArgs {
    /// The name of the UMAP in obsm.
    pub(crate) fn umap_key(&self) -> String {
        format!("{}_UMAP", self.output_key)
    }

    /// The matrix that the options name.
    pub(crate) fn source(&self) -> MatrixSource {
        match &self.layer {
            Some(layer) => MatrixSource::Layer(layer.clone()),
            None if self.use_raw => MatrixSource::Raw,
            None => MatrixSource::X,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The .h5ad file
    #[arg(value_name = "FILE.h5ad")]
    pub(crate) input: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Options come from several crates, and clap looks for clashes in debug builds only.
    #[test]
    fn no_option_stands_twice() {
        use clap::CommandFactory;
        for command in Cli::command().get_subcommands() {
            for names in [
                command.get_arguments().map(|argument| argument.get_id().to_string()).collect::<Vec<_>>(),
                command.get_arguments().filter_map(clap::Arg::get_long).map(str::to_owned).collect(),
            ] {
                let distinct: std::collections::HashSet<&String> = names.iter().collect();
                assert_eq!(distinct.len(), names.len(), "{} has one of these twice: {names:?}", command.get_name());
            }
        }
    }
}
