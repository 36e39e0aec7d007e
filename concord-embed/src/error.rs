use concord_core::CoreError;
use thiserror::Error;

/// Why an embedding or a measure of one could not be computed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// An option has a value that makes no sense.
    #[error("--{option} {value} is out of range: {expected}")]
    InvalidOption {
        /// Name of the option, as on the command line.
        option: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// Two inputs speak of different numbers of cells.
    #[error("{what}: expected {expected} cells, found {found}; pass data of the same cells in the same order")]
    CellMismatch {
        /// Which input disagrees.
        what: &'static str,
        /// Number of cells of the other input.
        expected: usize,
        /// Number of cells of this one.
        found: usize,
    },
    /// The neighbour graph has fewer neighbours a cell than the options ask for.
    #[error(
        "the neighbour graph has {found} neighbours a cell, --umap-n-neighbors {n_neighbors} needs {needed} (the cell \
         itself counts as one): search for {needed}, or lower --umap-n-neighbors to {}", found + 1
    )]
    GraphTooSmall {
        /// The option.
        n_neighbors: usize,
        /// Neighbours needed, the cell itself not among them.
        needed: usize,
        /// Neighbours that the graph has.
        found: usize,
    },
    /// The number of neighbours does not fit the number of cells.
    #[error("{k} neighbours cannot be looked at among {n_cells} cells: choose k from 1 to {largest}")]
    TooManyNeighbors {
        /// Neighbours asked for.
        k: usize,
        /// Cells that there are.
        n_cells: usize,
        /// The largest `k` that these cells allow.
        largest: usize,
    },
    /// The labels have too few (or too many) categories to be measured.
    #[error(
        "{n_categories} categories among {n_cells} labelled cells: needed are at least 2, and fewer than there are cells; \
         choose another annotation"
    )]
    Categories {
        /// Categories with cells.
        n_categories: usize,
        /// Cells with a label.
        n_cells: usize,
    },
    /// Cross-validation with one fold or none.
    #[error("{n_folds} folds are too few for cross-validation: choose at least 2")]
    TooFewFolds {
        /// Folds asked for.
        n_folds: usize,
    },
    /// No category is large enough for cross-validation.
    #[error("{n_folds} folds, but the largest category has {largest} cells: choose fewer folds")]
    TooManyFolds {
        /// Folds asked for.
        n_folds: usize,
        /// Cells of the largest category.
        largest: usize,
    },
    /// No cell has a label in all annotations that are compared.
    #[error("no cell has a label: choose an annotation that is not empty")]
    NoLabels,
    /// Too many rows for a tree, whose making takes memory and time that grow with their square.
    #[error("{n_rows} rows are too many for a tree, the most are {largest}: cluster a sample of the rows")]
    TooManyRows {
        /// Rows that there are.
        n_rows: usize,
        /// The most that are clustered.
        largest: usize,
    },
    /// Values that are no valid embedding: empty, or not finite.
    #[error(transparent)]
    Core(#[from] CoreError),
}
