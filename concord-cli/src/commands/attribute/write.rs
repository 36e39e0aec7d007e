//! The files of `concord attribute`.

use std::fs::File;

use anyhow::Context;
use concord_io::{Additions, annotate_h5ad};
use serde_json::json;

use super::{AttributeArgs, input::Input};
use crate::{
    Session,
    attribution::{ContextResult, Findings, importance_matrix, ranked_uns, trust_rows, write_ranked},
    error::CliError,
    gene_matching::FoundGenes,
    outputs::{Outputs, file_stems},
    tables::to_csv,
};

/// The copy of the input with the results in it.
pub(super) const ANNOTATED: &str = "annotated.h5ad";

/// Writes the tables and the annotated file.
pub(super) fn write(
    args: &AttributeArgs,
    input: &Input,
    found: &Findings,
    outputs: &Outputs,
) -> Result<((), String), CliError> {
    let Findings { contexts: results, consensus } = found;
    let genes = &input.card.features;
    let path = outputs.path("ranked_genes.csv")?;
    let failed = || format!("cannot write {}", path.display());
    let mut file = File::create(&path).with_context(failed)?;
    write_ranked(&mut file, results, genes).with_context(failed)?;
    let trust = trust_rows(results);
    if !trust.is_empty() {
        outputs.write("trust.csv", to_csv(&trust)?)?;
    }
    if !consensus.is_empty() {
        outputs.write("consensus.csv", to_csv(consensus)?)?;
    }
    input.found.write(outputs)?;
    if args.per_cell {
        write_cells(input, results, outputs)?;
    }
    let mut additions = Additions::default();
    // The genes of raw are not the rows of var.
    if input.is_var {
        let matrix = importance_matrix(results, &input.found.positions, input.n_genes);
        additions.varm.push((args.output_key.clone(), matrix));
    }
    let by = args.by.as_deref().unwrap_or_default();
    additions.uns.push((args.output_key.clone(), ranked_uns(results, genes, args.method().name(), by)));
    annotate_h5ad(&args.input, outputs.path(ANNOTATED)?, &additions)?;
    Ok(((), format!("ranked_genes.csv, {ANNOTATED}")))
}

/// The scores of single cells: a table for each target, cells as rows and listed genes as columns.
fn write_cells(input: &Input, results: &[ContextResult], outputs: &Outputs) -> Result<(), CliError> {
    let genes = &input.card.features;
    let targets = || results.iter().flat_map(|context| context.targets.iter().map(move |target| (context, target)));
    let names: Vec<String> = targets().map(|(context, target)| format!("{} {}", context.name, target.name)).collect();
    let stems = file_stems(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for ((_, target), stem) in targets().zip(stems) {
        let Some((cells, scores)) = &target.cells else { continue };
        let mut writer = csv::Writer::from_writer(Vec::new());
        let failed = "cannot write the scores of cells";
        let header = target.list.iter().map(|ranked| genes[ranked.gene].clone());
        writer.write_record(["cell".to_owned()].into_iter().chain(header)).context(failed)?;
        for (&cell, scores) in cells.iter().zip(scores.rows()) {
            let values = target.list.iter().map(|ranked| scores[ranked.gene].to_string());
            writer.write_record([input.cell_names[cell].clone()].into_iter().chain(values)).context(failed)?;
        }
        let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error).context(failed)?;
        outputs.write(&format!("cells/{stem}.csv"), bytes)?;
    }
    Ok(())
}

/// Writes the record, moves everything into place and says where it is.
pub(super) fn finish(
    args: &AttributeArgs,
    found: &FoundGenes,
    results: &[ContextResult],
    outputs: Outputs,
    session: &Session,
) -> Result<(), CliError> {
    let genes_of = |context: &ContextResult| {
        let targets = context.targets.iter().map(|target| {
            json!({"name": target.name, "neuron": target.neuron, "n_genes": target.list.len(), "sum_error": target.sum_error})
        });
        json!({"name": context.name, "n_cells": context.n_cells, "targets": targets.collect::<Vec<_>>()})
    };
    let record = json!({
        "concord_version": env!("CARGO_PKG_VERSION"),
        "command": session.command_line,
        "input": args.input,
        "model": args.model,
        "by": args.by,
        "against": args.against,
        "layer": args.network_layer,
        "genes_found_by": found.record(),
        "config": args.attribution.with_seed(args.seed),
        "contexts": results.iter().map(genes_of).collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&record).context("cannot write attribution.json")?;
    outputs.write("attribution.json", format!("{text}\n"))?;
    let files = outputs.publish()?;
    if session.json {
        super::super::print_json(&record);
    } else {
        session.terminal.line(&format!("{} files in {}", files.len(), args.out.display()));
    }
    Ok(())
}
