//! `concord embed`: new cells in the latent space of an existing model.

mod args;
mod decoded;
mod input;
mod write;

use concord_core::{Column, Dense, Embedding, Labels};
use concord_model::{ClassAssessment, classify, embed, missing_effect};

pub(crate) use args::EmbedArgs;

use crate::{Session, columns, error::CliError, predicted::Predicted, record::Recorder};
use input::Input;

/// Everything that is found out about the cells.
struct Results {
    latent: Embedding,
    /// How much missing genes matter, if some are.
    missing_effect: Option<Vec<f64>>,
    predicted: Option<Predicted>,
    assessment: Option<ClassAssessment>,
    decoded: Option<Dense>,
}

/// Runs the command.
pub(crate) fn run(args: &EmbedArgs, session: &Session) -> Result<(), CliError> {
    args.check()?;
    let mut recorder = Recorder::new(&session.terminal);
    let input = recorder.step("read", || input::read(args, &session.terminal))?;
    input.check(args)?;
    let truth = args.class_key.as_deref().map(|key| columns::labels(&input.obs, key, "--class-key")).transpose()?;
    for warning in input.warnings(args) {
        recorder.warn(&warning);
    }
    let results = find(&input, truth.as_ref(), args, &mut recorder)?;
    recorder.step("write", || write::write(args, &input, &results))?;
    write::tell(args, &input, &results, session);
    Ok(())
}

/// Asks the model all that is asked for.
fn find(
    input: &Input,
    truth: Option<&Labels>,
    args: &EmbedArgs,
    recorder: &mut Recorder<'_>,
) -> Result<Results, CliError> {
    let Input { model, card, data, obs, found, .. } = input;
    let latent = recorder.step("embed", || {
        let latent = embed(model, data)?;
        let summary = format!("{} cells x {} neurons", latent.n_cells(), latent.n_dimensions());
        Ok::<_, CliError>((latent, summary))
    })?;
    let missing_effect = if found.missing().is_empty() {
        None
    } else {
        Some(recorder.step("missing", || {
            let effects = missing_effect(model, data, &latent, &found.features)?;
            let mean = effects.iter().sum::<f64>() / effects.len() as f64;
            Ok::<_, CliError>((effects, format!("a like share of the other genes moves a code by {mean:.3}")))
        })?)
    };
    let predicted = if card.training.use_classifier {
        Some(recorder.step("classify", || {
            let predicted = Predicted::new(classify(model, data)?, args.unknown_below)?;
            let summary = format!("{} classes, {} cells unknown", card.categories.classes.len(), predicted.n_unknown());
            Ok::<_, CliError>((predicted, summary))
        })?)
    } else {
        None
    };
    let decoded = match args.decoded_as() {
        None => None,
        Some(decoded_as) => Some(recorder.step("decode", || {
            let decoded = decoded::decoded(model, card, data, obs, decoded_as)?;
            Ok::<_, CliError>((decoded, format!("as in {decoded_as}")))
        })?),
    };
    if decoded.as_ref().is_some_and(|decoded| decoded.iter().all(|&value| value == 0.0)) {
        recorder.warn(
            &"the decoder gives 0 for all genes of all cells, so that it has learned nothing: train with a lower --lr, or \
              with --decoder-final-activation leaky-relu",
        );
    }
    let assessment = predicted.as_ref().zip(truth).map(|(predicted, truth)| predicted.assess(truth)).transpose()?;
    Ok(Results { latent, missing_effect, predicted, assessment, decoded })
}

/// A column of numbers.
fn numbers(values: &[f64]) -> Column {
    Column::Floats(values.to_vec())
}
