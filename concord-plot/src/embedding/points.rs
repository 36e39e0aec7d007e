//! Where the cells lie on the paper, and which is drawn over which.

use concord_core::{Embedding, Labels};

use super::EmbeddingStyle;
use crate::colour_bar::ColourScale;
use crate::scene::raster::{Mark, RasterLayer};
use crate::{Colour, PlotError};

/// Empty rim inside a panel, as a part of its width.
const RIM: f64 = 0.045;
/// A panel is at most this much taller than wide, or wider than tall; flatter data leave room free.
const MAX_RATIO: f64 = 1.25;
/// Colour of cells that nothing is told about.
const PLAIN: Colour = Colour::hex(0x4c_72_8f);

/// The paper that all panels of a figure share.
pub(crate) struct Canvas {
    /// Size of a panel, in points.
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// Place of each cell on the panel, in points from its upper left corner.
    pub(crate) places: Vec<(f32, f32)>,
    /// Diameter of a cell, in points.
    pub(crate) diameter: f64,
    opacity: f64,
}

impl Canvas {
    /// Fits a panel around the cells, with the same scale on both axes.
    pub(crate) fn fit(points: &Embedding, style: &EmbeddingStyle) -> Self {
        let (x_low, x_high) = range(points, 0);
        let (y_low, y_high) = range(points, 1);
        let span = (x_high - x_low).max(y_high - y_low);
        // A single place has no size; it lands in the middle of the panel.
        let floor = if span > 0.0 { span * 1e-3 } else { 1.0 };
        let (x_span, y_span) = ((x_high - x_low).max(floor), (y_high - y_low).max(floor));
        let width = style.panel_width;
        let height = width * (y_span / x_span).clamp(1.0 / MAX_RATIO, MAX_RATIO);
        let rim = width.min(height) * RIM;
        let scale = ((width - 2.0 * rim) / x_span).min((height - 2.0 * rim) / y_span);
        let (x_middle, y_middle) = (f64::midpoint(x_low, x_high), f64::midpoint(y_low, y_high));
        let place = |point: &[f32]| {
            let x = width / 2.0 + (f64::from(point[0]) - x_middle) * scale;
            let y = height / 2.0 - (f64::from(point[1]) - y_middle) * scale;
            (x as f32, y as f32)
        };
        Self {
            width,
            height,
            places: points.as_slice().chunks_exact(2).map(place).collect(),
            diameter: style.point_size.unwrap_or_else(|| default_diameter(points.n_cells(), width)),
            opacity: style.opacity,
        }
    }

    fn layer(&self, order: impl IntoIterator<Item = u32>, colour: impl Fn(usize) -> Colour) -> RasterLayer {
        let mark = |cell: u32| {
            let (x, y) = self.places[cell as usize];
            Mark { x, y, colour: colour(cell as usize) }
        };
        let marks = order.into_iter().map(mark).collect();
        RasterLayer::Marks { marks, diameter: self.diameter, opacity: self.opacity }
    }

    /// Cells of one colour.
    pub(crate) fn plain(&self) -> RasterLayer {
        self.layer(0..self.places.len() as u32, |_| PLAIN)
    }

    /// Cells in the colours of their categories: those without one first, the others shuffled, so that no category
    /// hides the rest because it comes later in the file.
    pub(crate) fn categories(&self, labels: &Labels, colours: &[Colour]) -> RasterLayer {
        let (mut labelled, missing): (Vec<u32>, Vec<u32>) =
            (0..self.places.len() as u32).partition(|&cell| labels.codes()[cell as usize].is_some());
        shuffle(&mut labelled);
        let colour = |cell: usize| labels.codes()[cell].map_or(Colour::MISSING, |code| colours[code as usize]);
        self.layer(missing.into_iter().chain(labelled), colour)
    }

