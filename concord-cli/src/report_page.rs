//! The page that `concord run` and `concord report` write: what was found, brought into the shape of the report.

use std::collections::{BTreeMap, HashSet};

use concord_core::{Embedding, Labels};
use concord_plot::{
    Colouring, ContextPage, CurveStyle, Figure, GeneRow, GeneStripStyle, GeneValues, Panel, Report, ReportFigure,
    TargetPage, TermRow, TrustTable, gene_strip, report, training_curve,
};
use rayon::prelude::*;

use crate::{
    attribution::{TRUST_GLOSSARY, to_table},
    colours::{Colours, VMAX_QUANTILE},
    commands::plot::{HeatmapBar, latent_heatmap, neuron_means, ora_figure},
    error::CliError,
    h5ad::first_two,
    sample::sample_cells,
    tables::{EnrichedRow, Group, RankedGene, TrustRow},
};

/// Genes of a list that are drawn, and that cells can be coloured by.
pub(crate) const N_DRAWN_GENES: usize = 8;
/// Genes of a list that the page shows; the table has all.
const N_LISTED_GENES: usize = 200;
/// Terms of a list that the page shows, and those that are drawn.
const N_LISTED_TERMS: usize = 100;
const N_DRAWN_TERMS: usize = 10;
/// Cells of the heat map.
const N_HEATMAP_CELLS: usize = 1000;
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
    let first = ranked.iter().flat_map(|group| group.rows.iter().take(N_DRAWN_GENES));
    first.map(|row| row.gene.clone()).filter(|gene| seen.insert(gene.clone())).collect()
}

/// Writes the page.
pub(crate) fn write(page: &Page<'_>) -> Result<String, CliError> {
    let trust = to_table(page.trust)?;
    let mut panels: Vec<Panel<'_>> = page
        .colours
        .iter()
        .map(|(name, colours)| Panel::new(name.clone(), colours.colouring(name, VMAX_QUANTILE)))
        .collect();
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
    let cells = sample_cells(latent.n_cells(), N_HEATMAP_CELLS, page.seed);
    let bars: Vec<HeatmapBar> = page.colours.iter().filter_map(|(name, colours)| bar(name, colours, &cells)).collect();
    let sampled =
        if cells.len() < latent.n_cells() { format!(" of {} taken at random", cells.len()) } else { String::new() };
    let mut figures = vec![ReportFigure {
        caption: format!("Latent code{sampled} cells, similar cells and neurons side by side (Ward's method)"),
        figure: latent_heatmap(latent, &cells, &bars, DPI)?,
    }];
    if let Some((by, labels)) = page.contexts {
        let (_, figure) = neuron_means(latent, labels, 2, "")?;
        figures
            .push(ReportFigure { caption: format!("Mean activation of the most active neurons of each {by}"), figure });
    }
    Ok(figures)
}

fn bar(name: &str, colours: &Colours, cells: &[usize]) -> Option<HeatmapBar> {
    match colours {
        Colours::Categories { labels, palette } => {
            Some(HeatmapBar { name: name.to_owned(), labels: labels.select(cells), palette: palette.clone() })
        }
        Colours::Numbers(_) => None,
    }
}

/// A page for each context, in the order of the table.
fn context_pages(page: &Page<'_>) -> Result<Vec<ContextPage>, CliError> {
    let flat = page.embeddings.iter().find(|(_, points)| points.n_dimensions() == 2).map(|(_, points)| *points);
    let flat = match (flat, page.embeddings.first()) {
        (Some(points), _) => Some(points.clone()),
        (None, Some((_, points))) if points.n_dimensions() > 2 => Some(first_two(points)?),
        _ => None,
    };
    let targets: Result<Vec<TargetPage>, CliError> =
        page.ranked.par_iter().map(|group| target_page(page, group, flat.as_ref())).collect();
    let mut contexts: Vec<ContextPage> = Vec::new();
    for (group, target) in page.ranked.iter().zip(targets?) {
        match contexts.iter_mut().find(|context| context.name == group.context) {
            Some(context) => context.targets.push(target),
            None => contexts.push(ContextPage {
                name: group.context.clone(),
                n_cells: members(page, &group.context).map_or(0, |cells| cells.len()),
                targets: vec![target],
            }),
        }
    }
    Ok(contexts)
}

/// The cells of a context.
fn members(page: &Page<'_>, context: &str) -> Option<Vec<usize>> {
    let (_, labels) = page.contexts?;
    let code = labels.names().iter().position(|name| name == context)?;
    Some((0..labels.n_cells()).filter(|&cell| labels.codes()[cell] == Some(code as u32)).collect())
}

fn target_page(page: &Page<'_>, group: &Group<RankedGene>, flat: Option<&Embedding>) -> Result<TargetPage, CliError> {
    let row = |row: &RankedGene| GeneRow {
        rank: row.rank,
        gene: row.gene.clone(),
        importance: row.importance as f32,
        mean_expression: row.mean_expression as f32,
        nonzero_fraction: row.nonzero_fraction as f32,
    };
    let enriched = page.enriched.iter().find(|found| found.context == group.context && found.target == group.target);
    let mut terms: Vec<&EnrichedRow> = enriched.map_or_else(Vec::new, |found| found.rows.iter().collect());
    terms.sort_by(|a, b| a.p_value.total_cmp(&b.p_value).then_with(|| a.term.cmp(&b.term)));
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
        strip: flat.map(|points| strip(page, group, points)).transpose()?.flatten(),
        terms_figure: if terms.is_empty() { None } else { Some(ora_figure(&terms, N_DRAWN_TERMS, "")?) },
        terms: terms.iter().take(N_LISTED_TERMS).map(term).collect(),
    })
}

/// The first genes of a list on the context's cells, the other cells in grey.
fn strip(page: &Page<'_>, group: &Group<RankedGene>, points: &Embedding) -> Result<Option<Figure>, CliError> {
    let cells = members(page, &group.context);
    let mut panels = Vec::new();
    for row in group.rows.iter().take(N_DRAWN_GENES) {
        let Some(values) = page.expression.get(&row.gene) else { continue };
        let shown = match &cells {
            None => values.clone(),
            Some(cells) => {
                let mut shown = vec![f32::NAN; values.len()];
                cells.iter().for_each(|&cell| shown[cell] = values[cell]);
                shown
            }
        };
        panels.push((row.gene.as_str(), shown));
    }
    if panels.is_empty() {
        return Ok(None);
    }
    let panels: Vec<GeneValues<'_>> = panels.iter().map(|(name, values)| GeneValues { name, values }).collect();
    let style = GeneStripStyle { raster_dpi: DPI, ..GeneStripStyle::default() };
    Ok(Some(gene_strip(points, &panels, &style)?))
}
