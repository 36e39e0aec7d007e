//! `concord plot genes`: genes on the embedding, side by side.

use std::path::{Path, PathBuf};

use clap::Args;
use concord_core::{Embedding, Table};
use concord_io::read_annotation;
use concord_plot::{Figure, GeneStripStyle, GeneValues, gene_strip};
use ndarray::Axis;
use rayon::prelude::*;
use serde_json::json;

use super::report_files;
use crate::{
    Session,
    args::MatrixArgs,
    colours::VMAX_QUANTILE,
    columns,
    error::CliError,
    expression::{self, Expression},
    figures::{CONTEXT, FigureArgs},
    h5ad,
    names::nearest_few,
    output_files,
    tables::{self, Group, PickArgs, RankedGene},
};

const EXAMPLES: &str = "\
Examples:
  concord plot genes run/annotated.h5ad --genes LEF1,CCR7,CD40LG -o strip.png
  concord plot genes run/annotated.h5ad --table ranked_genes.csv \\
      --context \"CD4 T cells\" --target \"neuron 50\" --by cell_type --only \"CD4 T cells\" -o strip.pdf

All lists of two contexts, each on the cells of its own:
  concord plot genes run/annotated.h5ad --table ranked_genes.csv --context \"CD4 T cells\" --context \"B cells\" \\
      --by cell_type --only \"{context}\" -o \"{context} {target}.pdf\"";

/// Options of `concord plot genes`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct GenesArgs {
    /// The .h5ad file
    #[arg(value_name = "IN.h5ad")]
    input: PathBuf,
    #[command(flatten)]
    figure: FigureArgs,
    /// The matrix in obsm that has the places of the cells [default: ours, or another UMAP of the file]
    #[arg(long, value_name = "NAME")]
    basis: Option<String>,
    #[command(flatten)]
    matrix: MatrixArgs,
    /// The table of ranked genes that `concord attribute` wrote
    #[arg(long, value_name = "FILE.csv", required_unless_present = "genes", help_heading = "Genes")]
    table: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Genes")]
    pick: PickArgs,
    /// How many genes of the table to draw, the first ones
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "Genes")]
    top: u16,
    /// Genes to draw instead, with commas between
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with_all = ["table", "context", "target"], help_heading = "Genes")]
    genes: Vec<String>,
    /// Column of obs by which cells are chosen with --only
    #[arg(long, value_name = "KEY", requires = "only", help_heading = "Cells")]
    by: Option<String>,
    /// Draw only the cells of this category of the column; may be given several times, and {context} is that of the list
    #[arg(long, value_name = "CATEGORY", requires = "by", help_heading = "Cells")]
    only: Vec<String>,
    /// Draw the other cells too, in light grey
    #[arg(long, requires = "only", help_heading = "Cells")]
    others: bool,
    /// Panels side by side [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "Look")]
    columns: Option<u16>,
    /// Width of a panel in points, 72 to the inch
    #[arg(long, value_name = "X", default_value_t = GeneStripStyle::default().panel_width, help_heading = "Look")]
    panel_width: f64,
    /// Diameter of a cell in points [default: by the number of cells]
    #[arg(long, value_name = "X", help_heading = "Look")]
    point_size: Option<f64>,
    /// Quantile of a gene's values at which its colours end
    #[arg(long, value_name = "Q", default_value_t = VMAX_QUANTILE, help_heading = "Look")]
    vmax_quantile: f64,
    /// Give each panel a colour bar
    #[arg(long, help_heading = "Look")]
    bars: bool,
}

/// Runs the command.
pub(crate) fn run(args: &GenesArgs, session: &Session) -> Result<(), CliError> {
    let inputs: Vec<&Path> =
        [Some(&args.input), args.table.as_ref()].into_iter().flatten().map(PathBuf::as_path).collect();
    let (lists, option) = chosen_lists(args)?;
    let about: Vec<(&str, &str)> = lists.iter().map(|list| (&list.context[..], &list.target[..])).collect();
    let places = args.figure.places(&about, &inputs)?;
    let annotation = read_annotation(&args.input)?;
    let shown: Vec<Option<Vec<usize>>> =
        lists.iter().map(|list| shown_cells(args, &list.context, &annotation.obs)).collect::<Result<_, _>>()?;
    let genes: Vec<String> = lists.iter().flat_map(|list| list.genes.iter().cloned()).collect();
    let source = args.matrix.source();
    expression::check_genes(&args.input, &source, &expression::genes(&args.input, &source)?, &genes, option)?;
    let (points, basis) = h5ad::picture(&args.input, &annotation.obsm, args.basis.as_deref(), &session.terminal)?;
    let expression = Expression::read(&args.input, &source, &genes, &session.terminal)?;

    // What is kept of a strip are the bytes of its files.
    let drawn: Vec<Result<_, CliError>> = lists
        .par_iter()
        .zip(&shown)
        .zip(&places)
        .map(|((list, shown), files)| {
            let figure = strip(args, list, &expression, &points, shown.as_deref())?;
            Ok(files.iter().map(|file| file.render(&figure, args.figure.dpi)).collect::<Result<Vec<_>, _>>()?)
        })
        .collect();
    let drawn: Vec<(&Path, Vec<u8>)> =
        drawn.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    output_files::write(&drawn)?;

    let files: Vec<&Path> = drawn.iter().map(|(path, _)| *path).collect();
    let n_shown = |shown: &Option<Vec<usize>>| shown.as_ref().map_or(points.n_cells(), Vec::len);
    let details = if args.figure.is_pattern() {
        let strips = lists.iter().zip(&shown).map(|(GeneList { context, target, genes }, shown)| {
            json!({"context": context, "target": target, "genes": genes, "n_cells": n_shown(shown)})
        });
        json!({"basis": basis, "strips": strips.collect::<Vec<_>>()})
    } else {
        // A single one: `chosen_lists` saw to that.
        json!({"basis": basis, "genes": lists[0].genes, "n_cells": n_shown(&shown[0])})
    };
    report_files(&files, details, session);
    Ok(())
}

