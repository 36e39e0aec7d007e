//! Chunks read as they lie in the file and decompressed here, outside the library and its lock, by many threads.

use std::fs::File;
use std::io;
use std::path::Path;

use hdf5::Dataset;
use libdeflater::Decompressor;

/// Deflate makes at most 1032 bytes of one; a chunk that claims more is not what it says.
const MAX_DEFLATE_RATIO: u64 = 1040;

const DEFLATE: i32 = 1;
const SHUFFLE: i32 = 2;

/// Where the chunks of a dataset lie, for datasets whose filters are known here: deflate and shuffle.
#[derive(Debug)]
pub(super) struct RawChunks {
    file: File,
    n_file_bytes: u64,
    chunks: Vec<Chunk>,
    filters: Vec<Filter>,
    element_size: usize,
    chunk_bytes: usize,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    address: u64,
    n_bytes: u64,
    /// A bit for each filter that this chunk did not go through.
    skipped_filters: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    Deflate,
    Shuffle,
}

/// Buffers that a thread uses for one chunk after another.
pub(crate) struct Scratch {
    decompressor: Decompressor,
    bytes: Vec<u8>,
    spare: Vec<u8>,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { decompressor: Decompressor::new(), bytes: Vec::new(), spare: Vec::new() }
    }

    /// A buffer of this many bytes.
    pub(super) fn room(&mut self, n_bytes: usize) -> &mut [u8] {
        self.bytes.resize(n_bytes, 0);
        &mut self.bytes
    }
}

impl RawChunks {
    /// Finds the chunks of a dataset, in the order of the grid. `None` when only the library can read them: unknown filters,
    /// chunks that were never written, numbers that are not stored as this machine stores them.
    pub(super) fn find(
        path: &Path,
        dataset: &Dataset,
        filter_numbers: &[i32],
        grid: &[usize],
        chunk_shape: &[usize],
        element_size: usize,
    ) -> Option<Self> {
        let filters = filter_numbers.iter().map(|&number| match number {
            DEFLATE => Some(Filter::Deflate),
            SHUFFLE => Some(Filter::Shuffle),
            _ => None,
        });
        let filters = filters.collect::<Option<Vec<_>>>()?;
        let chunk_bytes = chunk_shape.iter().try_fold(element_size, |bytes, &length| bytes.checked_mul(length))?;
        let n_chunks = grid.iter().try_fold(1_usize, |n, &length| n.checked_mul(length))?;
        if dataset.num_chunks()? != n_chunks {
            return None;
        }
        let chunks = visit_chunks(dataset, n_chunks, grid, chunk_shape)?;
        let file = File::open(path).ok()?;
        let n_file_bytes = file.metadata().ok()?.len();
        Some(Self { file, n_file_bytes, chunks, filters, element_size, chunk_bytes })
    }

    /// Reads and decompresses one chunk; its bytes lie in `scratch` until the next call.
    pub(super) fn read<'s>(&self, index: usize, scratch: &'s mut Scratch) -> io::Result<&'s [u8]> {
        let chunk = self.chunks[index];
        let compressed = self.is_applied(chunk, Filter::Deflate);
        let most = if compressed { chunk.n_bytes.saturating_mul(MAX_DEFLATE_RATIO) } else { chunk.n_bytes };
        if (self.chunk_bytes as u64) > most || chunk.n_bytes > self.n_file_bytes {
            return Err(io::Error::other(format!("a chunk of {} bytes cannot hold what it should", chunk.n_bytes)));
        }
        scratch.bytes.resize(chunk.n_bytes as usize, 0);
        read_exact_at(&self.file, &mut scratch.bytes, chunk.address)?;
        for (place, &filter) in self.filters.iter().enumerate().rev() {
            if chunk.skipped_filters >> place & 1 == 0 {
                self.undo(filter, scratch)?;
            }
        }
        if scratch.bytes.len() != self.chunk_bytes {
            return Err(io::Error::other(format!(
                "a chunk has {} bytes, not {}",
                scratch.bytes.len(),
                self.chunk_bytes
            )));
        }
        Ok(&scratch.bytes)
    }

    fn is_applied(&self, chunk: Chunk, wanted: Filter) -> bool {
        let mut applied = self.filters.iter().enumerate().filter(|&(place, _)| chunk.skipped_filters >> place & 1 == 0);
        applied.any(|(_, &filter)| filter == wanted)
    }

    fn undo(&self, filter: Filter, scratch: &mut Scratch) -> io::Result<()> {
        let Scratch { decompressor, bytes, spare } = scratch;
        spare.resize(self.chunk_bytes, 0);
        match filter {
            Filter::Deflate => {
                let n_bytes = decompressor.zlib_decompress(bytes, spare).map_err(io::Error::other)?;
                spare.truncate(n_bytes);
            }
            Filter::Shuffle if bytes.len() == self.chunk_bytes => unshuffle(bytes, self.element_size, spare),
            Filter::Shuffle => return Err(io::Error::other("a shuffled chunk has the wrong size")),
        }
        std::mem::swap(bytes, spare);
        Ok(())
    }
}

