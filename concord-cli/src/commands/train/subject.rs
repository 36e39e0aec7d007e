//! What a model is trained on.

use std::path::Path;

use concord_core::{Counts, Genes, Labels, LogNorm};
use concord_io::Dataset;
use concord_model::{ModelCard, Normalization, TrainingData, check_domains};
use concord_prep::{FeatureSelection, MatrixState, matrix_state};

use super::{TrainingArgs, known::Known, steps};
use crate::{
    columns,
    error::CliError,
    gene_matching::{FoundGenes, Missing, TABLE, Whose, find},
    model_input,
    outputs::Outputs,
    record::Recorder,
    terminal::Terminal,
};

/// The name of the domain of data without batches, as in the reference.
const SINGLE_DOMAIN: &str = "single_domain";

/// Everything about genes and cells that training needs beside their expression.
pub(crate) struct Subject {
    pub(crate) n_genes: usize,
    pub(crate) genes: Genes,
    pub(crate) state: MatrixState,
    /// The batch of every cell, when the cells come from several.
    pub(crate) batch: Option<Labels>,
    /// The same for training: a single one when there are none.
    pub(crate) domains: Labels,
    /// The genes to train on, where they are not to be selected.
    given: Option<FoundGenes>,
    /// How the input of the model was normalised that training begins with, if there is one and it says so.
    pub(super) pretrained_normalization: Option<Normalization>,
    known: Known,
}

impl Subject {
    /// Takes what the options name out of the data, and refuses what cannot be trained on.
    pub(crate) fn new(
        dataset: &Dataset,
        path: &Path,
        args: &TrainingArgs,
        pretrained: Option<&ModelCard>,
        terminal: &Terminal,
    ) -> Result<Self, CliError> {
        let batch = args.batch.as_deref().map(|key| columns::labels(&dataset.obs, key, "--batch")).transpose()?;
        let domains = batch.clone().unwrap_or_else(|| Labels::single(dataset.counts.n_cells(), SINGLE_DOMAIN));
        check_domains(&domains, &args.config)?;
        let given = match args.given_features(pretrained)? {
            None => None,
            Some(features) => {
                let whose = if pretrained.is_some() { Whose::Model } else { Whose::List };
                let sought = (whose, &features[..]);
                Some(find(sought, &dataset.genes, &dataset.var, Missing::Refuse, TABLE, terminal)?)
            }
        };
        let state = matrix_state(&dataset.counts);
        if let Some(card) = pretrained {
            model_input::check_lone_step(card, state)?;
        }
        Ok(Self {
            n_genes: dataset.counts.n_genes(),
            genes: dataset.genes.clone(),
            state,
            batch,
            domains,
            given,
            pretrained_normalization: pretrained.and_then(|card| card.normalization),
            known: Known::read(dataset, path, &args.known, &args.config)?,
        })
    }

    /// Writes how genes that were given were found, unless all were found by their exact names.
    pub(crate) fn write_found(&self, outputs: &Outputs) -> anyhow::Result<()> {
        self.given.as_ref().map_or(Ok(()), |found| found.write(outputs))
    }

    /// All that a model is trained on.
    pub(crate) fn data<'a>(&'a self, expression: &'a LogNorm) -> TrainingData<'a> {
        self.known.data(expression, &self.domains)
    }
}

/// The input of a model that is about to be trained.
pub(crate) struct Prepared {
    pub(crate) selection: FeatureSelection,
    pub(crate) features: Genes,
    pub(crate) data: LogNorm,
    pub(crate) normalization: Normalization,
}

/// Selects genes and normalises.
pub(crate) fn prepare(
    counts: Counts,
    subject: &Subject,
    args: &TrainingArgs,
    recorder: &mut Recorder<'_>,
) -> Result<Prepared, CliError> {
    let selection = recorder.step("select", || match &subject.given {
        Some(found) => {
            let selection = FeatureSelection::given(found.positions.clone(), subject.n_genes)?;
            Ok::<_, CliError>((selection, format!("{} genes as given", found.positions.len())))
        }
        None => steps::select(&counts, subject, args),
    })?;
    for warning in &selection.warnings {
        recorder.warn(warning);
    }
    if subject.state == MatrixState::Logged {
        recorder.warn(&if args.tutorial {
            "the matrix seems to be logged already; --tutorial normalises and logs it once more, as the authors' notebook \
             does. Leave --tutorial out to use it as it is"
        } else {
            "the matrix seems to be logged already: it is used as it is, without normalisation"
        });
    }
    let features = subject.genes.select(&selection.chosen);
    let (data, normalization) = recorder.step("normalise", || steps::to_input(counts, subject, &selection, args))?;
    Ok(Prepared { selection, features, data, normalization })
}
