//! A scene written as SVG.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::raster::{PixelFrame, RasterLayer};
use super::{Anchor, Fill, Node, Rect, Scene, Stroke, Text};
use crate::png::{Compression, encode_rgb};
use crate::text::Weight;
use crate::{Colour, PlotError};

/// `DejaVu Sans`, or else the fonts that look most like it.
const FONT_FAMILY: &str = "'DejaVu Sans', 'Bitstream Vera Sans', Verdana, Geneva, sans-serif";

/// Who reads the SVG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Anybody, at any size.
    Anybody,
    /// This crate, which has no use for small images that take long to pack and unpack.
    Converter,
}

/// A raster layer on the pixel grid of the page.
#[derive(Debug)]
pub(crate) struct LaidLayer {
    pub(crate) column: usize,
    pub(crate) row: usize,
    pub(crate) width: usize,
    /// Three bytes a pixel, row by row.
    pub(crate) pixels: Vec<u8>,
}

/// Writes a scene on white paper, its raster layers as images at `dpi` pixels per inch of the figure.
pub(crate) fn write_svg(scene: &Scene, title: &str, dpi: f64, reader: Reader) -> Result<String, PlotError> {
    Ok(Writer::write(scene, title, dpi, Layers::Images(reader))?.text)
}

/// Writes all of a scene but its raster layers, which are drawn at `dpi` pixels per inch: what is written lies over them.
pub(crate) fn write_svg_over_layers(
    scene: &Scene,
    title: &str,
    dpi: f64,
) -> Result<(String, Vec<LaidLayer>), PlotError> {
    let writer = Writer::write(scene, title, dpi, Layers::Apart(Vec::new()))?;
    let layers = if let Layers::Apart(layers) = writer.layers { layers } else { Vec::new() };
    Ok((writer.text, layers))
}

/// What becomes of raster layers.
enum Layers {
    /// They are written as images, for this reader.
    Images(Reader),
    /// They are kept.
    Apart(Vec<LaidLayer>),
}

/// Writing to a `String` cannot fail, so the results of `write!` are dropped throughout.
struct Writer {
    text: String,
    /// Pixels per point.
    scale: f64,
    layers: Layers,
    n_gradients: usize,
}

impl Writer {
    fn write(scene: &Scene, title: &str, dpi: f64, layers: Layers) -> Result<Self, PlotError> {
        let (width, height) = (number(scene.width), number(scene.height));
        let mut writer = Self { text: String::new(), scale: dpi / 72.0, layers, n_gradients: 0 };
        let _ = writeln!(
            writer.text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{width}pt\" \
             height=\"{height}pt\" viewBox=\"0 0 {width} {height}\" font-family=\"{FONT_FAMILY}\" role=\"img\">"
        );
        let _ = writeln!(writer.text, "<title>{}</title>", escape(title));
        if matches!(writer.layers, Layers::Images(_)) {
            let paper = Colour::WHITE;
            let _ = writeln!(writer.text, "<rect width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>");
        }
        writer.nodes(&scene.nodes, 0.0, 0.0)?;
        writer.text.push_str("</svg>\n");
        Ok(writer)
    }

    /// Writes nodes; `x` and `y` are the place of their group on the page, which raster layers need.
    fn nodes(&mut self, nodes: &[Node], x: f64, y: f64) -> Result<(), PlotError> {
        for node in nodes {
            match node {
                Node::Group { x: dx, y: dy, nodes } => {
                    let _ = writeln!(self.text, "<g transform=\"translate({} {})\">", number(*dx), number(*dy));
                    // What was written is rounded, and pixels must be laid on what was written.
                    self.nodes(nodes, x + rounded(*dx), y + rounded(*dy))?;
                    self.text.push_str("</g>\n");
                }
                Node::Rect { rect, fill, stroke } => self.rect(rect, fill, *stroke),
                Node::Circle { x, y, radius, fill } => {
                    let (x, y, radius) = (number(*x), number(*y), number(*radius));
                    let _ = writeln!(self.text, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"/>");
                }
                Node::Lines { lines, stroke } => self.lines(lines, *stroke),
                Node::Polygon { points, fill } => {
                    let points: Vec<String> =
                        points.iter().map(|&(x, y)| format!("{},{}", number(x), number(y))).collect();
                    let _ = writeln!(self.text, "<polygon points=\"{}\" fill=\"{fill}\"/>", points.join(" "));
                }
                Node::Text(text) => self.line_of_text(text),
                Node::Raster { rect, layer } => self.raster(rect, layer, x, y)?,
            }
        }
        Ok(())
    }

    fn rect(&mut self, rect: &Rect, fill: &Fill, stroke: Option<Stroke>) {
        let paint = match fill {
            Fill::None => "none".to_owned(),
            Fill::Plain(colour) => colour.to_string(),
            Fill::Upwards(colours) => self.upward_gradient(colours),
        };
        let Rect { x, y, width, height } = *rect;
        let (x, y, width, height) = (number(x), number(y), number(width), number(height));
        let _ = write!(self.text, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{paint}\"");
        if let Some(stroke) = stroke {
            let _ = write!(self.text, " stroke=\"{}\" stroke-width=\"{}\"", stroke.colour, number(stroke.width));
        }
        self.text.push_str("/>\n");
    }

