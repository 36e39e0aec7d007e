//! `concord plot heatmap`: the latent code of a sample of cells, similar cells and neurons side by side.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use concord_core::{Dense, Embedding, Labels};
use concord_embed::ward;
use concord_io::read_annotation;
use concord_plot::{
    Annotation, Colormap, Colour, Dendrogram, Figure, Heatmap, HeatmapStyle, Merge, Order, Palette, Side, heatmap,
};
use ndarray::Axis;
use serde_json::json;

use super::report;
use crate::{
    Session,
    colours::own_palette,
    columns,
    error::CliError,
    figures::{FigureArgs, PaletteName, points},
    h5ad,
    sample::sample_cells,
};

/// Where the colours end when no option says otherwise: single neurons of rare cells are often far above all others.
const VMAX_QUANTILE: f64 = 0.995;

const EXAMPLES: &str = "\
Examples:
  concord plot heatmap run/annotated.h5ad --by cell_type -o latent.pdf
  concord plot heatmap run/annotated.h5ad --by cell_type --cluster neurons -o latent.png";

/// Options of `concord plot heatmap`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct HeatmapArgs {
    /// The .h5ad file
    #[arg(value_name = "IN.h5ad")]
    input: PathBuf,
    #[command(flatten)]
    figure: FigureArgs,
    /// The matrix in obsm to draw
    #[arg(long, value_name = "NAME", default_value = "Concord")]
    basis: String,
    /// Column of obs for a bar of colours beside the cells; may be given several times
    #[arg(long, value_name = "KEY")]
    by: Vec<String>,
    /// How many cells to draw at most, taken at random
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=20_000))]
    n_cells: u16,
    /// Seed of the choice of cells
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// What to order by similarity, with a tree (Ward's method); cells without a tree are ordered by the first --by
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    cluster: Cluster,
    /// Draw cells as rows and neurons as columns
    #[arg(long, help_heading = "Look")]
    transpose: bool,
    /// What stands above everything
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, help_heading = "Look")]
    title: String,
    /// Quantile of the values at which the colours end, so that a few extreme ones do not darken the rest
    #[arg(long, value_name = "Q", default_value_t = VMAX_QUANTILE, help_heading = "Look")]
    vmax_quantile: f64,
    /// Room for the cells in points, 72 to the inch
    #[arg(long, value_name = "X", value_parser = points, default_value_t = HeatmapStyle::default().width, help_heading = "Look")]
    cells_length: f64,
    /// Room for the neurons in points
    #[arg(long, value_name = "X", value_parser = points, default_value_t = HeatmapStyle::default().height, help_heading = "Look")]
    neurons_length: f64,
    /// Colours of categories; colours of the file (uns/<column>_colors) go before
    #[arg(long, value_enum, default_value_t, value_name = "NAME", help_heading = "Look")]
    palette: PaletteName,
}

/// What gets a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Cluster {
    #[default]
    Both,
    Cells,
    Neurons,
    None,
}

impl Cluster {
    fn of_cells(self) -> bool {
        matches!(self, Self::Both | Self::Cells)
    }

    fn of_neurons(self) -> bool {
        matches!(self, Self::Both | Self::Neurons)
    }
}

/// A bar of colours beside the drawn cells.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) palette: Option<Vec<Colour>>,
}

/// Runs the command.
pub(crate) fn run(args: &HeatmapArgs, session: &Session) -> Result<(), CliError> {
    args.figure.check(&[&args.input])?;
    let annotation = read_annotation(&args.input)?;
    let latent = h5ad::embedding(&args.input, &annotation.obsm, &args.basis, "--basis")?;
    let chosen = sample_cells(latent.n_cells(), usize::from(args.n_cells), args.seed);
    if chosen.len() < latent.n_cells() {
        session.terminal.line(&format!("{} of {} cells are drawn, taken at random", chosen.len(), latent.n_cells()));
    }
    let mut bars = Vec::with_capacity(args.by.len());
    for name in &args.by {
        let labels = columns::labels(&annotation.obs, name, "--by")?;
        let palette = own_palette(&args.input, name, labels.n_categories())?;
        bars.push(Bar { name: name.clone(), labels: labels.select(&chosen), palette });
    }

    let style = style(args);
    let layout = Layout { cluster: args.cluster, transpose: args.transpose, value_name: &args.basis };
    args.figure.save(&draw(&latent, &chosen, &bars, &layout, &style)?)?;
    let details = json!({"basis": args.basis, "by": args.by, "n_cells": chosen.len(), "seed": args.seed});
    report(&args.figure, details, session);
    Ok(())
}

