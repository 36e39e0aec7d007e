//! The input, when its matrix has been taken out: what the options name in it, checked before the work begins.

use concord_core::{Cells, Counts, Labels};
use concord_io::Dataset;
use concord_model::ModelCard;

use super::args::RunArgs;
use super::input::{self, Input};
use crate::{
    colours::Colours,
    columns,
    commands::{
        train::{Subject, latent_places},
        umap::umap_key,
    },
    error::CliError,
    h5ad::replaced,
    record::Recorder,
};

/// What is left of the input when its matrix has become the model's input.
pub(super) struct Described {
    pub(super) n_cells: usize,
    /// What training needs.
    pub(super) subject: Subject,
    /// The columns to colour by.
    pub(super) colours: Vec<(String, Colours)>,
    /// The column whose categories are explained by genes, if there is one.
    pub(super) contexts: Option<(String, Labels)>,
    pub(super) cells: Cells,
}

/// Checks what the options name, and takes the matrix out.
pub(super) fn describe(
    dataset: Dataset,
    input: &Input,
    args: &RunArgs,
    pretrained: Option<&ModelCard>,
    recorder: &mut Recorder<'_>,
) -> Result<(Counts, Described), CliError> {
    for warning in input::warnings(&dataset) {
        recorder.warn(&warning);
    }
    let mut places = latent_places(&args.output_key, &args.training);
    places.push(format!("obsm/{}", args.umap_key()));
    if args.umap_3d {
        places.push(format!("obsm/{}", umap_key(&args.output_key, 3)));
    }
    for warning in replaced(&places, &(&dataset).into()) {
        recorder.warn(&warning);
    }
    let subject = Subject::new(&dataset, input.path(), &args.training, pretrained, recorder.terminal())?;
    let n_cells = dataset.counts.n_cells();
    let mut colours = Vec::new();
    for name in coloured_by(&dataset, args) {
        let column = Colours::of_column(input.path(), &dataset.obs, &name, "--label")?;
        colours.push((name, column));
    }
    let contexts = contexts(&dataset, args, &colours)?;
    if let Some((by, labels)) = contexts.as_ref().filter(|(_, labels)| labels.n_missing() > 0) {
        recorder.warn(&format!("{} cells have no label in {by} and belong to no context", labels.n_missing()));
    }
    let described = Described { n_cells, subject, colours, contexts, cells: dataset.cells };
    Ok((dataset.counts, described))
}

/// The labels that say what belongs together: those asked for, or the first to colour by that are no batches.
fn contexts(
    dataset: &Dataset,
    args: &RunArgs,
    colours: &[(String, Colours)],
) -> Result<Option<(String, Labels)>, CliError> {
    if let Some(by) = &args.by {
        return Ok(Some((by.clone(), columns::labels(&dataset.obs, by, "--by")?)));
    }
    let categories = |(name, colours): &(String, Colours)| match colours {
        Colours::Categories { labels, .. } if Some(name) != args.training.batch.as_ref() => {
            Some((name.clone(), labels.clone()))
        }
        _ => None,
    };
    Ok(colours.iter().find_map(categories))
}

/// The names of the columns to colour by, each once: those asked for, or some that suit, and the batch.
fn coloured_by(dataset: &Dataset, args: &RunArgs) -> Vec<String> {
    let mut names = if args.labels.is_empty() { columns::unasked(&dataset.obs) } else { args.labels.clone() };
    if let Some(batch) = &args.training.batch {
        names.insert(0, batch.clone());
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}
