//! Some rows of a matrix, without the others in memory.

use std::ops::Range;

use concord_core::{Csr, select_columns};

use super::parts::Parts;
use super::{DenseMatrix, MatrixNotes, MatrixStorage, SparseMatrix, StoredMatrix, assemble};
use crate::IoError;

/// Entries of a matrix compressed by columns that are read at a time: 16 MB of them.
const BATCH_ENTRIES: usize = 1 << 21;

/// The row of no wanted row.
const UNWANTED: u32 = u32::MAX;

/// A matrix of a file that is ready to be read by rows.
#[derive(Debug)]
pub(crate) enum StoredRows {
    /// The matrix and the places where its rows (or columns) begin.
    Sparse(Box<SparseMatrix>, Vec<usize>),
    Dense(Box<DenseMatrix>),
}

impl StoredRows {
    /// Reads what must be known of a matrix before its rows can be found.
    pub(crate) fn new(matrix: StoredMatrix) -> Result<Self, IoError> {
        Ok(match matrix {
            StoredMatrix::Sparse(matrix) => {
                let indptr = matrix.read_pointers()?;
                Self::Sparse(matrix, indptr)
            }
            StoredMatrix::Dense(matrix) => Self::Dense(matrix),
        })
    }

    pub(crate) fn storage(&self) -> MatrixStorage {
        match self {
            Self::Sparse(matrix, _) => matrix.storage(),
            Self::Dense(_) => MatrixStorage::Dense,
        }
    }

    /// Number of stored entries of a sparse matrix.
    pub(crate) fn n_entries(&self) -> Option<usize> {
        match self {
            Self::Sparse(matrix, _) => Some(matrix.data.len()),
            Self::Dense(_) => None,
        }
    }

    /// Reads some rows, which must ascend; and of them all columns, or those given, in their order.
    pub(crate) fn read(&self, rows: &[usize], columns: Option<&[usize]>) -> Result<(Csr, MatrixNotes), IoError> {
        let (matrix, notes) = match self {
            Self::Sparse(matrix, indptr) if matrix.storage == MatrixStorage::Csc => {
                // Only the wanted columns are read, and are in their order already.
                return read_from_columns(matrix, indptr, rows, columns, BATCH_ENTRIES);
            }
            Self::Sparse(matrix, indptr) => read_from_rows(matrix, indptr, rows)?,
            Self::Dense(matrix) => matrix.read_rows(rows, columns)?,
        };
        let matrix = match columns {
            Some(columns) => select_columns(&matrix, columns),
            None => matrix,
        };
        Ok((matrix, notes))
    }
}

/// Reads the entries of the rows, which lie side by side in the file.
fn read_from_rows(matrix: &SparseMatrix, indptr: &[usize], rows: &[usize]) -> Result<(Csr, MatrixNotes), IoError> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut row_ends = vec![0];
    let mut n_entries = 0;
    for &row in rows {
        let range = indptr[row]..indptr[row + 1];
        n_entries += range.len();
        row_ends.push(n_entries);
        match ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => ranges.push(range),
        }
    }
    let (indices, n_bad) = matrix.indices.read_ranges::<u32>(&ranges)?;
    if n_bad > 0 {
        return Err(matrix.bad_index());
    }
    let (data, n_rounded) = matrix.data.read_ranges::<f32>(&ranges)?;
    let mut parts = Parts { n_minor: matrix.shape.1, indptr: row_ends, indices, data };
    let (n_unsorted, n_duplicates) = matrix.put_in_order(&mut parts)?;
    let notes = MatrixNotes { n_rounded, n_unsorted, n_duplicates };
    let shape = (rows.len(), matrix.shape.1);
    Ok((assemble(&matrix.file, &matrix.object, shape, parts.indptr, parts.indices, parts.data)?, notes))
}

