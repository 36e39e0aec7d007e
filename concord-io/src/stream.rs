use std::collections::{HashSet, VecDeque};
use std::ops::Range;
use std::path::Path;

use concord_core::{Csr, Genes, select_rows};

use crate::dataset::{check_count, find_source};
use crate::frame::FramePlace;
use crate::h5::H5File;
use crate::matrix::{MatrixNotes, MatrixStorage, StoredRows};
use crate::{IoError, ReadOptions};

/// Entries that [`RowBlocks`] keeps in memory at most when rows have to be searched for in the whole file: 20 bytes each.
const PANEL_ENTRIES: usize = 6 << 20;

/// A matrix of a file that is read a few rows at a time, whatever its size.
///
/// It holds the file open, the names of the genes, and 8 bytes for each cell (of a matrix sparse by genes, for each gene).
/// It can be shared by threads; each call uses all threads of the current rayon pool to decompress.
///
/// # Cost
/// What a call reads depends on how the file keeps the matrix ([`RowReader::storage`]):
///
/// - sparse by cells: the chunks that the rows lie in. This is the form for random access.
/// - dense: the chunks that the rows (and the selected genes) lie in. Chunks that span many cells are read as a whole.
/// - sparse by genes: **all entries** of the selected genes, for each call, because those of a cell are everywhere. With all
///   genes that is the whole matrix. [`RowReader::blocks`] takes rows with about 6 million entries out of one passage
///   through the file: a matrix of 50 million entries is decompressed 8 times, and the time for all rows grows with the
///   square of its size. Write a large one anew, sparse by cells, before training from it. A few genes of all cells are
///   read faster from this form than from any other.
///
/// Memory is that of the rows asked for, and a chunk for each thread; for a matrix sparse by genes about 150 MB more.
///
/// ```
/// use concord_io::{ReadOptions, RowReader};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/matrices.h5ad");
/// let reader = RowReader::open(path, &ReadOptions::default())?;
/// let mut totals = vec![0.0; reader.n_genes()];
/// for block in reader.blocks(4096) {
///     let block = block?;
///     for (&gene, &value) in block.matrix.indices().iter().zip(block.matrix.data()) {
///         totals[gene as usize] += f64::from(value);
///     }
/// }
/// assert_eq!(totals, [8.0, 4.0, 10.0, 6.0, 14.0]);
/// # Ok::<(), concord_io::IoError>(())
/// ```
#[derive(Debug)]
pub struct RowReader {
    file: H5File,
    matrix: StoredRows,
    n_cells: usize,
    genes: Genes,
    /// The columns of the selected genes; `None` for all.
    columns: Option<Vec<usize>>,
    source: String,
}

impl RowReader {
    /// Opens a matrix for reading by rows. The annotation of the cells is not read; [`read_annotation`](crate::read_annotation)
    /// does that.
    ///
    /// # Errors
    /// Those of [`read_h5ad`](crate::read_h5ad), but for what the values are: they may be negative, and not finite.
    pub fn open(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Self, IoError> {
        let file = H5File::open(path.as_ref())?;
        let (matrix, var) = find_source(&file, &options.source)?;
        let (n_cells, n_genes) = matrix.shape();
        let obs = FramePlace::top_level(&file, "obs")?;
        check_count(&file, &options.source, "cells", obs.shape(&file)?.n_rows, n_cells)?;
        check_count(&file, &options.source, "genes", var.shape(&file)?.n_rows, n_genes)?;
        let genes = Genes::new(var.read(&file)?.names);
        let (matrix, source) = (StoredRows::new(matrix)?, options.source.to_string());
        Ok(Self { file, matrix, n_cells, genes, columns: None, source })
    }

    /// Restricts what is read to the genes of these names, in this order. Of a name that stands twice in the file, the
    /// first is taken.
    ///
    /// # Errors
    /// [`IoError::MissingGenes`] with all names that are not there, [`IoError::RepeatedGene`].
    ///
    /// ```
    /// # use concord_io::{IoError, ReadOptions, RowReader};
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/matrices.h5ad");
    /// let reader = RowReader::open(path, &ReadOptions::default())?.select_genes(&["gène3", "gène0"])?;
    /// assert_eq!(reader.read_rows(&[5])?.to_dense(), ndarray::array![[4.0, 5.0]]);
    /// assert!(matches!(reader.select_genes(&["CD3E"]), Err(IoError::MissingGenes { .. })));
    /// # Ok::<(), IoError>(())
    /// ```
    pub fn select_genes<S: AsRef<str>>(self, names: &[S]) -> Result<Self, IoError> {
        let path = || self.file.path().to_owned();
        let names: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
        let missing: Vec<_> = names.iter().filter(|name| self.genes.position(name).is_none()).cloned().collect();
        if !missing.is_empty() {
            return Err(IoError::MissingGenes { path: path(), matrix: self.source.clone(), genes: missing });
        }
        let mut seen = HashSet::new();
        if let Some(gene) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(IoError::RepeatedGene { path: path(), gene: gene.clone() });
        }
        let places = names.iter().filter_map(|name| self.genes.position(name));
        let columns = places.map(|place| self.columns.as_ref().map_or(place, |columns| columns[place])).collect();
        Ok(Self { genes: Genes::new(names), columns: Some(columns), ..self })
    }

