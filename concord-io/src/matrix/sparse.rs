use concord_core::Csr;
use hdf5::Group;
use rayon::prelude::*;

use super::{MatrixNotes, MatrixStorage, assemble};
use crate::IoError;
use crate::h5::{H5File, Node, NumericArray, attribute_text, read_shape_attribute};

/// A matrix of which the file keeps the values that are not zero.
#[derive(Debug)]
pub(crate) struct SparseMatrix {
    file: H5File,
    object: String,
    storage: MatrixStorage,
    shape: (usize, usize),
    indptr: NumericArray,
    indices: NumericArray,
    data: NumericArray,
}

/// The three parts of a compressed matrix; "major" is the compressed dimension, rows or columns.
struct Parts {
    n_minor: usize,
    indptr: Vec<usize>,
    indices: Vec<u32>,
    data: Vec<f32>,
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
        let mut shape = read_shape_attribute(file, group, "shape")?;
        if shape.is_none() {
            shape = read_shape_attribute(file, group, "h5sparse_shape")?;
        }
        let Some(&[n_rows, n_columns]) = shape.as_deref() else {
            return Err(file.corrupt(object, "its shape is not given as two numbers"));
        };
        let part = |name: &str| match file.node(group, name)? {
            Some(Node::Dataset(dataset)) => NumericArray::open(file, dataset, &format!("{object}/{name}")),
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
        let (indptr, n_bad_pointers) = self.indptr.read::<usize>()?;
        self.check_pointers(&indptr, n_bad_pointers)?;
        let (indices, n_bad_indices) = self.indices.read::<u32>()?;
        let n_minor = self.major_minor().1;
        if n_bad_indices > 0 {
            return Err(self.bad_index());
        }
        let (data, n_rounded) = self.data.read::<f32>()?;

        let mut parts = Parts { n_minor, indptr, indices, data };
        let mut notes = MatrixNotes { n_rounded, ..MatrixNotes::default() };
        match parts.order() {
            Order::OutOfRange => return Err(self.bad_index()),
            Order::Canonical => {}
            Order::Unsorted => (notes.n_unsorted, notes.n_duplicates) = parts.canonicalize(),
        }
        if self.storage == MatrixStorage::Csc {
            parts = parts.transpose();
        }
        let matrix = assemble(&self.file, &self.object, self.shape, parts.indptr, parts.indices, parts.data)?;
        Ok((matrix, notes))
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

    fn bad_index(&self) -> IoError {
        let n_minor = self.major_minor().1;
        self.file.corrupt(self.indices.object(), format!("it points outside the {n_minor} places there are"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Canonical,
    Unsorted,
    OutOfRange,
}

impl Parts {
    fn n_major(&self) -> usize {
        self.indptr.len() - 1
    }

    fn order(&self) -> Order {
        let order_of = |major: usize| {
            let indices = &self.indices[self.indptr[major]..self.indptr[major + 1]];
            if indices.windows(2).all(|pair| pair[0] < pair[1]) {
                // Ascending: the last is the largest.
                let in_range = indices.last().is_none_or(|&last| (last as usize) < self.n_minor);
                return if in_range { Order::Canonical } else { Order::OutOfRange };
            }
            let in_range = indices.iter().all(|&index| (index as usize) < self.n_minor);
            if in_range { Order::Unsorted } else { Order::OutOfRange }
        };
        (0..self.n_major()).into_par_iter().map(order_of).max().unwrap_or(Order::Canonical)
    }

    /// Sorts the entries of each row and adds up those of the same place, in their order in the file. Returns the number of
    /// rows that needed it and of entries that went into others.
    fn canonicalize(&mut self) -> (usize, usize) {
        let n_before = self.indices.len();
        let mut n_changed = 0;
        let (mut write, mut start) = (0, 0);
        let mut entries: Vec<(u32, f32)> = Vec::new();
        for major in 0..self.n_major() {
            let end = self.indptr[major + 1];
            entries.clear();
            entries.extend(self.indices[start..end].iter().copied().zip(self.data[start..end].iter().copied()));
            if !entries.windows(2).all(|pair| pair[0].0 < pair[1].0) {
                n_changed += 1;
                entries.sort_by_key(|&(index, _)| index);
                entries.dedup_by(|later, kept| {
                    let same = later.0 == kept.0;
                    kept.1 += if same { later.1 } else { 0.0 };
                    same
                });
            }
            for &(index, value) in &entries {
                (self.indices[write], self.data[write]) = (index, value);
                write += 1;
            }
            self.indptr[major + 1] = write;
            start = end;
        }
        self.indices.truncate(write);
        self.data.truncate(write);
        (n_changed, n_before - write)
    }

    /// The same matrix compressed along the other dimension.
    fn transpose(&self) -> Self {
        let mut indptr = vec![0; self.n_minor + 1];
        for &index in &self.indices {
            indptr[index as usize + 1] += 1;
        }
        for place in 0..self.n_minor {
            indptr[place + 1] += indptr[place];
        }
        let mut next = indptr.clone();
        let (mut indices, mut data) = (vec![0; self.indices.len()], vec![0.0; self.data.len()]);
        for major in 0..self.n_major() {
            for entry in self.indptr[major]..self.indptr[major + 1] {
                let place = &mut next[self.indices[entry] as usize];
                (indices[*place], data[*place]) = (major as u32, self.data[entry]);
                *place += 1;
            }
        }
        Self { n_minor: self.n_major(), indptr, indices, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_and_added_up() {
        let mut parts = Parts {
            n_minor: 3,
            indptr: vec![0, 3, 3, 5, 6],
            indices: vec![2, 0, 2, 1, 0, 1],
            data: vec![1.0, 2.0, 4.0, 3.0, 5.0, 6.0],
        };
        assert_eq!(parts.order(), Order::Unsorted);
        assert_eq!(parts.canonicalize(), (2, 1));
        assert_eq!(parts.indptr, [0, 2, 2, 4, 5]);
        assert_eq!(parts.indices, [0, 2, 0, 1, 1]);
        assert_eq!(parts.data, [2.0, 5.0, 5.0, 3.0, 6.0]);
        assert_eq!(parts.order(), Order::Canonical);
        parts.n_minor = 2;
        assert_eq!(parts.order(), Order::OutOfRange);
    }

    #[test]
    fn transposing_twice_changes_nothing() {
        let parts = Parts { n_minor: 3, indptr: vec![0, 2, 2, 3], indices: vec![0, 2, 1], data: vec![1.0, 2.0, 3.0] };
        let transposed = parts.transpose();
        assert_eq!((&transposed.indptr[..], &transposed.indices[..]), (&[0, 1, 2, 3][..], &[0, 2, 0][..]));
        assert_eq!(transposed.data, [1.0, 3.0, 2.0]);
        let back = transposed.transpose();
        assert_eq!((back.indptr, back.indices, back.data), (parts.indptr, parts.indices, parts.data));
    }
}