/// The latent code of some cells as reports show it: trees at both sides, neurons as rows.
pub(crate) fn latent_heatmap(
    latent: &Embedding,
    chosen: &[usize],
    bars: &[Bar],
    raster_dpi: f64,
) -> Result<Figure, CliError> {
    let style = HeatmapStyle { vmax_quantile: VMAX_QUANTILE, raster_dpi, ..HeatmapStyle::default() };
    let layout = Layout { cluster: Cluster::Both, transpose: false, value_name: "activation" };
    draw(latent, chosen, bars, &layout, &style)
}

/// What stands where.
struct Layout<'a> {
    cluster: Cluster,
    transpose: bool,
    value_name: &'a str,
}

/// Draws the latent code of the chosen cells; the bars are about these.
fn draw(
    latent: &Embedding,
    chosen: &[usize],
    bars: &[Bar],
    layout: &Layout<'_>,
    style: &HeatmapStyle,
) -> Result<Figure, CliError> {
    let cells_by_neurons = latent.values().select(Axis(0), chosen);
    let neurons_by_cells = cells_by_neurons.t().as_standard_layout().into_owned();
    let tree_of_cells = layout.cluster.of_cells().then(|| tree(&cells_by_neurons)).transpose()?;
    let tree_of_neurons = layout.cluster.of_neurons().then(|| tree(&neurons_by_cells)).transpose()?;
    let by_label = bars.first().map(|bar| order_of(&bar.labels));
    let cells = Side {
        title: format!("{} cells", chosen.len()),
        order: match (&tree_of_cells, &by_label) {
            (Some(tree), _) => Order::Tree(tree),
            (None, Some(order)) => Order::Given(order),
            (None, None) => Order::AsGiven,
        },
        annotations: bars.iter().map(annotation_of).collect(),
        ..Side::default()
    };
    let neurons = Side {
        title: format!("{} neurons", latent.n_dimensions()),
        order: tree_of_neurons.as_ref().map_or(Order::AsGiven, Order::Tree),
        ..Side::default()
    };
    let (values, rows, columns) =
        if layout.transpose { (&cells_by_neurons, cells, neurons) } else { (&neurons_by_cells, neurons, cells) };
    Ok(heatmap(&Heatmap { values, value_name: layout.value_name.to_owned(), rows, columns }, style)?)
}

/// The tree of the rows of a matrix.
fn tree(points: &Dense) -> Result<Dendrogram, CliError> {
    let merges = ward(points)?;
    let merge = |merge: concord_embed::Merge| Merge { first: merge.first, second: merge.second, height: merge.height };
    Ok(Dendrogram::new(merges.into_iter().map(merge).collect())?)
}

/// The cells by the order of their categories, those without one last.
fn order_of(labels: &Labels) -> Vec<usize> {
    let mut order: Vec<usize> = (0..labels.n_cells()).collect();
    order.sort_by_key(|&cell| labels.codes()[cell].unwrap_or(u32::MAX));
    order
}

fn annotation_of(bar: &Bar) -> Annotation<'_> {
    Annotation { name: bar.name.clone(), labels: &bar.labels, palette: bar.palette.clone() }
}

fn style(args: &HeatmapArgs) -> HeatmapStyle {
    let (width, height) = if args.transpose {
        (args.neurons_length, args.cells_length)
    } else {
        (args.cells_length, args.neurons_length)
    };
    HeatmapStyle {
        title: args.title.clone(),
        width,
        height,
        colormap: Colormap::Viridis,
        vmax_quantile: args.vmax_quantile,
        palette: Palette::from(args.palette),
        raster_dpi: args.figure.dpi,
        ..HeatmapStyle::default()
    }
}
