//! `concord attribute`: which genes drive which neuron and which context.

mod args;
mod input;
mod write;

use concord_model::Encoder;

pub(crate) use args::AttributeArgs;

use crate::{
    Session,
    attribution::{
        Cells, Subject, compare_with_random_weights, compare_with_seeds, contexts, explain, to_text, trust_rows,
    },
    commands::run::train_replicates,
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
    let (encoder, data) = (&input.encoder, &input.data);
    let network = match args.layer {
        Some(layer) => encoder.network_up_to(layer)?,
        None => encoder.network(),
    };
    let latent = recorder.step("embed", || input.embed(&network, args))?;
    let wanted = args.wanted(&input.labels)?;
    let config = args.config();
    let contexts = contexts(&latent, &input.labels, &wanted)?;
    let n_targets: usize = contexts.iter().map(|context| context.targets.len()).sum();
    if n_targets == 0 {
        return Err(CliError::usage(
            "there is nothing to attribute: a single context has no rest to be held against; name neurons with --neurons",
        ));
    }
    let genes = &input.card.features;
    let subject = Subject { network: &network, data };
    let mut results = recorder.step("attribute", || {
        let results = explain(&subject, &contexts, &args.attribution, &config, terminal)?;
        let summary = format!("{n_targets} targets in {} contexts, {}", contexts.len(), config.method.name());
        Ok::<_, CliError>((results, summary))
    })?;
    let cells = Cells { data, genes, labels: &input.labels, wanted: &wanted };
    let mut consensus = Vec::new();
    if args.layer.is_none() {
        if !args.attribution.no_trust && wanted.contrast {
            compare_with_random_weights(&mut results, encoder, &cells, &args.attribution, terminal)?;
        }
        if args.attribution.replicates > 1 {
            let others: Vec<Encoder> = recorder.step("replicates", || {
                let domains = input.domains(args)?;
                train_replicates(data, &domains, &input.card.training, args.attribution.replicates, terminal)
            })?;
            consensus = compare_with_seeds(&mut results, &others, &cells, &args.attribution, terminal)?;
        }
    }
    recorder.step("write", || write::write(args, &input, &results, &consensus, &outputs))?;
    let trust = trust_rows(&results);
    if !session.json && !trust.is_empty() {
        super::print(&to_text(&trust));
    }
    write::finish(args, &results, outputs, session)
}
