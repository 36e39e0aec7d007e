use krilla::geom::Size;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::tiny_skia::{Color, ColorU8, Pixmap, Transform};

use crate::PlotError;
use crate::png::{Compression, encode_rgb};
use crate::scene::Scene;
use crate::scene::svg::{LaidLayer, Reader, write_svg, write_svg_over_layers};
use crate::text::font_database;

/// Pixels of SVG to an inch.
const SVG_DPI: f64 = 96.0;
/// The finest picture that is made, in pixels per inch.
const MAX_DPI: f64 = 2400.0;
/// The largest picture that is made: 400 million pixels take four bytes each to be drawn and three to be written, 2.8 GB.
const MAX_PIXELS: f64 = 4e8;

/// A finished drawing, to be had as text or bytes of a file; writing them is the caller's.
///
/// Text and axes are vectors; cells and heat maps are one image each, so a figure of a million cells stays small.
/// The same figure gives the same bytes every time and on every machine, as only the bundled font is used.
#[derive(Debug, Clone)]
pub struct Figure {
    title: String,
    scene: Scene,
    raster_dpi: f64,
}

impl Figure {
    pub(crate) fn new(title: impl Into<String>, scene: Scene, raster_dpi: f64) -> Self {
        Self { title: title.into(), scene, raster_dpi }
    }

    /// Width in points (1/72 inch).
    pub fn width(&self) -> f64 {
        self.scene.width
    }

    /// Height in points (1/72 inch).
    pub fn height(&self) -> f64 {
        self.scene.height
    }

    /// The figure as SVG. Texts stay texts, in `DejaVu Sans` or else a sans-serif font of the viewer.
    ///
    /// # Errors
    /// [`PlotError::Render`] when an image layer cannot be encoded.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        write_svg(&self.scene, &self.title, self.raster_dpi, Reader::Anybody)
    }

    /// The figure as PNG at a resolution in pixels per inch (300 is what journals ask for).
    ///
    /// # Errors
    /// [`PlotError::BadSetting`] for a resolution out of 10 to 2400, [`PlotError::TooLarge`], [`PlotError::Render`].
    pub fn to_png(&self, dpi: f64) -> Result<Vec<u8>, PlotError> {
        if !(10.0..=MAX_DPI).contains(&dpi) {
            return Err(PlotError::BadSetting { name: "dpi", value: dpi, expected: "10 to 2400" });
        }
        let (width, height) = ((self.width() * dpi / 72.0).ceil(), (self.height() * dpi / 72.0).ceil());
        let too_large = || PlotError::TooLarge { width: width as u32, height: height as u32 };
        if width * height > MAX_PIXELS {
            return Err(too_large());
        }
        let (svg, layers) = write_svg_over_layers(&self.scene, &self.title, dpi)?;
        let tree = parse(&svg, "PNG")?;
        let mut picture = Pixmap::new(width as u32, height as u32).ok_or_else(too_large)?;
        picture.fill(Color::WHITE);
        for layer in layers {
            lay(&mut picture, &layer);
        }
        let scale = (dpi / SVG_DPI) as f32;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut picture.as_mut());
        // The paper is opaque, so the fourth byte of each pixel says nothing.
        let pixels: Vec<u8> = picture.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        encode_rgb(&pixels, picture.width(), picture.height(), Some(dpi), Compression::Balanced)
    }

    /// The figure as a PDF of one page, with the letters it uses embedded.
    ///
    /// # Errors
    /// [`PlotError::Render`].
    pub fn to_pdf(&self) -> Result<Vec<u8>, PlotError> {
        let refused = |reason: String| PlotError::Render { format: "PDF", reason };
        let tree = parse(&write_svg(&self.scene, &self.title, self.raster_dpi, Reader::Converter)?, "PDF")?;
        let size = Size::from_wh(self.width() as f32, self.height() as f32)
            .ok_or_else(|| refused("the page has no size".to_owned()))?;
        let mut document = krilla::Document::new();
        document.set_metadata(Metadata::new().title(self.title.clone()).creator("concord".to_owned()));
        let mut page = document.start_page_with(PageSettings::new(size));
        let mut surface = page.surface();
        let drawn = surface.draw_svg(&tree, size, SvgSettings::default());
        surface.finish();
        page.finish();
        drawn.ok_or_else(|| refused("the drawing was not accepted".to_owned()))?;
        document.finish().map_err(|error| refused(format!("{error:?}")))
    }
}

/// Puts a layer on the paper. What reaches over the edge is cut off.
fn lay(picture: &mut Pixmap, layer: &LaidLayer) {
    let width = picture.width() as usize;
    let n_columns = layer.width.min(width.saturating_sub(layer.column));
    let rows = picture.pixels_mut().chunks_exact_mut(width).skip(layer.row);
    for (row, pixels) in rows.zip(layer.pixels.chunks_exact(layer.width * 3)) {
        for (pixel, rgb) in row.iter_mut().skip(layer.column).zip(pixels.as_chunks::<3>().0).take(n_columns) {
            *pixel = ColorU8::from_rgba(rgb[0], rgb[1], rgb[2], u8::MAX).premultiply();
        }
    }
}

fn parse(svg: &str, format: &'static str) -> Result<usvg::Tree, PlotError> {
    let options = usvg::Options { fontdb: font_database(), ..usvg::Options::default() };
    usvg::Tree::from_str(svg, &options).map_err(|error| PlotError::Render { format, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Colour;
    use crate::scene::Rect;
    use crate::scene::raster::{Mark, PixelFrame, RasterLayer};

    /// Three bytes a pixel, and the width.
    fn decode(png: &[u8]) -> (Vec<u8>, usize) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let width = reader.next_frame(&mut pixels).unwrap().width as usize;
        (pixels, width)
    }

    #[test]
    fn a_picture_has_the_pixels_of_its_layers() {
        let colour = |place: usize| [Colour::hex(0xd6_27_28), Colour::hex(0x1f_77_b4), Colour::BLACK][place % 3];
        let mark = |place: usize| Mark { x: (place * 37 % 290) as f32, y: place as f32 * 0.7, colour: colour(place) };
        let layer = RasterLayer::Marks { marks: (0..400).map(mark).collect(), diameter: 3.3, opacity: 1.0 };
        // A whole number of pixels to a point, so that the layer's place on the grid is known here.
        for (dpi, scale) in [(72.0, 1), (288.0, 4), (576.0, 8)] {
            let (left, top, width, height) = (13 * scale, 29 * scale, 300 * scale, 280 * scale);
            let mut panel = Scene::new(300.0, 280.0);
            panel.raster(Rect::new(0.0, 0.0, 300.0, 280.0), layer.clone());
            let mut scene = Scene::new(333.0, 321.0);
            scene.place(13.0, 29.0, panel);
            let (pixels, row) = decode(&Figure::new("cells", scene, dpi).to_png(dpi).unwrap());
            let (layer_width, layer_height) = (width as f64, height as f64);
            let frame =
                PixelFrame { scale: scale as f64, left: 0.0, top: 0.0, layer_width, layer_height, width, height };
            for (y, expected) in layer.draw(&frame).chunks_exact(width * 3).enumerate() {
                let start = ((top + y) * row + left) * 3;
                assert!(&pixels[start..start + width * 3] == expected, "row {y} at {dpi} pixels per inch");
            }
        }
    }
}
