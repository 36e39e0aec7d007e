use crate::{CoreError, Dense};

/// A point for every cell: the latent code, or its two-dimensional picture. `[n_cells, n_dimensions]`, finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Dense);

impl Embedding {
    /// Checks a matrix of shape `[n_cells, n_dimensions]` (made row-major when it is not).
    ///
    /// # Errors
    /// [`CoreError::EmptyMatrix`] or [`CoreError::NotFinite`].
    pub fn new(values: Dense) -> Result<Self, CoreError> {
        let (n_rows, n_columns) = values.dim();
        if values.is_empty() {
            return Err(CoreError::EmptyMatrix { n_rows, n_columns });
        }
        if let Some(((row, column), &value)) = values.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(CoreError::NotFinite { row, column, value });
        }
        Ok(Self(if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() }))
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.0.nrows()
    }

    /// Number of dimensions.
    pub fn n_dimensions(&self) -> usize {
        self.0.ncols()
    }

    /// The values, `[n_cells, n_dimensions]`, in row-major order.
    pub fn values(&self) -> &Dense {
        &self.0
    }

    /// Gives the values away.
    pub fn into_values(self) -> Dense {
        self.0
    }

    /// The point of one cell.
    ///
    /// # Panics
    /// If the cell is out of range.
    pub fn point(&self, cell: usize) -> &[f32] {
        let n_dimensions = self.0.ncols();
        &self.as_slice()[cell * n_dimensions..(cell + 1) * n_dimensions]
    }

    /// All points one after another, `n_cells * n_dimensions` values.
    pub fn as_slice(&self) -> &[f32] {
        // The constructor makes the layout row-major, so there always is such a slice.
        self.0.as_slice().unwrap_or_default()
    }
}
