//! Tables as JSON, as `script/tables.js` reads them.

use concord_core::{Column, Table};
use serde::Serialize;

use super::content::{GeneRow, TermRow};
use super::data::to_script_text;
use crate::PlotError;

#[derive(Serialize)]
struct TableData<'a> {
    n_rows: usize,
    columns: Vec<TableColumn<'a>>,
    /// The column that copying a list copies.
    list: Option<usize>,
}

#[derive(Serialize)]
struct TableColumn<'a> {
    name: &'a str,
    #[serde(flatten)]
    values: Values<'a>,
}

/// One value for each row, and how to write it. What is missing is null.
#[derive(Serialize)]
#[serde(tag = "kind", content = "values", rename_all = "lowercase")]
enum Values<'a> {
    Integers(Vec<i64>),
    Singles(Vec<f32>),
    Numbers(Vec<f64>),
    /// Parts of one, written in percent.
    Parts(Vec<f32>),
    /// Probabilities, which span many powers of ten.
    Probabilities(Vec<f64>),
    Texts(Vec<Option<&'a str>>),
    Gene(Vec<&'a str>),
    /// Several genes in each row.
    Genes(Vec<&'a [String]>),
}

impl<'a> TableColumn<'a> {
    fn new(name: &'a str, values: Values<'a>) -> Self {
        Self { name, values }
    }
}

/// A ranking of genes.
pub(super) fn genes(rows: &[GeneRow]) -> Result<String, PlotError> {
    let singles = |value: fn(&GeneRow) -> f32| rows.iter().map(value).collect();
    to_script_text(&TableData {
        n_rows: rows.len(),
        columns: vec![
            TableColumn::new("Rank", Values::Integers(rows.iter().map(|row| row.rank as i64).collect())),
            TableColumn::new("Gene", Values::Gene(rows.iter().map(|row| row.gene.as_str()).collect())),
            TableColumn::new("Importance", Values::Singles(singles(|row| row.importance))),
            TableColumn::new("Mean expression", Values::Singles(singles(|row| row.mean_expression))),
            TableColumn::new("Non-zero", Values::Parts(singles(|row| row.nonzero_fraction))),
        ],
        list: Some(1),
    })
}

/// Enriched terms.
pub(super) fn terms(rows: &[TermRow]) -> Result<String, PlotError> {
    let numbers = |value: fn(&TermRow) -> f64| rows.iter().map(value).collect();
    to_script_text(&TableData {
        n_rows: rows.len(),
        columns: vec![
            TableColumn::new("Term", Values::Texts(rows.iter().map(|row| Some(row.term.as_str())).collect())),
            TableColumn::new("Overlap", Values::Texts(rows.iter().map(|row| Some(row.overlap.as_str())).collect())),
            TableColumn::new("p", Values::Probabilities(numbers(|row| row.p_value))),
            TableColumn::new("Adjusted p", Values::Probabilities(numbers(|row| row.adjusted_p_value))),
            TableColumn::new("Score", Values::Numbers(numbers(|row| row.score))),
            TableColumn::new("Genes", Values::Genes(rows.iter().map(|row| row.genes.as_slice()).collect())),
        ],
        list: Some(0),
    })
}

/// Any table.
pub(super) fn generic(table: &Table) -> Result<String, PlotError> {
    to_script_text(&TableData {
        n_rows: table.n_rows(),
        columns: table.iter().map(|(name, column)| TableColumn::new(name, values(column))).collect(),
        list: None,
    })
}

fn values(column: &Column) -> Values<'_> {
    match column {
        Column::Labels(labels) => Values::Texts((0..labels.n_cells()).map(|row| labels.name_of(row)).collect()),
        Column::Floats(numbers) => Values::Numbers(numbers.clone()),
        Column::Integers(numbers) => Values::Integers(numbers.clone()),
        Column::Booleans(truths) => {
            Values::Texts(truths.iter().map(|truth| truth.map(|truth| if truth { "yes" } else { "no" })).collect())
        }
        Column::Texts(texts) => Values::Texts(texts.iter().map(Option::as_deref).collect()),
        // The enum may grow; what this crate cannot show yet is left blank rather than refused.
        _ => Values::Texts(vec![None; column.len()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_their_order_and_what_is_missing() -> Result<(), Box<dyn std::error::Error>> {
        let mut table = Table::new(2);
        table.insert("z", Column::Floats(vec![0.5, f64::NAN]))?;
        table.insert("a</script>", Column::Booleans(vec![Some(true), None]))?;
        let json = generic(&table)?;
        let expected = concat!(
            r#"{"n_rows":2,"columns":[{"name":"z","kind":"numbers","values":[0.5,null]},"#,
            r#"{"name":"a\u003c/script>","kind":"texts","values":["yes",null]}],"list":null}"#
        );
        assert_eq!(json, expected);
        Ok(())
    }
}
