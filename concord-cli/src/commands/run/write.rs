//! The files of a run: the annotated h5ad, the model, tables and the record.

use std::path::Path;

use anyhow::Context;
use concord_core::Column;
use concord_io::{Additions, MatrixSource, UnsValue, annotate_h5ad};
use concord_model::save;
use serde_json::{Value, json};

use super::Results;
use crate::{
    Session,
    attribution::{importance_matrix, ranked_uns},
    commands::umap::umap_key,
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
    outputs.write("features.csv", features_csv(results)?)?;
    let explained = &results.explained;
    let mut written = format!("{ANNOTATED}, {MODEL}/, features.csv");
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
    let Results { args, selection, latent, umap, dataset, .. } = results;
    let latent_key = args.output_key.clone();
    let mut is_feature = vec![Some(false); dataset.n_genes];
    for &gene in &selection.chosen {
        is_feature[gene] = Some(true);
    }
    // The genes of raw are not the rows of var.
    let var = match args.matrix.source() {
        MatrixSource::Raw => Vec::new(),
        _ => vec![(format!("{}_feature", latent_key.to_lowercase()), Column::Booleans(is_feature))],
    };
    let about = UnsValue::dict([
        ("version", UnsValue::from(env!("CARGO_PKG_VERSION"))),
        ("config", UnsValue::Text(configuration(results).to_string())),
        ("features", UnsValue::Texts(results.card.features.clone())),
        ("loss", UnsValue::Floats(results.trained.history.iter().map(|epoch| epoch.loss).collect())),
    ]);
    let mut obsm = vec![(args.umap_key(), umap.values().clone()), (latent_key.clone(), latent.values().clone())];
    obsm.extend(results.umap_3d.as_ref().map(|umap| (umap_key(&latent_key, 3), umap.values().clone())));
    let mut uns = vec![(latent_key.to_lowercase(), about)];
    let mut varm = Vec::new();
    let found = &results.explained.found.contexts;
    if let Some((by, _)) = dataset.contexts.as_ref().filter(|_| !found.is_empty()) {
        let key = format!("{latent_key}_importance");
        if !matches!(args.matrix.source(), MatrixSource::Raw) {
            varm.push((key.clone(), importance_matrix(found, &selection.chosen, dataset.n_genes)));
        }
        let method = args.attribution.config.method.name();
        uns.push((key, ranked_uns(found, &results.card.features, method, by)));
    }
    Additions { obsm, varm, var, uns, ..Additions::default() }
}

/// The tested genes with their statistics, best first.
fn features_csv(results: &Results<'_>) -> anyhow::Result<Vec<u8>> {
    let table = results.selection.to_table()?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["gene"].into_iter().chain(table.names()))?;
    for (row, gene) in results.dataset.genes.names().iter().enumerate() {
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

/// Everything that decides the result.
fn configuration(results: &Results<'_>) -> Value {
    let args = results.args;
    json!({
        "source": args.matrix.source().to_string(),
        "batch": args.batch,
        "select": args.select,
        "normalize": args.normalize,
        "train": args.train,
        "umap": args.umap,
        "umap_metric": args.umap_metric,
        "tutorial": args.tutorial,
        "by": results.dataset.contexts.as_ref().map(|(by, _)| by),
        "attribution": args.attribution.with_seed(args.train.seed),
        "gmt": args.gmt,
    })
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
    let Results { args, input, dataset, selection, trained, .. } = results;
    let labels: Vec<&String> = dataset.colours.iter().map(|(name, _)| name).collect();
    json!({
        "concord_version": env!("CARGO_PKG_VERSION"),
        "command": session.command_line,
        "input": {
            "file": input.name(),
            "n_cells": dataset.n_cells,
            "n_genes": dataset.n_genes,
            "state": dataset.state.name(),
            "labels": labels,
        },
        "config": configuration(results),
        "device": args.device,
        "threads": rayon::current_num_threads(),
        "platform": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        "n_features": selection.chosen.len(),
        "history": trained.history,
        "warnings": recorder.warnings(),
        "steps": recorder.steps(),
        "seconds": recorder.seconds(),
        "peak_memory_bytes": recorder.peak_memory_bytes(),
    })
}