/// The genes of a list on the cells that are to be drawn.
fn strip(
    args: &GenesArgs,
    list: &GeneList,
    expression: &Expression,
    points: &Embedding,
    shown: Option<&[usize]>,
) -> Result<Figure, CliError> {
    let mut values: Vec<Vec<f32>> = list.genes.iter().map(|gene| expression.of(gene)).collect();
    let points = restrict(points, &mut values, shown, args.others)?;
    let panels: Vec<GeneValues<'_>> =
        list.genes.iter().zip(&values).map(|(name, values)| GeneValues { name, values }).collect();
    Ok(gene_strip(&points, &panels, &style(args))?)
}

/// Genes to draw side by side.
struct GeneList {
    /// What they are about; empty for genes that were named.
    context: String,
    target: String,
    genes: Vec<String>,
}

/// The genes to draw, each once in a strip, and the option that names them. Several lists where each has a file.
fn chosen_lists(args: &GenesArgs) -> Result<(Vec<GeneList>, &'static str), CliError> {
    let Some(path) = &args.table else {
        if args.figure.is_pattern() {
            return Err(CliError::usage(
                "--genes are about no context and target: leave {context} and {target} out of -o",
            ));
        }
        let genes = each_once(args.genes.iter().map(|name| name.trim().to_owned()));
        if genes.is_empty() {
            return Err(CliError::usage("--genes: no gene is named"));
        }
        return Ok((vec![GeneList { context: String::new(), target: String::new(), genes }], "--genes"));
    };
    let groups = tables::parse::<RankedGene>(path, &tables::read_text(path)?)?;
    let groups = if args.figure.is_pattern() { args.pick.all(groups)? } else { vec![args.pick.one(groups)?] };
    let list = |group: Group<RankedGene>| {
        let Group { context, target, mut rows } = group;
        rows.sort_by_key(|row| row.rank);
        let genes = each_once(rows.into_iter().map(|row| row.gene).take(usize::from(args.top)));
        GeneList { context, target, genes }
    };
    Ok((groups.into_iter().map(list).collect(), "--table"))
}

/// The names, each once; empty ones are none.
fn each_once(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    names.filter(|name| !name.is_empty() && seen.insert(name.clone())).collect()
}

/// The cells of the categories that are to be drawn, when not all are; `{context}` is that of the list.
fn shown_cells(args: &GenesArgs, context: &str, obs: &Table) -> Result<Option<Vec<usize>>, CliError> {
    let Some(key) = &args.by else { return Ok(None) };
    let labels = columns::labels(obs, key, "--by")?;
    let names: Vec<&str> =
        args.only.iter().map(|name| if name == CONTEXT && args.table.is_some() { context } else { name }).collect();
    let mut codes = Vec::new();
    for name in &names {
        let Some(code) = labels.names().iter().position(|known| known == name) else {
            let nearest = nearest_few(name, labels.names().iter().map(String::as_str));
            return Err(CliError::usage(format!("--only {name}: no such category in {key}; there are: {nearest}")));
        };
        codes.push(Some(code as u32));
    }
    let cells: Vec<usize> = (0..labels.n_cells()).filter(|&cell| codes.contains(&labels.codes()[cell])).collect();
    if cells.is_empty() {
        let names = names.join(", ");
        return Err(CliError::usage(format!("--only {names}: no cell of {key} is of this category")));
    }
    Ok(Some(cells))
}

/// Leaves the cells out that are not to be drawn, or takes their values away, which draws them in grey.
fn restrict(
    points: &Embedding,
    values: &mut [Vec<f32>],
    shown: Option<&[usize]>,
    keep_others: bool,
) -> Result<Embedding, CliError> {
    let Some(shown) = shown else { return Ok(points.clone()) };
    for gene in values {
        if keep_others {
            let mut visible = vec![f32::NAN; gene.len()];
            for &cell in shown {
                visible[cell] = gene[cell];
            }
            *gene = visible;
        } else {
            *gene = shown.iter().map(|&cell| gene[cell]).collect();
        }
    }
    if keep_others { Ok(points.clone()) } else { Ok(Embedding::new(points.values().select(Axis(0), shown))?) }
}

fn style(args: &GenesArgs) -> GeneStripStyle {
    GeneStripStyle {
        panel_width: args.panel_width,
        n_columns: args.columns.map(usize::from),
        vmax_quantile: args.vmax_quantile,
        show_bars: args.bars,
        point_size: args.point_size,
        raster_dpi: args.figure.dpi,
        ..GeneStripStyle::default()
    }
}
