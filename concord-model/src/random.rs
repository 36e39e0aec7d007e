//! Random streams that depend on the seed and on what they are for, never on the order in which they are made.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// The generator of every draw in this crate.
pub(crate) type Random = Xoshiro256PlusPlus;

/// What a stream is for: the first word of its key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Weights = 1,
    Sampler = 2,
    Augmentation = 3,
    DecoderWeights = 4,
    ClassifierWeights = 5,
    EmbeddingWeights = 6,
    Dropout = 7,
    Split = 8,
    MissingGenes = 9,
}

/// The stream of a purpose and its indices (a layer; an epoch; an epoch, a batch and a view).
pub(crate) fn stream(seed: u64, purpose: Purpose, indices: &[usize]) -> Random {
    let key = indices.iter().fold(mix(seed ^ mix(purpose as u64)), |key, &index| mix(key ^ mix(index as u64 + 1)));
    Random::seed_from_u64(key)
}

/// A bijection of 64-bit words that changes half of the bits for every bit that changes (the finaliser of SplitMix64).
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}
