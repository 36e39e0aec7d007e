//! The model and the cells that it is asked about.

use concord_core::{LogNorm, Table};
use concord_io::{MatrixSource, ReadOptions, read_h5ad};
use concord_model::{Model, ModelCard, ModelError};

use super::EmbedArgs;
use crate::{
    error::CliError,
    gene_matching::{FoundGenes, Missing, Whose, find},
    h5ad::{InFile, replaced},
    model_input::{load_model, normalized_for},
    predicted::Predicted,
    terminal::Terminal,
};

pub(super) struct Input {
    pub(super) model: Model,
    pub(super) card: ModelCard,
    /// The model's input.
    pub(super) data: LogNorm,
    pub(super) found: FoundGenes,
    /// Number of genes of the matrix.
    pub(super) n_genes: usize,
    pub(super) obs: Table,
    obsm: Vec<String>,
    layers: Vec<String>,
}

/// Reads everything.
pub(super) fn read(args: &EmbedArgs, terminal: &Terminal) -> Result<(Input, String), CliError> {
    let (model, card) = load_model(&args.model, &args.device.open()?)?;
    let source = args.matrix.source();
    let dataset = read_h5ad(&args.input, &ReadOptions { source: source.clone() })?;
    let n_genes = dataset.genes.len();
    let table = args.table_name();
    let found = find((Whose::Model, &card.features), &dataset.genes, &dataset.var, args.missing(), &table, terminal)
        .map_err(|error| CliError::usage(format!("{error}{}", fill_hint(args))))?;
    let data = found.select(&normalized_for(dataset.counts, &card, args.if_logged(), terminal)?)?;
    let summary = format!(
        "{} cells, {} of the model's {} genes from {source}",
        data.n_cells(),
        found.features.len(),
        card.features.len()
    );
    let (obs, obsm, layers) = (dataset.obs, dataset.obsm, dataset.layers);
    Ok((Input { model, card, data, found, n_genes, obs, obsm, layers }, summary))
}

fn fill_hint(args: &EmbedArgs) -> &'static str {
    match args.missing() {
        Missing::Refuse => {
            "; or give --fill-missing to take missing genes for unexpressed ones (--gene-matching lists all)"
        }
        Missing::Fill => "",
    }
}

impl Input {
    /// Refuses questions that the model has no answer to.
    pub(super) fn check(&self, args: &EmbedArgs) -> Result<(), CliError> {
        let training = &self.card.training;
        let asks_for_classes = args.class_key.is_some() || args.unknown_below > 0.0;
        if asks_for_classes && !training.use_classifier {
            return Err(ModelError::NoHead { head: "classifier", option: "use-classifier" }.into());
        }
        if args.decoded_as().is_some() && !training.use_decoder {
            return Err(ModelError::NoHead { head: "decoder", option: "use-decoder" }.into());
        }
        Ok(())
    }

    /// What a user should know of genes that are missing, and of what is replaced.
    pub(super) fn warnings(&self, args: &EmbedArgs) -> Vec<String> {
        let mut warnings = Vec::new();
        let missing = self.found.missing();
        if !missing.is_empty() {
            let n_genes = self.card.features.len();
            let shown = missing.iter().take(10).copied().collect::<Vec<_>>().join(", ");
            let more = if missing.len() > 10 { ", ..." } else { "" };
            warnings.push(format!(
                "{} of the model's {n_genes} genes ({:.1} %) are not in the matrix and are taken for unexpressed: \
                 {shown}{more}; obs/{} tells how much that may matter for each cell",
                missing.len(),
                100.0 * missing.len() as f64 / n_genes as f64,
                super::write::missing_key(args)
            ));
        }
        let mut places = vec![format!("obsm/{}", args.output_key)];
        places.extend(super::write::layer_key(args).map(|name| format!("layers/{name}")));
        if self.card.training.use_classifier {
            places.extend(Predicted::places(&args.output_key));
        }
        if !missing.is_empty() {
            places.push(format!("obs/{}", super::write::missing_key(args)));
        }
        let in_file = InFile { obs: &self.obs, obsm: &self.obsm, layers: &self.layers };
        warnings.extend(replaced(&places, &in_file));
        warnings
    }

    /// Whether the genes of the matrix are the rows of var.
    pub(super) fn is_var(args: &EmbedArgs) -> bool {
        args.matrix.source() != MatrixSource::Raw
    }
}
