//! Chunks of the Blosc filter (32001), as `PyTables` and hdf5plugin write them: the format of C-Blosc 1.
//!
//! A header of 16 bytes, the places of the blocks, and the blocks: each compressed by itself, in as many streams as an
//! element has bytes or in one, after its bytes or bits were regrouped.

use std::io;

use super::filter::{Codecs, damaged};
use super::lz::decode_blosclz;
use super::shuffle::{unshuffle, unshuffle_bits};

const HEADER_BYTES: usize = 16;

/// Bits of the third byte of the header.
const SHUFFLED: u8 = 1;
const STORED: u8 = 2;
const BITS_SHUFFLED: u8 = 4;
const ONE_STREAM: u8 = 16;

/// Blocks are in several streams only when elements have no more bytes than this, and streams no less than that.
const MAX_STREAMS: usize = 16;
const MIN_STREAM_BYTES: usize = 128;

struct Header {
    flags: u8,
    element_size: usize,
    n_bytes: usize,
    block_bytes: usize,
}

impl Header {
    fn parse(input: &[u8]) -> Option<Self> {
        let number = |place| read_u32(input, place);
        let header = Self {
            flags: *input.get(2)?,
            element_size: usize::from(*input.get(3)?).max(1),
            n_bytes: number(4)?,
            block_bytes: number(8)?,
        };
        (number(12)? <= input.len() && (header.block_bytes > 0 || header.n_bytes == 0)).then_some(header)
    }

    /// The streams of a block of this many bytes; only the last block may be shorter than the others.
    fn n_streams(&self, block_bytes: usize) -> usize {
        let can_split = self.flags & ONE_STREAM == 0
            && self.element_size <= MAX_STREAMS
            && block_bytes / self.element_size >= MIN_STREAM_BYTES
            && block_bytes == self.block_bytes;
        if can_split { self.element_size } else { 1 }
    }
}

/// Decompresses a chunk to exactly `output`; `spare` is room for one block.
pub(super) fn decode(codecs: &mut Codecs, input: &[u8], output: &mut [u8], spare: &mut Vec<u8>) -> io::Result<()> {
    let header = Header::parse(input).ok_or_else(|| damaged("a Blosc chunk has no proper header"))?;
    if header.n_bytes != output.len() {
        return Err(damaged(format!("a Blosc chunk holds {} bytes, not {}", header.n_bytes, output.len())));
    }
    if header.flags & STORED != 0 {
        let stored = input.get(HEADER_BYTES..HEADER_BYTES + output.len());
        output.copy_from_slice(stored.ok_or_else(|| damaged("a Blosc chunk is cut short"))?);
        return Ok(());
    }
    for (index, block) in output.chunks_mut(header.block_bytes.max(1)).enumerate() {
        let start = read_u32(input, HEADER_BYTES + 4 * index).and_then(|start| input.get(start..));
        let streams = start.ok_or_else(|| damaged("a Blosc chunk lacks a block"))?;
        if header.flags & SHUFFLED != 0 && header.element_size > 1 {
            spare.resize(block.len(), 0);
            decode_block(codecs, &header, streams, spare)?;
            unshuffle(spare, header.element_size, block);
        } else if header.flags & BITS_SHUFFLED != 0 && block.len() >= header.element_size {
            spare.resize(block.len(), 0);
            decode_block(codecs, &header, streams, spare)?;
            unshuffle_bits(spare, header.element_size, block);
        } else {
            decode_block(codecs, &header, streams, block)?;
        }
    }
    Ok(())
}

fn decode_block(codecs: &mut Codecs, header: &Header, mut input: &[u8], block: &mut [u8]) -> io::Result<()> {
    let cut_short = || damaged("a block of a Blosc chunk is cut short");
    let n_streams = header.n_streams(block.len());
    // The streams fill a block: its length is a multiple of the size of its elements, or the chunk is damaged.
    if !block.len().is_multiple_of(n_streams) {
        return Err(cut_short());
    }
    for output in block.chunks_exact_mut(block.len() / n_streams) {
        let n_bytes = read_u32(input, 0).ok_or_else(cut_short)?;
        let stream = input.get(4..).and_then(|behind| behind.get(..n_bytes)).ok_or_else(cut_short)?;
        input = &input[4 + n_bytes..];
        if n_bytes == output.len() {
            output.copy_from_slice(stream);
        } else if decode_stream(codecs, header.flags >> 5, stream, output)? != output.len() {
            return Err(damaged("a block of a Blosc chunk has the wrong size"));
        }
    }
    Ok(())
}

fn decode_stream(codecs: &mut Codecs, format: u8, input: &[u8], output: &mut [u8]) -> io::Result<usize> {
    match format {
        0 => decode_blosclz(input, output).ok_or_else(|| damaged("BloscLZ cannot be decompressed")),
        1 => lz4_flex::block::decompress_into(input, output).map_err(io::Error::other),
        3 => codecs.decode_zlib(input, output),
        4 => codecs.decode_zstd(input, output),
        2 => Err(damaged("Snappy inside Blosc is not supported; write it with gzip")),
        other => Err(damaged(format!("Blosc format {other} is not known; write it with gzip"))),
    }
}

fn read_u32(input: &[u8], place: usize) -> Option<usize> {
    let bytes = input.get(place..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*bytes) as usize)
}
