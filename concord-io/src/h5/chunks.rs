//! Chunks read as they lie in the file and decompressed here, outside the library and its lock, by many threads.

use std::fs::File;
use std::io;
use std::path::Path;

use hdf5::Dataset;

use super::ffi;
use super::filter::{Codecs, Filter, damaged};

/// A dataset with more unwritten chunks than this is left to the library, which keeps no list of them.
const MAX_UNWRITTEN_CHUNKS: usize = 1 << 20;

/// Where the chunks of a dataset lie, for datasets whose filters are all known here. The blocks of a dataset without chunks
/// count as chunks too: each is a run of rows.
#[derive(Debug)]
pub(super) struct RawChunks {
    file: File,
    n_file_bytes: u64,
    /// `None` for a chunk that was never written.
    chunks: Vec<Option<Chunk>>,
    filters: Vec<Filter>,
    element_size: usize,
    chunk_bytes: usize,
    /// One element of a chunk that was never written.
    fill: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    address: u64,
    n_bytes: u64,
    /// Its size when it is decompressed.
    n_content: usize,
    /// A bit for each filter that this chunk did not go through.
    skipped_filters: u32,
}

/// The form of a dataset and of the blocks that it is cut into.
pub(super) struct Layout<'l> {
    pub(super) shape: &'l [usize],
    pub(super) block_shape: &'l [usize],
    /// Number of blocks along each dimension.
    pub(super) grid: &'l [usize],
    pub(super) element_size: usize,
}

impl Layout<'_> {
    fn block_bytes(&self) -> Option<usize> {
        self.block_shape.iter().try_fold(self.element_size, |bytes, &length| bytes.checked_mul(length))
    }

    fn n_blocks(&self) -> Option<usize> {
        self.grid.iter().try_fold(1_usize, |n, &length| n.checked_mul(length))
    }
}

/// Buffers that a thread uses for one chunk after another.
pub(crate) struct Scratch {
    codecs: Codecs,
    bytes: Vec<u8>,
    spare: Vec<u8>,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { codecs: Codecs::new(), bytes: Vec::new(), spare: Vec::new() }
    }

    /// A buffer of this many bytes.
    pub(super) fn room(&mut self, n_bytes: usize) -> &mut [u8] {
        self.bytes.resize(n_bytes, 0);
        &mut self.bytes
    }
}

impl RawChunks {
    /// Finds the chunks of a dataset, in the order of the grid. `None` when only the library can read them: filters not
    /// known here, or chunks that do not belong.
    pub(super) fn find(path: &Path, dataset: &Dataset, filter_numbers: &[i32], layout: &Layout<'_>) -> Option<Self> {
        let filters = filter_numbers.iter().map(|&number| Filter::from_number(number)).collect::<Option<Vec<_>>>()?;
        let chunk_bytes = layout.block_bytes()?;
        let chunks = visit_chunks(dataset, layout)?;
        let fill = ffi::fill_value(dataset, layout.element_size).ok()?;
        let (file, n_file_bytes) = open(path)?;
        Some(Self { file, n_file_bytes, chunks, filters, element_size: layout.element_size, chunk_bytes, fill })
    }

    /// The blocks of a dataset that lies in one piece. `None` when it does not, or was never written.
    pub(super) fn of_contiguous(path: &Path, dataset: &Dataset, layout: &Layout<'_>) -> Option<Self> {
        let start = dataset.offset()?;
        let chunk_bytes = layout.block_bytes()?;
        let n_bytes = layout.shape.iter().try_fold(layout.element_size, |bytes, &length| bytes.checked_mul(length))?;
        if dataset.storage_size() != n_bytes as u64 {
            return None;
        }
        let chunk = |index: usize| Chunk {
            address: start.saturating_add((index * chunk_bytes) as u64),
            n_bytes: (n_bytes - index * chunk_bytes).min(chunk_bytes) as u64,
            n_content: (n_bytes - index * chunk_bytes).min(chunk_bytes),
            skipped_filters: 0,
        };
        let chunks = (0..layout.n_blocks()?).map(|index| Some(chunk(index))).collect();
        let (file, n_file_bytes) = open(path)?;
        let (filters, fill) = (Vec::new(), Vec::new());
        Some(Self { file, n_file_bytes, chunks, filters, element_size: layout.element_size, chunk_bytes, fill })
    }

