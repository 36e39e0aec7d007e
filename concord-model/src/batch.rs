//! A batch of cells as the first layer wants it.

use std::sync::OnceLock;

use concord_core::Csr;

/// The rows of some cells, by cell (for the forward pass) and by gene (for the gradient of the weights).
#[derive(Debug, Clone)]
pub(crate) struct SparseBatch {
    by_cell: Compressed,
    n_genes: usize,
    /// Made when it is asked for: every other batch goes forward only.
    by_gene: OnceLock<Compressed>,
}

/// Compressed rows or columns: entries of line `i` are `starts[i]..starts[i + 1]`.
#[derive(Debug, Clone)]
struct Compressed {
    starts: Vec<u32>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl Compressed {
    fn line(&self, line: usize) -> (&[u32], &[f32]) {
        let entries = self.starts[line] as usize..self.starts[line + 1] as usize;
        (&self.indices[entries.clone()], &self.values[entries])
    }

    fn n_lines(&self) -> usize {
        self.starts.len() - 1
    }

    /// The same entries, compressed along the other axis, which has `n_lines` lines.
    fn transposed(&self, n_lines: usize) -> Self {
        let mut starts = vec![0u32; n_lines + 1];
        for &index in &self.indices {
            starts[index as usize + 1] += 1;
        }
        for line in 0..n_lines {
            starts[line + 1] += starts[line];
        }
        let mut next = starts.clone();
        let mut indices = vec![0; self.indices.len()];
        let mut values = vec![0.0; self.values.len()];
        for line in 0..self.n_lines() {
            let (of_line, values_of_line) = self.line(line);
            for (&index, &value) in of_line.iter().zip(values_of_line) {
                let place = next[index as usize] as usize;
                next[index as usize] += 1;
                indices[place] = line as u32;
                values[place] = value;
            }
        }
        Self { starts, indices, values }
    }
}

/// Lines that are written one after another, without a branch that asks which entry is kept: chance decides that, and no
/// processor can predict it.
struct Kept {
    starts: Vec<u32>,
    /// As long as there may be entries; those kept stand in front.
    indices: Vec<u32>,
    values: Vec<f32>,
    n_entries: usize,
}

impl Kept {
    /// Writes into the given vectors, which may still hold what is read: no more is written than was read.
    fn new(indices: Vec<u32>, values: Vec<f32>, n_lines: usize) -> Self {
        let mut starts = Vec::with_capacity(n_lines + 1);
        starts.push(0);
        Self { starts, indices, values, n_entries: 0 }
    }

    #[inline]
    fn push(&mut self, index: u32, value: f32, is_kept: bool) {
        self.indices[self.n_entries] = index;
        self.values[self.n_entries] = value;
        self.n_entries += usize::from(is_kept);
    }

    fn end_line(&mut self) {
        self.starts.push(self.n_entries as u32);
    }

    fn finish(mut self) -> Compressed {
        self.indices.truncate(self.n_entries);
        self.values.truncate(self.n_entries);
        Compressed { starts: self.starts, indices: self.indices, values: self.values }
    }
}

impl SparseBatch {
    /// The given cells of a matrix; of their entries those of the genes that `keep` says yes to.
    pub(crate) fn gather(matrix: &Csr, cells: &[usize], mut keep: impl FnMut(u32) -> bool) -> Self {
        let starts_of_cells = matrix.indptr();
        let starts_of_cells = starts_of_cells.raw_storage();
        let of_cell = |cell: usize| starts_of_cells[cell]..starts_of_cells[cell + 1];
        let n_entries = cells.iter().map(|&cell| of_cell(cell).len()).sum();
        let mut kept = Kept::new(vec![0; n_entries], vec![0.0; n_entries], cells.len());
        for &cell in cells {
            let entries = of_cell(cell);
            for (&gene, &value) in matrix.indices()[entries.clone()].iter().zip(&matrix.data()[entries]) {
                kept.push(gene, value, keep(gene));
            }
            kept.end_line();
        }
        Self { by_cell: kept.finish(), n_genes: matrix.cols(), by_gene: OnceLock::new() }
    }

    /// The entries that `keep` says yes to, asked in the order of the cells.
    pub(crate) fn retain(self, mut keep: impl FnMut() -> bool) -> Self {
        let Compressed { starts, indices, values } = self.by_cell;
        let mut kept = Kept::new(indices, values, starts.len() - 1);
        for line in starts.windows(2) {
            for entry in line[0] as usize..line[1] as usize {
                kept.push(kept.indices[entry], kept.values[entry], keep());
            }
            kept.end_line();
        }
        Self { by_cell: kept.finish(), n_genes: self.n_genes, by_gene: OnceLock::new() }
    }

    pub(crate) fn n_cells(&self) -> usize {
        self.by_cell.n_lines()
    }

    pub(crate) fn n_genes(&self) -> usize {
        self.n_genes
    }

    /// The genes of a cell and their values.
    pub(crate) fn cell(&self, cell: usize) -> (&[u32], &[f32]) {
        self.by_cell.line(cell)
    }

    /// The cells of a gene and their values.
    pub(crate) fn gene(&self, gene: usize) -> (&[u32], &[f32]) {
        self.by_gene().line(gene)
    }

    /// Finds the cells of all genes now, and not when the first is asked for.
    pub(crate) fn prepare_genes(&self) {
        self.by_gene();
    }

    fn by_gene(&self) -> &Compressed {
        self.by_gene.get_or_init(|| self.by_cell.transposed(self.n_genes))
    }

    /// All values one after another, `[n_cells, n_genes]` in row-major order.
    pub(crate) fn to_dense(&self) -> Vec<f32> {
        let n_genes = self.n_genes();
        let mut dense = vec![0.0; self.n_cells() * n_genes];
        for (cell, row) in dense.chunks_exact_mut(n_genes).enumerate() {
            let (genes, values) = self.cell(cell);
            for (&gene, &value) in genes.iter().zip(values) {
                row[gene as usize] = value;
            }
        }
        dense
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_compressions_hold_the_same_entries() {
        // 1 0 2
        // 0 0 3
        // 4 5 0
        let matrix = Csr::new((3, 3), vec![0, 2, 3, 5], vec![0, 2, 2, 0, 1], vec![1.0, 2.0, 3.0, 4.0, 5.0]);
        let batch = SparseBatch::gather(&matrix, &[2, 0], |gene| gene != 1);
        assert_eq!((batch.n_cells(), batch.n_genes()), (2, 3));
        assert_eq!(batch.cell(0), (&[0][..], &[4.0][..]));
        assert_eq!(batch.gene(0), (&[0, 1][..], &[4.0, 1.0][..]));
        assert_eq!(batch.gene(1), (&[][..], &[][..]));
        assert_eq!(batch.to_dense(), [4.0, 0.0, 0.0, 1.0, 0.0, 2.0]);

        let mut answers = [false, true, true].into_iter();
        let batch = batch.retain(|| answers.next() == Some(true));
        assert_eq!(batch.to_dense(), [0.0, 0.0, 0.0, 1.0, 0.0, 2.0]);
        assert_eq!(batch.gene(0), (&[1][..], &[1.0][..]));
    }
}
