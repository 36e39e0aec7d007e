use std::fmt;
use std::str::FromStr;

use crate::PlotError;

/// An opaque colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour {
    /// Red, 0 to 255.
    pub red: u8,
    /// Green, 0 to 255.
    pub green: u8,
    /// Blue, 0 to 255.
    pub blue: u8,
}

impl Colour {
    /// White, the paper.
    pub const WHITE: Self = Self::hex(0xff_ff_ff);
    /// Black, the ink.
    pub const BLACK: Self = Self::hex(0);
    /// The light grey of cells without a label or a value.
    pub const MISSING: Self = Self::hex(0xd3_d3_d3);

    /// A colour from its number as it is written on the web, `0xrrggbb`.
    pub const fn hex(number: u32) -> Self {
        Self { red: (number >> 16) as u8, green: (number >> 8) as u8, blue: number as u8 }
    }

    /// The colour between two, `at` 0 being the first and 1 the second.
    #[must_use]
    pub fn mix(self, other: Self, at: f64) -> Self {
        let between = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * at).round() as u8;
        Self {
            red: between(self.red, other.red),
            green: between(self.green, other.green),
            blue: between(self.blue, other.blue),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl FromStr for Colour {
    type Err = PlotError;

    /// Reads `#rrggbb`, and `#rrggbbaa` without its opacity, as `uns/<key>_colors` of an h5ad file holds them.
    fn from_str(text: &str) -> Result<Self, PlotError> {
        let bad = || PlotError::BadColour { text: text.to_owned() };
        let digits = text.trim().strip_prefix('#').ok_or_else(bad)?;
        if !matches!(digits.len(), 6 | 8) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad());
        }
        u32::from_str_radix(&digits[..6], 16).map(Self::hex).map_err(|_| bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        assert_eq!("#1F77b4".parse(), Ok(Colour::hex(0x1f_77_b4)));
        assert_eq!("#1f77b4ff".parse(), Ok(Colour::hex(0x1f_77_b4)));
        assert_eq!(Colour::hex(0x1f_77_b4).to_string(), "#1f77b4");
        for bad in ["1f77b4", "#1f77b", "#ééé", "red", "", "#+12345"] {
            assert!(bad.parse::<Colour>().is_err(), "{bad}");
        }
    }

    #[test]
    fn halfway_between_black_and_white_is_grey() {
        assert_eq!(Colour::BLACK.mix(Colour::WHITE, 0.5), Colour::hex(0x80_80_80));
    }
}