    /// Defines a gradient and gives the paint that refers to it.
    fn upward_gradient(&mut self, colours: &[Colour]) -> String {
        self.n_gradients += 1;
        let id = format!("gradient-{}", self.n_gradients);
        let _ = write!(self.text, "<defs><linearGradient id=\"{id}\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">");
        let last = colours.len().saturating_sub(1).max(1) as f64;
        for (place, colour) in colours.iter().enumerate() {
            let offset = number(place as f64 / last * 100.0);
            let _ = write!(self.text, "<stop offset=\"{offset}%\" stop-color=\"{colour}\"/>");
        }
        self.text.push_str("</linearGradient></defs>\n");
        format!("url(#{id})")
    }

    fn lines(&mut self, lines: &[Vec<(f64, f64)>], stroke: Stroke) {
        self.text.push_str("<path d=\"");
        for line in lines {
            for (place, &(x, y)) in line.iter().enumerate() {
                let command = if place == 0 { 'M' } else { 'L' };
                let _ = write!(self.text, "{command}{} {}", number(x), number(y));
            }
        }
        let _ = writeln!(
            self.text,
            "\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"/>",
            stroke.colour,
            number(stroke.width)
        );
    }

    fn line_of_text(&mut self, text: &Text) {
        if text.content.is_empty() {
            return;
        }
        let (x, y) = (number(text.x), number(text.y));
        if text.rotation == 0.0 {
            let _ = write!(self.text, "<text x=\"{x}\" y=\"{y}\"");
        } else {
            let _ = write!(self.text, "<text transform=\"translate({x} {y}) rotate({})\"", number(text.rotation));
        }
        let _ = write!(self.text, " font-size=\"{}\"", number(text.size));
        if text.weight == Weight::Bold {
            self.text.push_str(" font-weight=\"bold\"");
        }
        match text.anchor {
            Anchor::Start => {}
            Anchor::Middle => self.text.push_str(" text-anchor=\"middle\""),
            Anchor::End => self.text.push_str(" text-anchor=\"end\""),
        }
        let _ = write!(self.text, " fill=\"{}\"", text.colour);
        if let Some(halo) = text.halo {
            let _ = write!(
                self.text,
                " stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
                Colour::WHITE,
                number(halo)
            );
        }
        let _ = writeln!(self.text, ">{}</text>", escape(&text.content));
    }

    /// Draws a layer on the pixel grid of the page, so that a picture at the same resolution takes it pixel by pixel.
    fn raster(&mut self, rect: &Rect, layer: &RasterLayer, x: f64, y: f64) -> Result<(), PlotError> {
        let (left, right) = ((x + rect.x) * self.scale, (x + rect.right()) * self.scale);
        let (top, bottom) = ((y + rect.y) * self.scale, (y + rect.bottom()) * self.scale);
        let (first_column, first_row) = (left.floor(), top.floor());
        let frame = PixelFrame {
            scale: self.scale,
            left: left - first_column,
            top: top - first_row,
            layer_width: right - left,
            layer_height: bottom - top,
            width: (right.ceil() - first_column) as usize,
            height: (bottom.ceil() - first_row) as usize,
        };
        if frame.width == 0 || frame.height == 0 {
            return Ok(());
        }
        let pixels = layer.draw(&frame);
        let reader = match &mut self.layers {
            Layers::Images(reader) => *reader,
            Layers::Apart(layers) => {
                let (column, row) = (first_column.max(0.0) as usize, first_row.max(0.0) as usize);
                layers.push(LaidLayer { column, row, width: frame.width, pixels });
                return Ok(());
            }
        };
        let compression = if reader == Reader::Anybody { Compression::Balanced } else { Compression::Fast };
        let png = encode_rgb(&pixels, frame.width as u32, frame.height as u32, None, compression)?;
        // Eight decimals: an image a thousandth of a pixel off its grid would be blurred.
        let _ = write!(
            self.text,
            "<image x=\"{:.8}\" y=\"{:.8}\" width=\"{:.8}\" height=\"{:.8}\" preserveAspectRatio=\"none\" ",
            first_column / self.scale - x,
            first_row / self.scale - y,
            frame.width as f64 / self.scale,
            frame.height as f64 / self.scale
        );
        if matches!(layer, RasterLayer::Cells { .. }) {
            self.text.push_str("image-rendering=\"optimizeSpeed\" ");
        }
        self.text.push_str("xlink:href=\"data:image/png;base64,");
        STANDARD.encode_string(png, &mut self.text);
        self.text.push_str("\"/>\n");
        Ok(())
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// A number with three decimals at most.
fn number(value: f64) -> String {
    let value = rounded(value);
    if value == 0.0 { "0".to_owned() } else { value.to_string() }
}

/// Text that can stand in XML: markup is escaped, blanks of any kind become spaces, and what XML forbids is replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape("<b a=\"1\">&'\n\u{0}β"), "&lt;b a=&quot;1&quot;&gt;&amp;&#39; \u{fffd}β");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([number(1.0), number(-0.0001), number(0.12345), number(-2.5)], ["1", "0", "0.123", "-2.5"]);
    }
}
