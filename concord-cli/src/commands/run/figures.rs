//! The figures of a run: the embedding by each label, all of them side by side, and the loss.

use concord_core::Embedding;
use concord_plot::{Colouring, CurveStyle, EmbeddingStyle, Figure, Panel, embedding, training_curve};

use super::{Results, data::Described};
use crate::{
    colours::VMAX_QUANTILE,
    error::CliError,
    figures::{FigureFormat, PNG_DPI},
    h5ad::first_two,
    outputs::{Outputs, file_stems},
};

/// Width of the only panel of a figure, in points.
const SINGLE_PANEL_WIDTH: f64 = 288.0;

/// Draws all figures into `figures/`.
pub(super) fn draw(results: &Results<'_>, outputs: &Outputs) -> Result<((), String), CliError> {
    let mut figures = match flat(&results.umap)? {
        Some(umap) => umap_figures(&umap, &results.dataset)?,
        None => Vec::new(),
    };
    let losses: Vec<f32> = results.trained.history.iter().map(|epoch| epoch.loss as f32).collect();
    figures.push(("training".to_owned(), training_curve(&losses, &CurveStyle::default())?));
    for (name, figure) in &figures {
        save(outputs, name, figure)?;
    }
    Ok(((), format!("{} figures as PNG, SVG and PDF", figures.len())))
}

/// The first two dimensions of a UMAP; none of a UMAP with one.
fn flat(umap: &Embedding) -> Result<Option<Embedding>, CliError> {
    match umap.n_dimensions() {
        1 => Ok(None),
        2 => Ok(Some(umap.clone())),
        _ => first_two(umap).map(Some),
    }
}

/// One figure for each column, and one with all of them.
fn umap_figures(umap: &Embedding, dataset: &Described) -> Result<Vec<(String, Figure)>, CliError> {
    let style = EmbeddingStyle::default();
    if dataset.colours.is_empty() {
        return Ok(vec![("umap".to_owned(), embedding(umap, &[Panel::new("", Colouring::Plain)], &style)?)]);
    }
    let single = EmbeddingStyle { panel_width: SINGLE_PANEL_WIDTH, ..style.clone() };
    let names: Vec<&str> = dataset.colours.iter().map(|(name, _)| name.as_str()).collect();
    let panels: Vec<Panel<'_>> = dataset
        .colours
        .iter()
        .map(|(name, colours)| Panel::new(name.clone(), colours.colouring(name, VMAX_QUANTILE)))
        .collect();
    let mut figures = Vec::new();
    for (panel, stem) in panels.iter().zip(file_stems(&names)) {
        figures.push((format!("umap_{stem}"), embedding(umap, std::slice::from_ref(panel), &single)?));
    }
    if panels.len() > 1 {
        figures.push(("umap".to_owned(), embedding(umap, &panels, &style)?));
    }
    Ok(figures)
}

fn save(outputs: &Outputs, name: &str, figure: &Figure) -> Result<(), CliError> {
    for (extension, format) in [("svg", FigureFormat::Svg), ("png", FigureFormat::Png), ("pdf", FigureFormat::Pdf)] {
        outputs.write(&format!("figures/{name}.{extension}"), format.render(figure, PNG_DPI)?)?;
    }
    Ok(())
}
