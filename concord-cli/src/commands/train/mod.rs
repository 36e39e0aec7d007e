//! `concord train`: a model of an h5ad file, without figures, genes and report; and the parts of it that `concord run`
//! has too.

mod args;
mod known;
mod sitting;
mod steps;
mod subject;
mod write;

use std::path::Path;

use concord_model::{Device, Model, ModelCard, ModelError, Trained};

pub(crate) use args::{TrainArgs, TrainingArgs};
pub(crate) use sitting::Sitting;
pub(crate) use steps::{assess_held_out, embed_cells, predict_classes, train_encoder, train_replicates};
pub(crate) use subject::{Prepared, Subject, prepare};
pub(crate) use write::{Found, features_csv, latent_additions, latent_places, write_embeddings};

use crate::{Session, commands::run, error::CliError, h5ad::replaced, outputs::Outputs, record::Recorder};
use sitting::Desk;
use write::Results;

impl TrainArgs {
    fn input(&self) -> &Path {
        self.input.as_deref().unwrap_or(Path::new(""))
    }

    fn out(&self) -> &Path {
        self.out.as_deref().unwrap_or(Path::new("."))
    }
}

/// Runs the command.
pub(crate) fn run(args: &TrainArgs, session: &Session) -> Result<(), CliError> {
    match &args.resume {
        None => train(args, session),
        Some(folder) => train(&sitting::taken_up(args, folder, &session.command_line)?, session),
    }
}

fn train(args: &TrainArgs, session: &Session) -> Result<(), CliError> {
    args.training.check()?;
    let device = args.training.device.open()?;
    let pretrained = args.training.pretrained(&device)?;
    let outputs = Outputs::new(args.out())?;
    outputs.protect(args.input(), write::ANNOTATED)?;
    let mut recorder = Recorder::new(&session.terminal);
    let dataset = recorder.step("read", || run::read(args.input(), &args.training.matrix))?;
    for warning in run::warnings(&dataset) {
        recorder.warn(&warning);
    }
    for warning in replaced(&latent_places(&args.output_key, &args.training), &(&dataset).into()) {
        recorder.warn(&warning);
    }
    let card = pretrained.as_ref().map(|(_, card)| card);
    let subject = Subject::new(&dataset, args.input(), &args.training, card, &session.terminal)?;
    let prepared = prepare(dataset.counts, &subject, &args.training, &mut recorder)?;
    let Prepared { selection, features, data, normalization } = &prepared;
    let mut desk = Desk::set_up(args, args.out(), &session.command_line)?;
    if args.resume.is_some() {
        session.terminal.line(&desk.place());
    }
    let trained = recorder.step("train", || {
        let begin = Begin { device: &device, pretrained: pretrained.as_ref().map(|(model, _)| model) };
        train_at(&mut desk, &subject, &prepared, begin, args, session)
    });
    let trained = trained.inspect_err(|_| desk.leave())?;
    for note in &trained.notes {
        recorder.warn(note);
    }
    let held_out = assess_held_out(&trained, &subject.data(data), &mut recorder)?;
    let latent = recorder.step("embed", || embed_cells(&trained, data))?;
    let predicted = predict_classes(&trained, data, &mut recorder)?;
    let config = args.training.config.clone();
    let card = ModelCard::new(config, *normalization, features, data, subject.domains.names());
    let results = Results {
        args,
        subject: &subject,
        selection,
        trained: &trained,
        held_out: held_out.as_ref(),
        card: &card,
        latent: &latent,
        predicted: predicted.as_ref(),
    };
    recorder.step("write", || write::write(&results, &outputs))?;
    write::finish(&results, outputs, &recorder, session)?;
    desk.clear()
}

/// What a training begins with.
#[derive(Clone, Copy)]
struct Begin<'a> {
    device: &'a Device,
    pretrained: Option<&'a Model>,
}

/// Trains, and says how to go on when that was interrupted.
fn train_at(
    desk: &mut Desk,
    subject: &Subject,
    prepared: &Prepared,
    begin: Begin<'_>,
    args: &TrainArgs,
    session: &Session,
) -> Result<(Trained, String), CliError> {
    let sitting = desk.sit_down(args, begin.pretrained)?;
    let config = &args.training.config;
    let trained = train_encoder(&subject.data(&prepared.data), config, begin.device, sitting, &session.terminal);
    trained.map_err(|error| match error {
        ModelError::Interrupted { checkpoint: Some(_), .. } => {
            CliError::Interrupted(anyhow::anyhow!("{error}; {}", Desk::advice(args.out())))
        }
        error => error.into(),
    })
}
