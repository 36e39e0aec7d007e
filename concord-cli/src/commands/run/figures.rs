//! The figures of a run: the embedding by each label, all of them side by side, and the loss.

use concord_core::Embedding;
use concord_plot::{Colouring, CurveStyle, EmbeddingStyle, Figure, Panel, embedding, training_curve};
use ndarray::s;

use super::{Results, data::Described};
use crate::{
    error::CliError,
    outputs::{Outputs, file_stems},
};

/// Resolution of the PNG files, in pixels per inch.
const PNG_DPI: f64 = 300.0;

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
        _ => Ok(Some(Embedding::new(umap.values().slice(s![.., ..2]).to_owned())?)),
    }
}

/// One figure for each column, and one with all of them.
fn umap_figures(umap: &Embedding, dataset: &Described) -> Result<Vec<(String, Figure)>, CliError> {
    if dataset.colours.is_empty() {
        let panels = [Panel::new("", Colouring::Plain)];
        return Ok(vec![("umap".to_owned(), embedding(umap, &panels, &EmbeddingStyle::default())?)]);
    }
    let mut figures = Vec::new();
    let names: Vec<&str> = dataset.colours.iter().map(|(name, _)| name.as_str()).collect();
    for (column, stem) in dataset.colours.iter().zip(file_stems(&names)) {
        let style = EmbeddingStyle { panel_width: SINGLE_PANEL_WIDTH, ..EmbeddingStyle::default() };
        let panels = [Panel::new(column.0.clone(), column.1.colouring(&column.0))];
        figures.push((format!("umap_{stem}"), embedding(umap, &panels, &style)?));
    }
    if dataset.colours.len() > 1 {
        let panels: Vec<Panel<'_>> =
            dataset.colours.iter().map(|(name, colours)| Panel::new(name.clone(), colours.colouring(name))).collect();
        figures.push(("umap".to_owned(), embedding(umap, &panels, &EmbeddingStyle::default())?));
    }
    Ok(figures)
}

fn save(outputs: &Outputs, name: &str, figure: &Figure) -> Result<(), CliError> {
    outputs.write(&format!("figures/{name}.svg"), figure.to_svg()?)?;
    outputs.write(&format!("figures/{name}.png"), figure.to_png(PNG_DPI)?)?;
    outputs.write(&format!("figures/{name}.pdf"), figure.to_pdf()?)?;
    Ok(())
}