    /// Number of cells (rows) of the matrix.
    pub fn n_cells(&self) -> usize {
        self.n_cells
    }

    /// Number of genes (columns) that are read.
    pub fn n_genes(&self) -> usize {
        self.genes.len()
    }

    /// The genes that are read.
    pub fn genes(&self) -> &Genes {
        &self.genes
    }

    /// How the file keeps the matrix, on which the cost of reading rows depends.
    pub fn storage(&self) -> MatrixStorage {
        self.matrix.storage()
    }

    /// Reads rows in any order, `[rows.len(), n_genes]`; a row may be named several times.
    ///
    /// Entries are in canonical order, as [`read_h5ad`](crate::read_h5ad) makes them; values may be of any kind.
    ///
    /// # Errors
    /// [`IoError::RowOutOfRange`], and those of a damaged file.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/matrices.h5ad");
    /// # let reader = concord_io::RowReader::open(path, &concord_io::ReadOptions::default())?;
    /// let batch = reader.read_rows(&[5, 0, 5])?;
    /// assert_eq!(batch.rows(), 3);
    /// assert_eq!(batch.get(0, 3), Some(&4.0));
    /// # Ok::<(), concord_io::IoError>(())
    /// ```
    pub fn read_rows(&self, rows: &[usize]) -> Result<Csr, IoError> {
        Ok(self.read_with_notes(rows)?.0)
    }

    /// Iterates over all rows in blocks of `rows_per_block` (the last may be shorter; 0 counts as 1).
    pub fn blocks(&self, rows_per_block: usize) -> RowBlocks<'_> {
        let step = rows_per_block.max(1);
        let starts = (0..self.n_cells).step_by(step);
        self.ranges(starts.map(|start| start..(start + step).min(self.n_cells)))
    }

    /// Iterates over ranges of rows, in the order given; they may overlap.
    pub fn ranges(&self, ranges: impl IntoIterator<Item = Range<usize>>) -> RowBlocks<'_> {
        let (ranges, ready) = (ranges.into_iter().collect(), VecDeque::new());
        RowBlocks {
            reader: self,
            ranges,
            ready,
            notes: MatrixNotes::default(),
            entries_per_row: self.expected_entries(),
            panel_entries: PANEL_ENTRIES,
        }
    }

    fn read_with_notes(&self, rows: &[usize]) -> Result<(Csr, MatrixNotes), IoError> {
        if let Some(&row) = rows.iter().find(|&&row| row >= self.n_cells) {
            return Err(IoError::RowOutOfRange { path: self.file.path().to_owned(), row, n_cells: self.n_cells });
        }
        let columns = self.columns.as_deref();
        if rows.is_sorted_by(|a, b| a < b) {
            return self.matrix.read(rows, columns);
        }
        let mut ascending = rows.to_vec();
        ascending.sort_unstable();
        ascending.dedup();
        let (matrix, notes) = self.matrix.read(&ascending, columns)?;
        let places: Vec<usize> = rows.iter().filter_map(|row| ascending.binary_search(row).ok()).collect();
        Ok((select_rows(&matrix, &places), notes))
    }

    /// How many entries a row may be expected to have, before any was read.
    fn expected_entries(&self) -> usize {
        match self.matrix.n_entries() {
            Some(n_entries) => n_entries.div_ceil(self.n_cells.max(1)),
            None => self.n_genes(),
        }
    }
}

