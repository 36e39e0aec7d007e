//! Matrices as coloured tables, with trees, annotation bars and names at their sides.

mod body;
mod layout;
mod side;

use concord_core::{Dense, Labels};

use self::layout::draw_heatmap;
use crate::colour_bar::ColourScale;
use crate::{Colormap, Colour, Dendrogram, Figure, Palette, PlotError};

/// A matrix and what is known about its rows and columns.
#[derive(Debug, Clone)]
pub struct Heatmap<'a> {
    /// The numbers, `[n_rows, n_columns]`; those that are not finite are light grey.
    pub values: &'a Dense,
    /// What the numbers are: stands beside the colour bar.
    pub value_name: String,
    /// What belongs to the rows.
    pub rows: Side<'a>,
    /// What belongs to the columns.
    pub columns: Side<'a>,
}

/// What belongs to the rows, or to the columns, of a heat map.
#[derive(Debug, Clone, Default)]
pub struct Side<'a> {
    /// What they are (`cells`, `neurons`); may be empty.
    pub title: String,
    /// A name for each of them. Where there is no room for all, every second, third, ... is written.
    pub names: Option<&'a [String]>,
    /// The order in which they are drawn.
    pub order: Order<'a>,
    /// Bars of colours that say to which category each of them belongs.
    pub annotations: Vec<Annotation<'a>>,
}

/// The order in which rows or columns are drawn.
#[derive(Debug, Clone, Copy, Default)]
pub enum Order<'a> {
    /// As in the matrix.
    #[default]
    AsGiven,
    /// A permutation of the positions in the matrix.
    Given(&'a [usize]),
    /// The order of a tree's leaves; the tree is drawn.
    Tree(&'a Dendrogram),
}

/// A bar of colours beside the rows or above the columns.
#[derive(Debug, Clone)]
pub struct Annotation<'a> {
    /// What the categories are; heads the legend.
    pub name: String,
    /// The category of each row or column, in the order of the matrix.
    pub labels: &'a Labels,
    /// One colour for each category, or else the style's palette.
    pub palette: Option<Vec<Colour>>,
}

/// How a heat map is drawn. Lengths are in points (1/72 inch).
#[derive(Debug, Clone, PartialEq)]
pub struct HeatmapStyle {
    /// Stands above everything; may be empty.
    pub title: String,
    /// Width of the coloured table.
    pub width: f64,
    /// Height of the coloured table.
    pub height: f64,
    /// The colours.
    pub colormap: Colormap,
    /// The number that the middle of a diverging map stands for; else the colours start at the smallest value.
    pub centre: Option<f64>,
    /// The quantile of the values at which the colours end, 0 to 1.
    pub vmax_quantile: f64,
    /// Whether white lines part the fields; for tables small enough to look at single fields.
    pub grid_lines: bool,
    /// Colours of annotations that come without any.
    pub palette: Palette,
    /// Resolution of the table in SVG and PDF, in pixels per inch; a PNG has its own.
    pub raster_dpi: f64,
}

impl Default for HeatmapStyle {
    fn default() -> Self {
        Self {
            title: String::new(),
            width: 396.0,
            height: 216.0,
            colormap: Colormap::Viridis,
            centre: None,
            vmax_quantile: 1.0,
            grid_lines: false,
            palette: Palette::default(),
            raster_dpi: 300.0,
        }
    }
}

/// Draws a matrix with the trees, annotation bars and names of its rows and columns.
///
/// Where several rows share a pixel their colours are averaged, so nothing is left out.
///
/// # Errors
/// [`PlotError::Empty`], [`PlotError::LengthMismatch`], [`PlotError::BadOrder`], [`PlotError::PaletteTooShort`],
/// [`PlotError::BadSetting`].
pub fn heatmap(heatmap: &Heatmap<'_>, style: &HeatmapStyle) -> Result<Figure, PlotError> {
    check_style(style)?;
    let values = heatmap.values;
    let Some(slice) = values.as_slice().filter(|_| !values.is_empty()) else {
        if values.is_empty() {
            return Err(PlotError::Empty { what: "the matrix" });
        }
        let standard = values.as_standard_layout().into_owned();
        return self::heatmap(&Heatmap { values: &standard, ..heatmap.clone() }, style);
    };
    let scale = ColourScale::fit(slice, style.colormap, style.vmax_quantile, style.centre);
    draw_heatmap(heatmap, scale, style).map(|scene| Figure::new(title_of(heatmap, style), scene, style.raster_dpi))
}

/// Draws the mean activation of neurons (rows) in contexts (columns): red above zero, blue below, white at zero.
///
/// `means` is `[n_neurons, n_contexts]`.
///
/// # Errors
/// As [`heatmap`].
///
/// ```
/// let means = ndarray::array![[1.5, -0.2], [0.1, 0.9]];
/// let (neurons, contexts) = (["14", "26"].map(String::from), ["B cells", "NK cells"].map(String::from));
/// let figure = concord_plot::mean_activation(&means, &neurons, &contexts, "")?;
/// assert!(figure.to_svg()?.contains("mean activation"));
/// # Ok::<(), concord_plot::PlotError>(())
/// ```
pub fn mean_activation(
    means: &Dense,
    neurons: &[String],
    contexts: &[String],
    title: &str,
) -> Result<Figure, PlotError> {
    /// Size of a field: room for the names at its sides.
    const FIELD: (f64, f64) = (19.0, 13.0);
    let (n_rows, n_columns) = means.dim();
    let style = HeatmapStyle {
        title: title.to_owned(),
        width: (n_columns as f64 * FIELD.0).clamp(60.0, 900.0),
        height: (n_rows as f64 * FIELD.1).clamp(60.0, 900.0),
        colormap: Colormap::RdBuR,
        centre: Some(0.0),
        grid_lines: true,
        ..HeatmapStyle::default()
    };
    let side = |title: &str, names| Side { title: title.to_owned(), names: Some(names), ..Side::default() };
    let content = Heatmap {
        values: means,
        value_name: "mean activation".to_owned(),
        rows: side("neuron", neurons),
        columns: side("", contexts),
    };
    heatmap(&content, &style)
}

fn title_of(heatmap: &Heatmap<'_>, style: &HeatmapStyle) -> String {
    if style.title.is_empty() { format!("heat map of {}", heatmap.value_name) } else { style.title.clone() }
}

fn check_style(style: &HeatmapStyle) -> Result<(), PlotError> {
    let within = |name, value: f64, (low, high), expected| {
        if (low..=high).contains(&value) { Ok(()) } else { Err(PlotError::BadSetting { name, value, expected }) }
    };
    within("width", style.width, (20.0, 5000.0), "20 to 5000 points")?;
    within("height", style.height, (20.0, 5000.0), "20 to 5000 points")?;
    within("vmax_quantile", style.vmax_quantile, (1e-6, 1.0), "above 0, up to 1")?;
    within("raster_dpi", style.raster_dpi, (10.0, 2400.0), "10 to 2400")
}
