//! Cells as points on two axes, in one panel or several.

mod on_data;
mod panel;
mod points;

use concord_core::{Embedding, Labels};

pub(crate) use self::panel::legend_entries;
use self::panel::{PanelScene, draw_panel};
use self::points::{Canvas, check_size};
use crate::scene::Scene;
use crate::theme::MARGIN;
use crate::{Colormap, Colour, Figure, Palette, PlotError};

/// Between two panels, as a part of their width, and its limits.
const COLUMN_GAP: f64 = 0.12;
const COLUMN_GAPS: (f64, f64) = (8.0, 20.0);
const ROW_GAP: f64 = 16.0;

/// One picture of the embedding.
#[derive(Debug, Clone)]
pub struct Panel<'a> {
    /// Stands above the picture; long titles are broken into lines.
    pub title: String,
    /// What the colours of the cells say.
    pub colouring: Colouring<'a>,
}

impl<'a> Panel<'a> {
    /// A panel of this title and colouring.
    pub fn new(title: impl Into<String>, colouring: Colouring<'a>) -> Self {
        Self { title: title.into(), colouring }
    }
}

/// What the colours of the cells say.
#[derive(Debug, Clone)]
pub enum Colouring<'a> {
    /// One colour for each category; cells without a label are light grey and lie below the others.
    Categories {
        /// One label for each cell.
        labels: &'a Labels,
        /// One colour for each category, such as the file's own `uns/<key>_colors`; else the style's palette.
        palette: Option<Vec<Colour>>,
    },
    /// A number for each cell.
    Values(ValueColours<'a>),
    /// All cells alike.
    Plain,
}

impl<'a> Colouring<'a> {
    /// Colours by category from the style's palette.
    pub fn categories(labels: &'a Labels) -> Self {
        Self::Categories { labels, palette: None }
    }

    /// Colours by number: viridis, from the smallest to the largest value.
    pub fn values(values: &'a [f32], name: impl Into<String>) -> Self {
        Self::Values(ValueColours::new(values, name))
    }
}

/// How numbers colour the cells. High values are drawn last; values that are not finite are light grey and lie below.
#[derive(Debug, Clone)]
pub struct ValueColours<'a> {
    /// One number for each cell.
    pub values: &'a [f32],
    /// Stands beside the colour bar; may be empty.
    pub name: String,
    /// The quantile of the values at which the colours end, 0 to 1: below 1 a few extreme cells do not pale the rest.
    pub vmax_quantile: f64,
    /// The colours.
    pub colormap: Colormap,
    /// The number that the middle of the colours stands for, with a diverging map; else they start at the smallest.
    pub centre: Option<f64>,
    /// Whether the colour bar is drawn.
    pub show_bar: bool,
}

impl<'a> ValueColours<'a> {
    /// Viridis from the smallest to the largest value, with a bar.
    pub fn new(values: &'a [f32], name: impl Into<String>) -> Self {
        Self {
            values,
            name: name.into(),
            vmax_quantile: 1.0,
            colormap: Colormap::default(),
            centre: None,
            show_bar: true,
        }
    }
}

/// Where the names of categories stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LegendPlacement {
    /// In a list to the right of the panel.
    #[default]
    Right,
    /// On the cells themselves. Names that cannot all be placed without overlapping go to the right after all.
    OnData,
    /// Nowhere.
    None,
}

/// How the two axes are drawn; they have no ticks because the units of an embedding mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AxesLook {
    /// A thin frame with the names of the axes outside.
    #[default]
    Frame,
    /// Two short arrows in the lower left corner.
    Arrows,
    /// Nothing.
    None,
}

/// How an embedding is drawn. Lengths are in points (1/72 inch).
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingStyle {
    /// Panels side by side; without it four at most, fewer when that leaves no hole.
    pub n_columns: Option<usize>,
    /// Width of one panel without its legend. Its height follows from the data, as both axes have the same scale.
    pub panel_width: f64,
    /// Where the names of categories stand.
    pub legend: LegendPlacement,
    /// Whether a legend shows how many cells each category has.
    pub show_counts: bool,
    /// The axes.
    pub axes: AxesLook,
    /// What the axes are called before their number: `UMAP` gives UMAP1 and UMAP2. Empty leaves the names out.
    pub axis_name: String,
    /// Colours of categories that come without any.
    pub palette: Palette,
    /// Diameter of a cell; without it from the number of cells (scanpy's rule: an area of 120000 / n; 3.5 at the most).
    pub point_size: Option<f64>,
    /// Opacity of a cell, above 0 to 1.
    pub opacity: f64,
    /// Resolution of the cells in SVG and PDF, in pixels per inch; a PNG has its own.
    pub raster_dpi: f64,
}

