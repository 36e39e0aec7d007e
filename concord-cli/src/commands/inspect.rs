//! `concord inspect`: what is in an h5ad file.

use std::path::PathBuf;

use clap::Args;
use concord_io::{
    ColumnKind, ColumnSummary, EntryKind, EntrySummary, MatrixSummary, SampleState, Summary, inspect_h5ad,
};
use concord_prep::LARGEST_LOGGED;
use serde_json::{Value, json};

use crate::{Session, error::CliError, text_table::text_table};

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The .h5ad file
    #[arg(value_name = "FILE.h5ad")]
    pub(crate) input: PathBuf,
}

/// Categories that are named; of more, the largest are.
const N_NAMED_CATEGORIES: usize = 12;

/// Runs the command.
pub(crate) fn inspect(args: &InspectArgs, session: &Session) -> Result<(), CliError> {
    let summary = inspect_h5ad(&args.input)?;
    if session.json {
        super::print_json(&to_json(&summary));
    } else {
        super::print(&to_text(&args.input.display().to_string(), &summary));
    }
    Ok(())
}

fn to_text(path: &str, summary: &Summary) -> String {
    let mut text = format!(
        "{path}: {} cells x {} genes, {:.1} MB{}\n",
        summary.n_cells,
        summary.n_genes,
        summary.n_bytes as f64 / 1e6,
        summary.encoding_version.as_ref().map_or_else(String::new, |version| format!(", anndata format {version}")),
    );
    section(&mut text, "Matrices", &summary.matrices, matrix_row);
    section(&mut text, "Cells (obs)", &summary.obs, column_row);
    section(&mut text, "Genes (var)", &summary.var, column_row);
    for (title, entries) in [
        ("Embeddings of cells (obsm)", &summary.obsm),
        ("Matrices about genes (varm)", &summary.varm),
        ("Graphs of cells (obsp)", &summary.obsp),
        ("Unstructured (uns)", &summary.uns),
    ] {
        section(&mut text, title, entries, entry_row);
    }
    for column in &summary.skipped {
        text += &format!("\n{}/{} is not understood: {}", column.table, column.name, column.reason);
    }
    for problem in &summary.problems {
        text += &format!("\nproblem: {problem}");
    }
    text.trim_end().to_owned() + "\n"
}

/// A title and a table below it; nothing when there are no rows.
fn section<T>(text: &mut String, title: &str, items: &[T], row: impl Fn(&T) -> Vec<String>) {
    if items.is_empty() {
        return;
    }
    let lines = text_table(items.iter().map(row));
    *text += &format!("\n{title}\n{lines}");
}

fn matrix_row(matrix: &MatrixSummary) -> Vec<String> {
    let n_entries = matrix.n_cells as f64 * matrix.n_genes as f64;
    vec![
        matrix.source.to_string(),
        format!("{} x {}", matrix.n_cells, matrix.n_genes),
        format!("{}, {}", matrix.storage, matrix.number),
        format!(
            "{:.1} % stored, compression: {}",
            100.0 * matrix.n_stored as f64 / n_entries.max(1.0),
            matrix.compression
        ),
        format!("{}, largest {}", state_name(matrix), matrix.sample.max),
    ]
}

/// What the values seem to be, from a sample of them.
fn state_name(matrix: &MatrixSummary) -> &'static str {
    match matrix.sample.state() {
        SampleState::Zeros => "zeros only",
        SampleState::Counts => "counts",
        SampleState::Normalized if matrix.sample.max <= LARGEST_LOGGED => "normalised and logged",
        SampleState::Normalized => "normalised",
        SampleState::Negative => "with negative values: scaled",
        SampleState::NotFinite => "with NaN or infinite values",
    }
}

