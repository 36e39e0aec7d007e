//! Layers of many marks, drawn as one image so that a million cells make a small file.

use std::ops::Range;

use crate::Colour;

/// Sub-pixel positions along each axis that a disc is drawn at.
const OFFSETS: usize = 4;
/// Samples along each axis of a pixel from which the part covered by a disc is counted.
const SAMPLES: usize = 8;

/// A disc on the paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mark {
    /// Centre in points, from the left edge of the layer.
    pub(crate) x: f32,
    /// Centre in points, from the upper edge of the layer.
    pub(crate) y: f32,
    pub(crate) colour: Colour,
}

/// An image that is only drawn when the resolution is known.
#[derive(Debug, Clone)]
pub(crate) enum RasterLayer {
    /// Discs on white, later ones over earlier ones.
    Marks { marks: Vec<Mark>, diameter: f64, opacity: f64 },
    /// A table of colours, row by row, each filling an equal rectangle.
    Cells { n_columns: usize, colours: Vec<Colour> },
}

/// Where the pixels of a layer lie, in pixels of the whole figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PixelFrame {
    /// Pixels per point.
    pub(crate) scale: f64,
    /// Place of the layer's upper left corner in the image: 0 to 1 pixel.
    pub(crate) left: f64,
    pub(crate) top: f64,
    /// Size of the layer in pixels, not rounded.
    pub(crate) layer_width: f64,
    pub(crate) layer_height: f64,
    /// Size of the image.
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl RasterLayer {
    /// Draws the layer: three bytes a pixel, row by row.
    pub(crate) fn draw(&self, frame: &PixelFrame) -> Vec<u8> {
        let mut pixels = vec![255; frame.width * frame.height * 3];
        match self {
            Self::Marks { marks, diameter, opacity } => {
                let stamps = Stamps::new(diameter * frame.scale / 2.0, *opacity);
                for mark in marks {
                    stamps.press(&mut pixels, frame, mark);
                }
            }
            Self::Cells { n_columns, colours } => draw_cells(&mut pixels, frame, *n_columns, colours),
        }
        pixels
    }
}

/// Fills each pixel with the colour of the cell at its centre, or with the mean of the cells that share it.
fn draw_cells(pixels: &mut [u8], frame: &PixelFrame, n_columns: usize, colours: &[Colour]) {
    if n_columns == 0 || colours.len() < n_columns {
        return;
    }
    let columns: Vec<Range<usize>> =
        (0..frame.width).map(|x| cells_of(x, frame.left, frame.layer_width, n_columns)).collect();
    let rows_of = |y: usize| cells_of(y, frame.top, frame.layer_height, colours.len() / n_columns);
    for y in 0..frame.height {
        let rows = rows_of(y);
        let (above, line) = pixels.split_at_mut(y * frame.width * 3);
        let line = &mut line[..frame.width * 3];
        // A cell is often taller than a pixel.
        if y > 0 && rows_of(y - 1) == rows {
            line.copy_from_slice(&above[above.len() - line.len()..]);
            continue;
        }
        for (pixel, columns) in line.chunks_exact_mut(3).zip(&columns) {
            let mut sum = [0u32; 3];
            for row in rows.clone() {
                for colour in &colours[row * n_columns + columns.start..row * n_columns + columns.end] {
                    sum[0] += u32::from(colour.red);
                    sum[1] += u32::from(colour.green);
                    sum[2] += u32::from(colour.blue);
                }
            }
            let count = (rows.len() * columns.len()) as u32;
            for (part, sum) in pixel.iter_mut().zip(sum) {
                *part = ((sum + count / 2) / count) as u8;
            }
        }
    }
}

/// The cells that a pixel shows: the one at its centre, or all whose centres it holds when they are smaller than it.
fn cells_of(pixel: usize, start: f64, size: f64, n_cells: usize) -> Range<usize> {
    let cell = |pixel: f64| ((pixel - start) / size * n_cells as f64).max(0.0);
    if size >= n_cells as f64 {
        let cell = (cell(pixel as f64 + 0.5) as usize).min(n_cells - 1);
        return cell..cell + 1;
    }
    let (first, end) = ((cell(pixel as f64) + 0.5) as usize, (cell(pixel as f64 + 1.0) + 0.5) as usize);
    let first = first.min(n_cells - 1);
    first..end.clamp(first + 1, n_cells)
}

/// The part of each pixel that a disc covers, for every sub-pixel position of its centre.
struct Stamps {
    /// Pixels from the centre's to the edge of a stamp.
    reach: isize,
    /// `OFFSETS * OFFSETS` stamps of `(2 * reach + 1)^2` parts, 0 to 255.
    parts: Vec<u16>,
}

impl Stamps {
    fn new(radius: f64, opacity: f64) -> Self {
        let reach = radius.ceil() as isize + 1;
        let mut parts = Vec::with_capacity(OFFSETS * OFFSETS * (2 * reach as usize + 1).pow(2));
        let centre = |offset: usize| (offset as f64 + 0.5) / OFFSETS as f64;
        for row in 0..OFFSETS {
            for column in 0..OFFSETS {
                for y in -reach..=reach {
                    for x in -reach..=reach {
                        let covered = coverage(x as f64 - centre(column), y as f64 - centre(row), radius);
                        parts.push((covered * opacity * 256.0).round() as u16);
                    }
                }
            }
        }
        Self { reach, parts }
    }

