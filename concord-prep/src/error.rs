use concord_core::CoreError;
use thiserror::Error;

use crate::LoessError;

/// What can go wrong between the counts and the input of the encoder.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PrepError {
    /// The data contradict themselves.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// A column was named that the matrix does not have.
    #[error("there is no gene in column {column}: the matrix has {n_genes}, counted from 0")]
    NoSuchGene {
        /// The column, from 0.
        column: usize,
        /// Number of columns.
        n_genes: usize,
    },
    /// A column was named twice.
    #[error("the gene in column {column} is named twice: leave one of them out")]
    GeneTwice {
        /// The column, from 0.
        column: usize,
    },
    /// An option has a value that makes no sense.
    #[error("--{option} {value} is out of range: {expected}")]
    InvalidOption {
        /// The option's name, as on the command line.
        option: &'static str,
        /// The value that was given.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
    /// Every gene was filtered out before the selection.
    #[error(
        "none of the {n_genes} genes is detected in at least {min_cells} of the {n_cells} cells used for the \
         selection: lower --min-cells (or --filter-gene-by-counts), or use more cells"
    )]
    NoGenesLeft {
        /// Number of genes in the matrix.
        n_genes: usize,
        /// Number of cells used for the selection.
        n_cells: usize,
        /// The filter.
        min_cells: usize,
    },
    /// No cell has a batch that is large enough.
    #[error("no batch has {min_batch_size} cells or more (the largest has {largest}): lower --min-batch-size")]
    NoBatchesLeft {
        /// The filter.
        min_batch_size: usize,
        /// Number of cells of the largest batch.
        largest: usize,
    },
    /// Every gene has one value in all cells.
    #[error(
        "no gene varies between the cells: each of the {n_genes} genes has one value in all {n_cells} cells, so there is \
         nothing to select from; choose another matrix (a layer, or raw)"
    )]
    NoVariation {
        /// Number of cells.
        n_cells: usize,
        /// Number of genes that passed the filters.
        n_genes: usize,
    },
    /// Batches of one cell, in which no gene can vary.
    #[error(
        "{n_single} of {n_batches} batches have a single cell, such as batch '{batch}', and no gene varies within one \
         cell: choose a batch column with larger batches, or leave such batches out of the selection (--min-batch-size)"
    )]
    SingleCellBatches {
        /// The first of them.
        batch: String,
        /// How many they are.
        n_single: usize,
        /// Number of batches that take part.
        n_batches: usize,
    },
    /// The trend of the variance over the mean cannot be fitted.
    #[error(
        "the variance of the genes cannot be modelled in {} ({n_cells} cells, {n_genes} genes that vary{}): {reason}; \
         drop or merge such small batches (--min-batch-size), raise --min-cells, or use the flavour cell_ranger",
        place(.batch.as_ref()), others_as_small(*.n_as_small)
    )]
    VarianceTrend {
        /// The batch, when there are batches.
        batch: Option<String>,
        /// Number of its cells.
        n_cells: usize,
        /// Number of batches with as few cells or fewer, this one among them.
        n_as_small: usize,
        /// Number of genes that are not constant in these cells.
        n_genes: usize,
        /// Why the fit failed. Part of the message, and therefore no source of the error.
        reason: LoessError,
    },
    /// Too many genes have the same mean, so the bins of `cell_ranger` cannot be told apart.
    #[error(
        "the genes of {} cannot be binned by mean expression: more than 5 % of them have the mean {mean}; raise \
         --min-cells, or use the flavour seurat",
        place(.batch.as_ref())
    )]
    RepeatedBinEdge {
        /// The batch, when there are batches.
        batch: Option<String>,
        /// The mean that stands for two percentiles.
        mean: f64,
    },
    /// The matrix holds nothing but zeros.
    #[error("all {n_cells} cells are without counts: nothing to normalise to; choose another matrix (a layer, or raw)")]
    NoCounts {
        /// Number of cells.
        n_cells: usize,
    },
    /// There are not that many neighbours.
    #[error("cannot find {k} neighbours of each of {n_cells} cells: choose k between 1 and the number of cells - 1")]
    NeighborCount {
        /// The number of neighbours asked for.
        k: usize,
        /// Number of cells.
        n_cells: usize,
    },
    /// More cells than a 32-bit index can number.
    #[error("{n_cells} cells are more than a neighbour graph can number ({})", u32::MAX)]
    TooManyCells {
        /// Number of cells.
        n_cells: usize,
    },
}

/// Which cells an error is about.
fn place(batch: Option<&String>) -> String {
    batch.map_or_else(|| "the data".to_owned(), |name| format!("batch '{name}'"))
}

fn others_as_small(n_as_small: usize) -> String {
    match n_as_small {
        0 | 1 => String::new(),
        2 => "; 1 other batch is as small".to_owned(),
        n => format!("; {} other batches are as small", n - 1),
    }
}
