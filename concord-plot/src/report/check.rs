//! What must hold before a report is written.

use concord_core::Embedding;

use super::Report;
use crate::embedding::{Colouring, check_panel};
use crate::{Panel, PlotError};

/// The most categories of one panel: their codes take two bytes, the largest of which means no label.
const MAX_CATEGORIES: usize = u16::MAX as usize;
/// The most data. Packed as text it grows by a third, and browsers hold no text longer than 512 million characters.
const MAX_BYTES: usize = 256 << 20;

/// Checks that all parts are of the same cells, and small enough to be opened.
pub(super) fn check(report: &Report<'_>) -> Result<(), PlotError> {
    if report.max_cells == 0 {
        return Err(PlotError::BadSetting { name: "max_cells", value: 0.0, expected: "1 or more" });
    }
    if report.embeddings.is_empty() {
        return Err(PlotError::Empty { what: "the list of embeddings" });
    }
    let n_cells = report.n_cells();
    for (name, points) in &report.embeddings {
        if !matches!(points.n_dimensions(), 2 | 3) {
            return Err(PlotError::NotTwoOrThreeDimensional { name: name.clone(), found: points.n_dimensions() });
        }
        same_length(|| format!("embedding `{name}`"), n_cells, points.n_cells())?;
    }
    for panel in &report.panels {
        check_panel(panel, n_cells)?;
        check_categories(panel)?;
    }
    if let Some(neurons) = report.neurons {
        same_length(|| "latent code".to_owned(), n_cells, neurons.n_cells())?;
    }
    for gene in &report.genes {
        same_length(|| format!("gene `{}`", gene.name), n_cells, gene.values.len())?;
    }
    if let Some(names) = report.cell_names {
        same_length(|| "names of cells".to_owned(), n_cells, names.len())?;
    }
    check_neurons(report)?;
    check_bytes(report)
}

fn same_length(what: impl Fn() -> String, expected: usize, found: usize) -> Result<(), PlotError> {
    if expected == found { Ok(()) } else { Err(PlotError::LengthMismatch { what: what(), expected, found }) }
}

fn check_categories(panel: &Panel<'_>) -> Result<(), PlotError> {
    match &panel.colouring {
        Colouring::Categories { labels, .. } if labels.n_categories() > MAX_CATEGORIES => {
            Err(PlotError::TooManyCategories {
                name: panel.title.clone(),
                found: labels.n_categories(),
                most: MAX_CATEGORIES,
            })
        }
        _ => Ok(()),
    }
}

fn check_neurons(report: &Report<'_>) -> Result<(), PlotError> {
    let Some(latent) = report.neurons else {
        return Ok(());
    };
    let n_neurons = latent.n_dimensions();
    for target in report.contexts.iter().flat_map(|context| &context.targets) {
        if let Some(neuron) = target.neuron.filter(|&neuron| neuron >= n_neurons) {
            return Err(PlotError::NoSuchNeuron { target: target.name.clone(), neuron, n_neurons });
        }
    }
    Ok(())
}

fn check_bytes(report: &Report<'_>) -> Result<(), PlotError> {
    let positions: usize = report.embeddings.iter().map(|(_, points)| 4 * points.n_dimensions()).sum();
    // Labels may take one byte only, which is not worth the distinction here.
    let panels: usize = report.panels.iter().map(|panel| panel_bytes(&panel.colouring)).sum();
    let per_cell = positions + panels + report.neurons.map_or(0, Embedding::n_dimensions) + report.genes.len();
    let bytes = per_cell.saturating_mul(report.n_cells().min(report.max_cells));
    if bytes > MAX_BYTES { Err(PlotError::ReportTooLarge { bytes, most: MAX_BYTES }) } else { Ok(()) }
}

fn panel_bytes(colouring: &Colouring<'_>) -> usize {
    match colouring {
        Colouring::Categories { .. } => 2,
        Colouring::Values(_) => 4,
        Colouring::Plain => 0,
    }
}
