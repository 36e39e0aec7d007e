use std::io;
use std::marker::PhantomData;

use libdeflater::{CompressionLvl, Compressor};
use rayon::prelude::*;

use super::appender::Appender;
use super::attributes::encoding;
use super::chunk_tree::{WrittenChunk, put_chunk_tree};
use super::dataset::put_header;
use super::encode::Stored;
use super::message::{NOWHERE, layout_of_chunks};
use crate::h5::shuffle::shuffle;

/// Elements of a chunk: few enough to read some rows without reading many others.
const CHUNK_ELEMENTS: usize = 1 << 15;

/// Chunks that are compressed at the same time.
const PENDING_CHUNKS: usize = 32;

/// Room is taken chunk by chunk.
pub(super) const FILL_OF_CHUNKS: [u8; 2] = [3, 0x0b];

/// What is done to chunks before they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filters {
    None,
    /// Bytes are regrouped and deflated, at a level from 1 (fast) to 12 (small).
    Deflate(i32),
}

/// A one-dimensional array that is written while it becomes longer, in chunks.
#[derive(Debug)]
pub(crate) struct ChunkedArray<T> {
    filters: Filters,
    /// Bytes of elements that are in no chunk yet.
    pending: Vec<u8>,
    chunks: Vec<WrittenChunk>,
    n_elements: u64,
    element: PhantomData<T>,
}

impl<T: Stored> ChunkedArray<T> {
    const CHUNK_BYTES: usize = CHUNK_ELEMENTS * T::N_BYTES;

    pub(crate) fn new(filters: Filters) -> Self {
        Self { filters, pending: Vec::new(), chunks: Vec::new(), n_elements: 0, element: PhantomData }
    }

    /// Number of elements up to now.
    pub(crate) fn len(&self) -> u64 {
        self.n_elements
    }

    /// Adds elements.
    pub(crate) fn extend(&mut self, appender: &mut Appender, values: &[T]) -> io::Result<()> {
        for part in values.chunks(CHUNK_ELEMENTS) {
            for value in part {
                value.encode(&mut self.pending);
            }
            self.n_elements += part.len() as u64;
            if self.pending.len() >= PENDING_CHUNKS * Self::CHUNK_BYTES {
                self.put_whole_chunks(appender)?;
            }
        }
        Ok(())
    }

    fn put_whole_chunks(&mut self, appender: &mut Appender) -> io::Result<()> {
        let n_whole = self.pending.len() / Self::CHUNK_BYTES * Self::CHUNK_BYTES;
        let rest = self.pending.split_off(n_whole);
        let whole = std::mem::replace(&mut self.pending, rest);
        let filtered = whole.par_chunks(Self::CHUNK_BYTES).map(|chunk| filtered(self.filters, chunk, T::N_BYTES));
        for bytes in filtered.collect::<io::Result<Vec<_>>>()? {
            let first = (self.chunks.len() * CHUNK_ELEMENTS) as u64;
            let n_bytes = u32::try_from(bytes.len()).map_err(io::Error::other)?;
            self.chunks.push(WrittenChunk { first, address: appender.put_aligned(&bytes)?, n_bytes });
        }
        Ok(())
    }

    /// Writes what is left and returns the address of the array's header.
    pub(crate) fn finish(mut self, appender: &mut Appender) -> io::Result<u64> {
        // A chunk is always whole; what lies behind the end of the array is not read.
        let n_whole = self.pending.len().next_multiple_of(Self::CHUNK_BYTES);
        self.pending.resize(n_whole, 0);
        self.put_whole_chunks(appender)?;
        let n_covered = (self.chunks.len() * CHUNK_ELEMENTS) as u64;
        let tree = match &self.chunks[..] {
            [] => NOWHERE,
            chunks => put_chunk_tree(appender, chunks, n_covered)?,
        };
        let layout = layout_of_chunks(tree, &[CHUNK_ELEMENTS], T::N_BYTES)?;
        let attributes = encoding(appender, "array", "0.2.0")?;
        let filters = pipeline(self.filters, T::N_BYTES);
        let shape = [self.n_elements as usize];
        put_header(appender, &shape, &T::datatype(), &FILL_OF_CHUNKS, &layout, filters.as_deref(), &attributes)
    }
}

/// The message that tells the filters.
pub(super) fn pipeline(filters: Filters, element_bytes: usize) -> Option<Vec<u8>> {
    let Filters::Deflate(level) = filters else { return None };
    let mut body = vec![2, 2];
    // Number of the filter, that it may be left out, and its one setting. The library knows the levels up to 9.
    for (number, setting) in [(2_u16, element_bytes as u32), (1, level.clamp(1, 9) as u32)] {
        body.extend([number, 1, 1].iter().flat_map(|part| part.to_le_bytes()));
        body.extend(setting.to_le_bytes());
    }
    Some(body)
}

pub(super) fn filtered(filters: Filters, chunk: &[u8], element_bytes: usize) -> io::Result<Vec<u8>> {
    let Filters::Deflate(level) = filters else { return Ok(chunk.to_vec()) };
    let mut regrouped = vec![0; chunk.len()];
    shuffle(chunk, element_bytes, &mut regrouped);
    let level = CompressionLvl::new(level).map_err(|_| io::Error::other("levels of compression go from 1 to 12"))?;
    let mut compressor = Compressor::new(level);
    let mut compressed = vec![0; compressor.zlib_compress_bound(regrouped.len())];
    let n_bytes = compressor.zlib_compress(&regrouped, &mut compressed).map_err(io::Error::other)?;
    compressed.truncate(n_bytes);
    Ok(compressed)
}
