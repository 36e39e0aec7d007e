mod numbers;

use self::numbers::{
    CIVIDIS, GODSNOT_102, GREYS, MAGMA, OKABE_ITO, RD_BU_R, REDS, VEGA_10, VEGA_20, VIRIDIS, ZEILEIS_28,
};
use crate::{Colour, PlotError};

/// Where the colours of categories come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Palette {
    /// scanpy's: `vega_10_scanpy` for up to 10 categories, then `vega_20_scanpy` (20), `zeileis_28` (28) and
    /// `godsnot_102` (102). Its first ten were adjusted for colour blindness, beyond that nothing is promised.
    #[default]
    Scanpy,
    /// Okabe and Ito's eight colours, which every common colour blindness tells apart. More categories than eight
    /// cannot be told apart by colour in this sense: they get scanpy's palette; put the labels on the data then.
    OkabeIto,
}

impl Palette {
    /// One colour for each of `n_categories`; beyond 102 the colours come round again, mixed with white.
    pub fn colours(self, n_categories: usize) -> Vec<Colour> {
        let numbers: &[u32] = match (self, n_categories) {
            (Self::OkabeIto, ..=8) => &OKABE_ITO,
            (_, ..=10) => &VEGA_10,
            (_, ..=20) => &VEGA_20,
            (_, ..=28) => &ZEILEIS_28,
            _ => &GODSNOT_102,
        };
        (0..n_categories)
            .map(|category| {
                let round = (category / numbers.len()) as f64;
                Colour::hex(numbers[category % numbers.len()]).mix(Colour::WHITE, round / (round + 1.0))
            })
            .collect()
    }

    /// The given colours when there is one for each category, or else this palette's, the first `used` left out.
    pub(crate) fn or_given(
        self,
        given: Option<&[Colour]>,
        n_categories: usize,
        used: usize,
    ) -> Result<Vec<Colour>, PlotError> {
        match given {
            None => Ok(self.colours(used + n_categories).split_off(used)),
            Some(colours) if colours.len() < n_categories => {
                Err(PlotError::PaletteTooShort { expected: n_categories, found: colours.len() })
            }
            Some(colours) => Ok(colours[..n_categories].to_vec()),
        }
    }
}

/// How numbers become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Colormap {
    /// matplotlib's default: even steps of lightness, readable in grey and by the colour blind.
    #[default]
    Viridis,
    /// Black over purple to light yellow.
    Magma,
    /// Blue to yellow, nearly the same to a colour-blind reader as to any other.
    Cividis,
    /// Blue over white to red, for values on both sides of a centre; safe for the colour blind.
    RdBuR,
    /// White to dark red: what is absent is pale.
    Reds,
    /// White to black.
    Greys,
}

impl Colormap {
    fn stops(self) -> &'static [u32] {
        match self {
            Self::Viridis => &VIRIDIS,
            Self::Magma => &MAGMA,
            Self::Cividis => &CIVIDIS,
            Self::RdBuR => &RD_BU_R,
            Self::Reds => &REDS,
            Self::Greys => &GREYS,
        }
    }

    /// The colour at a place between 0 (low) and 1 (high); places outside get the ends, NaN the missing grey.
    pub fn at(self, place: f64) -> Colour {
        if place.is_nan() {
            return Colour::MISSING;
        }
        let stops = self.stops();
        let position = place.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
        let low = (position as usize).min(stops.len() - 2);
        Colour::hex(stops[low]).mix(Colour::hex(stops[low + 1]), position - low as f64)
    }

    /// The colours that a bar interpolates between, low to high.
    pub(crate) fn bar(self) -> Vec<Colour> {
        self.stops().iter().map(|&number| Colour::hex(number)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_category_has_its_own_colour() {
        for palette in [Palette::Scanpy, Palette::OkabeIto] {
            for n in [0, 1, 8, 9, 10, 11, 20, 21, 28, 29, 102, 200] {
                let distinct: HashSet<_> = palette.colours(n).into_iter().collect();
                assert_eq!(distinct.len(), n, "{palette:?} {n}");
            }
        }
        assert_eq!(Palette::Scanpy.colours(3)[2].to_string(), "#279e68");
        assert_eq!(Palette::OkabeIto.colours(8)[0].to_string(), "#e69f00");
    }

    #[test]
    fn colours_in_use_are_left_out() -> Result<(), PlotError> {
        let rest = Palette::Scanpy.or_given(None, 2, 8)?;
        assert_eq!(rest, Palette::Scanpy.colours(10)[8..]);
        Ok(())
    }

    #[test]
    fn maps_end_at_their_ends() {
        assert_eq!(Colormap::Viridis.at(0.0).to_string(), "#440154");
        assert_eq!(Colormap::Viridis.at(7.0).to_string(), "#fde725");
        assert_eq!(Colormap::RdBuR.at(0.5).to_string(), "#f7f7f7");
        assert_eq!(Colormap::Reds.at(f64::NAN), Colour::MISSING);
    }

    #[test]
    fn a_short_palette_is_refused() {
        let given = [Colour::BLACK];
        assert_eq!(
            Palette::Scanpy.or_given(Some(&given), 2, 0),
            Err(PlotError::PaletteTooShort { expected: 2, found: 1 })
        );
    }
}
