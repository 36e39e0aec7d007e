use concord_core::Embedding;

use crate::embedding::{AxesLook, Colouring, EmbeddingStyle, Panel, ValueColours, embedding};
use crate::{Colormap, Figure, PlotError};

/// A gene and its expression.
#[derive(Debug, Clone, Copy)]
pub struct GeneValues<'a> {
    /// Name of the gene: the title of its panel.
    pub name: &'a str,
    /// Expression in each cell; NaN draws a cell in light grey, below the others.
    pub values: &'a [f32],
}

/// How a strip of genes is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneStripStyle {
    /// Width of one panel, in points.
    pub panel_width: f64,
    /// Panels side by side; without it all of them.
    pub n_columns: Option<usize>,
    /// The colours.
    pub colormap: Colormap,
    /// The quantile of a gene's values at which its colours end, 0 to 1.
    pub vmax_quantile: f64,
    /// Whether each panel has a colour bar.
    pub show_bars: bool,
    /// Diameter of a cell in points; without it from the number of cells.
    pub point_size: Option<f64>,
    /// Resolution of the cells in SVG and PDF, in pixels per inch.
    pub raster_dpi: f64,
}

impl Default for GeneStripStyle {
    fn default() -> Self {
        Self {
            panel_width: 72.0,
            n_columns: None,
            colormap: Colormap::Viridis,
            vmax_quantile: 0.99,
            show_bars: false,
            point_size: None,
            raster_dpi: 300.0,
        }
    }
}

/// Draws genes on a two-dimensional embedding, one small panel each, in one row.
///
/// To show some cells (a context) before the others, give NaN for the others.
///
/// # Errors
/// As [`embedding`].
///
/// ```
/// use concord_plot::{GeneStripStyle, GeneValues, gene_strip};
/// let umap = concord_core::Embedding::new(ndarray::array![[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]])?;
/// let genes = [GeneValues { name: "LYZ", values: &[0.0, 3.1, f32::NAN] }];
/// let figure = gene_strip(&umap, &genes, &GeneStripStyle::default())?;
/// assert!(figure.to_svg()?.contains("LYZ"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn gene_strip(points: &Embedding, genes: &[GeneValues<'_>], style: &GeneStripStyle) -> Result<Figure, PlotError> {
    let panels: Vec<Panel<'_>> = genes
        .iter()
        .map(|gene| {
            let colours = ValueColours {
                vmax_quantile: style.vmax_quantile,
                colormap: style.colormap,
                show_bar: style.show_bars,
                ..ValueColours::new(gene.values, "")
            };
            Panel::new(gene.name, Colouring::Values(colours))
        })
        .collect();
    let embedding_style = EmbeddingStyle {
        n_columns: Some(style.n_columns.unwrap_or(genes.len()).max(1)),
        panel_width: style.panel_width,
        axes: AxesLook::Frame,
        axis_name: String::new(),
        point_size: style.point_size,
        raster_dpi: style.raster_dpi,
        ..EmbeddingStyle::default()
    };
    embedding(points, &panels, &embedding_style)
}
