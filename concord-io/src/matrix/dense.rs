use concord_core::Csr;
use rayon::prelude::*;

use super::{MatrixNotes, assemble};
use crate::IoError;
use crate::h5::{H5File, NumericArray, Scratch};

/// A matrix of which the file keeps every value.
#[derive(Debug)]
pub(crate) struct DenseMatrix {
    file: H5File,
    array: NumericArray,
}

/// The values of one block that are not zero, row by row.
struct Tile {
    first_column: u32,
    /// Where each row of the block ends in `columns` and `values`.
    row_ends: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl DenseMatrix {
    pub(super) fn new(file: &H5File, array: NumericArray) -> Result<Self, IoError> {
        let n_dimensions = array.shape().len();
        if n_dimensions == 0 || n_dimensions > 2 {
            let detail = format!("has {n_dimensions} dimensions; a matrix has two");
            return Err(file.unsupported(array.object(), detail));
        }
        Ok(Self { file: file.clone(), array })
    }

    /// `[n_cells, n_genes]`; a vector is a matrix of one gene.
    pub(super) fn shape(&self) -> (usize, usize) {
        let shape = self.array.shape();
        (shape[0], shape.get(1).copied().unwrap_or(1))
    }

    pub(super) fn array(&self) -> &NumericArray {
        &self.array
    }

    /// Reads block after block and keeps what is not zero, so that the dense matrix never is in memory as a whole.
    pub(super) fn read(&self) -> Result<(Csr, MatrixNotes), IoError> {
        let rows: Vec<usize> = (0..self.shape().0).collect();
        self.read_rows(&rows, None)
    }

    /// Reads some rows, which must ascend. When `columns` are given, the others may be missing in what is returned: blocks
    /// without any of them are not read.
    pub(super) fn read_rows(&self, rows: &[usize], columns: Option<&[usize]>) -> Result<(Csr, MatrixNotes), IoError> {
        if u32::try_from(self.shape().1).is_err() {
            return Err(self.file.unsupported(self.array.object(), "has more genes than can be counted"));
        }
        let block_columns = self.block_columns(columns);
        let panels: Vec<&[usize]> =
            rows.chunk_by(|&a, &b| a / self.block_length(0) == b / self.block_length(0)).collect();
        let n_across = self.n_blocks_across();
        let jobs: Vec<(usize, &[usize])> = panels
            .iter()
            .flat_map(|rows| {
                let first = rows[0] / self.block_length(0) * n_across;
                block_columns.iter().map(move |column| (first + column, *rows))
            })
            .collect();
        let read = |scratch: &mut Scratch, (block, rows)| self.read_tile(block, rows, scratch);
        let tiles: Result<Vec<(Tile, usize)>, IoError> = jobs.into_par_iter().map_init(Scratch::new, read).collect();
        let (tiles, n_rounded): (Vec<Tile>, Vec<usize>) = tiles?.into_iter().unzip();
        let matrix = self.join(&tiles, block_columns.len(), rows.len())?;
        Ok((matrix, MatrixNotes { n_rounded: n_rounded.iter().sum(), ..MatrixNotes::default() }))
    }

    fn block_length(&self, dimension: usize) -> usize {
        self.array.block_shape().get(dimension).copied().unwrap_or(1)
    }

    /// Number of blocks side by side in a row of blocks.
    fn n_blocks_across(&self) -> usize {
        self.array.grid().get(1).copied().unwrap_or(1)
    }

    /// The columns of blocks that hold the wanted columns of the matrix.
    fn block_columns(&self, columns: Option<&[usize]>) -> Vec<usize> {
        let Some(columns) = columns else { return (0..self.n_blocks_across()).collect() };
        let mut blocks: Vec<usize> = columns.iter().map(|column| column / self.block_length(1)).collect();
        blocks.sort_unstable();
        blocks.dedup();
        blocks
    }

    fn read_tile(&self, block: usize, rows: &[usize], scratch: &mut Scratch) -> Result<(Tile, usize), IoError> {
        let (values, n_rounded) = self.array.read_block::<f32>(block, scratch)?;
        let block = self.array.block(block);
        let n_columns = block.extent.get(1).copied().unwrap_or(1);
        let first_column = block.start.get(1).copied().unwrap_or(0) as u32;
        let mut tile = Tile { first_column, row_ends: Vec::with_capacity(rows.len()), columns: vec![], values: vec![] };
        for row in rows.iter().map(|row| row - block.start[0]) {
            for (column, &value) in values[row * n_columns..][..n_columns].iter().enumerate() {
                // NaN differs from zero too, and is reported by the caller.
                if value != 0.0 {
                    tile.columns.push(column as u32);
                    tile.values.push(value);
                }
            }
            tile.row_ends.push(tile.values.len());
        }
        Ok((tile, n_rounded))
    }

    /// Joins the tiles, which come row of tiles by row of tiles, to rows of the matrix.
    fn join(&self, tiles: &[Tile], tiles_across: usize, n_rows: usize) -> Result<Csr, IoError> {
        let n_columns = self.shape().1;
        let n_values = tiles.iter().map(|tile| tile.values.len()).sum();
        let mut indptr = Vec::with_capacity(n_rows + 1);
        let (mut indices, mut data) = (Vec::with_capacity(n_values), Vec::with_capacity(n_values));
        indptr.push(0);
        for panel in tiles.chunks_exact(tiles_across.max(1)) {
            for row in 0..panel[0].row_ends.len() {
                for tile in panel {
                    let start = if row == 0 { 0 } else { tile.row_ends[row - 1] };
                    let entries = start..tile.row_ends[row];
                    indices.extend(tile.columns[entries.clone()].iter().map(|column| tile.first_column + column));
                    data.extend_from_slice(&tile.values[entries]);
                }
                indptr.push(indices.len());
            }
        }
        // A matrix without columns has no tiles, but rows all the same.
        indptr.resize(n_rows + 1, indices.len());
        assemble(&self.file, self.array.object(), (n_rows, n_columns), indptr, indices, data)
    }
}
