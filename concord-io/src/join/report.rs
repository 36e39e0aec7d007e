use std::path::PathBuf;

use super::genes::JoinedGenes;
use super::input::Input;
use super::place::ABSENT;

/// What genes were matched by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeneKey {
    /// Their identifiers.
    Ids,
    /// Their names, because an input has no identifiers.
    Names,
}

/// One input of a join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedInput {
    /// The file or folder.
    pub path: PathBuf,
    /// What it is called.
    pub batch: String,
    /// Number of its cells.
    pub n_cells: usize,
    /// Number of its genes, of those that were to be read.
    pub n_genes: usize,
    /// Number of its genes that the result has.
    pub n_kept_genes: usize,
    /// What it has and the result has not, beside genes and columns about cells and genes: `obsm/X_umap` of an h5ad file,
    /// `3 x Antibody Capture` of a 10x matrix.
    pub left_out: Vec<String>,
}

/// What was matched, changed and left out when inputs were put behind each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinReport {
    /// What genes were matched by.
    pub key: GeneKey,
    /// The inputs, in their order.
    pub inputs: Vec<JoinedInput>,
    /// Number of genes that all inputs have.
    pub n_genes_in_all: usize,
    /// Number of identifiers (or names) that stood before in their input, and were made unique to be matched.
    pub n_repeated_genes: usize,
    /// Number of genes whose names in the result were taken, and got a number.
    pub n_renamed_genes: usize,
    /// Number of genes that inputs call by different names. The first input's is taken.
    pub n_genes_called_differently: usize,
    /// Number of cells whose names in the result were taken, and got a number.
    pub n_renamed_cells: usize,
    /// Columns about cells that are not in the result, because an input does not have them.
    pub left_out_obs: Vec<String>,
    /// Columns about genes that are not in the result, because an input does not have them, or has other values.
    pub left_out_var: Vec<String>,
    /// Columns about cells that became texts, because the inputs have them in kinds that do not go together.
    pub mixed_obs: Vec<String>,
}

impl JoinReport {
    pub(super) fn new(inputs: &[Input], batches: &[String], genes: &JoinedGenes) -> Self {
        let inputs = inputs.iter().zip(batches).zip(&genes.places).map(|((input, batch), places)| JoinedInput {
            path: input.path.clone(),
            batch: batch.clone(),
            n_cells: input.cells.len(),
            n_genes: places.len(),
            n_kept_genes: places.iter().filter(|&&place| place != ABSENT).count(),
            left_out: input.left_out.clone(),
        });
        let mut n_inputs = vec![0; genes.len()];
        for &place in genes.places.iter().flatten().filter(|&&place| place != ABSENT) {
            n_inputs[place as usize] += 1;
        }
        Self {
            key: genes.key,
            inputs: inputs.collect(),
            n_genes_in_all: n_inputs.into_iter().filter(|&n_inputs| n_inputs == genes.places.len()).count(),
            n_repeated_genes: genes.n_repeated,
            n_renamed_genes: genes.n_renamed,
            n_genes_called_differently: genes.n_called_differently,
            n_renamed_cells: 0,
            left_out_obs: Vec::new(),
            left_out_var: Vec::new(),
            mixed_obs: Vec::new(),
        }
    }
}
