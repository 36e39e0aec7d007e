//! The figures of a run: the embedding by each label, all of them side by side, and the loss.

use concord_core::{Column, Labels};
use concord_io::category_colors;
use concord_plot::{
    Colour, Colouring, CurveStyle, EmbeddingStyle, Figure, LegendPlacement, Panel, ValueColours, embedding,
    training_curve,
};

use super::{Results, input::Input};
use crate::{
    columns,
    error::CliError,
    outputs::{Outputs, file_stem},
};

/// Resolution of the PNG files, in pixels per inch.
const PNG_DPI: f64 = 300.0;

/// Up to this many categories their names fit on the cells.
const NAMES_ON_DATA: usize = 25;

/// A column to colour by, as the figures need it.
enum Colours {
    Categories { labels: Labels, palette: Option<Vec<Colour>> },
    Numbers(Vec<f32>),
}

impl Colours {
    fn colouring(&self, name: &str) -> Colouring<'_> {
        match self {
            Self::Categories { labels, palette } => Colouring::Categories { labels, palette: palette.clone() },
            Self::Numbers(values) => {
                Colouring::Values(ValueColours { vmax_quantile: 0.99, ..ValueColours::new(values, name) })
            }
        }
    }
}

/// Draws all figures into `figures/`.
pub(super) fn draw(results: &Results<'_>, input: &Input, outputs: &Outputs) -> Result<((), String), CliError> {
    let mut columns = Vec::new();
    for name in &results.dataset.labels {
        columns.push((name.as_str(), colours(results, input, name)?));
    }
    let umap = &results.umap;
    let style = EmbeddingStyle { legend: LegendPlacement::Right, ..EmbeddingStyle::default() };
    let mut n_figures = 0;
    let mut save = |name: &str, figure: &Figure| -> Result<(), CliError> {
        n_figures += 1;
        save_figure(outputs, name, figure)
    };
    if columns.is_empty() {
        save("umap", &embedding(umap, &[Panel::new("", Colouring::Plain)], &style)?)?;
    }
    for (name, colours) in &columns {
        let on_data = matches!(colours, Colours::Categories { labels, .. } if labels.n_categories() <= NAMES_ON_DATA);
        let legend = if on_data { LegendPlacement::OnData } else { LegendPlacement::Right };
        let style = EmbeddingStyle { panel_width: 288.0, legend, ..EmbeddingStyle::default() };
        let panels = [Panel::new(*name, colours.colouring(name))];
        save(&format!("umap_{}", file_stem(name)), &embedding(umap, &panels, &style)?)?;
    }
    if columns.len() > 1 {
        let panels: Vec<Panel<'_>> =
            columns.iter().map(|(name, colours)| Panel::new(*name, colours.colouring(name))).collect();
        save("umap", &embedding(umap, &panels, &style)?)?;
    }
    let losses: Vec<f32> = results.trained.history.iter().map(|epoch| epoch.loss as f32).collect();
    save("training", &training_curve(&losses, &CurveStyle::default())?)?;
    Ok(((), format!("{n_figures} figures as PNG, SVG and PDF")))
}

/// A column of obs as colours; the file's own colours when it has one for each category.
fn colours(results: &Results<'_>, input: &Input, name: &str) -> Result<Colours, CliError> {
    if let Some(values) = results.dataset.obs.get(name).and_then(numbers) {
        return Ok(Colours::Numbers(values));
    }
    let labels = columns::labels(&results.dataset.obs, name, "--label")?;
    let own = category_colors(input.path(), name)?.unwrap_or_default();
    let own: Option<Vec<Colour>> = own.iter().map(|colour| colour.parse().ok()).collect();
    let palette = own.filter(|colours| colours.len() == labels.n_categories());
    Ok(Colours::Categories { labels, palette })
}

/// The values of a column of numbers.
fn numbers(column: &Column) -> Option<Vec<f32>> {
    match column {
        Column::Floats(values) => Some(values.iter().map(|&value| value as f32).collect()),
        Column::Integers(values) => Some(values.iter().map(|&value| value as f32).collect()),
        _ => None,
    }
}

fn save_figure(outputs: &Outputs, name: &str, figure: &Figure) -> Result<(), CliError> {
    outputs.write(&format!("figures/{name}.svg"), figure.to_svg()?)?;
    outputs.write(&format!("figures/{name}.png"), figure.to_png(PNG_DPI)?)?;
    outputs.write(&format!("figures/{name}.pdf"), figure.to_pdf()?)?;
    Ok(())
}
