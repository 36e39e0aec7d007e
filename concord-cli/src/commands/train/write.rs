//! The files of a trained model.

use anyhow::Context;
use concord_core::{Column, Embedding, Genes};
use concord_io::{Additions, MatrixSource, UnsValue, annotate_h5ad};
use concord_model::{ClassAssessment, Model, ModelCard, Trained, learned_embeddings, save};
use concord_prep::FeatureSelection;
use serde_json::{Value, json};

use super::{Subject, TrainArgs, TrainingArgs};
use crate::{
    Session, assessment,
    error::CliError,
    outputs::{Outputs, file_stems},
    predicted::Predicted,
    record::Recorder,
};

/// The copy of the input with the results in it.
pub(super) const ANNOTATED: &str = "annotated.h5ad";

/// What training found out.
pub(crate) struct Found<'a> {
    pub(crate) latent: &'a Embedding,
    pub(crate) predicted: Option<&'a Predicted>,
    pub(crate) trained: &'a Trained,
    pub(crate) features: &'a [String],
    /// Everything that decided it, as JSON.
    pub(crate) config: String,
}

/// What is added to the input: the latent code, the selected genes, and how they came about.
pub(crate) fn latent_additions(
    key: &str,
    subject: &Subject,
    args: &TrainingArgs,
    selection: &FeatureSelection,
    found: &Found<'_>,
) -> Additions {
    let mut is_feature = vec![Some(false); subject.n_genes];
    for &gene in &selection.chosen {
        is_feature[gene] = Some(true);
    }
    // The genes of raw are not the rows of var.
    let var = match args.matrix.source() {
        MatrixSource::Raw => Vec::new(),
        _ => vec![(format!("{}_feature", key.to_lowercase()), Column::Booleans(is_feature))],
    };
    let mut about = vec![
        ("version", UnsValue::from(env!("CARGO_PKG_VERSION"))),
        ("config", UnsValue::Text(found.config.clone())),
        ("features", UnsValue::Texts(found.features.to_vec())),
        ("loss", UnsValue::Floats(found.trained.history.iter().map(|epoch| epoch.loss).collect())),
    ];
    let mut additions =
        Additions { obsm: vec![(key.to_owned(), found.latent.values().clone())], var, ..Additions::default() };
    if let Some(predicted) = found.predicted {
        predicted.add_to(&mut additions, key);
        about.push(("classes", predicted.about()));
    }
    additions.uns.push((key.to_lowercase(), UnsValue::dict(about)));
    additions
}

/// The places that [`latent_additions`] take among those that a file may have already.
pub(crate) fn latent_places(key: &str, args: &TrainingArgs) -> Vec<String> {
    let classes = if args.config.use_classifier { Predicted::places(key).to_vec() } else { Vec::new() };
    [vec![format!("obsm/{key}")], classes].concat()
}

/// Everything that a training leaves behind.
pub(super) struct Results<'a> {
    pub(super) args: &'a TrainArgs,
    pub(super) subject: &'a Subject,
    pub(super) selection: &'a FeatureSelection,
    pub(super) trained: &'a Trained,
    /// How good the classifier is on cells that were left out.
    pub(super) held_out: Option<&'a ClassAssessment>,
    pub(super) card: &'a ModelCard,
    pub(super) latent: &'a Embedding,
    pub(super) predicted: Option<&'a Predicted>,
}

/// Writes the annotated h5ad, the model directory and the table of genes.
pub(super) fn write(results: &Results<'_>, outputs: &Outputs) -> Result<((), String), CliError> {
    let Results { args, subject, selection, trained, card, latent, predicted, .. } = *results;
    let config = Value::Object(args.training.record()).to_string();
    let found = Found { latent, predicted, trained, features: &card.features, config };
    let additions = latent_additions(&args.output_key, subject, &args.training, selection, &found);
    annotate_h5ad(args.input(), outputs.path(ANNOTATED)?, &additions)?;
    save(&outputs.path("model")?, &trained.encoder, card)?;
    outputs.write("features.csv", features_csv(selection, &subject.genes)?)?;
    subject.write_found(outputs)?;
    let tables = write_embeddings(outputs, &trained.encoder)?;
    Ok(((), format!("{ANNOTATED}, model/, features.csv{tables}")))
}

