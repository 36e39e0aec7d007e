use thiserror::Error;

/// What is wrong with a piece of data that was about to become one of this crate's types.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CoreError {
    /// The matrix has no rows or no columns.
    #[error("the matrix is empty ({n_rows} cells x {n_columns} genes): nothing can be learned from it")]
    EmptyMatrix {
        /// Number of rows (cells).
        n_rows: usize,
        /// Number of columns (genes).
        n_columns: usize,
    },
    /// A value is NaN or infinite.
    #[error("the matrix holds {value} at cell {row}, gene {column}: replace or remove values that are not finite")]
    NotFinite {
        /// Row of the first such value, from 0.
        row: usize,
        /// Column of the first such value, from 0.
        column: usize,
        /// The value.
        value: f32,
    },
    /// A value is negative.
    #[error(
        "the matrix holds the negative value {value} at cell {row}, gene {column}: expected counts or log-normalised \
         expression, this looks scaled; choose another matrix (a layer, or raw)"
    )]
    Negative {
        /// Row of the first such value, from 0.
        row: usize,
        /// Column of the first such value, from 0.
        column: usize,
        /// The value.
        value: f32,
    },
    /// Two things that must have the same length have not.
    #[error("{what}: expected {expected} entries, found {found}")]
    LengthMismatch {
        /// What was being put together.
        what: &'static str,
        /// The length that the rest of the data has.
        expected: usize,
        /// The length that was given.
        found: usize,
    },
    /// A category code points past the list of category names.
    #[error("label {code} of cell {row} points past the {n_categories} categories")]
    CodeOutOfRange {
        /// Row of the first such code, from 0.
        row: usize,
        /// The code.
        code: u32,
        /// Number of categories.
        n_categories: usize,
    },
}
