//! The report: one HTML file with figures, tables and an interactive embedding.

mod assets;
mod check;
mod content;
mod data;
mod markup;
mod pack;
mod sample;
mod table;

use concord_core::Embedding;

pub use self::content::{ContextPage, GeneRow, ReportFigure, TargetPage, TermRow, TrustTable};
use crate::{GeneValues, Palette, Panel, PlotError};

/// The most cells that a report shows when nothing else is said: a browser draws them without effort.
const DEFAULT_MAX_CELLS: usize = 100_000;

/// What a report shows. Everything but the embeddings may be left empty.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// Stands at the top and in the title of the window.
    pub title: String,
    /// Stands below the title; may be empty.
    pub subtitle: String,
    /// What the run was, as names and values: input, cells, genes, settings, versions.
    pub facts: Vec<(String, String)>,
    /// What the reader must know before trusting the rest.
    pub warnings: Vec<String>,
    /// Names and points of embeddings of two or three dimensions; the first is shown first. At least one.
    pub embeddings: Vec<(String, &'a Embedding)>,
    /// What the cells can be coloured by, as for [`embedding`](crate::embedding); the first is shown first.
    pub panels: Vec<Panel<'a>>,
    /// Colours of categories that come without any.
    pub palette: Palette,
    /// The latent code: cells can be coloured by each of its neurons.
    pub neurons: Option<&'a Embedding>,
    /// Genes that the cells can be coloured by. Their names in tables become links to that picture.
    pub genes: Vec<GeneValues<'a>>,
    /// One name for each cell, shown when the pointer is on it.
    pub cell_names: Option<&'a [String]>,
    /// Figures on the first page, such as the training curve.
    pub summary_figures: Vec<ReportFigure>,
    /// Figures of the latent code: its heat map, and the mean activation of neurons.
    pub latent_figures: Vec<ReportFigure>,
    /// One page for each context.
    pub contexts: Vec<ContextPage>,
    /// How far the attributions can be trusted, as measured.
    pub trust: Option<TrustTable<'a>>,
    /// Number of cells of the data set, when the cells given here are a sample of it.
    pub n_cells_total: Option<usize>,
    /// How the caller drew that sample, such as `drawn at random, seed 7`; may be empty.
    pub sample_note: String,
    /// The most cells that are shown; of more, an evenly spaced sample is.
    pub max_cells: usize,
}

impl Default for Report<'_> {
    fn default() -> Self {
        Self {
            title: "CONCORD report".to_owned(),
            subtitle: String::new(),
            facts: Vec::new(),
            warnings: Vec::new(),
            embeddings: Vec::new(),
            panels: Vec::new(),
            palette: Palette::default(),
            neurons: None,
            genes: Vec::new(),
            cell_names: None,
            summary_figures: Vec::new(),
            latent_figures: Vec::new(),
            contexts: Vec::new(),
            trust: None,
            n_cells_total: None,
            sample_note: String::new(),
            max_cells: DEFAULT_MAX_CELLS,
        }
    }
}

impl Report<'_> {
    /// Number of cells that were given, of which all or a sample is shown.
    fn n_cells(&self) -> usize {
        self.embeddings.first().map_or(0, |(_, points)| points.n_cells())
    }
}

/// Writes the report as one HTML page that needs no network and no other file.
///
/// The page carries its style and its program, and forbids itself every connection (Content-Security-Policy). Figures
/// are images inside it. Values of cells are packed: positions and numbers of panels as 32-bit floats, labels as codes
/// of one or two bytes, and neurons and genes as one byte each: 255 even steps from the smallest to the largest finite
/// value of each, so what the page tells of them is exact to 1/508 of their range. As text, a neuron or a gene takes
/// 133 kB for 100,000 cells. Figures weigh what their images do: 150 pixels per inch are enough for a screen.
///
/// Of more than [`Report::max_cells`] cells the page shows an evenly spaced sample (in the order given) and says so.
/// The same report gives the same bytes every time.
///
/// # Errors
/// [`PlotError::Empty`] without embeddings; [`PlotError::NotTwoOrThreeDimensional`]; [`PlotError::LengthMismatch`] when
/// anything has another number of cells than the first embedding; [`PlotError::PaletteTooShort`];
/// [`PlotError::TooManyCategories`]; [`PlotError::NoSuchNeuron`]; [`PlotError::BadSetting`];
/// [`PlotError::ReportTooLarge`]; and what writing its figures as SVG gives.
///
/// ```
/// use concord_core::{Embedding, Labels};
/// use concord_plot::{Colouring, Panel, Report, report};
///
/// let umap = Embedding::new(ndarray::array![[0.0, 0.0], [1.0, 0.5], [4.0, 3.0], [4.5, 3.5]])?;
/// let labels = Labels::from_texts(&["B cells", "B cells", "NK cells", "NK cells"]);
/// let page = report(&Report {
///     title: "Four cells".to_owned(),
///     embeddings: vec![("UMAP".to_owned(), &umap)],
///     panels: vec![Panel::new("louvain", Colouring::categories(&labels))],
///     ..Report::default()
/// })?;
/// assert!(page.starts_with("<!doctype html>") && page.contains("NK cells"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn report(report: &Report<'_>) -> Result<String, PlotError> {
    check::check(report)?;
    let cells = sample::evenly_spaced(report.n_cells(), report.max_cells);
    let data = data::to_json(report, &cells)?;
    markup::write_page(report, cells.len(), &data)
}
