//! The report of a run.

use concord_core::Embedding;

use super::Results;
use crate::{
    error::CliError,
    outputs::Outputs,
    report_page::{self, Page},
};

const REPORT: &str = "report.html";

/// Writes `report.html`.
pub(super) fn write(results: &Results<'_>, warnings: Vec<String>, outputs: &Outputs) -> Result<((), String), CliError> {
    let Results { args, dataset, latent, umap, umap_3d, explained, .. } = results;
    let is_picture = |points: &Embedding| matches!(points.n_dimensions(), 2 | 3);
    let pictures = [Some(umap), umap_3d.as_ref()].into_iter().flatten().filter(|points| is_picture(points));
    let embeddings: Vec<(String, &Embedding)> =
        pictures.map(|points| (format!("UMAP, {} dimensions", points.n_dimensions()), points)).collect();
    if embeddings.is_empty() {
        return Ok(((), "none: the UMAP has neither two nor three dimensions".to_owned()));
    }
    let page = report_page::write(&Page {
        title: results.input.title(),
        subtitle: format!(
            "{} cells, {} genes, {} neurons",
            dataset.n_cells,
            results.card.features.len(),
            latent.n_dimensions()
        ),
        facts: facts(results),
        warnings,
        embeddings,
        colours: &dataset.colours,
        latent: Some(latent),
        contexts: dataset.contexts.as_ref().map(|(by, labels)| (by.as_str(), labels)),
        cell_names: Some(dataset.cells.names()),
        ranked: &explained.ranked,
        enriched: &explained.enriched,
        trust: &explained.trust,
        losses: &results.losses(),
        expression: explained.expression.clone(),
        seed: args.training.config.seed,
    })?;
    let megabytes = page.len() as f64 / 1e6;
    outputs.write(REPORT, page)?;
    Ok(((), format!("{REPORT}, {megabytes:.1} MB")))
}

/// What the run was.
fn facts(results: &Results<'_>) -> Vec<(String, String)> {
    let Results { args, dataset, selection, trained, .. } = results;
    let how = selection.flavor.map_or_else(|| "as given".to_owned(), |flavor| format!("by {flavor}"));
    let mut facts = vec![
        ("input", results.input.name()),
        ("cells", dataset.n_cells.to_string()),
        ("genes", format!("{} of {} {how}", selection.chosen.len(), dataset.subject.n_genes)),
        ("matrix", format!("{}, {}", args.training.matrix.source(), dataset.subject.state)),
        ("batches", args.training.batch.clone().unwrap_or_else(|| "none".to_owned())),
        ("training", format!("{} epochs, seed {}", trained.history.len(), args.training.config.seed)),
        ("loss", trained.history.last().map_or_else(String::new, |epoch| format!("{:.3}", epoch.loss))),
    ];
    if let Some((by, _)) = &dataset.contexts {
        facts.push(("contexts", by.clone()));
        if !args.no_attribution {
            facts.push(("attribution", args.attribution.config.method.name().to_owned()));
        }
    }
    facts.push(("concord", env!("CARGO_PKG_VERSION").to_owned()));
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
