//! Figures for single-cell data as SVG, PNG and PDF, and a report of them as one HTML page.
//!
//! Every figure is a function from plain data to a [`Figure`]; nothing is computed here but what drawing needs, and
//! nothing is written to disk. Axes and text are vectors, cells are one image inside them.
//!
//! - [`embedding`]: cells on two axes, coloured by category or number; [`gene_strip`]: genes in a row of small panels.
//! - [`heatmap`]: a matrix with trees, annotation bars and names; [`mean_activation`]: neurons by contexts around zero.
//! - [`term_bars`]: enriched terms; [`training_curve`]: the loss of every epoch.
//! - [`report`]: all of it as one HTML page with an interactive embedding and tables, which opens without a network.
//!
//! Text is set in the bundled `DejaVu Sans` (its licence lies beside it in `fonts/`), which has Latin, Greek, Cyrillic,
//! Arabic and most symbols, but no Chinese, Japanese or Korean: names in those show as boxes in PNG and PDF, and in the
//! viewer's own font in SVG.
//!
//! ```
//! use concord_core::{Embedding, Labels};
//! use concord_plot::{Colouring, EmbeddingStyle, Panel, embedding};
//!
//! let umap = Embedding::new(ndarray::array![[0.0, 0.0], [1.0, 0.5], [4.0, 3.0], [4.5, 3.5]])?;
//! let labels = Labels::from_texts(&["B cells", "B cells", "NK cells", "NK cells"]);
//! let panels = [Panel::new("louvain", Colouring::categories(&labels))];
//! let figure = embedding(&umap, &panels, &EmbeddingStyle::default())?;
//! let (svg, png, pdf) = (figure.to_svg()?, figure.to_png(150.0)?, figure.to_pdf()?);
//! assert!(svg.contains("NK cells") && png.starts_with(b"\x89PNG") && pdf.starts_with(b"%PDF"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod axes;
mod colour;
mod colour_bar;
mod curve;
mod dendrogram;
mod embedding;
mod error;
mod figure;
mod gene_strip;
mod heatmap;
mod label_layout;
mod legend;
mod palette;
mod png;
mod report;
mod scene;
mod term_bars;
mod text;
mod theme;
mod ticks;
mod title;

pub use colour::Colour;
pub use curve::{CurveStyle, training_curve};
pub use dendrogram::{Dendrogram, Merge};
pub use embedding::{AxesLook, Colouring, EmbeddingStyle, LegendPlacement, Panel, ValueColours, embedding};
pub use error::PlotError;
pub use figure::Figure;
pub use gene_strip::{GeneStripStyle, GeneValues, gene_strip};
pub use heatmap::{Annotation, Heatmap, HeatmapStyle, Order, Side, heatmap, mean_activation};
pub use palette::{Colormap, Palette};
pub use report::{ContextPage, GeneRow, Report, ReportFigure, TargetPage, TermRow, TrustTable, report};
pub use term_bars::{Term, TermBarsStyle, Threshold, term_bars};
