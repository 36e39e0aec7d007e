use std::ops::Range;

use rayon::prelude::*;

use super::blocks::{Block, Blocks};
use super::chunks::Scratch;
use super::decode::Element;
use super::file::H5File;
use super::object::Dataset;
use super::types::{Compression, ElementType, NumberType};
use crate::IoError;

/// A dataset of numbers, read block by block: a block is a chunk of the file, or a few rows where there are no chunks.
#[derive(Debug)]
pub(crate) struct NumericArray {
    blocks: Blocks,
    number: NumberType,
    swapped: bool,
}

/// A block that is read, and what of it goes where: how many elements of it are passed over, and the place for the others.
struct Visit<'v, T> {
    block: usize,
    pieces: Vec<(usize, &'v mut [T])>,
}

impl NumericArray {
    /// Prepares a dataset of numbers (or truth values, which are 0 and 1) for reading.
    pub(crate) fn open(file: &H5File, dataset: &Dataset, object: &str) -> Result<Self, IoError> {
        let number = ElementType::of(dataset.datatype()).number();
        let (number, swapped) = number.ok_or_else(|| file.unsupported(object, "holds no numbers"))?;
        Ok(Self { blocks: Blocks::open(file, dataset, object)?, number, swapped })
    }

    pub(crate) fn shape(&self) -> &[usize] {
        self.blocks.shape()
    }

    /// Number of elements of the whole array.
    pub(crate) fn len(&self) -> usize {
        self.shape().iter().product()
    }

    pub(crate) fn number(&self) -> NumberType {
        self.number
    }

    pub(crate) fn compression(&self) -> Compression {
        self.blocks.compression()
    }

    pub(crate) fn object(&self) -> &str {
        self.blocks.object()
    }

    pub(crate) fn n_blocks(&self) -> usize {
        self.blocks.n_blocks()
    }

    /// Number of blocks along each dimension.
    pub(crate) fn grid(&self) -> &[usize] {
        self.blocks.grid()
    }

    /// The shape of a block that no edge of the array cuts.
    pub(crate) fn block_shape(&self) -> &[usize] {
        self.blocks.block_shape()
    }

    /// The place of a block; blocks are counted with the last dimension running fastest.
    pub(crate) fn block(&self, index: usize) -> Block {
        self.blocks.block(index)
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
        let file = self.blocks.file();
        if self.shape().len() != 1 || end > self.shape()[0] {
            return Err(file.corrupt(self.object(), format!("expected {end} values in one dimension")));
        }
        let n_values = ranges.iter().map(ExactSizeIterator::len).sum();
        // Tried first, because what follows does not fail; it takes zeroed memory, which is not touched until it is filled.
        let too_large = |_| file.corrupt(self.object(), "more values than memory");
        Vec::<T>::new().try_reserve_exact(n_values).map_err(too_large)?;
        let mut values = vec![T::default(); n_values];

        let fill = |scratch: &mut Scratch, visit: Visit<'_, T>| {
            let (bytes, size) = (self.blocks.bytes(visit.block, scratch)?, self.number.size());
            let decode = |(skipped, piece): (usize, &mut [T])| {
                self.decode(&bytes[skipped * size..][..piece.len() * size], piece)
            };
            Ok(visit.pieces.into_iter().map(decode).sum::<usize>())
        };
        let visits = self.visits(ranges, &mut values);
        let n_unfit: Result<usize, IoError> = visits.into_par_iter().map_init(Scratch::new, fill).sum();
        Ok((values, n_unfit?))
    }

    /// Which part of the output each block fills. Ranges that ascend visit a block once, however many of them lie in it.
    fn visits<'v, T>(&self, ranges: &[Range<usize>], values: &'v mut [T]) -> Vec<Visit<'v, T>> {
        let block_length = self.block_shape()[0];
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
        let stored_columns = self.block_shape().get(1).copied().unwrap_or(1);
        let bytes = self.blocks.bytes(index, scratch)?;
        let mut values = vec![T::default(); n_rows * n_columns];
        let mut n_unfit = 0;
        if n_columns > 0 {
            let stored_rows = bytes.chunks_exact(stored_columns * self.number.size());
            for (row, stored) in values.chunks_exact_mut(n_columns).zip(stored_rows) {
                n_unfit += self.decode(&stored[..n_columns * self.number.size()], row);
            }
        }
        Ok((values, n_unfit))
    }

    /// Converts the bytes of some elements. Returns how many of them the type cannot hold.
    fn decode<T: Element>(&self, bytes: &[u8], out: &mut [T]) -> usize {
        if self.swapped {
            T::decode(self.number, &swapped(bytes, self.number), out)
        } else {
            T::decode(self.number, bytes, out)
        }
    }
}

/// Numbers in the other order of bytes.
pub(super) fn swapped(bytes: &[u8], number: NumberType) -> Vec<u8> {
    bytes.chunks_exact(number.size()).flat_map(|number| number.iter().rev().copied()).collect()
}
