//! A batch of cells as the first layer wants it.

use concord_core::Csr;

/// The rows of some cells, by cell (for the forward pass) and by gene (for the gradient of the weights).
#[derive(Debug, Clone)]
pub(crate) struct SparseBatch {
    by_cell: Compressed,
    by_gene: Compressed,
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

impl SparseBatch {
    /// The given cells of a matrix; of their entries those that `keep` says yes to, asked in the order of the cells.
    pub(crate) fn gather(matrix: &Csr, cells: &[usize], mut keep: impl FnMut(u32) -> bool) -> Self {
        let starts_of_cells = matrix.indptr();
        let starts_of_cells = starts_of_cells.raw_storage();
        let capacity = cells.iter().map(|&cell| starts_of_cells[cell + 1] - starts_of_cells[cell]).sum();
        let mut indices = Vec::with_capacity(capacity);
        let mut values = Vec::with_capacity(capacity);
        let mut starts = Vec::with_capacity(cells.len() + 1);
        starts.push(0);
        for &cell in cells {
            let entries = starts_of_cells[cell]..starts_of_cells[cell + 1];
            for (&gene, &value) in matrix.indices()[entries.clone()].iter().zip(&matrix.data()[entries]) {
                if keep(gene) {
                    indices.push(gene);
                    values.push(value);
                }
            }
            starts.push(indices.len() as u32);
        }
        let by_cell = Compressed { starts, indices, values };
        let by_gene = by_cell.transposed(matrix.cols());
        Self { by_cell, by_gene }
    }

    pub(crate) fn n_cells(&self) -> usize {
        self.by_cell.n_lines()
    }

    pub(crate) fn n_genes(&self) -> usize {
        self.by_gene.n_lines()
    }

    /// The genes of a cell and their values.
    pub(crate) fn cell(&self, cell: usize) -> (&[u32], &[f32]) {
        self.by_cell.line(cell)
    }

    /// The cells of a gene and their values.
    pub(crate) fn gene(&self, gene: usize) -> (&[u32], &[f32]) {
        self.by_gene.line(gene)
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
    }
}
