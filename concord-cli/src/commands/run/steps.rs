//! The steps of a run: each calls one library and says in a few words what came out.

use concord_core::{Counts, Embedding, Labels, LogNorm};
use concord_model::{Encoder, Normalization, TrainConfig, TrainProgress, Trained, embed, train};
use concord_prep::{FeatureSelection, MatrixState, SelectConfig, select_features};

use super::args::{DeviceName, RunArgs};
use super::data::Described;
use crate::{commands::umap, error::CliError, model_input, terminal::Terminal};

/// Chooses the genes.
pub(super) fn select(
    counts: &Counts,
    dataset: &Described,
    args: &RunArgs,
) -> Result<(FeatureSelection, String), CliError> {
    let config = SelectConfig { state: Some(dataset.state), seed: args.train.seed, ..args.select.clone() };
    let selection = select_features(counts, dataset.batch.as_ref(), &config)?;
    let summary = format!("{} genes by {}", selection.chosen.len(), selection.flavor);
    Ok((selection, summary))
}

/// The chosen genes of the normalised matrix, the encoder's input; and how it was normalised.
pub(super) fn to_input(
    counts: Counts,
    state: MatrixState,
    selection: &FeatureSelection,
    args: &RunArgs,
) -> Result<((LogNorm, Normalization), String), CliError> {
    // The authors' notebook normalises whatever it gets.
    let state = if args.tutorial { MatrixState::Counts } else { state };
    let normalization = model_input::normalization(&counts, state, args.normalize)?;
    let summary = match normalization {
        Normalization::AsIs => "used as it is".to_owned(),
        Normalization::TotalAndLog { target_sum } => {
            let what = if args.normalize.target_sum.is_some() { "a total of" } else { "the median total," };
            format!("cells to {what} {target_sum}, log1p")
        }
    };
    let data = model_input::normalized(counts, normalization)?.select_genes(&selection.chosen);
    Ok(((data, normalization), summary))
}

/// The latent code of every cell.
pub(super) fn embed_cells(trained: &Trained, data: &LogNorm) -> Result<(Embedding, String), CliError> {
    let latent = embed(&trained.encoder, data)?;
    let summary = format!("{} cells x {} neurons", latent.n_cells(), latent.n_dimensions());
    Ok((latent, summary))
}

/// Trains, with a bar that tells epoch, loss, speed and the time left.
pub(super) fn train_encoder(
    data: &LogNorm,
    domains: &Labels,
    config: &TrainConfig,
    device: DeviceName,
    terminal: &Terminal,
) -> Result<(Trained, String), CliError> {
    let bar = terminal.bar("train", config.n_epochs);
    let start = std::time::Instant::now();
    let (mut n_seen, mut epoch_loss) = (0, 0.0);
    let mut on_step = |progress: TrainProgress| {
        n_seen += progress.n_cells;
        epoch_loss += f64::from(progress.loss);
        let cells_per_second = n_seen as f64 / start.elapsed().as_secs_f64();
        let TrainProgress { epoch, n_epochs, step, n_steps, .. } = progress;
        let loss = epoch_loss / (step + 1) as f64;
        let message = format!("epoch {}/{n_epochs}  loss {loss:.3}  {cells_per_second:.0} cells/s", epoch + 1);
        if step + 1 == n_steps {
            terminal.log(&format!("train      {message}"));
            epoch_loss = 0.0;
            bar.inc(1);
        }
        bar.set_message(message);
    };
    let trained = train(data, domains, config, &device.device(), &mut on_step);
    bar.finish_and_clear();
    let trained = trained?;
    let last = trained.history.last().map_or(f64::NAN, |epoch| epoch.loss);
    let summary = format!(
        "{} epochs, loss {last:.3}, {:.0} cells/s",
        trained.history.len(),
        n_seen as f64 / start.elapsed().as_secs_f64()
    );
    Ok((trained, summary))
}

/// Further models of the kind, `n_models` with the first, each with the next seed.
pub(crate) fn train_replicates(
    data: &LogNorm,
    domains: &Labels,
    config: &TrainConfig,
    n_models: usize,
    terminal: &Terminal,
) -> Result<(Vec<Encoder>, String), CliError> {
    let mut encoders = Vec::new();
    for replicate in 1..n_models as u64 {
        let config = TrainConfig { seed: config.seed.wrapping_add(replicate), ..config.clone() };
        encoders.push(train_encoder(data, domains, &config, DeviceName::Cpu, terminal)?.0.encoder);
    }
    let summary = format!("{} more models", encoders.len());
    Ok((encoders, summary))
}

/// The UMAP of the latent code with so many dimensions.
pub(super) fn draw_umap(
    latent: &Embedding,
    args: &RunArgs,
    n_components: usize,
    terminal: &Terminal,
) -> Result<(Embedding, String), CliError> {
    let config = concord_embed::UmapConfig { seed: args.train.seed, n_components, ..args.umap.clone() };
    umap::compute(latent, &config, args.umap_metric, terminal)
}