    fn press(&self, pixels: &mut [u8], frame: &PixelFrame, mark: &Mark) {
        let (x, y) = (frame.left + f64::from(mark.x) * frame.scale, frame.top + f64::from(mark.y) * frame.scale);
        let (left, top) = (x.floor(), y.floor());
        let offset = |fraction: f64| ((fraction * OFFSETS as f64) as usize).min(OFFSETS - 1);
        let side = 2 * self.reach as usize + 1;
        let stamp = (offset(y - top) * OFFSETS + offset(x - left)) * side * side;
        let parts = &self.parts[stamp..stamp + side * side];
        let (left, top) = (left as isize - self.reach, top as isize - self.reach);
        let Colour { red, green, blue } = mark.colour;
        for (row, parts) in parts.chunks_exact(side).enumerate() {
            let y = top + row as isize;
            if y < 0 || y >= frame.height as isize {
                continue;
            }
            let line = &mut pixels[y as usize * frame.width * 3..(y as usize + 1) * frame.width * 3];
            for (column, &part) in parts.iter().enumerate() {
                let x = left + column as isize;
                if part == 0 || x < 0 || x >= frame.width as isize {
                    continue;
                }
                let pixel = &mut line[x as usize * 3..x as usize * 3 + 3];
                for (below, above) in pixel.iter_mut().zip([red, green, blue]) {
                    let mixed = u32::from(*below) * u32::from(256 - part) + u32::from(above) * u32::from(part) + 128;
                    *below = (mixed >> 8) as u8;
                }
            }
        }
    }
}

/// The part of the pixel with this upper left corner that lies in a disc around the origin.
fn coverage(left: f64, top: f64, radius: f64) -> f64 {
    let sample = |start: f64, index: usize| start + (index as f64 + 0.5) / SAMPLES as f64;
    let inside = (0..SAMPLES * SAMPLES)
        .filter(|index| sample(left, index % SAMPLES).powi(2) + sample(top, index / SAMPLES).powi(2) <= radius * radius)
        .count();
    inside as f64 / (SAMPLES * SAMPLES) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(width: usize, height: usize) -> PixelFrame {
        let (layer_width, layer_height) = (width as f64, height as f64);
        PixelFrame { scale: 1.0, left: 0.0, top: 0.0, layer_width, layer_height, width, height }
    }

    fn marks(marks: &[(f32, f32)], diameter: f64) -> RasterLayer {
        let mark = |&(x, y): &(f32, f32)| Mark { x, y, colour: Colour::BLACK };
        RasterLayer::Marks { marks: marks.iter().map(mark).collect(), diameter, opacity: 1.0 }
    }

    #[test]
    fn a_disc_inks_its_area() {
        for (x, y) in [(10.0, 10.0), (10.3, 9.6), (9.9, 10.9)] {
            let pixels = marks(&[(x, y)], 7.0).draw(&frame(20, 20));
            let ink: f64 = pixels.iter().step_by(3).map(|&value| 1.0 - f64::from(value) / 255.0).sum();
            let area = std::f64::consts::PI * 3.5 * 3.5;
            assert!((ink - area).abs() < 0.02 * area, "{ink} {area}");
        }
    }

    #[test]
    fn discs_at_the_edge_are_cut() {
        let pixels = marks(&[(0.0, 0.0), (5.0, 5.0), (-50.0, 2.0), (1e9, 2.0)], 4.0).draw(&frame(5, 5));
        assert!(pixels[0] < 40 && pixels[pixels.len() - 1] < 40);
    }

    #[test]
    fn cells_fill_their_rectangles() {
        let colours = vec![Colour::BLACK, Colour::WHITE, Colour::WHITE, Colour::BLACK];
        let pixels = RasterLayer::Cells { n_columns: 2, colours }.draw(&frame(4, 4));
        let grey: Vec<u8> = pixels.iter().step_by(3).copied().collect();
        assert_eq!(grey, [0, 0, 255, 255, 0, 0, 255, 255, 255, 255, 0, 0, 255, 255, 0, 0]);
    }

    #[test]
    fn crowded_cells_are_averaged_and_none_is_left_out() {
        let shown: Vec<Range<usize>> = (0..7).map(|pixel| cells_of(pixel, 0.3, 6.4, 100)).collect();
        assert_eq!((shown[0].start, shown[6].end), (0, 100));
        assert!(shown.windows(2).all(|pair| pair[0].end == pair[1].start), "{shown:?}");
        let colours = (0..200).map(|cell| if cell % 2 == 0 { Colour::BLACK } else { Colour::WHITE }).collect();
        let pixels = RasterLayer::Cells { n_columns: 200, colours }.draw(&frame(2, 1));
        assert_eq!(pixels, [128; 6]);
    }
}
