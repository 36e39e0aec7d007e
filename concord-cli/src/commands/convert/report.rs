//! What is said about inputs that were joined.

use std::{fmt::Display, path::Path};

use concord_io::{GeneKey, JoinReport, Joined, JoinedInput};
use serde_json::{Value, json};

use crate::record::Recorder;

/// Things that are named of a longer list.
const N_NAMED: usize = 8;

/// The result in a few words.
pub(super) fn summary(joined: &Joined) -> String {
    let shape = format!("{} cells x {} genes", joined.cells.len(), joined.genes.len());
    match joined.report.inputs.len() {
        1 => shape,
        n_inputs => format!("{shape} of {n_inputs} inputs"),
    }
}

/// What the user should know: what of the inputs is not in the result, and what was changed.
pub(super) fn tell(joined: &Joined, recorder: &mut Recorder<'_>) {
    let report = &joined.report;
    let terminal = recorder.terminal();
    if report.inputs.len() > 1 {
        report.inputs.iter().for_each(|input| terminal.line(&input_line(input)));
        let n_partly = joined.genes.len() - report.n_genes_in_all;
        if report.n_genes_in_all == 0 {
            recorder.warn(&"no gene is in all inputs; are their names or identifiers of the same kind?");
        } else if n_partly > 0 {
            recorder.warn(&format!(
                "{n_partly} genes are not in all inputs: they are 0 in the cells of those without them"
            ));
        }
        if report.key == GeneKey::Names {
            recorder.warn(&"an input has no identifiers of genes, so genes were matched by their names");
        }
    }
    for input in report.inputs.iter().filter(|input| !input.left_out.is_empty()) {
        recorder.warn(&format!("not taken over from {}: {}", input.path.display(), some(&input.left_out)));
    }
    tell_of_names(report, recorder);
    let columns = [
        (&report.left_out_obs, "columns about cells that not all inputs have are left out (--join outer keeps them)"),
        (&report.left_out_var, "columns about genes that not all inputs have, or in which they differ, are left out"),
        (&report.mixed_obs, "columns about cells that inputs have in different kinds became texts"),
    ];
    for (names, what) in columns.into_iter().filter(|(names, _)| !names.is_empty()) {
        recorder.warn(&format!("{what}: {}", some(names)));
    }
}

fn tell_of_names(report: &JoinReport, recorder: &mut Recorder<'_>) {
    let terminal = recorder.terminal();
    let tell = |count: usize, what: &str| {
        if count > 0 {
            terminal.line(&format!("{count} {what}"));
        }
    };
    tell(report.n_renamed_genes, "genes had the name of another, and got a number behind it (NAME-1)");
    tell(report.n_genes_called_differently, "genes have different names in the inputs; that of the first is taken");
    tell(report.n_repeated_genes, "genes stood twice in their input, and were matched by their order");
    tell(report.n_renamed_cells, "cells had the name of another, and got a number behind it");
}

fn input_line(input: &JoinedInput) -> String {
    let JoinedInput { path, batch, n_cells, n_genes, n_kept_genes, .. } = input;
    let kept = if n_kept_genes == n_genes { "all".to_owned() } else { n_kept_genes.to_string() };
    format!("  {batch}: {n_cells} cells x {n_genes} genes ({kept} kept), {}", path.display())
}

/// The first few of a list, and how many more there are.
fn some<T: Display>(items: &[T]) -> String {
    let shown: Vec<String> = items.iter().take(N_NAMED).map(ToString::to_string).collect();
    let n_more = items.len() - shown.len();
    shown.join(", ") + &if n_more > 0 { format!(", and {n_more} more") } else { String::new() }
}

pub(super) fn to_json(report: &JoinReport, (n_cells, n_genes): (usize, usize), out: &Path) -> Value {
    let input = |input: &JoinedInput| {
        json!({
            "path": input.path,
            "batch": input.batch,
            "n_cells": input.n_cells,
            "n_genes": input.n_genes,
            "n_kept_genes": input.n_kept_genes,
            "left_out": input.left_out,
        })
    };
    json!({
        "file": out,
        "n_cells": n_cells,
        "n_genes": n_genes,
        "inputs": report.inputs.iter().map(input).collect::<Vec<_>>(),
        "genes_matched_by": match report.key { GeneKey::Ids => "ids", GeneKey::Names => "names" },
        "n_genes_in_all": report.n_genes_in_all,
        "n_renamed_genes": report.n_renamed_genes,
        "n_repeated_genes": report.n_repeated_genes,
        "n_genes_called_differently": report.n_genes_called_differently,
        "n_renamed_cells": report.n_renamed_cells,
        "left_out_obs": report.left_out_obs,
        "left_out_var": report.left_out_var,
        "mixed_obs": report.mixed_obs,
    })
}
