/// Mixes the bits of a number (the finaliser of `SplitMix64`): a generator without state, so that what is drawn for a
/// cell does not depend on which thread draws it, or when.
pub(crate) fn hash(value: u64) -> u64 {
    let mut x = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The `index`-th number of a stream, in [0, 1).
pub(crate) fn uniform(stream: u64, index: u64) -> f64 {
    (hash(stream ^ hash(index)) >> 11) as f64 / (1u64 << 53) as f64
}

/// The `index`-th number of a stream of standard normal ones (Box and Muller).
pub(crate) fn normal(stream: u64, index: u64) -> f64 {
    let radius = (-2.0 * (1.0 - uniform(stream, 2 * index)).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform(stream, 2 * index + 1)).cos()
}
