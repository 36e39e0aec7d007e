//! The figures of a run: the embedding by each label, the latent code, the genes and terms of every list, and the loss.

use concord_core::Embedding;
use concord_plot::{Colouring, CurveStyle, EmbeddingStyle, Figure, Panel, embedding, training_curve};
use rayon::prelude::*;

use super::{Results, data::Described};
use crate::{
    colours::panels,
    commands::plot::neuron_means,
    error::CliError,
    figures::{FigureFormat, PNG_DPI, SINGLE_PANEL_WIDTH},
    h5ad::flat,
    outputs::{Outputs, file_stems},
    standard_figures::{N_NEURONS, best_terms, gene_figure, latent_figure, members, term_figure},
};

const FORMATS: [(&str, FigureFormat); 3] =
    [("svg", FigureFormat::Svg), ("png", FigureFormat::Png), ("pdf", FigureFormat::Pdf)];
const PRINT: [(&str, FigureFormat); 1] = [("pdf", FigureFormat::Pdf)];

/// Draws all figures into `figures/`.
pub(super) fn draw(results: &Results<'_>, outputs: &Outputs) -> Result<((), String), CliError> {
    let mut figures = match flat(&results.umap)? {
        Some(umap) => umap_figures(&umap, &results.dataset)?,
        None => Vec::new(),
    };
    figures.push(("training".to_owned(), training_curve(&results.losses(), &CurveStyle::default())?));
    figures.extend(latent_figures(results)?);
    // There are many of these, and the report shows them: they are written for print alone.
    let of_lists = list_figures(results)?;
    let all =
        figures.iter().map(|figure| (figure, &FORMATS[..])).chain(of_lists.iter().map(|figure| (figure, &PRINT[..])));
    let all: Vec<_> = all.collect();
    for ((name, _), _) in &all {
        // Makes the folder, before several threads need it.
        outputs.path(&format!("figures/{name}"))?;
    }
    all.par_iter().try_for_each(|((name, figure), formats)| save(outputs, name, figure, formats))?;
    let summary = format!("{} figures as PNG, SVG and PDF, {} of lists as PDF", figures.len(), of_lists.len());
    Ok(((), summary))
}

/// One figure for each column, and one with all of them.
fn umap_figures(umap: &Embedding, dataset: &Described) -> Result<Vec<(String, Figure)>, CliError> {
    let style = EmbeddingStyle::default();
    if dataset.colours.is_empty() {
        return Ok(vec![("umap".to_owned(), embedding(umap, &[Panel::new("", Colouring::Plain)], &style)?)]);
    }
    let single = EmbeddingStyle { panel_width: SINGLE_PANEL_WIDTH, ..style.clone() };
    let names: Vec<&str> = dataset.colours.iter().map(|(name, _)| name.as_str()).collect();
    let panels = panels(&dataset.colours);
    let mut figures = Vec::new();
    for (panel, stem) in panels.iter().zip(file_stems(&names)) {
        figures.push((format!("umap_{stem}"), embedding(umap, std::slice::from_ref(panel), &single)?));
    }
    if panels.len() > 1 {
        figures.push(("umap".to_owned(), embedding(umap, &panels, &style)?));
    }
    Ok(figures)
}

/// The heat maps of the latent code.
fn latent_figures(results: &Results<'_>) -> Result<Vec<(String, Figure)>, CliError> {
    let Results { args, dataset, latent, .. } = results;
    let mut figures =
        vec![("latent".to_owned(), latent_figure(latent, &dataset.colours, args.training.config.seed, PNG_DPI)?.0)];
    if let Some((_, labels)) = &dataset.contexts {
        figures.push(("neurons".to_owned(), neuron_means(latent, labels, N_NEURONS, "")?.1));
    }
    Ok(figures)
}

/// The first genes of every list on the UMAP, and its enriched terms.
fn list_figures(results: &Results<'_>) -> Result<Vec<(String, Figure)>, CliError> {
    let explained = &results.explained;
    let Some((umap, (_, labels))) = flat(&results.umap)?.zip(results.dataset.contexts.as_ref()) else {
        return Ok(Vec::new());
    };
    let names: Vec<String> = explained.ranked.iter().map(|list| format!("{} {}", list.context, list.target)).collect();
    let mut figures = Vec::new();
    for (list, stem) in explained.ranked.iter().zip(file_stems(&names.iter().map(String::as_str).collect::<Vec<_>>())) {
        let cells = members(labels, &list.context);
        let genes = gene_figure(list, &explained.expression, cells.as_deref(), &umap, PNG_DPI)?;
        figures.extend(genes.map(|figure| (format!("genes/{stem}"), figure)));
        if let Some(found) = list.find_in(&explained.enriched) {
            let terms = term_figure(&best_terms(found), &list.name())?;
            figures.extend(terms.map(|figure| (format!("terms/{stem}"), figure)));
        }
    }
    Ok(figures)
}

fn save(outputs: &Outputs, name: &str, figure: &Figure, formats: &[(&str, FigureFormat)]) -> Result<(), CliError> {
    for (extension, format) in formats {
        outputs.write(&format!("figures/{name}.{extension}"), format.render(figure, PNG_DPI)?)?;
    }
    Ok(())
}
