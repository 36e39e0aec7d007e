//! The bytes of datasets, chunk by chunk, read and decompressed by many threads.

use std::io;

use super::filter::{Codecs, Filter, damaged};
use super::format::chunk_index::{Geometry, stored_chunks};
use super::format::{ChunkIndex, Fault, Header, Layout, Source, fill_value, filters, kind};

/// A dataset with more unwritten chunks than this for each that was written is refused: a list of them would take memory
/// that no data stand for.
const MAX_UNWRITTEN_CHUNKS: usize = 1 << 20;

/// Where the chunks of a dataset lie. The blocks of a dataset without chunks count as chunks too: each is a run of rows.
#[derive(Debug)]
pub(super) struct RawChunks {
    store: Store,
    /// `None` for a chunk that was never written.
    chunks: Vec<Option<Chunk>>,
    filters: Vec<Filter>,
    element_size: usize,
    chunk_bytes: usize,
    /// One element of a chunk that was never written.
    fill: Vec<u8>,
}

/// What the addresses of chunks are places in.
#[derive(Debug)]
enum Store {
    File(Source),
    /// The bytes of a dataset so small that it is a part of its header.
    Header(Vec<u8>),
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
pub(super) struct Form<'f> {
    pub(super) shape: &'f [usize],
    pub(super) maxima: &'f [Option<u64>],
    pub(super) block_shape: &'f [usize],
    /// Number of blocks along each dimension.
    pub(super) grid: &'f [usize],
    pub(super) element_size: usize,
}

impl Form<'_> {
    fn block_bytes(&self) -> Result<usize, Fault> {
        let n_bytes = self.block_shape.iter().try_fold(self.element_size, |bytes, &length| bytes.checked_mul(length));
        n_bytes
            .filter(|&n| isize::try_from(n).is_ok())
            .ok_or_else(|| Fault::damaged("its chunks are larger than memory"))
    }

    fn n_blocks(&self) -> Result<usize, Fault> {
        let n_blocks = self.grid.iter().try_fold(1_usize, |n, &length| n.checked_mul(length));
        n_blocks.ok_or_else(|| Fault::damaged("it has more chunks than can be counted"))
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
}

/// The numbers of the filters of a dataset.
pub(super) fn filter_numbers(source: &Source, header: &Header) -> Result<Vec<u16>, Fault> {
    match header.find(source, kind::FILTERS)? {
        Some(body) => filters(&mut source.cursor(&body)),
        None => Ok(Vec::new()),
    }
}

impl RawChunks {
    /// Finds the chunks of a dataset, in the order of the grid.
    pub(super) fn find(
        source: &Source,
        header: &Header,
        layout: Layout,
        filter_numbers: &[u16],
        form: &Form<'_>,
    ) -> Result<Self, Fault> {
        let known = filter_numbers.iter().map(|&number| Filter::from_number(number));
        let filters =
            known.collect::<Option<Vec<_>>>().ok_or_else(|| Fault::unsupported("is compressed in an unknown way"))?;
        let chunk_bytes = form.block_bytes()?;
        let (store, chunks) = match layout {
            Layout::Compact(bytes) => {
                let chunks = in_one_piece(0, form)?;
                (Store::Header(bytes), chunks)
            }
            Layout::Contiguous(address) => {
                let chunks = match address {
                    Some(address) => in_one_piece(address, form)?,
                    None => vec![None; form.n_blocks()?],
                };
                (Store::File(source.clone()), chunks)
            }
            Layout::Chunked { index, rules, .. } => {
                let geometry = Geometry {
                    shape: form.shape,
                    maxima: form.maxima,
                    chunk: form.block_shape,
                    chunk_bytes: chunk_bytes as u64,
                    is_filtered: !filters.is_empty(),
                    rules,
                };
                (Store::File(source.clone()), by_place(source, &index, form, &geometry)?)
            }
        };
        let fill = fill_value(source, header, form.element_size)?;
        Ok(Self { store, chunks, filters, element_size: form.element_size, chunk_bytes, fill })
    }