/// The chunks by their place in the grid; `None` when one is missing or there is one that does not belong.
fn visit_chunks(dataset: &Dataset, n_chunks: usize, grid: &[usize], chunk_shape: &[usize]) -> Option<Vec<Chunk>> {
    let mut found: Vec<Option<Chunk>> = Vec::new();
    found.try_reserve_exact(n_chunks).ok()?;
    found.resize(n_chunks, None);
    dataset
        .chunks_visit(|info| {
            let cells = info.offset.iter().zip(chunk_shape).map(|(&offset, &length)| offset as usize / length);
            let place = cells.zip(grid).fold(0, |place, (cell, &length)| place * length + cell);
            if let Some(entry) = found.get_mut(place) {
                *entry = Some(Chunk { address: info.addr, n_bytes: info.size, skipped_filters: info.filter_mask });
            }
            0
        })
        .ok()?;
    found.into_iter().collect()
}

/// Puts the bytes of each number side by side again: `from` holds all first bytes, then all second bytes, and so on. Bytes
/// behind the last whole number were left alone.
fn unshuffle(from: &[u8], element_size: usize, to: &mut [u8]) {
    let n_elements = from.len() / element_size.max(1);
    let whole = n_elements * element_size;
    match element_size {
        4 => unshuffle_sized::<4>(&from[..whole], &mut to[..whole]),
        8 => unshuffle_sized::<8>(&from[..whole], &mut to[..whole]),
        _ => {
            for (byte, plane) in from[..whole].chunks_exact(n_elements.max(1)).enumerate() {
                for (element, &value) in plane.iter().enumerate() {
                    to[element * element_size + byte] = value;
                }
            }
        }
    }
    to[whole..].copy_from_slice(&from[whole..]);
}

fn unshuffle_sized<const SIZE: usize>(from: &[u8], to: &mut [u8]) {
    let n_elements = from.len() / SIZE;
    let planes: [&[u8]; SIZE] = std::array::from_fn(|byte| &from[byte * n_elements..(byte + 1) * n_elements]);
    for (element, bytes) in to.chunks_exact_mut(SIZE).enumerate() {
        for (byte, plane) in bytes.iter_mut().zip(planes) {
            *byte = plane[element];
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffled_bytes_come_back() {
        for (element_size, n_bytes) in [(2, 10), (4, 12), (8, 32), (4, 15), (1, 7), (3, 9)] {
            let plain: Vec<u8> = (0..n_bytes as u8).collect();
            let n_elements = n_bytes / element_size;
            let mut shuffled = plain.clone();
            for element in 0..n_elements {
                for byte in 0..element_size {
                    shuffled[byte * n_elements + element] = plain[element * element_size + byte];
                }
            }
            let mut back = vec![0; n_bytes];
            unshuffle(&shuffled, element_size, &mut back);
            assert_eq!(back, plain, "elements of {element_size} bytes");
        }
    }
}
