use std::ops::Range;

use hdf5::types::H5Type;
use hdf5::{Dataset, Datatype};
use rayon::prelude::*;

use super::chunks::{Layout, RawChunks, Scratch};
use super::decode::Element;
use super::ffi;
use super::file::H5File;
use super::types::{Compression, ElementType, NumberType};
use crate::IoError;

/// Elements of a block of a dataset that has no chunks: large enough that calls cost nothing, small enough for the cache.
const BLOCK_ELEMENTS: usize = 1 << 16;

/// A dataset may claim this many bytes for each byte of its file before it is called damaged; no compression of real
/// data comes near.
const MAX_BYTES_PER_FILE_BYTE: u64 = 1100;

/// What a dataset may claim in a file of any size: values that were never written take no space in the file.
const FREE_BYTES: u64 = 64 << 20;

/// A dataset of numbers, read block by block: a block is a chunk of the file, or a few rows where there are no chunks.
#[derive(Debug)]
pub(crate) struct NumericArray {
    file: H5File,
    dataset: Dataset,
    object: String,
    shape: Vec<usize>,
    block_shape: Vec<usize>,
    grid: Vec<usize>,
    number: NumberType,
    compression: Compression,
    storage: Storage,
}

#[derive(Debug)]
enum Storage {
    /// Read by us, in parallel.
    Raw(RawChunks),
    /// Read by the library, one block at a time. The library cannot give 16-bit floats, so it gives this type.
    Library(NumberType),
}

/// A block that is read, and what of it goes where: how many elements of it are passed over, and the place for the others.
struct Visit<'v, T> {
    block: usize,
    pieces: Vec<(usize, &'v mut [T])>,
}

/// A block of an array: where it begins, and its extent, which is smaller at the edges of the array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) start: Vec<usize>,
    pub(crate) extent: Vec<usize>,
}