fn column_row(column: &ColumnSummary) -> Vec<String> {
    let (kind, detail) = match &column.kind {
        ColumnKind::Categories(categories) => (format!("{} categories", categories.len()), category_list(categories)),
        ColumnKind::Integers { range } => ("integers".to_owned(), range_text(*range)),
        ColumnKind::Floats { range } => ("numbers".to_owned(), range_text(*range)),
        ColumnKind::Booleans { n_true } => ("true or false".to_owned(), format!("{n_true} true")),
        ColumnKind::Texts { n_distinct } => ("texts".to_owned(), format!("{n_distinct} different")),
        _ => ("something else".to_owned(), String::new()),
    };
    let missing = if column.n_missing > 0 { format!("; {} missing", column.n_missing) } else { String::new() };
    vec![column.name.clone(), kind, detail + &missing]
}

fn range_text<T: std::fmt::Display>(range: Option<(T, T)>) -> String {
    range.map_or_else(|| "no values".to_owned(), |(low, high)| format!("{low} to {high}"))
}

fn category_list(categories: &[(String, usize)]) -> String {
    let mut shown: Vec<&(String, usize)> = categories.iter().collect();
    if shown.len() > N_NAMED_CATEGORIES {
        shown.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        shown.truncate(N_NAMED_CATEGORIES);
    }
    let names: Vec<String> = shown.iter().map(|(name, size)| format!("{name} ({size})")).collect();
    let n_more = categories.len() - shown.len();
    names.join(", ") + &if n_more > 0 { format!(", and {n_more} more") } else { String::new() }
}

fn entry_row(entry: &EntrySummary) -> Vec<String> {
    let shape: Vec<String> = entry.shape.iter().map(ToString::to_string).collect();
    vec![entry.name.clone(), entry_kind(entry.kind).to_owned(), shape.join(" x ")]
}

fn entry_kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Numbers => "numbers",
        EntryKind::Texts => "texts",
        EntryKind::Sparse => "sparse matrix",
        EntryKind::Table => "table",
        EntryKind::Records => "records",
        EntryKind::Dict => "dictionary",
        _ => "something else",
    }
}

fn to_json(summary: &Summary) -> Value {
    let entries = |entries: &[EntrySummary]| -> Vec<Value> {
        let entry =
            |entry: &EntrySummary| json!({"name": entry.name, "kind": entry_kind(entry.kind), "shape": entry.shape});
        entries.iter().map(entry).collect()
    };
    let columns = |columns: &[ColumnSummary]| -> Vec<Value> { columns.iter().map(column_json).collect() };
    json!({
        "n_cells": summary.n_cells,
        "n_genes": summary.n_genes,
        "n_bytes": summary.n_bytes,
        "encoding_version": summary.encoding_version,
        "matrices": summary.matrices.iter().map(|matrix| json!({
            "source": matrix.source.to_string(),
            "n_cells": matrix.n_cells,
            "n_genes": matrix.n_genes,
            "storage": matrix.storage.to_string(),
            "number": matrix.number.to_string(),
            "n_stored": matrix.n_stored,
            "state": state_name(matrix),
            "max_of_sample": matrix.sample.max,
        })).collect::<Vec<_>>(),
        "obs": columns(&summary.obs),
        "var": columns(&summary.var),
        "obsm": entries(&summary.obsm),
        "varm": entries(&summary.varm),
        "obsp": entries(&summary.obsp),
        "uns": entries(&summary.uns),
        "problems": summary.problems,
    })
}

fn column_json(column: &ColumnSummary) -> Value {
    let mut json = json!({"name": column.name, "n_missing": column.n_missing});
    let (kind, detail) = match &column.kind {
        ColumnKind::Categories(categories) => {
            let sizes: Vec<Value> = categories.iter().map(|(name, n)| json!({"name": name, "n_cells": n})).collect();
            ("categories", json!(sizes))
        }
        ColumnKind::Integers { range } => ("integers", json!(range)),
        ColumnKind::Floats { range } => ("floats", json!(range)),
        ColumnKind::Booleans { n_true } => ("booleans", json!(n_true)),
        ColumnKind::Texts { n_distinct } => ("texts", json!(n_distinct)),
        _ => ("other", Value::Null),
    };
    json["kind"] = json!(kind);
    json["detail"] = detail;
    json
}
