use std::path::PathBuf;

use clap::Args;
use concord_core::Metric;
use concord_embed::UmapConfig;

use crate::{
    args::obsm_key,
    attribution::AttributionArgs,
    commands::{train::TrainingArgs, umap::umap_key},
};

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
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
    /// Column of obs to colour by; may be given several times [default: categorical columns, six at most]
    #[arg(long = "label", value_name = "KEY", help_heading = "Data")]
    pub(crate) labels: Vec<String>,
    /// Column of obs whose categories are explained by genes [default: the first --label with categories]
    #[arg(long, value_name = "KEY", help_heading = "Data")]
    pub(crate) by: Option<String>,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    /// UMAP: how distances between latent codes are measured
    #[arg(long, value_enum, default_value_t, value_name = "METRIC", help_heading = "UMAP")]
    pub(crate) umap_metric: Metric,
    #[command(flatten, next_help_heading = "UMAP")]
    pub(crate) umap: UmapConfig,
    /// Compute a UMAP of three dimensions too, for the report
    #[arg(long, help_heading = "UMAP")]
    pub(crate) umap_3d: bool,
    #[command(flatten, next_help_heading = "Attribution")]
    pub(crate) attribution: AttributionArgs,
    /// Gene sets; the genes that drive contexts and neurons are tested for them
    #[arg(long, value_name = "FILE.gmt", help_heading = "Attribution")]
    pub(crate) gmt: Option<PathBuf>,
    /// Do not attribute anything
    #[arg(long, conflicts_with_all = ["gmt", "replicates"], help_heading = "Attribution")]
    pub(crate) no_attribution: bool,
    /// Do not write report.html
    #[arg(long, help_heading = "Results")]
    pub(crate) no_report: bool,
    /// Name of the latent code in obsm; the UMAP gets the same name with _UMAP behind it
    #[arg(long, value_name = "NAME", default_value = "Concord", value_parser = obsm_key, help_heading = "Results")]
    pub(crate) output_key: String,
}

impl RunArgs {
    /// The name of the UMAP in obsm.
    pub(crate) fn umap_key(&self) -> String {
        umap_key(&self.output_key, self.umap.n_components)
    }
}