impl NumericArray {
    /// Prepares a dataset of numbers (or truth values, which are 0 and 1) for reading.
    pub(crate) fn open(file: &H5File, dataset: Dataset, object: &str) -> Result<Self, IoError> {
        let damaged = |error: hdf5::Error| file.corrupt(object, error);
        let (number, plain) = match ffi::element_type(&dataset).map_err(damaged)? {
            ElementType::Number { number, plain } => (number, plain),
            ElementType::Boolean => (NumberType::Int8, true),
            _ => return Err(file.unsupported(object, "holds no numbers")),
        };
        let space = dataset.space().map_err(damaged)?;
        let shape = if space.is_null() { vec![0] } else { space.shape() };
        let filters = ffi::filter_numbers(&dataset).map_err(damaged)?;
        check_size(file, object, &shape, number.size(), !filters.is_empty())?;

        let chunk_shape = dataset.chunk().filter(|chunk| chunk.len() == shape.len() && !chunk.contains(&0));
        let is_chunked = chunk_shape.is_some();
        let block_shape = chunk_shape.unwrap_or_else(|| blocks_of_rows(&shape));
        let grid: Vec<usize> = shape.iter().zip(&block_shape).map(|(&length, &block)| length.div_ceil(block)).collect();
        let layout = Layout { shape: &shape, block_shape: &block_shape, grid: &grid, element_size: number.size() };
        let raw = match (plain && file.userblock() == 0, is_chunked) {
            (false, _) => None,
            (true, true) => RawChunks::find(file.path(), &dataset, &filters, &layout),
            (true, false) => RawChunks::of_contiguous(file.path(), &dataset, &layout),
        };
        let by_library = if number == NumberType::Float16 { NumberType::Float32 } else { number };
        let storage = raw.map_or(Storage::Library(by_library), Storage::Raw);
        let compression = compression(&filters);
        let file = file.clone();
        Ok(Self { file, dataset, object: object.to_owned(), shape, block_shape, grid, number, compression, storage })
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of elements of the whole array.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub(crate) fn number(&self) -> NumberType {
        self.number
    }

    pub(crate) fn compression(&self) -> Compression {
        self.compression
    }

    pub(crate) fn object(&self) -> &str {
        &self.object
    }

    /// Whether blocks can be read by several threads at the same time.
    pub(crate) fn is_parallel(&self) -> bool {
        matches!(self.storage, Storage::Raw(_))
    }

    pub(crate) fn n_blocks(&self) -> usize {
        self.grid.iter().product()
    }

    /// Number of blocks along each dimension.
    pub(crate) fn grid(&self) -> &[usize] {
        &self.grid
    }

    /// The shape of a block that no edge of the array cuts.
    pub(crate) fn block_shape(&self) -> &[usize] {
        &self.block_shape
    }

    /// The place of a block; blocks are counted with the last dimension running fastest.
    pub(crate) fn block(&self, index: usize) -> Block {
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

    /// Reads the whole one-dimensional array; also returns how many values the type cannot hold.
    pub(crate) fn read<T: Element>(&self) -> Result<(Vec<T>, usize), IoError> {
        self.read_range(0..self.len())
    }

    /// Reads a part of a one-dimensional array; also returns how many values the type cannot hold.
    pub(crate) fn read_range<T: Element>(&self, range: Range<usize>) -> Result<(Vec<T>, usize), IoError> {
        self.read_ranges(&[range])
    }

    /// Reads several parts of a one-dimensional array, one behind the other; also returns how many values the type cannot
    /// hold. Each block is decompressed once if the ranges ascend.
    pub(crate) fn read_ranges<T: Element>(&self, ranges: &[Range<usize>]) -> Result<(Vec<T>, usize), IoError> {
        let end = ranges.iter().map(|range| range.end).max().unwrap_or(0);
        if self.shape.len() != 1 || end > self.shape[0] {
            return Err(self.file.corrupt(&self.object, format!("expected {end} values in one dimension")));
        }
        let n_values = ranges.iter().map(ExactSizeIterator::len).sum();
        let mut values = Vec::new();
        let too_large = |_| self.file.corrupt(&self.object, "more values than memory");
        values.try_reserve_exact(n_values).map_err(too_large)?;
        values.resize(n_values, T::default());

        let fill = |scratch: &mut Scratch, visit: Visit<'_, T>| {
            let (number, bytes) = self.block_bytes(visit.block, scratch)?;
            let decode = |(skipped, piece): (usize, &mut [T])| {
                let bytes = &bytes[skipped * number.size()..][..piece.len() * number.size()];
                T::decode(number, bytes, piece)
            };
            Ok(visit.pieces.into_iter().map(decode).sum::<usize>())
        };
        let visits = self.visits(ranges, &mut values);
        let n_unfit: Result<usize, IoError> = if self.is_parallel() {
            visits.into_par_iter().map_init(Scratch::new, fill).sum()
        } else {
            let mut scratch = Scratch::new();
            visits.into_iter().map(|visit| fill(&mut scratch, visit)).sum()
        };
        Ok((values, n_unfit?))
    }

    /// Which part of the output each block fills. Ranges that ascend visit a block once, however many of them lie in it.
    fn visits<'v, T>(&self, ranges: &[Range<usize>], values: &'v mut [T]) -> Vec<Visit<'v, T>> {
        let block_length = self.block_shape[0];
        let mut visits: Vec<Visit<'v, T>> = Vec::new();
        let mut rest = values;
        for range in ranges {
            let mut place = range.start;
            while place < range.end {
                let (block, skipped) = (place / block_length, place % block_length);
                let n_here = (range.end - place).min(block_length - skipped);
                let (piece, behind) = rest.split_at_mut(n_here);
                match visits.last_mut() {
                    Some(visit) if visit.block == block => visit.pieces.push((skipped, piece)),
                    _ => visits.push(Visit { block, pieces: vec![(skipped, piece)] }),
                }
                (rest, place) = (behind, place + n_here);
            }
        }
        visits
    }

    /// Reads one block of a one- or two-dimensional array, row by row, without what lies outside the array. Also returns
    /// how many values the type cannot hold.
    pub(crate) fn read_block<T: Element>(
        &self,
        index: usize,
        scratch: &mut Scratch,
    ) -> Result<(Vec<T>, usize), IoError> {
        let Block { extent, .. } = self.block(index);
        let (n_rows, n_columns) = (extent[0], extent.get(1).copied().unwrap_or(1));
        let is_raw = self.is_parallel();
        let stored_columns = if is_raw { self.block_shape.get(1).copied().unwrap_or(1) } else { n_columns };
        let (number, bytes) = self.block_bytes(index, scratch)?;
        let mut values = vec![T::default(); n_rows * n_columns];
        let mut n_unfit = 0;
        if n_columns > 0 {
            let stored_rows = bytes.chunks_exact(stored_columns * number.size());
            for (row, stored) in values.chunks_exact_mut(n_columns).zip(stored_rows) {
                n_unfit += T::decode(number, &stored[..n_columns * number.size()], row);
            }
        }
        Ok((values, n_unfit))
    }

    /// The bytes of a block and their type. Blocks read by us are whole chunks, those by the library are cut at the edges.
    fn block_bytes<'s>(&self, index: usize, scratch: &'s mut Scratch) -> Result<(NumberType, &'s [u8]), IoError> {
        match &self.storage {
            Storage::Raw(chunks) => {
                let bytes = chunks.read(index, scratch).map_err(|error| match error.kind() {
                    std::io::ErrorKind::UnexpectedEof => IoError::from_system(self.file.path(), error),
                    _ => self.file.corrupt(&self.object, error),
                })?;
                Ok((self.number, bytes))
            }
            Storage::Library(number) => {
                let Block { start, extent } = self.block(index);
                let n_bytes = extent.iter().product::<usize>() * number.size();
                let bytes = scratch.room(n_bytes);
                let memory_type = memory_type(*number).map_err(|error| self.file.corrupt(&self.object, error))?;
                ffi::read_block(&self.dataset, &memory_type, &start, &extent, bytes)
                    .map_err(|error| self.library_error(&error))?;
                Ok((*number, bytes))
            }
        }
    }

    fn library_error(&self, error: &hdf5::Error) -> IoError {
        let text = error.to_string();
        if !self.compression.is_known_to_library() {
            let detail = format!("is compressed with {}, which cannot be read; write it with gzip", self.compression);
            return self.file.unsupported(&self.object, detail);
        }
        self.file.corrupt(&self.object, text)
    }
}