    /// Reads and decompresses one chunk; its bytes lie in `scratch` until the next call.
    pub(super) fn read<'s>(&self, index: usize, scratch: &'s mut Scratch) -> io::Result<&'s [u8]> {
        let Some(chunk) = self.chunks[index] else { return Ok(self.unwritten(scratch)) };
        let applied = self.filters.iter().enumerate().filter(|&(place, _)| chunk.skipped_filters >> place & 1 == 0);
        let most = applied.clone().fold(chunk.n_bytes, |n_bytes, (_, filter)| filter.most_bytes(n_bytes));
        if (chunk.n_content as u64) > most {
            return Err(damaged(format!("a chunk of {} bytes cannot hold what it should", chunk.n_bytes)));
        }
        self.read_stored(&chunk, &mut scratch.bytes)?;
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

    /// The bytes of a chunk as they lie in the file.
    fn read_stored(&self, chunk: &Chunk, bytes: &mut Vec<u8>) -> io::Result<()> {
        let too_short = || io::Error::from(io::ErrorKind::UnexpectedEof);
        match &self.store {
            Store::File(source) => {
                source.check_range(chunk.address, chunk.n_bytes).map_err(|_| too_short())?;
                bytes.resize(chunk.n_bytes as usize, 0);
                source.read_into(chunk.address, bytes)
            }
            Store::Header(all) => {
                let start = chunk.address as usize;
                let stored = all.get(start..start.saturating_add(chunk.n_bytes as usize));
                bytes.clear();
                bytes.extend_from_slice(stored.ok_or_else(|| damaged("it has more elements than bytes"))?);
                Ok(())
            }
        }
    }

    /// A chunk of the value that stands for what was never written.
    fn unwritten<'s>(&self, scratch: &'s mut Scratch) -> &'s [u8] {
        scratch.bytes.clear();
        scratch.bytes.extend(self.fill.iter().cycle().take(self.chunk_bytes));
        &scratch.bytes
    }
}

/// The blocks of a dataset that lies in one piece.
fn in_one_piece(start: u64, form: &Form<'_>) -> Result<Vec<Option<Chunk>>, Fault> {
    let block_bytes = form.block_bytes()?;
    let n_bytes: usize = form.shape.iter().product::<usize>() * form.element_size;
    let block = |index: usize| {
        let n_content = (n_bytes - index * block_bytes).min(block_bytes);
        let address = start.saturating_add((index * block_bytes) as u64);
        Some(Chunk { address, n_bytes: n_content as u64, n_content, skipped_filters: 0 })
    };
    Ok((0..form.n_blocks()?).map(block).collect())
}

/// The chunks by their place in the grid.
fn by_place(
    source: &Source,
    index: &ChunkIndex,
    form: &Form<'_>,
    geometry: &Geometry<'_>,
) -> Result<Vec<Option<Chunk>>, Fault> {
    let stored = stored_chunks(source, index, geometry)?;
    let n_content = form.block_bytes()?;
    let n_blocks = form.n_blocks()?;
    // A small file can claim any number of chunks that were never written.
    if n_blocks > MAX_UNWRITTEN_CHUNKS.saturating_add(stored.len()) {
        return Err(Fault::unsupported(format!(
            "has {n_blocks} chunks, of which {} were written; write it anew",
            stored.len()
        )));
    }
    let mut chunks = vec![None; n_blocks];
    for stored in stored {
        let cells = stored.offset.iter().zip(form.block_shape).map(|(&offset, &length)| offset as usize / length);
        let place =
            cells.zip(form.grid).try_fold(0, |place, (cell, &length)| (cell < length).then_some(place * length + cell));
        // A dataset that was made smaller may keep chunks that lie outside of it now.
        let Some(place) = place else { continue };
        let (address, n_bytes, skipped_filters) = (stored.address, stored.n_bytes, geometry.skipped_filters(&stored));
        let chunk = Chunk { address, n_bytes, n_content, skipped_filters };
        if chunks[place].replace(chunk).is_some() {
            return Err(Fault::damaged(format!("its chunk {place} is there twice")));
        }
    }
    Ok(chunks)
}
