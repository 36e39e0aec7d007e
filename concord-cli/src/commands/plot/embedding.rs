//! `concord plot embedding`: cells on two axes, coloured by annotation or expression.

use std::path::PathBuf;

use clap::Args;
use concord_core::{Genes, Table};
use concord_io::{Annotation, read_annotation};
use concord_plot::{Colouring, EmbeddingStyle, Panel, embedding};
use serde_json::json;

use super::report;
use crate::{
    Session,
    args::MatrixArgs,
    colours::{Colours, VMAX_QUANTILE},
    error::CliError,
    expression::{self, Expression},
    figures::{FigureArgs, LegendName, PaletteName, SINGLE_PANEL_WIDTH},
    h5ad,
    names::nearest_few,
};

const EXAMPLES: &str = "\
Examples:
  concord plot embedding run/annotated.h5ad --color cell_type,n_genes,CD3D -o umap.png
  concord plot embedding run/annotated.h5ad --color cell_type --legend on-data -o umap.pdf";

/// Options of `concord plot embedding`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct EmbeddingArgs {
    /// The .h5ad file
    #[arg(value_name = "IN.h5ad")]
    input: PathBuf,
    #[command(flatten)]
    figure: FigureArgs,
    /// The matrix in obsm that has the places of the cells [default: ours, or another UMAP of the file]
    #[arg(long, value_name = "NAME")]
    basis: Option<String>,
    /// What to colour by: columns of obs and genes, with commas between; a panel each
    #[arg(long, value_name = "NAMES")]
    color: Vec<String>,
    #[command(flatten)]
    matrix: MatrixArgs,
    /// Where the names of categories stand
    #[arg(long, value_enum, default_value_t, value_name = "WHERE", help_heading = "Look")]
    legend: LegendName,
    /// Panels side by side [default: four at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "Look")]
    columns: Option<u16>,
    /// Width of a panel in points, 72 to the inch [default: 216, a single one 288]
    #[arg(long, value_name = "X", help_heading = "Look")]
    panel_width: Option<f64>,
    /// Diameter of a cell in points [default: by the number of cells]
    #[arg(long, value_name = "X", help_heading = "Look")]
    point_size: Option<f64>,
    /// Quantile of numbers at which the colours end, so that a few extreme cells do not pale the rest
    #[arg(long, value_name = "Q", default_value_t = VMAX_QUANTILE, help_heading = "Look")]
    vmax_quantile: f64,
    /// Title of a panel; may be given once for each [default: what it is coloured by]
    #[arg(long, value_name = "TEXT", help_heading = "Look")]
    title: Vec<String>,
    /// Colours of categories; colours of the file (uns/<column>_colors) go before
    #[arg(long, value_enum, default_value_t, value_name = "NAME", help_heading = "Look")]
    palette: PaletteName,
}

/// What a panel is coloured by.
#[derive(Debug, PartialEq)]
enum Key {
    Column(String),
    Gene(String),
}

impl Key {
    fn name(&self) -> &str {
        let (Self::Column(name) | Self::Gene(name)) = self;
        name
    }
}

/// Runs the command.
pub(crate) fn run(args: &EmbeddingArgs, session: &Session) -> Result<(), CliError> {
    args.figure.check(&[&args.input])?;
    let annotation = read_annotation(&args.input)?;
    let keys = find_keys(args, &annotation)?;
    if args.title.len() > keys.len().max(1) {
        return Err(CliError::usage(format!(
            "{} titles for {} panels: give at most one each",
            args.title.len(),
            keys.len().max(1)
        )));
    }
    let (points, basis) = h5ad::picture(&args.input, &annotation.obsm, args.basis.as_deref(), &session.terminal)?;
    let colours = read_colours(args, &annotation.obs, &keys, session)?;
    let mut panels: Vec<Panel<'_>> = keys
        .iter()
        .zip(&colours)
        .map(|(key, colours)| Panel::new(key.name(), colours.colouring(bar_name(key), args.vmax_quantile)))
        .collect();
    if panels.is_empty() {
        panels.push(Panel::new("", Colouring::Plain));
    }
    for (panel, title) in panels.iter_mut().zip(&args.title) {
        panel.title.clone_from(title);
    }
    let figure = embedding(&points, &panels, &style(args, panels.len(), &basis))?;
    args.figure.save(&figure)?;
    let names: Vec<&str> = keys.iter().map(Key::name).collect();
    report(&args.figure, json!({"basis": basis, "color": names, "n_cells": points.n_cells()}), session);
    Ok(())
}

