//! Damage that is the same in every run: bytes, lost ends, sizes, addresses that lead elsewhere or back.
//!
//! Structures with checksums get the right one after the damage, so that what reads them is reached, not the check alone.

use crate::h5::lookup3;

/// A small generator of our own.
pub(super) struct Damage {
    state: u64,
}

/// A file and the checksums in it: where each structure begins, and where its checksum is.
pub(super) struct Good {
    pub(super) bytes: Vec<u8>,
    structures: Vec<(usize, usize)>,
}

const SIGNATURES: [&[u8; 4]; 12] =
    [b"OHDR", b"OCHK", b"BTHD", b"BTIN", b"BTLF", b"FRHP", b"FHIB", b"FAHD", b"FADB", b"EAHD", b"EAIB", b"EADB"];

/// Structures that are longer keep a wrong checksum.
const MAX_STRUCTURE_BYTES: usize = 1500;

impl Good {
    /// Finds the structures whose last four bytes are a checksum of the others.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let starts =
            bytes.windows(4).enumerate().filter(|(_, window)| SIGNATURES.iter().any(|known| *window == &known[..]));
        let find = |start: usize| {
            let most = (bytes.len() - 4).min(start + MAX_STRUCTURE_BYTES);
            let ends = start + 8..=most.max(start + 8);
            let is_end = |end: &usize| {
                bytes.get(*end..end + 4).is_some_and(|sum| sum == lookup3(&bytes[start..*end]).to_le_bytes())
            };
            ends.into_iter().find(is_end).map(|end| (start, end))
        };
        let structures = starts.take(400).filter_map(|(start, _)| find(start)).collect();
        Self { bytes, structures }
    }
}

impl Damage {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 1 }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % limit.max(1)
    }

    /// A damaged copy of a file.
    pub(super) fn of(&mut self, good: &Good) -> Vec<u8> {
        let mut bytes = good.bytes.clone();
        for _ in 0..=self.below(6) {
            self.change(&mut bytes);
        }
        if self.below(2) == 0 {
            for &(start, end) in &good.structures {
                let sum = lookup3(&bytes[start..end]).to_le_bytes();
                bytes[end..end + 4].copy_from_slice(&sum);
            }
        }
        if self.below(8) == 0 {
            let end = self.below(good.bytes.len());
            bytes.truncate(end);
        }
        bytes
    }

    /// One change, mostly near the beginning, where the structures are.
    fn change(&mut self, bytes: &mut [u8]) {
        let n_bytes = if self.below(3) == 0 { bytes.len() } else { bytes.len().min(8192) };
        let place = self.below(n_bytes);
        let word = place / 8 * 8;
        match self.below(6) {
            0 => bytes[place] ^= 1 << self.below(8),
            1 => {
                let byte = self.below(256) as u8;
                bytes[place] = [0, 1, 0x7f, 0xff, byte][self.below(5)];
            }
            // A size or an address that is another one of the file, or far too large.
            2 => {
                let from = self.below(n_bytes) / 8 * 8;
                if from + 8 <= bytes.len() && word + 8 <= bytes.len() {
                    bytes.copy_within(from..from + 8, word);
                }
            }
            3 => put(bytes, word, 1 << self.below(64)),
            4 => {
                let address = self.below(bytes.len()) as u64 / 8 * 8;
                put(bytes, word, address);
            }
            // Two neighbours change places, such as the two lengths of a shape.
            _ if word + 16 <= bytes.len() => bytes[word..word + 16].rotate_left(8),
            _ => bytes[place] = 0xff,
        }
    }
}

fn put(bytes: &mut [u8], place: usize, number: u64) {
    if let Some(word) = bytes.get_mut(place..place + 8) {
        word.copy_from_slice(&number.to_le_bytes());
    }
}

/// The number of damaged files of each kind; more by the environment variable.
pub(super) fn n_rounds(usual: u64) -> u64 {
    std::env::var("CONCORD_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}
