//! The data of the cells as JSON, as `script/data.js` reads it.

use std::collections::BTreeMap;

use concord_core::{Embedding, Labels};
use serde::Serialize;

use super::pack::{self, Codes, Levels};
use super::{Report, content::ContextPage};
use crate::{Colormap, Colour, Colouring, Palette, Panel, PlotError, ValueColours};

/// The quantile at which the colours of genes and neurons end, so that a few extreme cells do not pale the rest.
const VMAX_QUANTILE: f64 = 0.99;

#[derive(Serialize)]
struct Data<'a> {
    n_cells: usize,
    cell_names: Option<Vec<&'a str>>,
    embeddings: Vec<Points<'a>>,
    /// Panels, then neurons, then genes.
    columns: Vec<Column<'a>>,
    /// Place of the first neuron among the columns.
    first_neuron: usize,
    colormaps: BTreeMap<&'static str, Vec<String>>,
}

#[derive(Serialize)]
struct Points<'a> {
    name: &'a str,
    n_dimensions: usize,
    positions: String,
}

#[derive(Serialize)]
struct Column<'a> {
    group: Group,
    name: String,
    #[serde(flatten)]
    values: Values<'a>,
}

#[derive(Serialize)]
enum Group {
    Labels,
    Numbers,
    Neurons,
    Genes,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Values<'a> {
    Plain,
    Categories { categories: Vec<Category<'a>>, n_missing: usize, width: u8, codes: String },
    Floats { values: String, scale: Scale },
    Levels { low: f32, high: f32, values: String, scale: Scale },
}

#[derive(Serialize)]
struct Category<'a> {
    name: &'a str,
    colour: String,
    /// Number of its cells, those that are not shown included.
    n_cells: usize,
}

#[derive(Serialize)]
struct Scale {
    colormap: &'static str,
    quantile: f64,
    centre: Option<f64>,
}

impl Scale {
    const DEFAULT: Self = Self { colormap: name_of(Colormap::Viridis), quantile: VMAX_QUANTILE, centre: None };
}

/// The data of the given cells as text that can stand in a script element.
pub(super) fn to_json(report: &Report<'_>, cells: &[usize]) -> Result<String, PlotError> {
    let mut columns =
        report.panels.iter().map(|panel| panel_column(panel, cells, report.palette)).collect::<Result<Vec<_>, _>>()?;
    columns.extend(report.neurons.into_iter().flat_map(|latent| neuron_columns(latent, cells)));
    columns.extend(report.genes.iter().map(|gene| {
        let values = levels(cells.iter().map(|&cell| gene.values[cell]));
        Column { group: Group::Genes, name: gene.name.to_owned(), values }
    }));
    to_script_text(&Data {
        n_cells: cells.len(),
        cell_names: report.cell_names.map(|names| cells.iter().map(|&cell| names[cell].as_str()).collect()),
        embeddings: report.embeddings.iter().map(|(name, points)| pack_points(name, points, cells)).collect(),
        columns,
        first_neuron: report.panels.len(),
        colormaps: COLORMAPS
            .iter()
            .map(|&map| (name_of(map), map.bar().iter().map(Colour::to_string).collect()))
            .collect(),
    })
}

/// JSON without any character that could end the script element around it: `<` only stands in texts, which may hold
/// it escaped.
pub(super) fn to_script_text(value: &impl Serialize) -> Result<String, PlotError> {
    match serde_json::to_string(value) {
        Ok(json) => Ok(json.replace('<', "\\u003c")),
        Err(error) => Err(PlotError::Render { format: "HTML", reason: error.to_string() }),
    }
}

/// The first panel and category of a context's name.
pub(super) fn category_of(report: &Report<'_>, context: &ContextPage) -> Option<(usize, usize)> {
    report.panels.iter().enumerate().find_map(|(place, panel)| match &panel.colouring {
        Colouring::Categories { labels, .. } => {
            labels.names().iter().position(|name| *name == context.name).map(|category| (place, category))
        }
        _ => None,
    })
}

fn pack_points<'a>(name: &'a str, points: &Embedding, cells: &[usize]) -> Points<'a> {
    let positions = pack::floats(cells.iter().flat_map(|&cell| points.point(cell).iter().copied()));
    Points { name, n_dimensions: points.n_dimensions(), positions }
}

fn panel_column<'a>(panel: &'a Panel<'_>, cells: &[usize], palette: Palette) -> Result<Column<'a>, PlotError> {
    let (group, values) = match &panel.colouring {
        Colouring::Plain => (Group::Labels, Values::Plain),
        Colouring::Categories { labels, palette: given } => {
            let colours = palette.or_given(given.as_deref(), labels.n_categories(), 0)?;
            (Group::Labels, categories(labels, &colours, cells))
        }
        Colouring::Values(colours) => (Group::Numbers, floats(colours, cells)),
    };
    Ok(Column { group, name: panel.title.clone(), values })
}

fn categories<'a>(labels: &'a Labels, colours: &[Colour], cells: &[usize]) -> Values<'a> {
    let Codes { width, base64 } = pack::codes(cells.iter().map(|&cell| labels.codes()[cell]), labels.n_categories());
    let categories = labels
        .names()
        .iter()
        .zip(colours)
        .zip(labels.sizes())
        .map(|((name, colour), n_cells)| Category { name, colour: colour.to_string(), n_cells })
        .collect();
    Values::Categories { categories, n_missing: labels.n_missing(), width, codes: base64 }
}

fn floats<'a>(colours: &ValueColours<'_>, cells: &[usize]) -> Values<'a> {
    let scale = Scale {
        colormap: name_of(colours.colormap),
        quantile: colours.vmax_quantile,
        centre: colours.centre.filter(|centre| centre.is_finite()),
    };
    Values::Floats { values: pack::floats(cells.iter().map(|&cell| colours.values[cell])), scale }
}

fn neuron_columns<'a>(latent: &'a Embedding, cells: &'a [usize]) -> impl Iterator<Item = Column<'a>> {
    (0..latent.n_dimensions()).map(move |neuron| {
        let values = levels(cells.iter().map(move |&cell| latent.point(cell)[neuron]));
        Column { group: Group::Neurons, name: format!("Neuron {neuron}"), values }
    })
}

fn levels<'a>(values: impl Iterator<Item = f32> + Clone) -> Values<'a> {
    let Levels { low, high, base64 } = pack::levels(values);
    Values::Levels { low, high, values: base64, scale: Scale::DEFAULT }
}

const COLORMAPS: [Colormap; 6] =
    [Colormap::Viridis, Colormap::Magma, Colormap::Cividis, Colormap::RdBuR, Colormap::Reds, Colormap::Greys];

const fn name_of(colormap: Colormap) -> &'static str {
    match colormap {
        Colormap::Viridis => "viridis",
        Colormap::Magma => "magma",
        Colormap::Cividis => "cividis",
        Colormap::RdBuR => "RdBu_r",
        Colormap::Reds => "Reds",
        Colormap::Greys => "Greys",
    }
}