/// Writes what a decoder has learned of domains and covariates, a table each; returns their names, each behind a comma.
pub(crate) fn write_embeddings(outputs: &Outputs, model: &Model) -> anyhow::Result<String> {
    let embeddings = learned_embeddings(model);
    let covariates: Vec<&str> = embeddings.iter().filter_map(|embedding| embedding.covariate.as_deref()).collect();
    let mut stems = file_stems(&covariates).into_iter();
    let mut written = String::new();
    for embedding in &embeddings {
        let name = match embedding.covariate {
            None => "domain_embedding.csv".to_owned(),
            Some(_) => format!("covariate_embedding_{}.csv", stems.next().unwrap_or_default()),
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = (0..embedding.values.ncols()).map(|dimension| dimension.to_string());
        writer.write_record(std::iter::once("category".to_owned()).chain(header))?;
        for (category, row) in embedding.categories.iter().zip(embedding.values.rows()) {
            writer.write_record(std::iter::once(category.clone()).chain(row.iter().map(f32::to_string)))?;
        }
        outputs.write(&name, writer.into_inner().with_context(|| format!("cannot write {name}"))?)?;
        written += &format!(", {name}");
    }
    Ok(written)
}

/// Writes the record, moves everything into place and says where it is.
pub(super) fn finish(
    results: &Results<'_>,
    outputs: Outputs,
    recorder: &Recorder<'_>,
    session: &Session,
) -> Result<(), CliError> {
    let Results { args, subject, trained, held_out, card, .. } = *results;
    let record = json!({
        "concord_version": env!("CARGO_PKG_VERSION"),
        "command": session.command_line,
        "input": {
            "file": args.input(),
            "n_cells": card.provenance.n_cells,
            "n_genes": subject.n_genes,
            "state": subject.state.name(),
        },
        "config": args.training.record(),
        "device": args.training.device.device,
        "threads": rayon::current_num_threads(),
        "n_features": card.features.len(),
        "best_epoch": trained.best_epoch,
        "history": trained.history,
        "held_out": held_out.map(assessment::record),
        "warnings": recorder.warnings(),
        "steps": recorder.steps(),
        "seconds": recorder.seconds(),
        "peak_memory_bytes": recorder.peak_memory_bytes(),
    });
    let text = serde_json::to_string_pretty(&record).context("cannot write train.json")?;
    outputs.write("train.json", format!("{text}\n"))?;
    let files = outputs.publish()?;
    if session.json {
        super::super::print_json(&record);
    } else {
        session.terminal.line(&format!("{} files in {}", files.len(), args.out().display()));
    }
    Ok(())
}

/// The tested genes with their statistics, best first.
pub(crate) fn features_csv(selection: &FeatureSelection, genes: &Genes) -> anyhow::Result<Vec<u8>> {
    let table = selection.to_table()?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["gene"].into_iter().chain(table.names()))?;
    for (row, gene) in genes.names().iter().enumerate() {
        let cells = table.iter().map(|(_, column)| text_of(column, row));
        writer.write_record([gene.clone()].into_iter().chain(cells))?;
    }
    writer.into_inner().context("cannot write features.csv")
}

/// One entry of a column; empty where it is missing.
fn text_of(column: &Column, row: usize) -> String {
    match column {
        Column::Floats(values) if values[row].is_nan() => String::new(),
        Column::Floats(values) => values[row].to_string(),
        Column::Integers(values) => values[row].to_string(),
        Column::Booleans(values) => values[row].map_or_else(String::new, |value| value.to_string()),
        Column::Labels(labels) => labels.name_of(row).unwrap_or_default().to_owned(),
        Column::Texts(values) => values[row].clone().unwrap_or_default(),
        _ => String::new(),
    }
}
