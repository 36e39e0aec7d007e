//! The expression of single genes, as figures show it.

use std::path::Path;

use concord_core::{Dense, Genes, LogNorm};
use concord_io::{MatrixSource, ReadOptions, read_genes, read_h5ad};
use concord_prep::{MatrixState, NormalizeConfig, matrix_state, normalize};

use crate::{error::CliError, names::nearest_few, terminal::Terminal};

/// Genes that were looked up in a file, and their expression.
pub(crate) struct Expression {
    names: Vec<String>,
    /// `[n_cells, n_names]`.
    values: Dense,
}

impl Expression {
    /// Reads genes, whose names must be known; says how the values came about.
    pub(crate) fn read(
        path: &Path,
        source: &MatrixSource,
        genes: &[String],
        terminal: &Terminal,
    ) -> Result<Self, CliError> {
        let mut names = genes.to_vec();
        names.sort_unstable();
        names.dedup();
        let dataset = read_h5ad(path, &ReadOptions { source: source.clone() })?;
        let positions: Vec<usize> = names.iter().filter_map(|name| dataset.genes.position(name)).collect();
        let state = matrix_state(&dataset.counts);
        let expression = match state {
            MatrixState::Logged => LogNorm::from_logged(dataset.counts.into_matrix())?,
            MatrixState::Counts | MatrixState::Normalized => {
                terminal.line(&format!(
                    "{source} holds {state}: normalised to the median total and logged for the colours"
                ));
                normalize(dataset.counts, &NormalizeConfig::default())?
            }
        };
        Ok(Self { names, values: expression.select_genes(&positions).matrix().to_dense() })
    }

    /// The expression of a gene in every cell; nothing when it was not read.
    pub(crate) fn of(&self, gene: &str) -> Vec<f32> {
        let position = self.names.binary_search_by(|name| name.as_str().cmp(gene));
        position.map_or_else(|_| Vec::new(), |position| self.values.column(position).to_vec())
    }
}

/// The names of the genes of a matrix.
pub(crate) fn genes(path: &Path, source: &MatrixSource) -> Result<Genes, CliError> {
    Ok(read_genes(path, source)?)
}

/// Refuses names that no gene has; `option` is the option that named them.
pub(crate) fn check_genes(
    path: &Path,
    source: &MatrixSource,
    genes: &Genes,
    names: &[String],
    option: &str,
) -> Result<(), CliError> {
    match names.iter().find(|name| genes.position(name).is_none()) {
        None => Ok(()),
        Some(unknown) => Err(CliError::usage(format!(
            "{option} {unknown}: no such gene in {source}; {}",
            instead_of(path, source, genes, unknown)
        ))),
    }
}

/// What to do about a gene that a matrix does not have: take it from raw when it is there, or take another.
pub(crate) fn instead_of(path: &Path, source: &MatrixSource, genes: &Genes, unknown: &str) -> String {
    if *source == MatrixSource::X
        && read_genes(path, &MatrixSource::Raw).is_ok_and(|raw| raw.position(unknown).is_some())
    {
        return "raw has it: give --use-raw".to_owned();
    }
    format!("the nearest genes are: {}", nearest_few(unknown, genes.names().iter().map(String::as_str)))
}
