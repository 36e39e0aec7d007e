//! The files of a run: the annotated h5ad, the model, tables and the record.

use std::path::Path;

use anyhow::Context;
use concord_io::{Additions, MatrixSource, annotate_h5ad};
use concord_model::save;
use serde_json::{Value, json};

use super::Results;
use crate::{
    Session, assessment,
    attribution::{importance_matrix, ranked_uns},
    commands::{
        train::{Found, features_csv, latent_additions, write_embeddings},
        umap::umap_key,
    },
    error::CliError,
    outputs::Outputs,
    record::Recorder,
    tables::{Group, Row, to_csv},
};

/// The copy of the input with the results in it.
pub(super) const ANNOTATED: &str = "annotated.h5ad";
const MODEL: &str = "model";

/// Writes the annotated h5ad, the model directory and the table of genes.
pub(super) fn write(results: &Results<'_>, outputs: &Outputs) -> Result<((), String), CliError> {
    annotate_h5ad(results.input.path(), outputs.path(ANNOTATED)?, &additions(results))?;
    save(&outputs.path(MODEL)?, &results.trained.encoder, &results.card)?;
    outputs.write("features.csv", features_csv(&results.selection, &results.dataset.subject.genes)?)?;
    results.dataset.subject.write_found(outputs)?;
    let explained = &results.explained;
    let mut written = format!("{ANNOTATED}, {MODEL}/, features.csv");
    written += &write_embeddings(outputs, &results.trained.encoder)?;
    for (name, csv) in [
        ("ranked_genes.csv", table(&explained.ranked)?),
        ("trust.csv", rows(&explained.trust)?),
        ("consensus.csv", rows(&explained.found.consensus)?),
        ("enrichment.csv", table(&explained.enriched)?),
    ] {
        if let Some(csv) = csv {
            outputs.write(name, csv)?;
            written += &format!(", {name}");
        }
    }
    Ok(((), written))
}

/// A table as CSV; none of no rows.
fn rows<R: Row>(rows: &[R]) -> anyhow::Result<Option<Vec<u8>>> {
    if rows.is_empty() { Ok(None) } else { to_csv(rows).map(Some) }
}

fn table<R: Row + Clone>(groups: &[Group<R>]) -> anyhow::Result<Option<Vec<u8>>> {
    rows(&groups.iter().flat_map(|group| group.rows.iter().cloned()).collect::<Vec<R>>())
}

/// What is added to the input: the latent code, the UMAP, the selected genes, and how they came about.
fn additions(results: &Results<'_>) -> Additions {
    let Results { args, selection, trained, latent, predicted, umap, dataset, .. } = results;
    let predicted = predicted.as_ref();
    let latent_key = args.output_key.clone();
    let config = configuration(results).to_string();
    let mut additions = latent_additions(
        &latent_key,
        &dataset.subject,
        &args.training,
        selection,
        &Found { latent, predicted, trained, features: &results.card.features, config },
    );
    additions.obsm.insert(0, (args.umap_key(), umap.values().clone()));
    additions.obsm.extend(results.umap_3d.as_ref().map(|umap| (umap_key(&latent_key, 3), umap.values().clone())));
    let found = &results.explained.found.contexts;
    if let Some((by, _)) = dataset.contexts.as_ref().filter(|_| !found.is_empty()) {
        let key = format!("{latent_key}_importance");
        if !matches!(args.training.matrix.source(), MatrixSource::Raw) {
            additions.varm.push((key.clone(), importance_matrix(found, &selection.chosen, dataset.subject.n_genes)));
        }
        let method = args.attribution.config.method.name();
        additions.uns.push((key, ranked_uns(found, &results.card.features, method, by)));
    }
    additions
}

/// Everything that decides the result.
fn configuration(results: &Results<'_>) -> Value {
    let args = results.args;
    let mut configuration = args.training.record();
    configuration.extend([
        ("umap".to_owned(), json!(args.umap)),
        ("umap_metric".to_owned(), json!(args.umap_metric)),
        ("by".to_owned(), json!(results.dataset.contexts.as_ref().map(|(by, _)| by))),
        ("attribution".to_owned(), json!(args.attribution.with_seed(args.training.config.seed))),
        ("gmt".to_owned(), json!(args.gmt)),
    ]);
    Value::Object(configuration)
}

/// Writes record and log, moves everything into place and says where it is.
pub(super) fn finish(
    results: &Results<'_>,
    outputs: Outputs,
    recorder: &Recorder<'_>,
    session: &Session,
) -> Result<(), CliError> {
    let record = serde_json::to_string_pretty(&record(results, recorder, session)).context("cannot write run.json")?;
    outputs.write("run.json", format!("{record}\n"))?;
    outputs.write("run.log", session.terminal.log_text())?;
    let files = outputs.publish()?;
    if session.json {
        super::super::print(&format!("{record}\n"));
        return Ok(());
    }
    let out = &results.args.out;
    session.terminal.line(&format!("\n{} files in {}:", files.len(), out.display()));
    let here = std::path::absolute(out).context("cannot name the folder of the results")?;
    for file in files.iter().filter(|file| is_worth_naming(file)) {
        session.terminal.line(&format!("  {}", file.strip_prefix(&here).unwrap_or(file).display()));
    }
    Ok(())
}

/// Of a figure in three formats one is named, of the model its folder's configuration.
fn is_worth_naming(file: &Path) -> bool {
    !matches!(file.extension().and_then(|extension| extension.to_str()), Some("svg" | "pdf" | "safetensors"))
}

fn record(results: &Results<'_>, recorder: &Recorder<'_>, session: &Session) -> Value {
    let Results { args, input, dataset, selection, trained, held_out, .. } = results;
    let labels: Vec<&String> = dataset.colours.iter().map(|(name, _)| name).collect();
    json!({
        "concord_version": env!("CARGO_PKG_VERSION"),
        "command": session.command_line,
        "input": {
            "file": input.name(),
            "n_cells": dataset.n_cells,
            "n_genes": dataset.subject.n_genes,
            "state": dataset.subject.state.name(),
            "labels": labels,
        },
        "config": configuration(results),
        "device": args.training.device.device,
        "threads": rayon::current_num_threads(),
        "platform": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        "n_features": selection.chosen.len(),
        "history": trained.history,
        "held_out": held_out.as_ref().map(assessment::record),
        "warnings": recorder.warnings(),
        "steps": recorder.steps(),
        "seconds": recorder.seconds(),
        "peak_memory_bytes": recorder.peak_memory_bytes(),
    })
}