    /// Cells in the colours of their values: those without one first, then away from the centre or upwards.
    pub(crate) fn values(&self, values: &[f32], scale: Option<&ColourScale>, centre: Option<f64>) -> RasterLayer {
        let height = |cell: u32| {
            let value = values[cell as usize];
            match centre {
                _ if !value.is_finite() => f32::NEG_INFINITY,
                Some(centre) => (f64::from(value) - centre).abs() as f32,
                None => value,
            }
        };
        // Equal values (the many zeros of a gene) keep a mixed order. Sorting numbers that hold height and rank is four
        // times faster than sorting cells by their heights.
        let mut cells: Vec<u32> = (0..self.places.len() as u32).collect();
        shuffle(&mut cells);
        let mut keys: Vec<u64> =
            cells.iter().enumerate().map(|(rank, &cell)| ascending_bits(height(cell)) << 32 | rank as u64).collect();
        keys.sort_unstable();
        let order = keys.into_iter().map(|key| cells[(key & u64::from(u32::MAX)) as usize]);
        self.layer(order, |cell| scale.map_or(Colour::MISSING, |scale| scale.colour(values[cell])))
    }
}

/// Checks what every layer counts on: cells are numbered in 32 bits.
pub(crate) fn check_size(n_cells: usize) -> Result<(), PlotError> {
    let most = u32::MAX as usize;
    if n_cells <= most {
        return Ok(());
    }
    Err(PlotError::LengthMismatch { what: "cells of one figure".to_owned(), expected: most, found: n_cells })
}

fn range(points: &Embedding, axis: usize) -> (f64, f64) {
    let values = points.values().column(axis);
    let grow = |(low, high): (f64, f64), &value: &f32| (low.min(f64::from(value)), high.max(f64::from(value)));
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), grow)
}

/// scanpy draws cells with an area of 120000 / n square points on a panel four inches wide, as matplotlib's small
/// marker, whose diameter is half the root of that area. Between a speck and a dot that hides its neighbours.
fn default_diameter(n_cells: usize, panel_width: f64) -> f64 {
    const SCANPY_WIDTH: f64 = 288.0;
    let diameter = 0.5 * (120_000.0 / n_cells.max(1) as f64).sqrt() * panel_width / SCANPY_WIDTH;
    diameter.clamp(0.25, 3.5)
}

/// Bits that are ordered as the numbers are (negative ones have theirs turned round).
fn ascending_bits(value: f32) -> u64 {
    let bits = (value + 0.0).to_bits();
    u64::from(if bits >> 31 == 1 { !bits } else { bits | 1 << 31 })
}

/// Fisher and Yates's shuffle with the `SplitMix64` generator, always started alike: a figure is the same every time.
fn shuffle(cells: &mut [u32]) {
    let mut state = 0x0063_6f6e_636f_7264_u64;
    for last in (1..cells.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let other = ((u128::from(bits ^ (bits >> 31)) * (last as u128 + 1)) >> 64) as usize;
        cells.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_keeps_every_cell_and_mixes() {
        let mut cells: Vec<u32> = (0..1000).collect();
        shuffle(&mut cells);
        let early = cells[..500].iter().filter(|&&cell| cell < 500).count();
        assert!((200..300).contains(&early), "{early}");
        let mut sorted = cells.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<u32>>());
    }

    #[test]
    fn bits_are_ordered_as_numbers_are() {
        let values = [f32::NEG_INFINITY, -3.5, -1e-30, 0.0, 1e-30, 2.0, f32::MAX];
        assert!(values.windows(2).all(|pair| ascending_bits(pair[0]) < ascending_bits(pair[1])));
        assert_eq!(ascending_bits(-0.0), ascending_bits(0.0));
    }

    #[test]
    fn cells_shrink_with_their_number() {
        assert!((default_diameter(2638, 288.0) - 3.372).abs() < 1e-3);
        assert!((default_diameter(3, 216.0) - 3.5).abs() < 1e-9);
        assert!((default_diameter(100_000_000, 216.0) - 0.25).abs() < 1e-9);
    }
}
