use std::io;

use concord_core::{Csr, Dense};

use crate::h5::{Appender, Attribute, ChunkedArray, Filters, GroupDraft, write_array};

/// Levels above 4 of deflate take longer than they save.
const USUAL_FILTERS: Filters = Filters::Deflate(4);

/// A matrix of cells and genes for `layers`.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// One of which most values are zero; it is written sparse by cells.
    Sparse(Csr),
    /// One with every value.
    Dense(Dense),
}

impl Layer {
    /// `[n_cells, n_genes]`.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Self::Sparse(matrix) => (matrix.rows(), matrix.cols()),
            Self::Dense(matrix) => matrix.dim(),
        }
    }

    /// About how many bytes it takes in a file, at the most.
    pub(super) fn n_bytes(&self) -> usize {
        match self {
            Self::Sparse(matrix) => 8 * matrix.nnz() + 8 * matrix.rows(),
            Self::Dense(matrix) => 4 * matrix.len(),
        }
    }

    pub(crate) fn write(&self, appender: &mut Appender) -> io::Result<u64> {
        match self {
            Self::Dense(matrix) => write_dense(matrix, appender),
            Self::Sparse(matrix) => {
                let mut arrays = SparseArrays::new(USUAL_FILTERS);
                arrays.extend(appender, matrix)?;
                arrays.finish(appender, matrix.cols())
            }
        }
    }
}

/// A sparse matrix that is written while rows come.
#[derive(Debug)]
pub(crate) struct SparseArrays {
    data: ChunkedArray<f32>,
    indices: ChunkedArray<i32>,
    row_ends: Vec<i64>,
}

impl SparseArrays {
    pub(crate) fn new(filters: Filters) -> Self {
        Self { data: ChunkedArray::new(filters), indices: ChunkedArray::new(filters), row_ends: vec![0] }
    }

    /// Number of rows up to now.
    pub(crate) fn n_rows(&self) -> usize {
        self.row_ends.len() - 1
    }

    /// Adds rows.
    pub(crate) fn extend(&mut self, appender: &mut Appender, rows: &Csr) -> io::Result<()> {
        let start = self.data.len() as i64;
        self.row_ends.extend(rows.proper_indptr().iter().skip(1).map(|&end| start + end as i64));
        let indices = rows.indices().iter().map(|&index| i32::try_from(index).map_err(io::Error::other));
        self.data.extend(appender, rows.data())?;
        self.indices.extend(appender, &indices.collect::<io::Result<Vec<_>>>()?)
    }

    /// Writes the matrix, of this many columns, and returns its address.
    pub(crate) fn finish(self, appender: &mut Appender, n_columns: usize) -> io::Result<u64> {
        let mut group = GroupDraft::new(appender, "csr_matrix", "0.1.0")?;
        group.set_attribute(appender, "shape", Attribute::Sizes(&[self.n_rows(), n_columns]))?;
        group.set("indptr", write_array(appender, &[self.row_ends.len()], self.row_ends.iter().copied())?);
        group.set("data", self.data.finish(appender)?);
        group.set("indices", self.indices.finish(appender)?);
        group.write(appender)
    }
}

/// Writes a matrix with every value.
pub(crate) fn write_dense(values: &Dense, appender: &mut Appender) -> io::Result<u64> {
    write_array(appender, &[values.nrows(), values.ncols()], values.iter().copied())
}
