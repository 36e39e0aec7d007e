//! `concord run`: the whole job, from an h5ad file to a folder of results.

mod args;
mod data;
mod figures;
mod input;
mod steps;
mod write;

use concord_core::Embedding;
use concord_model::{ModelCard, Trained};
use concord_prep::{FeatureSelection, MatrixState};

pub(crate) use args::RunArgs;

use crate::{Session, error::CliError, outputs::Outputs, record::Recorder};
use data::Described;
use input::Input;

/// Everything that a run found, on its way into files.
struct Results<'a> {
    args: &'a RunArgs,
    input: Input,
    dataset: Described,
    selection: FeatureSelection,
    trained: Trained,
    card: ModelCard,
    latent: Embedding,
    umap: Embedding,
}

/// Runs the command.
pub(crate) fn run(args: &RunArgs, session: &Session) -> Result<(), CliError> {
    args.train.validate()?;
    args.umap.validate()?;
    let input = Input::open(args)?;
    let outputs = Outputs::new(&args.out)?;
    outputs.protect(input.path(), write::ANNOTATED)?;
    let mut recorder = Recorder::new(&session.terminal);

    let dataset = recorder.step("read", || input::read(&input, args))?;
    let (counts, dataset) = data::describe(dataset, &input, args, &mut recorder)?;
    let selection = recorder.step("select", || steps::select(&counts, &dataset, args))?;
    for warning in &selection.warnings {
        recorder.warn(warning);
    }
    if dataset.state == MatrixState::Logged {
        recorder.warn(&"the matrix seems to be logged already: it is used as it is, without normalisation");
    }
    let data = recorder.step("normalise", || steps::to_input(counts, dataset.state, &selection, args))?;
    let trained = recorder.step("train", || steps::train_encoder(&data, &dataset.domains, args, &session.terminal))?;
    let latent = recorder.step("embed", || steps::embed_cells(&trained, &data))?;
    let umap = recorder.step("umap", || steps::draw_umap(&latent, args, &session.terminal))?;

    let features = dataset.genes.select(&selection.chosen);
    let card = ModelCard::new(args.train.clone(), &features, &data, dataset.domains.names());
    drop(data);
    let results = Results { args, input, dataset, selection, trained, card, latent, umap };
    recorder.step("figures", || figures::draw(&results, &outputs))?;
    recorder.step("write", || write::write(&results, &outputs))?;
    write::finish(&results, outputs, &recorder, session)
}
