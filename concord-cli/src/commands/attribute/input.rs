//! The cells, their contexts and the model.

use std::{collections::HashSet, path::Path};

use concord_attr::Network;
use concord_core::{Embedding, Genes, Labels, LogNorm, Table};
use concord_io::{MatrixSource, ReadOptions, read_h5ad};
use concord_model::{Device, Encoder, EncoderNetwork, ModelCard, embed};

use super::AttributeArgs;
use crate::{columns, error::CliError, gene_matching::FoundGenes, model_input, tables::read_text, terminal::Terminal};

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
    /// The model's genes in the matrix, and how many genes that has.
    pub(super) found: FoundGenes,
    pub(super) n_genes: usize,
    /// Whether the genes of the matrix are the rows of var.
    pub(super) is_var: bool,
    pub(super) cell_names: Vec<String>,
    pub(super) labels: Labels,
    /// The cells where integrated gradients start, when they are listed.
    pub(super) baseline_cells: Option<Vec<usize>>,
    obs: Table,
}

/// Reads everything.
pub(super) fn read(args: &AttributeArgs, terminal: &Terminal) -> Result<(Input, String), CliError> {
    let (encoder, card) = model_input::load_model(&args.model, &Device::cpu())?;
    let source = args.matrix.source();
    let dataset = read_h5ad(&args.input, &ReadOptions { source: source.clone() })?;
    let cell_names = dataset.cells.names().to_vec();
    let labels = match (&args.by, &args.cells) {
        (_, Some(path)) => listed(&read_cells("--cells", path, &cell_names)?, cell_names.len())?,
        (Some(by), None) => columns::labels(&dataset.obs, by, "--by")?,
        (None, None) => return Err(CliError::usage("--by KEY says which cells belong together")),
    };
    if labels.n_missing() > 0 && args.by.is_some() {
        terminal.warning(&format!("{} cells have no label and belong to no context", labels.n_missing()));
    }
    let baseline_cells =
        args.baseline_cells.as_ref().map(|path| read_cells("--baseline-cells", path, &cell_names)).transpose()?;
    let genes: Genes = dataset.genes;
    let n_genes = genes.names().len();
    let (data, found) = model_input::for_model(dataset.counts, &genes, &dataset.var, &card, terminal)?;
    let summary = format!("{} cells, {} genes of the model from {source}", data.n_cells(), data.n_genes());
    let is_var = source != MatrixSource::Raw;
    let obs = dataset.obs;
    let input = Input { encoder, card, data, found, n_genes, is_var, cell_names, labels, baseline_cells, obs };
    Ok((input, summary))
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
fn listed(cells: &[usize], n_cells: usize) -> Result<Labels, CliError> {
    let mut codes = vec![Some(1); n_cells];
    for &cell in cells {
        codes[cell] = Some(0);
    }
    Ok(Labels::new(codes, vec![LISTED.to_owned(), NOT_LISTED.to_owned()])?)
}

/// The cells that a file lists; `option` named it.
fn read_cells(option: &str, path: &Path, names: &[String]) -> Result<Vec<usize>, CliError> {
    let text = read_text(path)?;
    let wanted: HashSet<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut unknown: Vec<&&str> = wanted.iter().filter(|name| !known.contains(*name)).collect();
    unknown.sort();
    if let Some(first) = unknown.first() {
        return Err(CliError::usage(format!(
            "{option} {}: there is no cell named '{first}'; {} of {} names are unknown",
            path.display(),
            unknown.len(),
            wanted.len()
        )));
    }
    if wanted.is_empty() {
        return Err(CliError::usage(format!("{option} {}: no cell is named; write one a line", path.display())));
    }
    Ok((0..names.len()).filter(|&cell| wanted.contains(names[cell].as_str())).collect())
}