    /// Reads and decompresses one chunk; its bytes lie in `scratch` until the next call.
    pub(super) fn read<'s>(&self, index: usize, scratch: &'s mut Scratch) -> io::Result<&'s [u8]> {
        let Some(chunk) = self.chunks[index] else { return Ok(self.unwritten(scratch)) };
        let applied = self.filters.iter().enumerate().filter(|&(place, _)| chunk.skipped_filters >> place & 1 == 0);
        let most = applied.clone().fold(chunk.n_bytes, |n_bytes, (_, filter)| filter.most_bytes(n_bytes));
        if (chunk.n_content as u64) > most || chunk.n_bytes > self.n_file_bytes {
            return Err(damaged(format!("a chunk of {} bytes cannot hold what it should", chunk.n_bytes)));
        }
        scratch.bytes.resize(chunk.n_bytes as usize, 0);
        read_exact_at(&self.file, &mut scratch.bytes, chunk.address)?;
        let Scratch { codecs, bytes, spare } = scratch;
        for (_, &filter) in applied.rev() {
            codecs.undo(filter, bytes, self.element_size, chunk.n_content, spare)?;
            std::mem::swap(bytes, spare);
        }
        if bytes.len() != chunk.n_content {
            return Err(damaged(format!("a chunk has {} bytes, not {}", bytes.len(), chunk.n_content)));
        }
        Ok(bytes)
    }

    /// A chunk of the value that stands for what was never written.
    fn unwritten<'s>(&self, scratch: &'s mut Scratch) -> &'s [u8] {
        scratch.bytes.clear();
        scratch.bytes.extend(self.fill.iter().cycle().take(self.chunk_bytes));
        &scratch.bytes
    }
}

/// The chunks by their place in the grid; `None` when there is one that does not belong, or nearly all are missing.
fn visit_chunks(dataset: &Dataset, layout: &Layout<'_>) -> Option<Vec<Option<Chunk>>> {
    let (n_written, n_chunks) = (dataset.num_chunks()?, layout.n_blocks()?);
    // A small file can claim any number of chunks that were never written.
    if n_written > n_chunks || n_chunks > MAX_UNWRITTEN_CHUNKS.saturating_add(n_written) {
        return None;
    }
    let n_content = layout.block_bytes()?;
    let mut found: Vec<Option<Chunk>> = Vec::new();
    found.try_reserve_exact(n_chunks).ok()?;
    found.resize(n_chunks, None);
    let mut n_found = 0;
    dataset
        .chunks_visit(|info| {
            let cells = info.offset.iter().zip(layout.block_shape).map(|(&offset, &length)| offset as usize / length);
            let place = cells.zip(layout.grid).fold(0, |place, (cell, &length)| place * length + cell);
            if let Some(entry) = found.get_mut(place) {
                n_found += usize::from(entry.is_none());
                let (address, n_bytes, skipped_filters) = (info.addr, info.size, info.filter_mask);
                *entry = Some(Chunk { address, n_bytes, n_content, skipped_filters });
            }
            0
        })
        .ok()?;
    (n_found == n_written).then_some(found)
}

/// The file opened once more, to be read without the library, and its size.
fn open(path: &Path) -> Option<(File, u64)> {
    let file = File::open(path).ok()?;
    let n_bytes = file.metadata().ok()?.len();
    Some((file, n_bytes))
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], address: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, address)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut address: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, address)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n_read => {
                bytes = &mut bytes[n_read..];
                address += n_read as u64;
            }
        }
    }
    Ok(())
}