/// The type of this machine that the library is to convert to.
pub(super) fn memory_type(number: NumberType) -> hdf5::Result<Datatype> {
    fn of<T: H5Type>() -> hdf5::Result<Datatype> {
        Datatype::from_type::<T>()
    }
    match number {
        NumberType::Int8 => of::<i8>(),
        NumberType::Int16 => of::<i16>(),
        NumberType::Int32 => of::<i32>(),
        NumberType::Int64 => of::<i64>(),
        NumberType::UInt8 => of::<u8>(),
        NumberType::UInt16 => of::<u16>(),
        NumberType::UInt32 => of::<u32>(),
        NumberType::UInt64 => of::<u64>(),
        NumberType::Float16 | NumberType::Float32 => of::<f32>(),
        NumberType::Float64 => of::<f64>(),
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
    let row_elements: usize = shape.iter().skip(1).product::<usize>().max(1);
    let mut block = shape.to_vec();
    if let Some(rows) = block.first_mut() {
        *rows = (*rows).clamp(1, (BLOCK_ELEMENTS / row_elements).max(1));
    }
    block.iter().map(|&length| length.max(1)).collect()
}

/// What a pipeline of filters amounts to; shuffling and checksums compress nothing.
fn compression(filters: &[i32]) -> Compression {
    let compressing = filters.iter().find(|&&number| number != 2 && number != 3);
    compressing.map_or(Compression::None, |&number| match number {
        1 => Compression::Gzip,
        32000 => Compression::Lzf,
        32001 | 32026 => Compression::Blosc,
        32015 => Compression::Zstd,
        other => Compression::Other(other),
    })
}