/// Goes through all entries of the columns, and keeps those of the rows.
fn read_from_columns(
    matrix: &SparseMatrix,
    indptr: &[usize],
    rows: &[usize],
    columns: Option<&[usize]>,
    batch_entries: usize,
) -> Result<(Csr, MatrixNotes), IoError> {
    let mut wanted = vec![UNWANTED; matrix.shape.0];
    rows.iter().enumerate().for_each(|(place, &row)| wanted[row] = place as u32);
    let n_columns = columns.map_or(matrix.shape.1, <[usize]>::len);
    let column_at = |place: usize| columns.map_or(place, |columns| columns[place]);

    let (mut found, mut notes) = (Found::default(), MatrixNotes::default());
    let (mut batch, mut n_batch): (Vec<(usize, Range<usize>)>, usize) = (Vec::new(), 0);
    for place in 0..n_columns {
        let mut range = indptr[column_at(place)]..indptr[column_at(place) + 1];
        while !range.is_empty() {
            let n_here = range.len().min(batch_entries - n_batch);
            batch.push((place, range.start..range.start + n_here));
            (range.start, n_batch) = (range.start + n_here, n_batch + n_here);
            if n_batch == batch_entries {
                notes.n_rounded += found.add(matrix, &wanted, &batch)?;
                (n_batch, batch) = (0, Vec::new());
            }
        }
    }
    notes.n_rounded += found.add(matrix, &wanted, &batch)?;
    let mut parts = found.into_parts(rows.len(), n_columns);
    (notes.n_unsorted, notes.n_duplicates) = matrix.put_in_order(&mut parts)?;
    let shape = (rows.len(), n_columns);
    Ok((assemble(&matrix.file, &matrix.object, shape, parts.indptr, parts.indices, parts.data)?, notes))
}

/// Entries in the order of columns.
#[derive(Default)]
struct Found {
    rows: Vec<u32>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl Found {
    /// Reads parts of columns and keeps the entries of wanted rows. Returns how many of their values were rounded.
    fn add(
        &mut self,
        matrix: &SparseMatrix,
        wanted: &[u32],
        batch: &[(usize, Range<usize>)],
    ) -> Result<usize, IoError> {
        let ranges: Vec<_> = batch.iter().map(|(_, range)| range.clone()).collect();
        let (indices, n_bad) = matrix.indices.read_ranges::<u32>(&ranges)?;
        if n_bad > 0 {
            return Err(matrix.bad_index());
        }
        let (values, n_rounded) = matrix.data.read_ranges::<f32>(&ranges)?;
        let mut start = 0;
        for (column, range) in batch {
            let entries = start..start + range.len();
            start = entries.end;
            for (&index, &value) in indices[entries.clone()].iter().zip(&values[entries]) {
                let row = *wanted.get(index as usize).ok_or_else(|| matrix.bad_index())?;
                if row != UNWANTED {
                    self.rows.push(row);
                    self.columns.push(*column as u32);
                    self.values.push(value);
                }
            }
        }
        Ok(n_rounded)
    }

    /// The entries row by row; those of a row stay in the order of columns.
    fn into_parts(self, n_rows: usize, n_columns: usize) -> Parts {
        let mut indptr = vec![0; n_rows + 1];
        self.rows.iter().for_each(|&row| indptr[row as usize + 1] += 1);
        (0..n_rows).for_each(|row| indptr[row + 1] += indptr[row]);
        let mut next = indptr.clone();
        let (mut indices, mut data) = (vec![0; self.rows.len()], vec![0.0; self.rows.len()]);
        for ((&row, column), value) in self.rows.iter().zip(self.columns).zip(self.values) {
            let place = &mut next[row as usize];
            (indices[*place], data[*place]) = (column, value);
            *place += 1;
        }
        Parts { n_minor: n_columns, indptr, indices, data }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::h5::H5File;
    use crate::{MatrixSource, dataset::find_source};

    /// Columns are cut where a batch is full.
    #[test]
    fn batches_of_any_size_make_the_same_matrix() -> Result<(), IoError> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/matrices.h5ad");
        let file = H5File::open(&path)?;
        let (matrix, _) = find_source(&file, &MatrixSource::Layer("csc".to_owned()))?;
        let StoredMatrix::Sparse(matrix) = matrix else { panic!("the layer is sparse") };
        let indptr = matrix.read_pointers()?;
        let rows = [0, 1, 3, 6];
        for columns in [None, Some(&[4, 0][..])] {
            let whole = read_from_columns(&matrix, &indptr, &rows, columns, BATCH_ENTRIES)?;
            for batch_entries in 1..5 {
                assert_eq!(read_from_columns(&matrix, &indptr, &rows, columns, batch_entries)?, whole);
            }
        }
        Ok(())
    }
}
