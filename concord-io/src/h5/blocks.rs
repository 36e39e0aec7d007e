use super::chunks::{Form, RawChunks, Scratch, filter_numbers};
use super::file::H5File;
use super::format::{Layout, kind};
use super::object::Dataset;
use super::types::Compression;
use crate::IoError;

/// Elements of a block of a dataset that has no chunks: large enough that calls cost nothing, small enough for the cache.
const BLOCK_ELEMENTS: usize = 1 << 16;

/// A dataset may claim this many bytes for each byte of its file before it is called damaged; no compression of real
/// data comes near.
const MAX_BYTES_PER_FILE_BYTE: u64 = 1100;

/// What a dataset may claim in a file of any size: values that were never written take no space in the file.
const FREE_BYTES: u64 = 64 << 20;

/// The bytes of a dataset, block by block: a block is a chunk of the file, or a few rows where there are no chunks.
#[derive(Debug)]
pub(super) struct Blocks {
    file: H5File,
    object: String,
    shape: Vec<usize>,
    block_shape: Vec<usize>,
    grid: Vec<usize>,
    element_size: usize,
    compression: Compression,
    chunks: RawChunks,
}

/// A block of an array: where it begins, and its extent, which is smaller at the edges of the array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) start: Vec<usize>,
    pub(crate) extent: Vec<usize>,
}

impl Blocks {
    pub(super) fn open(file: &H5File, dataset: &Dataset, object: &str) -> Result<Self, IoError> {
        let (source, header) = (file.source(), dataset.header());
        let fault = |fault| file.fault(object, fault);
        if header.has(kind::EXTERNAL_FILES) {
            return Err(
                file.unsupported(object, "keeps its values in another file; copy them into this one (h5repack does)")
            );
        }
        let shape = if dataset.is_null() { vec![0] } else { dataset.shape().to_vec() };
        let element_size = dataset.datatype().n_bytes();
        let filters = filter_numbers(source, header).map_err(fault)?;
        check_size(file, object, &shape, element_size, !filters.is_empty())?;
        let compression = Compression::of_filters(&filters);
        if let Some(detail) = compression.obstacle() {
            return Err(file.unsupported(object, detail));
        }

        let layout = header.expect(source, kind::LAYOUT, "layout").map_err(fault)?;
        let layout = Layout::parse(&mut source.cursor(&layout)).map_err(fault)?;
        let block_shape = match &layout {
            Layout::Chunked { chunk, .. } if chunk.len() == shape.len() => chunk.clone(),
            Layout::Chunked { chunk, .. } => {
                return Err(
                    file.corrupt(object, format!("its shape is {shape:?}, but its chunks have the shape {chunk:?}"))
                );
            }
            _ => blocks_of_rows(&shape),
        };
        check_size(file, object, &block_shape, element_size, !filters.is_empty())?;
        let grid: Vec<usize> = shape.iter().zip(&block_shape).map(|(&length, &block)| length.div_ceil(block)).collect();
        let maxima = &dataset.space().maxima;
        let form = Form { shape: &shape, maxima, block_shape: &block_shape, grid: &grid, element_size };
        let chunks = RawChunks::find(source, header, layout, &filters, &form).map_err(fault)?;
        let (file, object) = (file.clone(), object.to_owned());
        Ok(Self { file, object, shape, block_shape, grid, element_size, compression, chunks })
    }

    pub(super) fn file(&self) -> &H5File {
        &self.file
    }

