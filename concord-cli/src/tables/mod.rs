//! Tables that commands hand to each other as CSV files: rows about a target in a context.

mod pick;
mod rows;

use std::{fs, path::Path};

use serde::{Serialize, de::DeserializeOwned};

use crate::error::CliError;
pub(crate) use pick::PickArgs;
pub(crate) use rows::{ConsensusRow, EnrichedRow, RankedGene, RankedTermRow, TrustRow};

/// A row of a table.
pub(crate) trait Row: DeserializeOwned + Serialize {
    /// The columns that make the table what it is.
    const COLUMNS: &'static [&'static str];
    /// The command that writes it.
    const MADE_BY: &'static str;

    /// Context and target; empty when the table is about none.
    fn place(&self) -> (&str, &str);
}

/// The rows about one target in one context, in the order of the table.
#[derive(Debug, Clone)]
pub(crate) struct Group<R> {
    pub(crate) context: String,
    pub(crate) target: String,
    pub(crate) rows: Vec<R>,
}

impl<R> Group<R> {
    /// How messages and figures call it; empty for rows about nothing in particular.
    pub(crate) fn name(&self) -> String {
        group_name(&self.context, &self.target)
    }

    /// The group of another table that is about the same target in the same context.
    pub(crate) fn find_in<'a, S>(&self, others: &'a [Group<S>]) -> Option<&'a Group<S>> {
        others.iter().find(|other| other.context == self.context && other.target == self.target)
    }
}

/// `CD4 T cells, neuron 50`, or what there is of it.
pub(crate) fn group_name(context: &str, target: &str) -> String {
    [context, target].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The text of a file that a user named.
pub(crate) fn read_text(path: &Path) -> Result<String, CliError> {
    let bytes = fs::read(path)
        .map_err(|error| CliError::usage(format!("{}: cannot be read ({error}); check the path", path.display())))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| CliError::usage(format!("{}: this is no text file (its bytes are not UTF-8)", path.display())))?;
    Ok(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned))
}

/// The names of the columns: the first line as CSV.
pub(crate) fn column_names(text: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.headers().map_or_else(|_| Vec::new(), |names| names.iter().map(|name| name.trim().to_owned()).collect())
}

/// Whether a text is a table of these rows.
pub(crate) fn is_table_of<R: Row>(text: &str) -> bool {
    let names = column_names(text);
    R::COLUMNS.iter().all(|&column| names.iter().any(|name| name == column))
}

/// Rows in groups, in the order of their first rows.
pub(crate) fn grouped<R: Row>(rows: impl IntoIterator<Item = R>) -> Vec<Group<R>> {
    let mut groups: Vec<Group<R>> = Vec::new();
    for row in rows {
        let (context, target) = row.place();
        match groups.iter_mut().rev().find(|group| group.context == context && group.target == target) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group { context: context.to_owned(), target: target.to_owned(), rows: vec![row] }),
        }
    }
    groups
}

/// Reads a table; `path` is named in messages. Groups stand in the order of their first rows.
pub(crate) fn parse<R: Row>(path: &Path, text: &str) -> Result<Vec<Group<R>>, CliError> {
    let names = column_names(text);
    if let Some(missing) = R::COLUMNS.iter().find(|&&column| names.iter().all(|name| name != column)) {
        return Err(CliError::usage(format!(
            "{}: has no column '{missing}', so it is no table of `{}`; its columns are: {}",
            path.display(),
            R::MADE_BY,
            names.join(", ")
        )));
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(text.as_bytes());
    let rows: Result<Vec<R>, csv::Error> = reader.deserialize::<R>().collect();
    let groups = grouped(rows.map_err(|error| bad_row(path, &names, &error))?);
    if groups.is_empty() {
        return Err(CliError::usage(format!("{}: the table has no rows", path.display())));
    }
    Ok(groups)
}

fn bad_row(path: &Path, names: &[String], error: &csv::Error) -> CliError {
    let line = error.position().map_or(0, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let column = err.field().and_then(|field| names.get(field as usize));
            column.map_or_else(|| err.to_string(), |column| format!("column '{column}': {}", err.kind()))
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} fields, the header has {expected_len}; put names with commas into quotes")
        }
        _ => error.to_string(),
    };
    CliError::usage(format!("{}: line {line}: {reason}", path.display()))
}

/// The rows as the bytes of a CSV file.
pub(crate) fn to_csv<R: Row>(rows: &[R]) -> anyhow::Result<Vec<u8>> {
    Ok([header::<R>(), rows_csv(rows)?].concat())
}

/// The line of CSV above the rows.
pub(crate) fn header<R: Row>() -> Vec<u8> {
    (R::COLUMNS.join(",") + "\n").into_bytes()
}

/// The rows as CSV, without a header.
pub(crate) fn rows_csv<R: Row>(rows: &[R]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}
