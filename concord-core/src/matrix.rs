use crate::CoreError;

/// A sparse matrix, compressed by rows: cells are rows, genes are columns, values are 32-bit floats.
pub type Csr = sprs::CsMatI<f32, u32, usize>;

/// A dense matrix in row-major order.
pub type Dense = ndarray::Array2<f32>;

/// Expression values as they were read: finite, none negative, at least one cell and one gene.
///
/// Usually integer counts, but a file may hold normalised values under the same name; what it really holds is for
/// `concord-prep` to say. What this type guards is that nothing has been normalised *by us* yet, so that normalising
/// twice does not compile: `concord-prep` turns `Counts` into [`LogNorm`] and takes no `LogNorm`.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts(Csr);

impl Counts {
    /// Checks a matrix of shape `[n_cells, n_genes]`.
    ///
    /// # Errors
    /// [`CoreError::EmptyMatrix`], [`CoreError::NotFinite`] or [`CoreError::Negative`], with the first place found.
    pub fn new(matrix: Csr) -> Result<Self, CoreError> {
        check_expression(&matrix)?;
        Ok(Self(matrix))
    }

    /// Number of cells (rows).
    pub fn n_cells(&self) -> usize {
        self.0.rows()
    }

    /// Number of genes (columns).
    pub fn n_genes(&self) -> usize {
        self.0.cols()
    }

    /// The matrix, `[n_cells, n_genes]`.
    pub fn matrix(&self) -> &Csr {
        &self.0
    }

    /// Gives the matrix away.
    pub fn into_matrix(self) -> Csr {
        self.0
    }
}

/// Normalised and logged expression: the input of the encoder.
///
/// Made by `concord-prep` from [`Counts`]; a matrix that a file already holds in this state enters by
/// [`LogNorm::from_logged`].
#[derive(Debug, Clone, PartialEq)]
pub struct LogNorm(Csr);

impl LogNorm {
    /// Declares a matrix of shape `[n_cells, n_genes]` to be normalised and logged already.
    ///
    /// # Errors
    /// As [`Counts::new`].
    pub fn from_logged(matrix: Csr) -> Result<Self, CoreError> {
        check_expression(&matrix)?;
        Ok(Self(matrix))
    }

    /// Number of cells (rows).
    pub fn n_cells(&self) -> usize {
        self.0.rows()
    }

    /// Number of genes (columns).
    pub fn n_genes(&self) -> usize {
        self.0.cols()
    }

    /// The matrix, `[n_cells, n_genes]`.
    pub fn matrix(&self) -> &Csr {
        &self.0
    }

    /// The same cells with the given genes only, in the given order.
    ///
    /// # Panics
    /// If a column is out of range.
    #[must_use]
    pub fn select_genes(&self, columns: &[usize]) -> Self {
        Self(select_columns(&self.0, columns))
    }

    /// The given cells only, in the given order.
    ///
    /// # Panics
    /// If a row is out of range.
    #[must_use]
    pub fn select_cells(&self, rows: &[usize]) -> Self {
        Self(select_rows(&self.0, rows))
    }
}

/// The given columns of a sparse matrix, in the given order. A column may be named once only.
///
/// # Panics
/// If a column is out of range.
pub fn select_columns(matrix: &Csr, columns: &[usize]) -> Csr {
    const ABSENT: u32 = u32::MAX;
    let mut new_column = vec![ABSENT; matrix.cols()];
    for (new, &old) in columns.iter().enumerate() {
        debug_assert_eq!(new_column[old], ABSENT, "column {old} named twice");
        new_column[old] = new as u32;
    }
    let mut indptr = Vec::with_capacity(matrix.rows() + 1);
    let (mut indices, mut data) = (Vec::new(), Vec::new());
    let mut entries: Vec<(u32, f32)> = Vec::new();
    indptr.push(0);
    for row in matrix.outer_iterator() {
        entries.clear();
        entries.extend(
            row.indices()
                .iter()
                .zip(row.data())
                .map(|(&column, &value)| (new_column[column as usize], value))
                .filter(|&(column, _)| column != ABSENT),
        );
        entries.sort_unstable_by_key(|&(column, _)| column);
        indices.extend(entries.iter().map(|&(column, _)| column));
        data.extend(entries.iter().map(|&(_, value)| value));
        indptr.push(indices.len());
    }
    Csr::new((matrix.rows(), columns.len()), indptr, indices, data)
}

/// The given rows of a sparse matrix, in the given order; a row may be named more than once.
///
/// # Panics
/// If a row is out of range.
pub fn select_rows(matrix: &Csr, rows: &[usize]) -> Csr {
    let starts = matrix.indptr();
    let starts = starts.raw_storage();
    let mut indptr = Vec::with_capacity(rows.len() + 1);
    let (mut indices, mut data) = (Vec::new(), Vec::new());
    indptr.push(0);
    for &row in rows {
        let entries = starts[row]..starts[row + 1];
        indices.extend_from_slice(&matrix.indices()[entries.clone()]);
        data.extend_from_slice(&matrix.data()[entries]);
        indptr.push(indices.len());
    }
    Csr::new((rows.len(), matrix.cols()), indptr, indices, data)
}

fn check_expression(matrix: &Csr) -> Result<(), CoreError> {
    let (n_rows, n_columns) = matrix.shape();
    if n_rows == 0 || n_columns == 0 {
        return Err(CoreError::EmptyMatrix { n_rows, n_columns });
    }
    // One pass over the values; the place is looked for only when there is something to report.
    if matrix.data().iter().all(|value| value.is_finite() && *value >= 0.0) {
        return Ok(());
    }
    for (&value, (row, column)) in matrix {
        let (row, column) = (row as usize, column as usize);
        if !value.is_finite() {
            return Err(CoreError::NotFinite { row, column, value });
        }
        if value < 0.0 {
            return Err(CoreError::Negative { row, column, value });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Csr {
        // 4 0 1
        // 0 2 0
        Csr::new((2, 3), vec![0, 2, 3], vec![0, 2, 1], vec![4.0, 1.0, 2.0])
    }

    #[test]
    fn bad_values_are_named_with_their_place() {
        let with = |value| Counts::new(Csr::new((2, 2), vec![0, 1, 2], vec![0, 1], vec![1.0, value]));
        assert!(with(2.0).is_ok());
        assert_eq!(with(-2.0), Err(CoreError::Negative { row: 1, column: 1, value: -2.0 }));
        assert!(matches!(with(f32::NAN), Err(CoreError::NotFinite { row: 1, column: 1, .. })));
        assert!(matches!(with(f32::INFINITY), Err(CoreError::NotFinite { .. })));
        let empty = Counts::new(Csr::new((0, 3), vec![0], vec![], vec![]));
        assert_eq!(empty, Err(CoreError::EmptyMatrix { n_rows: 0, n_columns: 3 }));
    }

    #[test]
    fn columns_are_taken_in_the_order_given() {
        let chosen = select_columns(&small(), &[2, 0]);
        assert_eq!(chosen.to_dense(), ndarray::array![[1.0, 4.0], [0.0, 0.0]]);
    }

    #[test]
    fn rows_may_repeat() {
        let chosen = select_rows(&small(), &[1, 1, 0]);
        assert_eq!(chosen.to_dense(), ndarray::array![[0.0, 2.0, 0.0], [0.0, 2.0, 0.0], [4.0, 0.0, 1.0]]);
    }
}
