//! The filters that chunks are decompressed with.

use std::io;

use libdeflater::Decompressor;
use zstd::bulk::Decompressor as Zstd;

use super::blosc;
use super::format::fletcher32;
use super::lz::decode_lzf;
use super::shuffle::unshuffle;

/// Deflate makes at most 1032 bytes of one; a chunk that claims more is not what it says.
const MAX_DEFLATE_RATIO: u64 = 1040;

/// The other formats can say "a million zeros" in a few bytes, but no chunk this large does so with real data.
const MAX_RATIO: u64 = 1100;
const ANY_RATIO_BYTES: u64 = 64 << 20;

/// Bytes of a checksum behind a chunk.
const CHECKSUM_BYTES: usize = 4;

/// A filter known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    Deflate,
    Shuffle,
    Fletcher32,
    Lzf,
    Blosc,
    Zstd,
}

impl Filter {
    /// The filter of this registered number.
    pub(super) fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::Deflate,
            2 => Self::Shuffle,
            3 => Self::Fletcher32,
            32000 => Self::Lzf,
            32001 => Self::Blosc,
            32015 => Self::Zstd,
            _ => return None,
        })
    }

    /// The most bytes that may become of `n_bytes` of a file, so that damage cannot claim all memory.
    pub(super) fn most_bytes(self, n_bytes: u64) -> u64 {
        match self {
            Self::Shuffle | Self::Fletcher32 => n_bytes,
            Self::Deflate => n_bytes.saturating_mul(MAX_DEFLATE_RATIO),
            Self::Lzf | Self::Blosc | Self::Zstd => n_bytes.saturating_mul(MAX_RATIO).max(ANY_RATIO_BYTES),
        }
    }
}

/// Decompressors that a thread uses for one chunk after another.
pub(super) struct Codecs {
    deflate: Decompressor,
    /// Made when it is needed, because it takes room.
    zstd: Option<Zstd<'static>>,
}

impl Codecs {
    pub(super) fn new() -> Self {
        Self { deflate: Decompressor::new(), zstd: None }
    }

    pub(super) fn decode_zlib(&mut self, input: &[u8], output: &mut [u8]) -> io::Result<usize> {
        self.deflate.zlib_decompress(input, output).map_err(io::Error::other)
    }

    pub(super) fn decode_zstd(&mut self, input: &[u8], output: &mut [u8]) -> io::Result<usize> {
        let decoder = match &mut self.zstd {
            Some(decoder) => decoder,
            none => none.insert(Zstd::new()?),
        };
        decoder.decompress_to_buffer(input, output)
    }

    /// Undoes one filter: `from` becomes `to`, which has at most `n_bytes`, those of a whole chunk, and a checksum.
    pub(super) fn undo(
        &mut self,
        filter: Filter,
        from: &[u8],
        element_size: usize,
        n_bytes: usize,
        to: &mut Vec<u8>,
    ) -> io::Result<()> {
        let n_made = match filter {
            Filter::Deflate => {
                to.resize(n_bytes + CHECKSUM_BYTES, 0);
                self.decode_zlib(from, to)?
            }
            Filter::Zstd => {
                to.resize(n_bytes + CHECKSUM_BYTES, 0);
                self.decode_zstd(from, to)?
            }
            Filter::Lzf => {
                to.resize(n_bytes + CHECKSUM_BYTES, 0);
                decode_lzf(from, to).ok_or_else(|| damaged("LZF cannot be decompressed"))?
            }
            Filter::Blosc => {
                to.resize(n_bytes, 0);
                blosc::decode(self, from, to, &mut Vec::new())?;
                n_bytes
            }
            Filter::Shuffle => {
                to.resize(from.len(), 0);
                unshuffle(from, element_size, to);
                from.len()
            }
            Filter::Fletcher32 => {
                let content = without_checksum(from)?;
                to.clear();
                to.extend_from_slice(content);
                content.len()
            }
        };
        to.truncate(n_made);
        Ok(())
    }
}

/// The bytes in front of a checksum that agrees with them.
fn without_checksum(bytes: &[u8]) -> io::Result<&[u8]> {
    let Some((content, sum)) = bytes.split_last_chunk::<CHECKSUM_BYTES>() else {
        return Err(damaged("a chunk is too short for its checksum"));
    };
    if u32::from_le_bytes(*sum) == fletcher32(content) {
        return Ok(content);
    }
    Err(damaged("a checksum does not agree with its chunk"))
}

pub(super) fn damaged(detail: impl Into<String>) -> io::Error {
    io::Error::other(detail.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a frame claims to be does not matter: it is decompressed into the room that there is.
    #[test]
    fn a_frame_that_asks_for_all_memory_is_refused() {
        let mut output = [0; 8];
        let huge_window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0, 0];
        let huge_content = [0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x7f];
        for frame in [&huge_window[..], &huge_content, &[0x28, 0xb5], b"no frame"] {
            assert!(Codecs::new().decode_zstd(frame, &mut output).is_err(), "{frame:?}");
        }
    }

    #[test]
    fn checksums_are_held_against_chunks() {
        let mut chunk = vec![1, 2, 3, 4, 5, 6];
        chunk.extend(fletcher32(&chunk.clone()).to_le_bytes());
        assert_eq!(without_checksum(&chunk).ok(), Some(&[1, 2, 3, 4, 5, 6][..]));
        chunk[2] ^= 1;
        assert!(without_checksum(&chunk).is_err());
        assert!(without_checksum(&[1, 2]).is_err());
    }
}
