//! The input, when its matrix has been taken out: what the options name in it, checked before the work begins.

use concord_core::{Counts, Genes, Labels};
use concord_io::{Dataset, category_colors};
use concord_model::check_domains;
use concord_plot::{Colour, Colouring, ValueColours};
use concord_prep::{MatrixState, matrix_state};

use super::input::{self, Input};
use crate::{args::RunArgs, columns, error::CliError, record::Recorder};

/// The name of the domain of data without batches, as in the reference.
const SINGLE_DOMAIN: &str = "single_domain";

/// What is left of the input when its matrix has become the model's input.
pub(super) struct Described {
    pub(super) n_cells: usize,
    pub(super) n_genes: usize,
    pub(super) genes: Genes,
    pub(super) state: MatrixState,
    /// The batch of every cell, when the cells come from several.
    pub(super) batch: Option<Labels>,
    /// The same for training: a single one when there are none.
    pub(super) domains: Labels,
    /// The columns to colour by.
    pub(super) colours: Vec<(String, Colours)>,
}

/// A column to colour by, as the figures need it.
pub(super) enum Colours {
    Categories { labels: Labels, palette: Option<Vec<Colour>> },
    Numbers(Vec<f32>),
}

impl Colours {
    pub(super) fn colouring(&self, name: &str) -> Colouring<'_> {
        /// A few extreme cells do not pale the rest.
        const VMAX_QUANTILE: f64 = 0.99;
        match self {
            Self::Categories { labels, palette } => Colouring::Categories { labels, palette: palette.clone() },
            Self::Numbers(values) => {
                Colouring::Values(ValueColours { vmax_quantile: VMAX_QUANTILE, ..ValueColours::new(values, name) })
            }
        }
    }
}

/// Checks what the options name, and takes the matrix out.
pub(super) fn describe(
    dataset: Dataset,
    input: &Input,
    args: &RunArgs,
    recorder: &mut Recorder<'_>,
) -> Result<(Counts, Described), CliError> {
    for warning in input::warnings(&dataset) {
        recorder.warn(&warning);
    }
    for key in [&args.output_key, &args.umap_key()].into_iter().filter(|key| dataset.obsm.contains(key)) {
        recorder.warn(&format!("obsm/{key} of the input is replaced in the result; --output-key gives another name"));
    }
    let batch = args.batch.as_deref().map(|key| columns::labels(&dataset.obs, key, "--batch")).transpose()?;
    let n_cells = dataset.counts.n_cells();
    let domains = batch.clone().unwrap_or_else(|| Labels::single(n_cells, SINGLE_DOMAIN));
    check_domains(&domains, &args.train)?;
    let mut colours = Vec::new();
    for name in coloured_by(&dataset, args) {
        let column = colours_of(&dataset, input, &name)?;
        colours.push((name, column));
    }
    let described = Described {
        n_cells,
        n_genes: dataset.counts.n_genes(),
        genes: dataset.genes,
        state: matrix_state(&dataset.counts),
        batch,
        domains,
        colours,
    };
    Ok((dataset.counts, described))
}

/// The names of the columns to colour by, each once: those asked for, or some that suit, and the batch.
fn coloured_by(dataset: &Dataset, args: &RunArgs) -> Vec<String> {
    let mut names = if args.labels.is_empty() { columns::unasked(&dataset.obs) } else { args.labels.clone() };
    if let Some(batch) = &args.batch {
        names.insert(0, batch.clone());
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// A column of obs as colours; the file's own colours when it has one for each category.
fn colours_of(dataset: &Dataset, input: &Input, name: &str) -> Result<Colours, CliError> {
    if let Some(values) = columns::numbers(&dataset.obs, name, "--label")? {
        return Ok(Colours::Numbers(values));
    }
    let labels = columns::labels(&dataset.obs, name, "--label")?;
    let own = category_colors(input.path(), name)?.unwrap_or_default();
    let own: Option<Vec<Colour>> = own.iter().map(|colour| colour.parse().ok()).collect();
    let palette = own.filter(|colours| colours.len() == labels.n_categories());
    Ok(Colours::Categories { labels, palette })
}
