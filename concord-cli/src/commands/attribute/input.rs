//! The cells, their contexts and the model.

use concord_attr::Network;
use concord_core::{Embedding, Genes, Labels, LogNorm, Table};
use concord_io::{MatrixSource, ReadOptions, read_h5ad};
use concord_model::{Device, Encoder, EncoderNetwork, ModelCard, embed, load};

use super::AttributeArgs;
use crate::{columns, error::CliError, h5ad, model_input, tables::read_text, terminal::Terminal};

/// The context that a list of cells makes.
pub(super) const LISTED: &str = "listed cells";

/// The rest of the cells then.
const NOT_LISTED: &str = "other cells";

/// Everything that is read.
pub(super) struct Input {
    pub(super) encoder: Encoder,
    pub(super) card: ModelCard,
    /// The model's input.
    pub(super) data: LogNorm,
    /// Places of the model's genes in the matrix, and how many genes that has.
    pub(super) positions: Vec<usize>,
    pub(super) n_genes: usize,
    /// Whether the genes of the matrix are the rows of var.
    pub(super) is_var: bool,
    pub(super) cell_names: Vec<String>,
    pub(super) labels: Labels,
    obs: Table,
}

/// Reads everything.
pub(super) fn read(args: &AttributeArgs, terminal: &Terminal) -> Result<(Input, String), CliError> {
    h5ad::check_file_name(&args.input)?;
    let (encoder, card) = load(&args.model, &Device::cpu()).map_err(|error| {
        CliError::usage(format!(
            "--model {}: {error}; give the folder that holds the model's files",
            args.model.display()
        ))
    })?;
    let source = args.matrix.source();
    let dataset = read_h5ad(&args.input, &ReadOptions { source: source.clone() })?;
    let cell_names = dataset.cells.names().to_vec();
    let labels = match (&args.by, &args.cells) {
        (_, Some(path)) => listed(&read_text(path)?, &cell_names, &path.display().to_string())?,
        (Some(by), None) => columns::labels(&dataset.obs, by, "--by")?,
        (None, None) => return Err(CliError::usage("--by KEY says which cells belong together")),
    };
    if labels.n_missing() > 0 && args.by.is_some() {
        terminal.warning(&format!("{} cells have no label and belong to no context", labels.n_missing()));
    }
    let genes: Genes = dataset.genes;
    let n_genes = genes.names().len();
    let (data, positions) = model_input::for_model(dataset.counts, &genes, &card, terminal)?;
    let summary = format!("{} cells, {} genes of the model from {source}", data.n_cells(), positions.len());
    let is_var = source != MatrixSource::Raw;
    Ok((Input { encoder, card, data, positions, n_genes, is_var, cell_names, labels, obs: dataset.obs }, summary))
}

impl Input {
    /// The network's output for every cell.
    pub(super) fn embed(
        &self,
        network: &EncoderNetwork,
        args: &AttributeArgs,
    ) -> Result<(Embedding, String), CliError> {
        let latent = match args.network_layer {
            None => embed(&self.encoder, &self.data)?,
            Some(_) => Embedding::new(concord_attr::activations(network, &self.data)?)?,
        };
        let summary = format!("{} cells x {} neurons", latent.n_cells(), network.n_neurons());
        Ok((latent, summary))
    }

    /// The domains that further models are trained with.
    pub(super) fn domains(&self, args: &AttributeArgs) -> Result<Labels, CliError> {
        let known = &self.card.provenance.domains;
        match &args.batch {
            Some(key) => columns::labels(&self.obs, key, "--batch"),
            None if known.len() > 1 => Err(CliError::usage(format!(
                "the model was trained with batches ({}); --replicates trains more of the kind: name their column with --batch",
                known.join(", ")
            ))),
            None => Ok(Labels::single(self.data.n_cells(), known.first().map_or("all", String::as_str))),
        }
    }
}

/// Labels that part the listed cells from the others.
fn listed(text: &str, cells: &[String], path: &str) -> Result<Labels, CliError> {
    let wanted: std::collections::HashSet<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let known: std::collections::HashSet<&str> = cells.iter().map(String::as_str).collect();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(*name)) {
        return Err(CliError::usage(format!("--cells {path}: there is no cell named '{unknown}'")));
    }
    if wanted.is_empty() {
        return Err(CliError::usage(format!("--cells {path}: no cell is named; write one a line")));
    }
    let codes = cells.iter().map(|cell| Some(u32::from(!wanted.contains(cell.as_str())))).collect();
    Ok(Labels::new(codes, vec![LISTED.to_owned(), NOT_LISTED.to_owned()])?)
}
