//! The page that `concord run` and `concord report` write: what was found, brought into the shape of the report.

use std::collections::{BTreeMap, HashSet};

use concord_core::{Embedding, Labels};
use concord_plot::{
    Colouring, ContextPage, CurveStyle, GeneRow, GeneValues, Panel, Report, ReportFigure, TargetPage, TermRow,
    TrustTable, report, training_curve,
};
use rayon::prelude::*;

use crate::{
    attribution::{TRUST_GLOSSARY, to_table},
    colours::{self, Colours},
    commands::plot::neuron_means,
    error::CliError,
    h5ad,
    standard_figures::{N_GENES, N_NEURONS, best_terms, gene_figure, latent_figure, members, term_figure},
    tables::{EnrichedRow, Group, RankedGene, TrustRow},
};

/// Genes of a list that the page shows; the table has all.
const N_LISTED_GENES: usize = 200;
/// Terms of a list that the page shows.
const N_LISTED_TERMS: usize = 100;
/// Resolution of images in the page, in pixels per inch: it is looked at on a screen.
const DPI: f64 = 150.0;

/// Everything that a page can be about; what is not there is left out.
#[derive(Default)]
pub(crate) struct Page<'a> {
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) warnings: Vec<String>,
    /// Pictures of two or three dimensions, by name.
    pub(crate) embeddings: Vec<(String, &'a Embedding)>,
    /// What the cells are coloured by.
    pub(crate) colours: &'a [(String, Colours)],
    pub(crate) latent: Option<&'a Embedding>,
    /// The labels whose categories are the contexts, and their column.
    pub(crate) contexts: Option<(&'a str, &'a Labels)>,
    pub(crate) cell_names: Option<&'a [String]>,
    pub(crate) ranked: &'a [Group<RankedGene>],
    pub(crate) enriched: &'a [Group<EnrichedRow>],
    pub(crate) trust: &'a [TrustRow],
    /// The loss of each epoch.
    pub(crate) losses: &'a [f32],
    /// Expression of genes by name: at least of those that [`drawn_genes`] names.
    pub(crate) expression: BTreeMap<String, Vec<f32>>,
    pub(crate) seed: u64,
}

/// The genes that the page draws, each once.
pub(crate) fn drawn_genes(ranked: &[Group<RankedGene>]) -> Vec<String> {
    let mut seen = HashSet::new();
    let first = ranked.iter().flat_map(|group| group.rows.iter().take(N_GENES));
    first.map(|row| row.gene.clone()).filter(|gene| seen.insert(gene.clone())).collect()
}

/// Writes the page.
pub(crate) fn write(page: &Page<'_>) -> Result<String, CliError> {
    let trust = to_table(page.trust)?;
    let mut panels = colours::panels(page.colours);
    if panels.is_empty() {
        panels.push(Panel::new("cells", Colouring::Plain));
    }
    let genes =
        page.expression.iter().map(|(name, values)| GeneValues { name: name.as_str(), values: values.as_slice() });
    Ok(report(&Report {
        title: page.title.clone(),
        subtitle: page.subtitle.clone(),
        facts: page.facts.clone(),
        warnings: page.warnings.clone(),
        embeddings: page.embeddings.clone(),
        panels,
        neurons: page.latent,
        genes: genes.collect(),
        cell_names: page.cell_names,
        summary_figures: summary_figures(page)?,
        latent_figures: latent_figures(page)?,
        contexts: context_pages(page)?,
        trust: (!page.trust.is_empty()).then(|| TrustTable {
            caption: "How far the lists can be trusted, each against three rankings that know less".to_owned(),
            table: &trust,
            glossary: TRUST_GLOSSARY.map(|(name, meaning)| (name.to_owned(), meaning.to_owned())).to_vec(),
        }),
        ..Report::default()
    })?)
}

