//! The steps of training: each calls one library and says in a few words what came out.

use std::sync::atomic::Ordering;

use concord_core::{Counts, Embedding, LogNorm};
use concord_model::{
    ClassAssessment, Device, Encoder, ModelError, Normalization, Run, TrainConfig, TrainProgress, Trained,
    TrainingData, classify, embed, resume, train_model,
};
use concord_prep::{FeatureSelection, MatrixState, SelectConfig, select_features};

use super::{args::TrainingArgs, sitting::Sitting, subject::Subject};
use crate::{assessment, error::CliError, model_input, predicted::Predicted, record::Recorder, terminal::Terminal};

/// Chooses the genes.
pub(crate) fn select(
    counts: &Counts,
    subject: &Subject,
    args: &TrainingArgs,
) -> Result<(FeatureSelection, String), CliError> {
    let config = SelectConfig { state: Some(subject.state), seed: args.config.seed, ..args.select.clone() };
    let selection = select_features(counts, subject.batch.as_ref(), &config)?;
    let summary = format!("{} genes by {}", selection.chosen.len(), args.select.flavor);
    Ok((selection, summary))
}

/// The chosen genes of the normalised matrix, the encoder's input; and how it was normalised.
pub(crate) fn to_input(
    counts: Counts,
    subject: &Subject,
    selection: &FeatureSelection,
    args: &TrainingArgs,
) -> Result<((LogNorm, Normalization), String), CliError> {
    // The authors' notebook normalises whatever it gets.
    let state = if args.tutorial { MatrixState::Counts } else { subject.state };
    if let Some(known) = subject.pretrained_normalization {
        check_as_before(known, subject.state, args)?;
    }
    let (normalization, what) = match (args.normalize.target_sum, subject.pretrained_normalization) {
        (None, Some(known)) => (known, "the model's total,"),
        (None, None) => (model_input::normalization(&counts, state, args.normalize)?, "the median total,"),
        (Some(_), _) => (model_input::normalization(&counts, state, args.normalize)?, "a total of"),
    };
    let summary = match normalization {
        Normalization::AsIs => "used as it is".to_owned(),
        Normalization::TotalAndLog { target_sum } => format!("cells to {what} {target_sum}, log1p"),
    };
    let data = model_input::normalized(counts, normalization)?.select_genes(&selection.chosen);
    Ok(((data, normalization), summary))
}

/// Refuses values on which the weights of the model that training begins with do not count.
fn check_as_before(known: Normalization, state: MatrixState, args: &TrainingArgs) -> Result<(), CliError> {
    match (known, state) {
        (Normalization::TotalAndLog { .. }, MatrixState::Logged) if !args.tutorial => Err(CliError::usage(
            "--pretrained-model: the model was trained on counts that were normalised and logged, and the matrix seems to be \
             logged already: choose the counts with --layer or --use-raw, or log once more with --tutorial",
        )),
        (Normalization::AsIs, MatrixState::Logged) if args.tutorial => Err(CliError::usage(
            "--pretrained-model: the model was trained on logged values as they are, and --tutorial logs them once more: \
             leave it out",
        )),
        (Normalization::AsIs, MatrixState::Counts | MatrixState::Normalized) if args.normalize.target_sum.is_none() => {
            Err(CliError::usage(format!(
                "--pretrained-model: the model was trained on normalised and logged values, and the matrix holds {state}: \
                 choose another with --layer or --use-raw, or say with --target-sum how to normalise it"
            )))
        }
        _ => Ok(()),
    }
}

/// The latent code of every cell.
pub(crate) fn embed_cells(trained: &Trained, data: &LogNorm) -> Result<(Embedding, String), CliError> {
    let latent = embed(&trained.encoder, data)?;
    let summary = format!("{} cells x {} neurons", latent.n_cells(), latent.n_dimensions());
    Ok((latent, summary))
}

/// Holds the classes of the cells left out of training against the true ones, where there is something to hold.
pub(crate) fn assess_held_out(
    trained: &Trained,
    data: &TrainingData<'_>,
    recorder: &mut Recorder<'_>,
) -> Result<Option<ClassAssessment>, CliError> {
    if data.classes.is_none() || trained.held_out.is_empty() {
        return Ok(None);
    }
    recorder.step("held out", || {
        let assessment = trained.assess_held_out(data)?;
        let summary = assessment.as_ref().map_or_else(|| "no cell with a class".to_owned(), assessment::summary);
        Ok((assessment, summary))
    })
}

/// The classes that a classifier gives to all cells, the most probable ones; none without a classifier.
pub(crate) fn predict_classes(
    trained: &Trained,
    data: &LogNorm,
    recorder: &mut Recorder<'_>,
) -> Result<Option<Predicted>, CliError> {
    let n_classes = trained.encoder.categories().classes.len();
    if n_classes == 0 {
        return Ok(None);
    }
    recorder.step("classify", || {
        let predicted = Predicted::new(classify(&trained.encoder, data)?, 0.0)?;
        Ok((Some(predicted), format!("{n_classes} classes")))
    })
}

/// Trains, with a bar that tells epoch, loss, speed and the time left.
pub(crate) fn train_encoder(
    data: &TrainingData<'_>,
    config: &TrainConfig,
    device: &Device,
    sitting: Sitting<'_>,
    terminal: &Terminal,
) -> Result<(Trained, String), ModelError> {
    let bar = terminal.bar("train", config.n_epochs);
    let start = std::time::Instant::now();
    let Sitting { from, pretrained, checkpoints, stop, stop_after } = sitting;
    bar.set_position(from.as_ref().map_or(0, concord_model::Checkpoint::n_epochs) as u64);
    let (mut n_seen, mut n_steps_in_all, mut n_in_epoch, mut epoch_loss) = (0, 0, 0, 0.0);
    let mut on_step = |progress: TrainProgress| {
        n_seen += progress.n_cells;
        n_steps_in_all += 1;
        if let Some(stop) = stop.filter(|_| stop_after == Some(n_steps_in_all)) {
            stop.store(true, Ordering::Relaxed);
        }
        n_in_epoch += 1;
        epoch_loss += f64::from(progress.loss);
        let cells_per_second = n_seen as f64 / start.elapsed().as_secs_f64();
        let TrainProgress { epoch, n_epochs, step, n_steps, .. } = progress;
        let loss = epoch_loss / f64::from(n_in_epoch);
        let message = format!("epoch {}/{n_epochs}  loss {loss:.3}  {cells_per_second:.0} cells/s", epoch + 1);
        if step + 1 == n_steps {
            terminal.log(&format!("train      {message}"));
            (n_in_epoch, epoch_loss) = (0, 0.0);
            bar.inc(1);
        }
        bar.set_message(message);
    };
    let mut run = Run { progress: &mut on_step, pretrained, stop, checkpoints };
    let trained = match from {
        None => train_model(data, config, device, &mut run),
        Some(checkpoint) => resume(data, checkpoint, device, &mut run),
    };
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
    data: &TrainingData<'_>,
    config: &TrainConfig,
    n_models: usize,
    device: &Device,
    terminal: &Terminal,
) -> Result<(Vec<Encoder>, String), CliError> {
    let mut encoders = Vec::new();
    for replicate in 1..n_models as u64 {
        let config = TrainConfig { seed: config.seed.wrapping_add(replicate), ..config.clone() };
        encoders.push(train_encoder(data, &config, device, Sitting::default(), terminal)?.0.encoder);
    }
    let summary = format!("{} more models", encoders.len());
    Ok((encoders, summary))
}
