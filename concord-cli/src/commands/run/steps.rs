//! The step of a run that training does not have.

use concord_core::Embedding;

use super::args::RunArgs;
use crate::{commands::umap, error::CliError, terminal::Terminal};

/// The UMAP of the latent code with so many dimensions.
pub(super) fn draw_umap(
    latent: &Embedding,
    args: &RunArgs,
    n_components: usize,
    terminal: &Terminal,
) -> Result<(Embedding, String), CliError> {
    let config = concord_embed::UmapConfig { seed: args.training.config.seed, n_components, ..args.umap.clone() };
    umap::compute(latent, &config, args.umap_metric, terminal)
}
