//! A matrix on its way into a model.

use std::collections::HashMap;

use concord_core::{Counts, Genes, LogNorm};
use concord_model::{ModelCard, Normalization};
use concord_prep::{MatrixState, NormalizeConfig, matrix_state, median_total, normalize};

use crate::{error::CliError, names::nearest_few, terminal::Terminal};

/// Genes that are listed in a message.
const N_LISTED: usize = 10;

/// How a matrix is to be normalised that nobody has normalised for this model yet.
pub(crate) fn normalization(
    counts: &Counts,
    state: MatrixState,
    config: NormalizeConfig,
) -> Result<Normalization, CliError> {
    match state {
        MatrixState::Logged => Ok(Normalization::AsIs),
        MatrixState::Counts | MatrixState::Normalized => {
            let target_sum = config.target_sum.map_or_else(|| median_total(counts), Ok)?;
            Ok(Normalization::TotalAndLog { target_sum })
        }
    }
}

/// Normalises a matrix.
pub(crate) fn normalized(counts: Counts, normalization: Normalization) -> Result<LogNorm, CliError> {
    match normalization {
        Normalization::AsIs => Ok(LogNorm::from_logged(counts.into_matrix())?),
        Normalization::TotalAndLog { target_sum } => {
            Ok(normalize(counts, &NormalizeConfig { target_sum: Some(target_sum) })?)
        }
    }
}

/// The input of an existing model: its genes, normalised as for its training; and their places in the matrix.
pub(crate) fn for_model(
    counts: Counts,
    genes: &Genes,
    card: &ModelCard,
    terminal: &Terminal,
) -> Result<(LogNorm, Vec<usize>), CliError> {
    let positions = positions(genes, &card.features)?;
    let state = matrix_state(&counts);
    let normalization = match card.normalization {
        Some(Normalization::TotalAndLog { .. }) if state == MatrixState::Logged => {
            terminal.warning(
                "the matrix seems to be logged already, and the model was trained on counts that were normalised and \
                 logged: that is done again here, which is right only if it was done for the training too",
            );
            card.normalization
        }
        Some(Normalization::AsIs) if state != MatrixState::Logged => {
            return Err(CliError::usage(format!(
                "the model was trained on normalised and logged values, and the matrix holds {state}: choose the right \
                 matrix with --layer or --use-raw, or normalise it first"
            )));
        }
        known => known,
    };
    let normalization = if let Some(known) = normalization {
        known
    } else {
        let done = match state {
            MatrixState::Logged => "the matrix is logged already and used as it is",
            MatrixState::Counts | MatrixState::Normalized => {
                "cells are scaled to the median total and logged, as usual"
            }
        };
        terminal.line(&format!("the model does not say how its input was normalised: {done}"));
        self::normalization(&counts, state, NormalizeConfig::default())?
    };
    Ok((normalized(counts, normalization)?.select_genes(&positions), positions))
}

/// Where the model's genes stand; missing ones are an error that lists them.
///
/// A name that stands several times is taken in its order, if the model has all of them; else nobody knows which is meant.
fn positions(genes: &Genes, features: &[String]) -> Result<Vec<usize>, CliError> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, gene) in genes.names().iter().enumerate() {
        places.entry(gene).or_default().push(place);
    }
    let mut n_wanted: HashMap<&str, usize> = HashMap::new();
    for gene in features {
        *n_wanted.entry(gene).or_default() += 1;
    }
    let missing: Vec<&str> = features.iter().map(String::as_str).filter(|gene| !places.contains_key(gene)).collect();
    if let Some(first) = missing.first() {
        return Err(not_there(&missing, first, genes, features));
    }
    if let Some((gene, _)) = n_wanted.iter().filter(|(gene, n)| places[**gene].len() != **n).min() {
        return Err(CliError::usage(format!(
            "gene {gene} stands {} times in the matrix and {} times in the model, so it is not known which is which: make \
             the names unique (var_names_make_unique in Python) and train again",
            places[gene].len(),
            n_wanted[gene]
        )));
    }
    let mut next: HashMap<&str, usize> = HashMap::new();
    let mut positions = Vec::with_capacity(features.len());
    for gene in features {
        let nth = next.entry(gene).or_default();
        positions.push(places[gene.as_str()][*nth]);
        *nth += 1;
    }
    Ok(positions)
}

fn not_there(missing: &[&str], first: &str, genes: &Genes, features: &[String]) -> CliError {
    let listed = missing[..missing.len().min(N_LISTED)].join(", ");
    let more = if missing.len() > N_LISTED { ", ..." } else { "" };
    CliError::usage(format!(
        "{} of the model's {} genes are not in the matrix: {listed}{more}; the nearest to {first} are: {}; choose the \
         matrix that the model was trained on with --layer or --use-raw",
        missing.len(),
        features.len(),
        nearest_few(first, genes.names().iter().map(String::as_str))
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn genes_are_found_by_name_and_those_of_one_name_by_their_order() {
        let genes = Genes::new(["A", "B", "A", "C"]);
        let features = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<String>>();
        assert_eq!(positions(&genes, &features(&["C", "B"])).unwrap(), [3, 1]);
        assert_eq!(positions(&genes, &features(&["A", "C", "A"])).unwrap(), [0, 3, 2]);
        let message = positions(&genes, &features(&["A"])).unwrap_err().to_string();
        assert!(message.contains("gene A stands 2 times in the matrix and 1 times in the model"), "{message}");
        let message = positions(&genes, &features(&["B", "D", "E"])).unwrap_err().to_string();
        assert!(message.starts_with("2 of the model's 3 genes are not in the matrix: D, E;"), "{message}");
    }
}
