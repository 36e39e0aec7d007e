//! `concord attribute`: which genes drive which neuron and which context.

mod args;
mod input;
mod write;

use concord_model::{Device, TrainingData};

pub(crate) use args::AttributeArgs;

use crate::{
    Session,
    attribution::{Cells, Model, NOT_IN_VARM, find, to_text, trust_rows},
    commands::train::train_replicates,
    error::CliError,
    outputs::Outputs,
    record::Recorder,
};

/// Runs the command.
pub(crate) fn run(args: &AttributeArgs, session: &Session) -> Result<(), CliError> {
    args.attribution.validate()?;
    let outputs = Outputs::new(&args.out)?;
    outputs.protect(&args.input, write::ANNOTATED)?;
    let terminal = &session.terminal;
    let mut recorder = Recorder::new(terminal);
    let input = recorder.step("read", || input::read(args, terminal))?;
    if !input.is_var {
        terminal.line(NOT_IN_VARM);
    }
    let (encoder, data) = (&input.encoder, &input.data);
    let network = match args.network_layer {
        Some(layer) => encoder
            .network_up_to(layer)
            .map_err(|error| CliError::usage(format!("--network-layer {layer}: {error}")))?,
        None => encoder.network(),
    };
    let latent = recorder.step("embed", || input.embed(&network, args))?;
    let wanted = args.wanted(&input.labels)?;
    let model = Model { encoder, network: &network, latent: &latent };
    let baseline = input.baseline_cells.as_ref().map(|cells| data.select_cells(cells));
    let cells = Cells {
        data,
        genes: &input.card.features,
        labels: &input.labels,
        wanted: &wanted,
        baseline: baseline.as_ref(),
    };
    let more_models = || {
        let domains = input.domains(args)?;
        train_replicates(
            &TrainingData::new(data, &domains),
            &input.card.training,
            args.attribution.replicates,
            &Device::cpu(),
            terminal,
        )
    };
    let found = find(&model, &cells, &args.attribution, &args.config(), &mut recorder, more_models)?;
    recorder.step("write", || write::write(args, &input, &found, &outputs))?;
    let trust = trust_rows(&found.contexts);
    if !session.json && !trust.is_empty() {
        super::print(&to_text(&trust));
    }
    write::finish(args, &input.found, &found.contexts, outputs, session)
}