impl Default for EmbeddingStyle {
    fn default() -> Self {
        Self {
            n_columns: None,
            panel_width: 216.0,
            legend: LegendPlacement::default(),
            show_counts: false,
            axes: AxesLook::default(),
            axis_name: "UMAP".to_owned(),
            palette: Palette::default(),
            point_size: None,
            opacity: 1.0,
            raster_dpi: 300.0,
        }
    }
}

impl EmbeddingStyle {
    fn check(&self) -> Result<(), PlotError> {
        let within = |name, value: f64, low: f64, high: f64, expected| {
            if (low..=high).contains(&value) { Ok(()) } else { Err(PlotError::BadSetting { name, value, expected }) }
        };
        within("panel_width", self.panel_width, 30.0, 2000.0, "30 to 2000 points")?;
        within("opacity", self.opacity, 0.001, 1.0, "0.001 to 1")?;
        within("raster_dpi", self.raster_dpi, 10.0, 2400.0, "10 to 2400")?;
        within("point_size", self.point_size.unwrap_or(1.0), 0.01, 100.0, "0.01 to 100 points")?;
        within("n_columns", self.n_columns.unwrap_or(1) as f64, 1.0, 1000.0, "1 to 1000")
    }

    fn columns(&self, n_panels: usize) -> usize {
        let most = self.n_columns.unwrap_or(match n_panels {
            5 | 6 | 9 => 3,
            _ => 4,
        });
        most.min(n_panels)
    }
}

/// Draws a two-dimensional embedding once for each panel, all panels of one size and on one scale.
///
/// # Errors
/// [`PlotError::NotTwoDimensional`]; [`PlotError::Empty`] without panels; [`PlotError::LengthMismatch`] when a panel
/// has data for another number of cells; [`PlotError::PaletteTooShort`]; [`PlotError::BadSetting`].
pub fn embedding(points: &Embedding, panels: &[Panel<'_>], style: &EmbeddingStyle) -> Result<Figure, PlotError> {
    style.check()?;
    if points.n_dimensions() != 2 {
        return Err(PlotError::NotTwoDimensional { found: points.n_dimensions() });
    }
    check_size(points.n_cells())?;
    if panels.is_empty() {
        return Err(PlotError::Empty { what: "the list of panels" });
    }
    for panel in panels {
        check_panel(panel, points.n_cells())?;
    }
    let canvas = Canvas::fit(points, style);
    let scenes = panels.iter().map(|panel| draw_panel(&canvas, panel, style)).collect::<Result<Vec<_>, _>>()?;
    let titles: Vec<&str> = panels.iter().map(|panel| panel.title.as_str()).collect();
    Ok(Figure::new(titles.join(", "), grid(scenes, style.columns(panels.len()), canvas.width), style.raster_dpi))
}

pub(crate) fn check_panel(panel: &Panel<'_>, n_cells: usize) -> Result<(), PlotError> {
    let found = match &panel.colouring {
        Colouring::Categories { labels, .. } => labels.n_cells(),
        Colouring::Values(colours) => {
            if !(colours.vmax_quantile > 0.0 && colours.vmax_quantile <= 1.0) {
                return Err(PlotError::BadSetting {
                    name: "vmax_quantile",
                    value: colours.vmax_quantile,
                    expected: "above 0, up to 1",
                });
            }
            colours.values.len()
        }
        Colouring::Plain => n_cells,
    };
    if found == n_cells {
        return Ok(());
    }
    Err(PlotError::LengthMismatch { what: format!("colours of panel `{}`", panel.title), expected: n_cells, found })
}

/// Puts panels into rows and columns such that their frames stand in line.
fn grid(panels: Vec<PanelScene>, n_columns: usize, panel_width: f64) -> Scene {
    let gap = (panel_width * COLUMN_GAP).clamp(COLUMN_GAPS.0, COLUMN_GAPS.1);
    let most = |of: &mut dyn Iterator<Item = f64>| of.fold(0.0, f64::max);
    let widths: Vec<f64> = (0..n_columns)
        .map(|column| most(&mut panels.iter().skip(column).step_by(n_columns).map(|panel| panel.scene.width)))
        .collect();
    let mut figure = Scene::new(0.0, MARGIN);
    let mut panels = panels.into_iter().peekable();
    while panels.peek().is_some() {
        let row: Vec<PanelScene> = panels.by_ref().take(n_columns).collect();
        let above = most(&mut row.iter().map(|panel| panel.above));
        let below = most(&mut row.iter().map(|panel| panel.scene.height - panel.above));
        let mut x = MARGIN;
        for (panel, width) in row.into_iter().zip(&widths) {
            figure.place(x, figure.height + above - panel.above, panel.scene);
            x += width + gap;
        }
        figure.width = figure.width.max(x - gap + MARGIN);
        figure.height += above + below + ROW_GAP;
    }
    figure.height += MARGIN - ROW_GAP;
    figure
}
