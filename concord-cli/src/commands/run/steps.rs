//! The steps of a run: each calls one library and says in a few words what came out.

use concord_core::{Counts, Embedding, Labels, LogNorm};
use concord_model::{TrainProgress, Trained, embed, train};
use concord_prep::{FeatureSelection, MatrixState, SelectConfig, normalize, select_features};

use super::args::RunArgs;
use super::data::Described;
use crate::{commands::umap, error::CliError, terminal::Terminal};

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

/// The chosen genes of the normalised matrix: the encoder's input.
pub(super) fn to_input(
    counts: Counts,
    state: MatrixState,
    selection: &FeatureSelection,
    args: &RunArgs,
) -> Result<(LogNorm, String), CliError> {
    let (data, what) = match state {
        MatrixState::Logged => (LogNorm::from_logged(counts.into_matrix())?, "used as it is".to_owned()),
        MatrixState::Counts | MatrixState::Normalized => {
            let target =
                args.normalize.target_sum.map_or("the median total".to_owned(), |sum| format!("a total of {sum}"));
            (normalize(counts, &args.normalize)?, format!("cells to {target}, log1p"))
        }
    };
    Ok((data.select_genes(&selection.chosen), what))
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
    args: &RunArgs,
    terminal: &Terminal,
) -> Result<(Trained, String), CliError> {
    let bar = terminal.bar("train", args.train.n_epochs);
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
    let trained = train(data, domains, &args.train, &args.device.device(), &mut on_step);
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

/// The UMAP of the latent code.
pub(super) fn draw_umap(
    latent: &Embedding,
    args: &RunArgs,
    terminal: &Terminal,
) -> Result<(Embedding, String), CliError> {
    let config = concord_embed::UmapConfig { seed: args.train.seed, ..args.umap.clone() };
    umap::compute(latent, &config, args.umap_metric, terminal)
}
