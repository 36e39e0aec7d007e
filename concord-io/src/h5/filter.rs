//! The filters that chunks are decompressed with here, outside the HDF5 library and its lock.

use std::io;

use libdeflater::Decompressor;
use ruzstd::decoding::FrameDecoder;

use super::blosc;
use super::lz::decode_lzf;
use super::shuffle::unshuffle;

/// Deflate makes at most 1032 bytes of one; a chunk that claims more is not what it says.
const MAX_DEFLATE_RATIO: u64 = 1040;

/// The other formats can say "a million zeros" in a few bytes, but no chunk this large does so with real data.
const MAX_RATIO: u64 = 1100;
const ANY_RATIO_BYTES: u64 = 64 << 20;

/// A Zstandard frame may ask for this many bytes behind which it refers to nothing.
const MAX_ZSTD_WINDOW: u64 = 100 << 20;

/// A filter known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    Deflate,
    Shuffle,
    Lzf,
    Blosc,
    Zstd,
}

impl Filter {
    /// The filter of this registered number.
    pub(super) fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            1 => Self::Deflate,
            2 => Self::Shuffle,
            32000 => Self::Lzf,
            32001 => Self::Blosc,
            32015 => Self::Zstd,
            _ => return None,
        })
    }

    /// The most bytes that may become of `n_bytes` of a file, so that damage cannot claim all memory.
    pub(super) fn most_bytes(self, n_bytes: u64) -> u64 {
        match self {
            Self::Shuffle => n_bytes,
            Self::Deflate => n_bytes.saturating_mul(MAX_DEFLATE_RATIO),
            Self::Lzf | Self::Blosc | Self::Zstd => n_bytes.saturating_mul(MAX_RATIO).max(ANY_RATIO_BYTES),
        }
    }
}

/// Decompressors that a thread uses for one chunk after another.
pub(super) struct Codecs {
    deflate: Decompressor,
    zstd: FrameDecoder,
}

impl Codecs {
    pub(super) fn new() -> Self {
        Self { deflate: Decompressor::new(), zstd: FrameDecoder::new() }
    }

    pub(super) fn decode_zlib(&mut self, input: &[u8], output: &mut [u8]) -> io::Result<usize> {
        self.deflate.zlib_decompress(input, output).map_err(io::Error::other)
    }

    pub(super) fn decode_zstd(&mut self, input: &[u8], output: &mut [u8]) -> io::Result<usize> {
        let window = zstd_window(input).ok_or_else(|| damaged("a Zstandard frame has no proper header"))?;
        if window > MAX_ZSTD_WINDOW.max(output.len() as u64) {
            return Err(damaged(format!("a Zstandard frame asks for a window of {window} bytes")));
        }
        self.zstd.decode_all(input, output).map_err(io::Error::other)
    }

    /// Undoes one filter: `from` becomes `to`, which has at most `n_bytes`, those of a whole chunk.
    pub(super) fn undo(
        &mut self,
        filter: Filter,
        from: &[u8],
        element_size: usize,
        n_bytes: usize,
        to: &mut Vec<u8>,
    ) -> io::Result<()> {
        to.resize(n_bytes, 0);
        let n_made = match filter {
            Filter::Deflate => self.decode_zlib(from, to)?,
            Filter::Zstd => self.decode_zstd(from, to)?,
            Filter::Lzf => decode_lzf(from, to).ok_or_else(|| damaged("LZF cannot be decompressed"))?,
            Filter::Blosc => {
                blosc::decode(self, from, to, &mut Vec::new())?;
                n_bytes
            }
            Filter::Shuffle if from.len() == n_bytes => {
                unshuffle(from, element_size, to);
                n_bytes
            }
            Filter::Shuffle => return Err(damaged("a shuffled chunk has the wrong size")),
        };
        to.truncate(n_made);
        Ok(())
    }
}

/// How far back a Zstandard frame refers (RFC 8878, section 3.1.1.1): what its decoder allocates.
fn zstd_window(frame: &[u8]) -> Option<u64> {
    let descriptor = *frame.get(4)?;
    if frame[..4] != [0x28, 0xb5, 0x2f, 0xfd] {
        return None;
    }
    if descriptor & 0x20 == 0 {
        let window = *frame.get(5)?;
        let base = 1_u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    // A single segment has no window: all of its content is one.
    let start = 5 + [0, 1, 2, 4][usize::from(descriptor & 3)];
    let content = |n_bytes: usize| {
        let bytes = frame.get(start..start + n_bytes)?;
        Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    };
    match descriptor >> 6 {
        0 => content(1),
        1 => content(2).map(|size| size + 256),
        2 => content(4),
        _ => content(8),
    }
}

pub(super) fn damaged(detail: impl Into<String>) -> io::Error {
    io::Error::other(detail.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_asks_for_all_memory_is_refused() {
        let mut output = [0; 8];
        let huge_window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0, 0];
        let huge_content = [0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x7f];
        for frame in [&huge_window[..], &huge_content, &[0x28, 0xb5], b"no frame"] {
            assert!(Codecs::new().decode_zstd(frame, &mut output).is_err(), "{frame:?}");
        }
    }
}
