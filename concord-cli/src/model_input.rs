//! A matrix on its way into a model.

use std::path::Path;

use concord_core::{Counts, Genes, LogNorm, Table};
use concord_model::{Device, Model, ModelCard, Normalization, load};
use concord_prep::{MatrixState, NormalizeConfig, matrix_state, median_total, normalize};

use crate::{
    error::CliError,
    gene_matching::{FoundGenes, Missing, TABLE, Whose, find},
    terminal::Terminal,
};

/// What to do with a logged matrix when the model was trained on what concord normalised and logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfLogged {
    /// Normalise and log it again, as was done for the training if that was on a logged matrix too.
    LogAgain,
    /// Take the logarithm away first, which gives what was logged up to the total of each cell.
    Undo,
}

/// The model in a folder of concord or of the Python package.
pub(crate) fn load_model(folder: &Path, device: &Device) -> Result<(Model, ModelCard), CliError> {
    load(folder, device)
        .map_err(|error| CliError::usage(format!("{error}; give the folder that holds the model's files")))
}

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

/// Refuses values that are not as those were that a model of the Python package learned from with one of the two steps of
/// normalisation alone. The logarithm can be taken beforehand, and the values be used as they are.
pub(crate) fn check_lone_step(card: &ModelCard, state: MatrixState) -> Result<(), CliError> {
    match card.lone_step() {
        None => Ok(()),
        Some("log1p") if state == MatrixState::Logged => Ok(()),
        Some("log1p") => Err(CliError::usage(format!(
            "the model was trained by concord-sc with log1p alone, and the matrix holds {state}: bring the values logged, as \
             after that step, with --layer or --use-raw"
        ))),
        Some(step) => Err(CliError::usage(format!(
            "the model was trained by concord-sc with {step} alone, on values that are not logged, which no model is given \
             here: train again on normalised and logged values"
        ))),
    }
}

/// The input of an existing model: its genes, normalised as for its training; and how they were found in the matrix.
pub(crate) fn for_model(
    counts: Counts,
    genes: &Genes,
    var: &Table,
    card: &ModelCard,
    terminal: &Terminal,
) -> Result<(LogNorm, FoundGenes), CliError> {
    let found = find((Whose::Model, &card.features), genes, var, Missing::Refuse, TABLE, terminal)?;
    let data = normalized_for(counts, card, IfLogged::LogAgain, terminal)?;
    Ok((found.select(&data)?, found))
}

/// A matrix with all its genes, normalised as for the training of a model.
pub(crate) fn normalized_for(
    counts: Counts,
    card: &ModelCard,
    if_logged: IfLogged,
    terminal: &Terminal,
) -> Result<LogNorm, CliError> {
    let state = matrix_state(&counts);
    check_lone_step(card, state)?;
    let normalization = match card.normalization {
        Some(known @ Normalization::TotalAndLog { .. })
            if state == MatrixState::Logged && if_logged == IfLogged::Undo =>
        {
            terminal.warning(
                "the matrix seems to be logged already, and the model was trained on counts: the logarithm is undone, then \
                 cells are normalised and logged as for the training; --tutorial logs once more instead",
            );
            return normalized(Counts::new(counts.into_matrix().map(|value| value.exp_m1()))?, known);
        }
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
    normalized(counts, normalization)
}
