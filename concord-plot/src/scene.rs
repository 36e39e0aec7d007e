//! What a figure is made of: a small tree of shapes, texts and raster layers, measured in points (1/72 inch).
//!
//! The origin is the upper left corner and y runs downwards. Legends, colour bars and panels are scenes of their own,
//! which a figure puts side by side with [`Scene::place`].

pub(crate) mod raster;
pub(crate) mod svg;

use crate::Colour;
use crate::text::Weight;
use raster::RasterLayer;

/// A rectangle, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Rect {
    pub(crate) const fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self { x, y, width, height }
    }

    pub(crate) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.height
    }
}

/// How the inside of a rectangle is painted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fill {
    None,
    Plain(Colour),
    /// Colours from bottom to top, evenly spaced.
    Upwards(Vec<Colour>),
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stroke {
    pub(crate) colour: Colour,
    pub(crate) width: f64,
}

impl Stroke {
    /// Black, of the given width in points.
    pub(crate) const fn black(width: f64) -> Self {
        Self { colour: Colour::BLACK, width }
    }
}

/// Which end of a line of text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Anchor {
    #[default]
    Start,
    Middle,
    End,
}

/// A line of text on its base line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) content: String,
    pub(crate) size: f64,
    pub(crate) weight: Weight,
    pub(crate) anchor: Anchor,
    pub(crate) colour: Colour,
    /// Degrees, clockwise, around the place of the anchor.
    pub(crate) rotation: f64,
    /// Width of a white rim that keeps the text legible on a coloured ground.
    pub(crate) halo: Option<f64>,
}

impl Text {
    /// Regular black text that starts at a place.
    pub(crate) fn new(x: f64, y: f64, size: f64, content: impl Into<String>) -> Self {
        Self {
            x,
            y,
            content: content.into(),
            size,
            weight: Weight::Regular,
            anchor: Anchor::Start,
            colour: Colour::BLACK,
            rotation: 0.0,
            halo: None,
        }
    }

    #[must_use]
    pub(crate) fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    #[must_use]
    pub(crate) fn bold(self) -> Self {
        Self { weight: Weight::Bold, ..self }
    }

    #[must_use]
    pub(crate) fn colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    #[must_use]
    pub(crate) fn rotation(self, rotation: f64) -> Self {
        Self { rotation, ..self }
    }

    #[must_use]
    pub(crate) fn halo(self, halo: f64) -> Self {
        Self { halo: Some(halo), ..self }
    }
}

/// One thing that is drawn.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Group {
        x: f64,
        y: f64,
        nodes: Vec<Node>,
    },
    Rect {
        rect: Rect,
        fill: Fill,
        stroke: Option<Stroke>,
    },
    Circle {
        x: f64,
        y: f64,
        radius: f64,
        fill: Colour,
    },
    /// Polylines that share a stroke.
    Lines {
        lines: Vec<Vec<(f64, f64)>>,
        stroke: Stroke,
    },
    Polygon {
        points: Vec<(f64, f64)>,
        fill: Colour,
    },
    Text(Text),
    /// Lies under everything else, wherever it stands among the nodes.
    Raster {
        rect: Rect,
        layer: RasterLayer,
    },
}

/// A drawing with its size, in points.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) nodes: Vec<Node>,
}

impl Scene {
    /// An empty drawing of the given size.
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, nodes: Vec::new() }
    }

    /// Puts another drawing into this one, its upper left corner at a place.
    pub(crate) fn place(&mut self, x: f64, y: f64, scene: Self) {
        if !scene.nodes.is_empty() {
            self.nodes.push(Node::Group { x, y, nodes: scene.nodes });
        }
    }

    pub(crate) fn text(&mut self, text: Text) {
        self.nodes.push(Node::Text(text));
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        self.nodes.push(Node::Lines { lines: vec![vec![from, to]], stroke });
    }

    pub(crate) fn lines(&mut self, lines: Vec<Vec<(f64, f64)>>, stroke: Stroke) {
        self.nodes.push(Node::Lines { lines, stroke });
    }

    pub(crate) fn rect(&mut self, rect: Rect, fill: Fill, stroke: Option<Stroke>) {
        self.nodes.push(Node::Rect { rect, fill, stroke });
    }

    pub(crate) fn circle(&mut self, x: f64, y: f64, radius: f64, fill: Colour) {
        self.nodes.push(Node::Circle { x, y, radius, fill });
    }

    pub(crate) fn polygon(&mut self, points: Vec<(f64, f64)>, fill: Colour) {
        self.nodes.push(Node::Polygon { points, fill });
    }

    pub(crate) fn raster(&mut self, rect: Rect, layer: RasterLayer) {
        self.nodes.push(Node::Raster { rect, layer });
    }
}
