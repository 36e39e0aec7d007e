//! The columns about cells and about genes of several inputs.

use concord_core::{Column, Labels, Table};

use super::genes::{JoinedGenes, other_names_column};
use super::input::Input;
use super::place::ABSENT;
use super::{GeneNames, Join, JoinReport};
use crate::IoError;
use crate::values::{Source, gather, value};

type Columns = Vec<(String, Column)>;

/// The columns about cells, and behind them the one that tells the inputs apart: its name, and the names of the inputs.
pub(super) fn join_obs(
    inputs: &[Input],
    join: Join,
    batch: Option<(&str, &[String])>,
    report: &mut JoinReport,
) -> Result<Columns, IoError> {
    let rows = |(table, input): (u32, &Input)| (0..input.cells.len() as u32).map(move |row| Source { table, row });
    let sources: Vec<Source> = (0..).zip(inputs).flat_map(rows).collect();
    let tables: Vec<&Table> = inputs.iter().map(|input| &input.obs).collect();
    let mut joined = Vec::new();
    for name in names_in_any(&tables) {
        let columns: Vec<Option<&Column>> = tables.iter().map(|table| table.get(name)).collect();
        if join == Join::Inner && columns.contains(&None) {
            report.left_out_obs.push(name.to_owned());
            continue;
        }
        let gathered = gather(&columns, &sources);
        if gathered.is_mixed {
            report.mixed_obs.push(name.to_owned());
        }
        joined.push((name.to_owned(), gathered.column));
    }
    if let Some((key, names)) = batch {
        if joined.iter().any(|(name, _)| name == key) {
            let detail = "the inputs have a column of this name; choose another for the batches".to_owned();
            return Err(IoError::InvalidAddition { object: format!("obs/{key}"), detail });
        }
        let codes = sources.iter().map(|source| Some(source.table)).collect();
        joined.push((key.to_owned(), Column::Labels(Labels::new(codes, names.to_vec())?)));
    }
    Ok(joined)
}

/// The columns about genes: identifiers (or symbols), then those that all inputs have and agree about.
pub(super) fn join_var(
    inputs: &[Input],
    genes: &JoinedGenes,
    gene_names: GeneNames,
    report: &mut JoinReport,
) -> Columns {
    let mut joined: Columns = other_names_column(genes, gene_names).into_iter().collect();
    let tables: Vec<&Table> = inputs.iter().map(|input| &input.var).collect();
    for name in names_in_any(&tables) {
        let columns: Option<Vec<&Column>> = tables.iter().map(|table| table.get(name)).collect();
        match columns.filter(|columns| agree(columns, genes)) {
            Some(columns) => {
                let columns: Vec<Option<&Column>> = columns.into_iter().map(Some).collect();
                joined.push((name.to_owned(), gather(&columns, &genes.sources).column));
            }
            None => report.left_out_var.push(name.to_owned()),
        }
    }
    joined
}

/// Whether inputs that share a gene have the same value for it.
fn agree(columns: &[&Column], genes: &JoinedGenes) -> bool {
    columns.iter().zip(&genes.places).all(|(column, places)| {
        places.iter().enumerate().filter(|&(_, &place)| place != ABSENT).all(|(row, &place)| {
            let first = genes.sources[place as usize];
            value(columns[first.table as usize], first.row as usize) == value(column, row)
        })
    })
}

/// The names of the columns of all tables, in the order in which they first appear.
fn names_in_any<'t>(tables: &[&'t Table]) -> Vec<&'t str> {
    let mut names = Vec::new();
    for name in tables.iter().flat_map(|table| table.names()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