fn summary_figures(page: &Page<'_>) -> Result<Vec<ReportFigure>, CliError> {
    if page.losses.is_empty() {
        return Ok(Vec::new());
    }
    let figure = training_curve(page.losses, &CurveStyle::default())?;
    Ok(vec![ReportFigure { caption: "Loss of each epoch of training".to_owned(), figure }])
}

fn latent_figures(page: &Page<'_>) -> Result<Vec<ReportFigure>, CliError> {
    let Some(latent) = page.latent else { return Ok(Vec::new()) };
    let (figure, n_cells) = latent_figure(latent, page.colours, page.seed, DPI)?;
    let cells =
        if n_cells < latent.n_cells() { format!("{n_cells} cells taken at random") } else { "all cells".to_owned() };
    let caption =
        format!("Latent code of {cells}, with similar cells and similar neurons side by side (Ward's method)");
    let mut figures = vec![ReportFigure { caption, figure }];
    if let Some((by, labels)) = page.contexts {
        let (_, figure) = neuron_means(latent, labels, N_NEURONS, "")?;
        let caption = format!("Mean activation of the most active neurons of each category of {by}");
        figures.push(ReportFigure { caption, figure });
    }
    Ok(figures)
}

/// A page for each context, in the order of the table.
fn context_pages(page: &Page<'_>) -> Result<Vec<ContextPage>, CliError> {
    let flat = page.embeddings.iter().find(|(_, points)| points.n_dimensions() == 2).map(|(_, points)| *points);
    let flat = match (flat, page.embeddings.first()) {
        (Some(points), _) => Some(points.clone()),
        (None, Some((_, points))) => h5ad::flat(points)?,
        (None, None) => None,
    };
    let targets: Result<Vec<TargetPage>, CliError> =
        page.ranked.par_iter().map(|group| target_page(page, group, flat.as_ref())).collect();
    let mut contexts: Vec<ContextPage> = Vec::new();
    for (group, target) in page.ranked.iter().zip(targets?) {
        match contexts.iter_mut().find(|context| context.name == group.context) {
            Some(context) => context.targets.push(target),
            None => contexts.push(ContextPage {
                name: group.context.clone(),
                n_cells: cells_of(page, &group.context).map_or(0, |cells| cells.len()),
                targets: vec![target],
            }),
        }
    }
    Ok(contexts)
}

/// The cells of a context.
fn cells_of(page: &Page<'_>, context: &str) -> Option<Vec<usize>> {
    members(page.contexts?.1, context)
}

fn target_page(page: &Page<'_>, group: &Group<RankedGene>, flat: Option<&Embedding>) -> Result<TargetPage, CliError> {
    let row = |row: &RankedGene| GeneRow {
        rank: row.rank,
        gene: row.gene.clone(),
        importance: row.importance as f32,
        mean_expression: row.mean_expression as f32,
        nonzero_fraction: row.nonzero_fraction as f32,
    };
    let terms: Vec<&EnrichedRow> = group.find_in(page.enriched).map_or_else(Vec::new, best_terms);
    let cells = cells_of(page, &group.context);
    let strip = |points| gene_figure(group, &page.expression, cells.as_deref(), points, DPI);
    let term = |row: &&EnrichedRow| TermRow {
        term: row.term.clone(),
        overlap: format!("{}/{}", row.overlap, row.set_size),
        p_value: row.p_value,
        adjusted_p_value: row.adjusted_p_value,
        score: row.combined_score,
        genes: row.genes.split(';').map(str::to_owned).collect(),
    };
    Ok(TargetPage {
        name: group.target.clone(),
        neuron: group.target.strip_prefix("neuron ").and_then(|number| number.parse().ok()),
        genes: group.rows.iter().take(N_LISTED_GENES).map(row).collect(),
        strip: flat.map(strip).transpose()?.flatten(),
        terms_figure: term_figure(&terms, "")?,
        terms: terms.iter().take(N_LISTED_TERMS).map(term).collect(),
    })
}
