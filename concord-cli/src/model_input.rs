//! A matrix on its way into a model.

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
        terminal.line(
            "the model does not say how its input was normalised: cells are scaled to the median total and logged, as usual",
        );
        self::normalization(&counts, state, NormalizeConfig::default())?
    };
    Ok((normalized(counts, normalization)?.select_genes(&positions), positions))
}

/// Where the model's genes stand; missing ones are an error that lists them.
fn positions(genes: &Genes, features: &[String]) -> Result<Vec<usize>, CliError> {
    let places: Vec<Option<usize>> = features.iter().map(|gene| genes.position(gene)).collect();
    let missing: Vec<&str> =
        features.iter().zip(&places).filter(|(_, place)| place.is_none()).map(|(gene, _)| gene.as_str()).collect();
    let Some(first) = missing.first() else { return Ok(places.into_iter().flatten().collect()) };
    let listed = missing[..missing.len().min(N_LISTED)].join(", ");
    let more = if missing.len() > N_LISTED { ", ..." } else { "" };
    Err(CliError::usage(format!(
        "{} of the model's {} genes are not in the matrix: {listed}{more}; the nearest to {first} are: {}; choose the \
         matrix that the model was trained on with --layer or --use-raw",
        missing.len(),
        features.len(),
        nearest_few(first, genes.names().iter().map(String::as_str))
    )))
}