/// Finds everything to colour by among columns and genes, columns first.
fn find_keys(args: &EmbeddingArgs, annotation: &Annotation) -> Result<Vec<Key>, CliError> {
    let mut genes = None;
    let mut keys = Vec::new();
    for text in &args.color {
        // A column whose name has commas is named whole.
        let names = if annotation.obs.get(text).is_some() { vec![text.as_str()] } else { text.split(',').collect() };
        for name in names.into_iter().map(str::trim).filter(|name| !name.is_empty()) {
            if annotation.obs.get(name).is_some() {
                keys.push(Key::Column(name.to_owned()));
                continue;
            }
            let genes = match &mut genes {
                Some(genes) => genes,
                none => none.insert(expression::genes(&args.input, &args.matrix.source())?),
            };
            if genes.position(name).is_none() {
                return Err(unknown(name, args, &annotation.obs, genes));
            }
            keys.push(Key::Gene(name.to_owned()));
        }
    }
    Ok(keys)
}

fn unknown(name: &str, args: &EmbeddingArgs, obs: &Table, genes: &Genes) -> CliError {
    let source = args.matrix.source();
    CliError::usage(format!(
        "--color {name}: neither a column of obs nor a gene of {source}; the nearest columns are: {}; {}",
        nearest_few(name, obs.names()),
        expression::instead_of(&args.input, &source, genes, name)
    ))
}

fn read_colours(args: &EmbeddingArgs, obs: &Table, keys: &[Key], session: &Session) -> Result<Vec<Colours>, CliError> {
    let is_gene = |key: &&Key| matches!(key, Key::Gene(_));
    let genes: Vec<String> = keys.iter().filter(is_gene).map(|key| key.name().to_owned()).collect();
    let expression = if genes.is_empty() {
        None
    } else {
        Some(Expression::read(&args.input, &args.matrix.source(), &genes, &session.terminal)?)
    };
    keys.iter()
        .map(|key| match key {
            Key::Column(name) => Colours::of_column(&args.input, obs, name, "--color"),
            Key::Gene(name) => Ok(Colours::Numbers(expression.as_ref().map_or_else(Vec::new, |all| all.of(name)))),
        })
        .collect()
}

/// What stands beside the colour bar: the title says the name already.
fn bar_name(key: &Key) -> &'static str {
    match key {
        Key::Column(_) => "",
        Key::Gene(_) => "expression",
    }
}

fn style(args: &EmbeddingArgs, n_panels: usize, basis: &str) -> EmbeddingStyle {
    let default = EmbeddingStyle::default();
    let width = if n_panels == 1 { SINGLE_PANEL_WIDTH } else { default.panel_width };
    EmbeddingStyle {
        n_columns: args.columns.map(usize::from),
        panel_width: args.panel_width.unwrap_or(width),
        legend: args.legend.into(),
        axis_name: axis_name(basis),
        palette: args.palette.into(),
        point_size: args.point_size,
        raster_dpi: args.figure.dpi,
        ..default
    }
}

/// What the axes are called: `UMAP` of `Concord_UMAP`, `PCA` of `X_pca`.
pub(super) fn axis_name(basis: &str) -> String {
    let lower = basis.to_lowercase();
    if lower.contains("umap") {
        return "UMAP".to_owned();
    }
    if lower.contains("tsne") {
        return "t-SNE".to_owned();
    }
    let name = basis.strip_prefix("X_").unwrap_or(basis);
    if name == "pca" { "PC".to_owned() } else { format!("{name} ") }
}
