use concord_core::Csr;

use super::parts::{Order, Parts};
use super::{MatrixNotes, MatrixStorage, assemble};
use crate::IoError;
use crate::h5::{Group, H5File, Node, NumericArray, attribute_sizes, attribute_text};

/// A matrix of which the file keeps the values that are not zero.
#[derive(Debug)]
pub(crate) struct SparseMatrix {
    pub(super) file: H5File,
    pub(super) object: String,
    pub(super) storage: MatrixStorage,
    pub(super) shape: (usize, usize),
    pub(super) indptr: NumericArray,
    pub(super) indices: NumericArray,
    pub(super) data: NumericArray,
}

impl SparseMatrix {
    pub(super) fn open(file: &H5File, group: &Group, object: &str) -> Result<Self, IoError> {
        // `h5sparse_format` is what anndata wrote before 0.7.
        let mut encoding = attribute_text(file, group, "encoding-type")?;
        if encoding.is_none() {
            encoding = attribute_text(file, group, "h5sparse_format")?;
        }
        let storage = match encoding.as_deref() {
            Some("csr_matrix" | "csr") => MatrixStorage::Csr,
            Some("csc_matrix" | "csc") => MatrixStorage::Csc,
            Some(other) => {
                return Err(file.unsupported(object, format!("is a {other}; expected a sparse or dense matrix")));
            }
            None => return Err(file.unsupported(object, "is a group that is no sparse matrix (no encoding-type)")),
        };
        let mut shape = attribute_sizes(file, group, "shape")?;
        if shape.is_none() {
            shape = attribute_sizes(file, group, "h5sparse_shape")?;
        }
        let Some(&[n_rows, n_columns]) = shape.as_deref() else {
            return Err(file.corrupt(object, "its shape is not given as two numbers"));
        };
        let part = |name: &str| match file.node(group, name)? {
            Some(Node::Dataset(dataset)) => NumericArray::open(file, &dataset, &format!("{object}/{name}")),
            _ => Err(file.corrupt(object, format!("its {name} is missing"))),
        };
        let (indptr, indices, data) = (part("indptr")?, part("indices")?, part("data")?);
        let matrix = Self {
            file: file.clone(),
            object: object.to_owned(),
            storage,
            shape: (n_rows, n_columns),
            indptr,
            indices,
            data,
        };
        matrix.check_lengths()?;
        Ok(matrix)
    }

    pub(super) fn shape(&self) -> (usize, usize) {
        self.shape
    }

    pub(super) fn storage(&self) -> MatrixStorage {
        self.storage
    }

    pub(super) fn values(&self) -> &NumericArray {
        &self.data
    }

    /// Holds the lengths against each other before anything is read or allocated.
    fn check_lengths(&self) -> Result<(), IoError> {
        let (n_major, n_minor) = self.major_minor();
        for array in [&self.indptr, &self.indices, &self.data] {
            if array.shape().len() != 1 {
                return Err(self.file.corrupt(array.object(), "is not one-dimensional"));
            }
        }
        if n_major.checked_add(1) != Some(self.indptr.len()) {
            let detail = format!("it has {} entries for {n_major} rows", self.indptr.len());
            return Err(self.file.corrupt(self.indptr.object(), detail));
        }
        if self.indices.len() != self.data.len() {
            let detail = format!("{} indices for {} values", self.indices.len(), self.data.len());
            return Err(self.file.corrupt(&self.object, detail));
        }
        if u32::try_from(n_minor).is_err() || u32::try_from(self.shape.1).is_err() || u32::try_from(n_major).is_err() {
            return Err(self.file.unsupported(&self.object, format!("the shape {:?} is too large", self.shape)));
        }
        Ok(())
    }

    fn major_minor(&self) -> (usize, usize) {
        match self.storage {
            MatrixStorage::Csc => (self.shape.1, self.shape.0),
            _ => self.shape,
        }
    }

    pub(super) fn read(&self) -> Result<(Csr, MatrixNotes), IoError> {
        let indptr = self.read_pointers()?;
        let (indices, n_bad_indices) = self.indices.read::<u32>()?;
        let n_minor = self.major_minor().1;
        if n_bad_indices > 0 {
            return Err(self.bad_index());
        }
        let (data, n_rounded) = self.data.read::<f32>()?;

        let mut parts = Parts { n_minor, indptr, indices, data };
        let (n_unsorted, n_duplicates) = self.put_in_order(&mut parts)?;
        let notes = MatrixNotes { n_rounded, n_unsorted, n_duplicates };
        if self.storage == MatrixStorage::Csc {
            parts = parts.transpose();
        }
        let matrix = assemble(&self.file, &self.object, self.shape, parts.indptr, parts.indices, parts.data)?;
        Ok((matrix, notes))
    }

    /// Reads where the rows (of a matrix compressed by columns, the columns) begin and end.
    pub(super) fn read_pointers(&self) -> Result<Vec<usize>, IoError> {
        let (indptr, n_bad_pointers) = self.indptr.read::<usize>()?;
        self.check_pointers(&indptr, n_bad_pointers)?;
        Ok(indptr)
    }

    /// Sorts entries and adds up doubled ones where need be. Returns the number of rows and of entries concerned.
    pub(super) fn put_in_order(&self, parts: &mut Parts) -> Result<(usize, usize), IoError> {
        match parts.order() {
            Order::OutOfRange => Err(self.bad_index()),
            Order::Canonical => Ok((0, 0)),
            Order::Unsorted => Ok(parts.canonicalize()),
        }
    }

    fn check_pointers(&self, indptr: &[usize], n_bad: usize) -> Result<(), IoError> {
        let damaged = |detail: String| Err(self.file.corrupt(self.indptr.object(), detail));
        let n_values = self.data.len();
        if n_bad > 0 {
            return damaged("it holds negative or fractional numbers".to_owned());
        }
        if indptr.first() != Some(&0) || indptr.last() != Some(&n_values) {
            return damaged(format!("it does not run from 0 to the number of values, {n_values}"));
        }
        if let Some(place) = indptr.windows(2).position(|pair| pair[0] > pair[1]) {
            return damaged(format!("it descends behind entry {place}"));
        }
        Ok(())
    }

    pub(super) fn bad_index(&self) -> IoError {
        let n_minor = self.major_minor().1;
        self.file.corrupt(self.indices.object(), format!("it points outside the {n_minor} places there are"))
    }
}
