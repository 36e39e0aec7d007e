//! Figures that `concord run` writes and that its report shows.

use std::collections::BTreeMap;

use concord_core::{Embedding, Labels};
use concord_plot::{Figure, GeneStripStyle, GeneValues, gene_strip};

use crate::{
    colours::Colours,
    commands::plot::{HeatmapBar, latent_heatmap, ora_figure},
    error::CliError,
    sample::sample_cells,
    tables::{EnrichedRow, Group, RankedGene},
};

/// Genes of a list that are drawn.
pub(crate) const N_GENES: usize = 8;
/// Neurons of each context in the heat map of means, as in the authors' tutorial.
pub(crate) const N_NEURONS: usize = 2;
/// Terms of a list that are drawn.
const N_TERMS: usize = 10;
/// Cells of the heat map of the latent code.
const N_HEATMAP_CELLS: usize = 1000;

/// The heat map of the latent code with a bar for each column of categories, and the number of cells in it.
pub(crate) fn latent_figure(
    latent: &Embedding,
    colours: &[(String, Colours)],
    seed: u64,
    dpi: f64,
) -> Result<(Figure, usize), CliError> {
    let cells = sample_cells(latent.n_cells(), N_HEATMAP_CELLS, seed);
    let bars: Vec<HeatmapBar> = colours.iter().filter_map(|(name, colours)| bar(name, colours, &cells)).collect();
    Ok((latent_heatmap(latent, &cells, &bars, dpi)?, cells.len()))
}

fn bar(name: &str, colours: &Colours, cells: &[usize]) -> Option<HeatmapBar> {
    match colours {
        Colours::Categories { labels, palette } => {
            Some(HeatmapBar { name: name.to_owned(), labels: labels.select(cells), palette: palette.clone() })
        }
        Colours::Numbers(_) => None,
    }
}

/// The cells of a context, by the labels whose categories are the contexts.
pub(crate) fn members(labels: &Labels, context: &str) -> Option<Vec<usize>> {
    let code = labels.names().iter().position(|name| name == context)?;
    Some((0..labels.n_cells()).filter(|&cell| labels.codes()[cell] == Some(code as u32)).collect())
}

/// The first genes of a list on an embedding: the cells of the context in colour, the others in grey. None when the
/// expression of none of them is known.
pub(crate) fn gene_figure(
    list: &Group<RankedGene>,
    expression: &BTreeMap<String, Vec<f32>>,
    context: Option<&[usize]>,
    points: &Embedding,
    raster_dpi: f64,
) -> Result<Option<Figure>, CliError> {
    let mut panels = Vec::new();
    for row in list.rows.iter().take(N_GENES) {
        let Some(values) = expression.get(&row.gene) else { continue };
        let mut shown = values.clone();
        if let Some(cells) = context {
            shown.fill(f32::NAN);
            for &cell in cells {
                shown[cell] = values[cell];
            }
        }
        panels.push((row.gene.as_str(), shown));
    }
    if panels.is_empty() {
        return Ok(None);
    }
    let panels: Vec<GeneValues<'_>> = panels.iter().map(|(name, values)| GeneValues { name, values }).collect();
    Ok(Some(gene_strip(points, &panels, &GeneStripStyle { raster_dpi, ..GeneStripStyle::default() })?))
}

/// The terms found in a list, the best first.
pub(crate) fn best_terms(found: &Group<EnrichedRow>) -> Vec<&EnrichedRow> {
    let mut rows: Vec<&EnrichedRow> = found.rows.iter().collect();
    rows.sort_by(|a, b| a.p_value.total_cmp(&b.p_value).then_with(|| a.term.cmp(&b.term)));
    rows
}

/// The best terms of a list as bars; none of none.
pub(crate) fn term_figure(best: &[&EnrichedRow], title: &str) -> Result<Option<Figure>, CliError> {
    if best.is_empty() { Ok(None) } else { ora_figure(best, N_TERMS, title).map(Some) }
}