    pub(super) fn object(&self) -> &str {
        &self.object
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The shape of a block that no edge of the array cuts.
    pub(super) fn block_shape(&self) -> &[usize] {
        &self.block_shape
    }

    /// Number of blocks along each dimension.
    pub(super) fn grid(&self) -> &[usize] {
        &self.grid
    }

    pub(super) fn compression(&self) -> Compression {
        self.compression
    }

    pub(super) fn n_blocks(&self) -> usize {
        self.grid.iter().product()
    }

    /// The place of a block; blocks are counted with the last dimension running fastest.
    pub(super) fn block(&self, index: usize) -> Block {
        let mut rest = index;
        let mut start = vec![0; self.shape.len()];
        for (dimension, &length) in self.grid.iter().enumerate().rev() {
            start[dimension] = rest % length * self.block_shape[dimension];
            rest /= length;
        }
        let edges = start.iter().zip(&self.block_shape).zip(&self.shape);
        let extent = edges.map(|((&start, &block), &length)| block.min(length - start)).collect();
        Block { start, extent }
    }

    /// The bytes of a block. Those of chunks are whole, also where an edge of the array cuts them.
    pub(super) fn bytes<'s>(&self, index: usize, scratch: &'s mut Scratch) -> Result<&'s [u8], IoError> {
        self.chunks.read(index, scratch).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => IoError::from_system(self.file.path(), error),
            _ => self.file.corrupt(&self.object, error),
        })
    }

    /// All bytes of the array in their order.
    pub(super) fn read_all(&self) -> Result<Vec<u8>, IoError> {
        let n_bytes = self.shape.iter().product::<usize>() * self.element_size;
        let mut all = Vec::new();
        all.try_reserve_exact(n_bytes).map_err(|_| self.file.corrupt(&self.object, "more bytes than memory"))?;
        all.resize(n_bytes, 0);
        let mut scratch = Scratch::new();
        for index in 0..self.n_blocks() {
            let block = self.block(index);
            self.scatter(&block, self.bytes(index, &mut scratch)?, &mut all);
        }
        Ok(all)
    }

    /// Puts the rows of a block, runs along its last dimension, where they belong.
    fn scatter(&self, block: &Block, bytes: &[u8], all: &mut [u8]) {
        let run = block.extent.last().map_or(1, |&length| length) * self.element_size;
        let outer = block.extent.split_last().map_or(&[][..], |(_, outer)| outer);
        let mut cell = vec![0; outer.len()];
        for _ in 0..outer.iter().product() {
            let (mut from, mut to) = (0, 0);
            for dimension in 0..self.shape.len() {
                let within = cell.get(dimension).copied().unwrap_or(0);
                from = from * self.block_shape[dimension] + within;
                to = to * self.shape[dimension] + block.start[dimension] + within;
            }
            let (from, to) = (from * self.element_size, to * self.element_size);
            all[to..to + run].copy_from_slice(&bytes[from..from + run]);
            for dimension in (0..outer.len()).rev() {
                cell[dimension] += 1;
                if cell[dimension] < outer[dimension] {
                    break;
                }
                cell[dimension] = 0;
            }
        }
    }
}

/// Refuses a dataset that claims more bytes than its file could possibly hold, before anything is allocated for it.
pub(super) fn check_size(
    file: &H5File,
    object: &str,
    shape: &[usize],
    element_size: usize,
    compressed: bool,
) -> Result<(), IoError> {
    let claimed = shape.iter().try_fold(element_size as u64, |bytes, &length| bytes.checked_mul(length as u64));
    let per_byte = if compressed { MAX_BYTES_PER_FILE_BYTE } else { 1 };
    let most = file.n_bytes().saturating_mul(per_byte).saturating_add(FREE_BYTES);
    match claimed {
        Some(claimed) if claimed <= most && usize::try_from(claimed).is_ok() => Ok(()),
        _ => Err(file.corrupt(object, format!("claims the shape {shape:?}, more than the file can hold"))),
    }
}

fn blocks_of_rows(shape: &[usize]) -> Vec<usize> {
    let row_elements = shape.iter().skip(1).fold(1_usize, |n, &length| n.saturating_mul(length)).max(1);
    let mut block = shape.to_vec();
    if let Some(rows) = block.first_mut() {
        *rows = (*rows).clamp(1, (BLOCK_ELEMENTS / row_elements).max(1));
    }
    block.iter().map(|&length| length.max(1)).collect()
}