/// Rows that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct RowBlock {
    /// Which rows they are.
    pub rows: Range<usize>,
    /// Their values, `[rows.len(), n_genes]`.
    pub matrix: Csr,
}

/// The blocks of [`RowReader::blocks`] and [`RowReader::ranges`]. It ends after the first error.
#[derive(Debug)]
pub struct RowBlocks<'r> {
    reader: &'r RowReader,
    ranges: VecDeque<Range<usize>>,
    ready: VecDeque<RowBlock>,
    notes: MatrixNotes,
    entries_per_row: usize,
    panel_entries: usize,
}

impl RowBlocks<'_> {
    /// What was noticed, or put right, up to now. What was read several times is counted as often.
    pub fn notes(&self) -> MatrixNotes {
        self.notes
    }

    /// The ranges that are read in one go: where rows lie side by side in the file one is best, elsewhere as many as memory
    /// allows.
    fn next_panel(&mut self) -> Vec<Range<usize>> {
        let mut panel: Vec<Range<usize>> = self.ranges.pop_front().into_iter().collect();
        let mut n_rows: usize = panel.iter().map(ExactSizeIterator::len).sum();
        while self.reader.storage() != MatrixStorage::Csr {
            let Some(next) = self.ranges.front() else { break };
            n_rows += next.len();
            if n_rows.saturating_mul(self.entries_per_row) > self.panel_entries {
                break;
            }
            panel.extend(self.ranges.pop_front());
        }
        panel
    }

    fn read_panel(&mut self) -> Result<(), IoError> {
        let panel = self.next_panel();
        let n_cells = self.reader.n_cells;
        if let Some(rows) = panel.iter().find(|rows| !rows.is_empty() && rows.end > n_cells) {
            let path = self.reader.file.path().to_owned();
            return Err(IoError::RowOutOfRange { path, row: rows.end - 1, n_cells });
        }
        let rows: Vec<usize> = panel.iter().cloned().flatten().collect();
        let (matrix, notes) = self.reader.read_with_notes(&rows)?;
        self.notes.n_rounded += notes.n_rounded;
        self.notes.n_unsorted += notes.n_unsorted;
        self.notes.n_duplicates += notes.n_duplicates;
        // A dense matrix may turn out to have few values that are not zero; a fourth more than seen is expected from now on.
        self.entries_per_row = (matrix.nnz() + matrix.nnz() / 4).div_ceil(rows.len().max(1)).max(1);
        if let [rows] = &panel[..] {
            self.ready.push_back(RowBlock { rows: rows.clone(), matrix });
            return Ok(());
        }
        let mut start = 0;
        for rows in panel {
            let end = start + rows.len();
            let places: Vec<usize> = (start..end).collect();
            self.ready.push_back(RowBlock { rows, matrix: select_rows(&matrix, &places) });
            start = end;
        }
        Ok(())
    }
}

impl Iterator for RowBlocks<'_> {
    type Item = Result<RowBlock, IoError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            if self.ranges.is_empty() {
                return None;
            }
            if let Err(error) = self.read_panel() {
                self.ranges.clear();
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MatrixSource;

    /// However many blocks one passage through the file makes, they are the same.
    #[test]
    fn panels_of_any_size_make_the_same_blocks() -> Result<(), IoError> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/matrices.h5ad");
        for layer in ["csc", "dense_by_columns", "csr_gzip"] {
            let source = MatrixSource::Layer(layer.to_owned());
            let reader = RowReader::open(&path, &ReadOptions { source })?;
            let all = reader.blocks(2).collect::<Result<Vec<_>, _>>()?;
            assert_eq!(all.len(), 4);
            for panel_entries in [0, 5, 9] {
                let blocks = RowBlocks { panel_entries, ..reader.blocks(2) };
                assert_eq!(blocks.collect::<Result<Vec<_>, _>>()?, all, "{layer}, {panel_entries}");
            }
        }
        Ok(())
    }
}
