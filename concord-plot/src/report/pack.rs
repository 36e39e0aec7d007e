//! Values of cells as short text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most categories whose codes take one byte: its largest value means no label.
const MAX_BYTE_CATEGORIES: usize = u8::MAX as usize;
/// The byte that stands for a missing value; the others are steps.
const MISSING_LEVEL: u8 = u8::MAX;
/// Number of steps from the smallest to the largest value.
const STEPS: f64 = 254.0;

/// 32-bit floats, least significant byte first, as base64.
pub(super) fn floats(values: impl Iterator<Item = f32>) -> String {
    STANDARD.encode(values.flat_map(f32::to_le_bytes).collect::<Vec<u8>>())
}

/// Codes of categories as base64.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Codes {
    /// Bytes of one code: 1 or 2, least significant first. The largest code means no label.
    pub(super) width: u8,
    pub(super) base64: String,
}

/// Codes of cells, in two bytes each when one does not hold `n_categories`.
pub(super) fn codes(codes: impl Iterator<Item = Option<u32>>, n_categories: usize) -> Codes {
    if n_categories <= MAX_BYTE_CATEGORIES {
        let bytes: Vec<u8> = codes.map(|code| code.map_or(u8::MAX, |code| code as u8)).collect();
        return Codes { width: 1, base64: STANDARD.encode(bytes) };
    }
    let bytes: Vec<u8> = codes.flat_map(|code| code.map_or(u16::MAX, |code| code as u16).to_le_bytes()).collect();
    Codes { width: 2, base64: STANDARD.encode(bytes) }
}

/// Values in 255 even steps as base64.
#[derive(Debug, PartialEq)]
pub(super) struct Levels {
    /// The value of step 0.
    pub(super) low: f32,
    /// The value of step 254.
    pub(super) high: f32,
    pub(super) base64: String,
}

/// Rounds values to even steps between the smallest and the largest finite one; others are missing.
pub(super) fn levels(values: impl Iterator<Item = f32> + Clone) -> Levels {
    let (low, high) = values
        .clone()
        .filter(|value| value.is_finite())
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
    let width = f64::from(high) - f64::from(low);
    let level = |value: f32| {
        if !value.is_finite() {
            MISSING_LEVEL
        } else if width == 0.0 {
            0
        } else {
            ((f64::from(value) - f64::from(low)) / width * STEPS).round() as u8
        }
    };
    Levels { low, high, base64: STANDARD.encode(values.map(level).collect::<Vec<u8>>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(base64: &str) -> Vec<u8> {
        STANDARD.decode(base64).unwrap_or_default()
    }

    #[test]
    fn codes_take_the_bytes_they_need() {
        let short = codes([Some(0), None, Some(254)].into_iter(), 255);
        assert_eq!((short.width, bytes(&short.base64)), (1, vec![0, 255, 254]));
        let long = codes([Some(258), None].into_iter(), 256);
        assert_eq!((long.width, bytes(&long.base64)), (2, vec![2, 1, 255, 255]));
    }

    #[test]
    fn levels_span_the_finite_values() {
        let packed = levels([-1.0, f32::NAN, 1.0, 0.0, f32::INFINITY].into_iter());
        assert_eq!((packed.low, packed.high), (-1.0, 1.0));
        assert_eq!(bytes(&packed.base64), [0, 255, 254, 127, 255]);
        let equal = levels([2.5, 2.5].into_iter());
        assert_eq!((equal.low, equal.high, bytes(&equal.base64)), (2.5, 2.5, vec![0, 0]));
        let widest = levels([f32::MIN, f32::MAX].into_iter());
        assert_eq!(bytes(&widest.base64), [0, 254]);
        assert_eq!(bytes(&levels([f32::NAN].into_iter()).base64), [255]);
    }

    #[test]
    fn floats_are_little_endian() {
        assert_eq!(bytes(&floats([1.0].into_iter())), [0, 0, 128, 63]);
    }
}
