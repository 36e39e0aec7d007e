//! What the pages of a report say, as the caller gives it.

use concord_core::Table;

use crate::Figure;

/// A figure and what it shows.
#[derive(Debug, Clone)]
pub struct ReportFigure {
    /// Stands below the figure, behind its number, and is its description for those who cannot see it.
    pub caption: String,
    /// The figure.
    pub figure: Figure,
}

/// The page of a context: a group of cells whose latent code is explained.
///
/// When a panel of the report has a category of the same name, the page offers to show these cells.
#[derive(Debug, Clone, Default)]
pub struct ContextPage {
    /// Name of the context, such as a cell type.
    pub name: String,
    /// Number of its cells in the whole data set.
    pub n_cells: usize,
    /// What was explained in it, one after another.
    pub targets: Vec<TargetPage>,
}

/// What was explained in a context: a neuron, or the context against others.
#[derive(Debug, Clone, Default)]
pub struct TargetPage {
    /// Such as `against the rest` or `neuron 50`.
    pub name: String,
    /// The neuron (counted from 0) when the target is one, so that the embedding can be coloured by it.
    pub neuron: Option<usize>,
    /// Ranked genes; the first rows are seen first.
    pub genes: Vec<GeneRow>,
    /// The first genes on the embedding, best at 150 pixels per inch: pages have many of these.
    pub strip: Option<Figure>,
    /// Enriched terms; the first rows are seen first.
    pub terms: Vec<TermRow>,
    /// The first terms as bars.
    pub terms_figure: Option<Figure>,
}

/// A gene in a ranking.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GeneRow {
    /// Place in the ranking, from 1.
    pub rank: usize,
    /// Name of the gene.
    pub gene: String,
    /// Attribution of the target to this gene.
    pub importance: f32,
    /// Mean expression over the cells of the context.
    pub mean_expression: f32,
    /// Part of the cells of the context in which it was detected, 0 to 1.
    pub nonzero_fraction: f32,
}

/// A gene set in a test of enrichment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TermRow {
    /// Name of the gene set.
    pub term: String,
    /// Shared genes and size of the set, such as `5/36`.
    pub overlap: String,
    /// The p-value.
    pub p_value: f64,
    /// The p-value adjusted for the number of sets.
    pub adjusted_p_value: f64,
    /// Combined score, or normalised enrichment score.
    pub score: f64,
    /// The shared or leading genes.
    pub genes: Vec<String>,
}

/// How far attributions can be trusted: any table with words that explain it.
#[derive(Debug, Clone)]
pub struct TrustTable<'a> {
    /// Stands above the table, behind its number.
    pub caption: String,
    /// The table; its columns keep their order.
    pub table: &'a Table,
    /// Names of columns (or other words) and one line each that says what they mean.
    pub glossary: Vec<(String, String)>,
}
