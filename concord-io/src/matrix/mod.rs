//! The expression matrix in each form in which a file may keep it.

mod dense;
mod parts;
mod rows;
mod sparse;

use concord_core::Csr;

use crate::IoError;
use crate::h5::{Compression, Group, H5File, Node, NumberType, NumericArray, attribute_text};

pub(crate) use dense::DenseMatrix;
pub(crate) use rows::StoredRows;
pub(crate) use sparse::SparseMatrix;

/// How a file keeps a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatrixStorage {
    /// Sparse, compressed by rows (cells).
    Csr,
    /// Sparse, compressed by columns (genes).
    Csc,
    /// Every value, zeros included.
    Dense,
}

impl std::fmt::Display for MatrixStorage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Csr => "sparse by cells (CSR)",
            Self::Csc => "sparse by genes (CSC)",
            Self::Dense => "dense",
        })
    }
}

/// What was noticed, or put right, while a matrix was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MatrixNotes {
    /// Values that 32-bit floats cannot hold exactly (integers above 2^24), and that were rounded.
    pub n_rounded: usize,
    /// Rows (columns of a matrix compressed by columns) whose entries were not in ascending order, and that were sorted.
    pub n_unsorted: usize,
    /// Entries for a place that had an entry already, and that were added to it.
    pub n_duplicates: usize,
}

/// A matrix of a file, found but not read.
#[derive(Debug)]
pub(crate) enum StoredMatrix {
    Sparse(Box<SparseMatrix>),
    Dense(Box<DenseMatrix>),
}

impl StoredMatrix {
    /// Looks at the object of this name in a group. `None` when there is none, or one that stands for "no matrix".
    pub(crate) fn find(file: &H5File, parent: &Group, name: &str) -> Result<Option<Self>, IoError> {
        let object = crate::h5::full_name(parent, name);
        match file.node(parent, name)? {
            None => Ok(None),
            Some(Node::Group(group)) => {
                SparseMatrix::open(file, &group, &object).map(|matrix| Some(Self::Sparse(Box::new(matrix))))
            }
            Some(Node::Dataset(dataset)) => {
                let encoding = attribute_text(file, &dataset, "encoding-type")?;
                if dataset.is_null() || encoding.as_deref() == Some("null") {
                    return Ok(None);
                }
                let array = NumericArray::open(file, &dataset, &object)?;
                DenseMatrix::new(file, array).map(|matrix| Some(Self::Dense(Box::new(matrix))))
            }
        }
    }

    /// `[n_cells, n_genes]`.
    pub(crate) fn shape(&self) -> (usize, usize) {
        match self {
            Self::Sparse(matrix) => matrix.shape(),
            Self::Dense(matrix) => matrix.shape(),
        }
    }

    pub(crate) fn storage(&self) -> MatrixStorage {
        match self {
            Self::Sparse(matrix) => matrix.storage(),
            Self::Dense(_) => MatrixStorage::Dense,
        }
    }

    /// Number of stored values; of a dense matrix, all of them.
    pub(crate) fn n_stored(&self) -> usize {
        self.values().len()
    }

    pub(crate) fn number(&self) -> NumberType {
        self.values().number()
    }

    pub(crate) fn compression(&self) -> Compression {
        self.values().compression()
    }

    /// The array that holds the values.
    pub(crate) fn values(&self) -> &NumericArray {
        match self {
            Self::Sparse(matrix) => matrix.values(),
            Self::Dense(matrix) => matrix.array(),
        }
    }

    /// Reads the whole matrix into memory, in canonical form: entries of a row ascending, none twice.
    pub(crate) fn read(&self) -> Result<(Csr, MatrixNotes), IoError> {
        match self {
            Self::Sparse(matrix) => matrix.read(),
            Self::Dense(matrix) => matrix.read(),
        }
    }
}

/// Puts a matrix together whose parts have been made or checked by us.
fn assemble(
    file: &H5File,
    object: &str,
    shape: (usize, usize),
    indptr: Vec<usize>,
    indices: Vec<u32>,
    data: Vec<f32>,
) -> Result<Csr, IoError> {
    Csr::try_new(shape, indptr, indices, data).map_err(|(_, _, _, error)| file.corrupt(object, error))
}
