//! `concord run`: the whole job, from an h5ad file to a folder of results.

mod args;
mod data;
mod explain;
mod figures;
mod input;
mod report;
mod steps;
mod write;

use concord_core::Embedding;
use concord_model::{ClassAssessment, ModelCard, Trained};
use concord_prep::FeatureSelection;

pub(crate) use args::RunArgs;
pub(crate) use input::{read, warnings};

use crate::{
    Session,
    commands::{
        enrich::{check_sets, read_gmt},
        train::{Prepared, Sitting, assess_held_out, embed_cells, predict_classes, prepare, train_encoder},
    },
    error::CliError,
    outputs::Outputs,
    predicted::Predicted,
    record::Recorder,
};
use data::Described;
use explain::{Explained, Trainee};
use input::Input;

/// Everything that a run found, on its way into files.
struct Results<'a> {
    args: &'a RunArgs,
    input: Input,
    dataset: Described,
    selection: FeatureSelection,
    trained: Trained,
    /// How good the classifier is on cells that were left out.
    held_out: Option<ClassAssessment>,
    card: ModelCard,
    latent: Embedding,
    predicted: Option<Predicted>,
    umap: Embedding,
    /// The UMAP of three dimensions, when it was asked for.
    umap_3d: Option<Embedding>,
    explained: Explained,
}

impl Results<'_> {
    /// The loss of each epoch, as figures take it.
    fn losses(&self) -> Vec<f32> {
        self.trained.history.iter().map(|epoch| epoch.loss as f32).collect()
    }
}

/// Runs the command.
pub(crate) fn run(args: &RunArgs, session: &Session) -> Result<(), CliError> {
    args.training.check()?;
    args.umap.validate()?;
    args.attribution.validate()?;
    args.training.check_replicates(args.attribution.replicates)?;
    let device = args.training.device.open()?;
    let pretrained = args.training.pretrained(&device)?;
    let input = Input::open(args.input.as_deref())?;
    let outputs = Outputs::new(&args.out)?;
    outputs.protect(input.path(), write::ANNOTATED)?;
    let terminal = &session.terminal;
    let mut recorder = Recorder::new(terminal);
    let sets = args.gmt.as_deref().map(|path| read_gmt(path, session)).transpose()?;

    let dataset = recorder.step("read", || read(input.path(), &args.training.matrix))?;
    let (counts, dataset) = {
        let card = pretrained.as_ref().map(|(_, card)| card);
        data::describe(dataset, &input, args, card, &mut recorder)?
    };
    let Prepared { selection, features, data, normalization } =
        prepare(counts, &dataset.subject, &args.training, &mut recorder)?;
    if let Some(sets) = &sets {
        check_sets(sets, features.names())?;
    }
    let training = dataset.subject.data(&data);
    let config = &args.training.config;
    let trained = recorder.step("train", || {
        let sitting = Sitting::uninterrupted(pretrained.as_ref().map(|(model, _)| model));
        Ok::<_, CliError>(train_encoder(&training, config, &device, sitting, terminal)?)
    })?;
    for note in &trained.notes {
        recorder.warn(note);
    }
    let held_out = assess_held_out(&trained, &training, &mut recorder)?;
    let latent = recorder.step("embed", || embed_cells(&trained, &data))?;
    let predicted = predict_classes(&trained, &data, &mut recorder)?;
    let umap = recorder.step("umap", || steps::draw_umap(&latent, args, args.umap.n_components, terminal))?;
    let umap_3d = if args.umap_3d && args.umap.n_components != 3 {
        Some(recorder.step("umap 3d", || steps::draw_umap(&latent, args, 3, terminal))?)
    } else {
        None
    };
    let trainee = Trainee {
        data: &data,
        features: &features,
        dataset: &dataset,
        trained: &trained,
        latent: &latent,
        device: &device,
    };
    let explained = explain::explain(&trainee, sets.as_deref(), args, &mut recorder)?;
    let card = ModelCard::new(config.clone(), normalization, &features, &data, dataset.subject.domains.names());
    drop(data);
    let results = Results {
        args,
        input,
        dataset,
        selection,
        trained,
        held_out,
        card,
        latent,
        predicted,
        umap,
        umap_3d,
        explained,
    };
    recorder.step("figures", || figures::draw(&results, &outputs))?;
    if !args.no_report {
        let warnings = recorder.warnings().to_vec();
        // What was trained is worth more than a page about it.
        if let Err(error) = recorder.step("report", || report::write(&results, warnings, &outputs)) {
            recorder.warn(&format!("report.html was not written: {error}"));
        }
    }
    recorder.step("write", || write::write(&results, &outputs))?;
    write::finish(&results, outputs, &recorder, session)
}
