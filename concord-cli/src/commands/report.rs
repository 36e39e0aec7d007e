//! `concord report`: one HTML page about a file and the tables that other commands wrote.

use std::path::PathBuf;

use clap::Args;
use concord_core::{Embedding, Labels};
use serde_json::json;

use concord_io::read_annotation;

use crate::{
    Session,
    args::MatrixArgs,
    colours::Colours,
    columns,
    error::CliError,
    expression::{self, Expression},
    h5ad,
    names::nearest_few,
    output_files,
    report_page::{self, Page, drawn_genes},
    tables::{self, EnrichedRow, Group, RankedGene, Row, TrustRow},
};

const EXAMPLES: &str = "\
Examples:
  concord report run/annotated.h5ad -o report.html
  concord report run/annotated.h5ad --by cell_type --ranked genes/ranked_genes.csv --trust genes/trust.csv \\
      --enriched enrichment.csv -o report.html";

/// Options of `concord report`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// The .h5ad file with the latent code and its pictures
    #[arg(value_name = "IN.h5ad")]
    input: PathBuf,
    /// Where to write the page
    #[arg(long, short, value_name = "FILE.html")]
    out: PathBuf,
    /// Column of obs whose categories are the contexts of the tables
    #[arg(long, value_name = "KEY")]
    by: Option<String>,
    /// The lists that `concord attribute` wrote
    #[arg(long, value_name = "FILE.csv", requires = "by")]
    ranked: Option<PathBuf>,
    /// The terms that `concord enrich` found in these lists
    #[arg(long, value_name = "FILE.csv", requires = "ranked")]
    enriched: Option<PathBuf>,
    /// How far the lists can be trusted: trust.csv of `concord attribute`
    #[arg(long, value_name = "FILE.csv", requires = "ranked")]
    trust: Option<PathBuf>,
    /// The latent code in obsm
    #[arg(long, value_name = "NAME", default_value = "Concord")]
    basis: String,
    /// A picture in obsm, of two or three dimensions; may be given several times [default: UMAPs of the latent code]
    #[arg(long = "picture", value_name = "NAME")]
    pictures: Vec<String>,
    /// Column of obs to colour by; may be given several times [default: --by, and categorical columns, six at most]
    #[arg(long = "label", value_name = "KEY")]
    labels: Vec<String>,
    #[command(flatten)]
    matrix: MatrixArgs,
    /// What stands at the top [default: the name of the file]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Seed of the choice of cells for the heat map
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// Runs the command.
pub(crate) fn run(args: &ReportArgs, session: &Session) -> Result<(), CliError> {
    let tables = [&args.ranked, &args.enriched, &args.trust];
    let inputs: Vec<_> =
        std::iter::once(&args.input).chain(tables.into_iter().flatten()).map(PathBuf::as_path).collect();
    output_files::check(&[&args.out], &inputs)?;
    let ranked: Vec<Group<RankedGene>> = table(args.ranked.as_ref())?;
    let enriched: Vec<Group<EnrichedRow>> = table(args.enriched.as_ref())?;
    let trust: Vec<TrustRow> = table(args.trust.as_ref())?.into_iter().flat_map(|group| group.rows).collect();

    let annotation = read_annotation(&args.input)?;
    let latent = h5ad::embedding(&args.input, &annotation.obsm, &args.basis, "--basis")?;
    let mut pictures: Vec<(String, Embedding)> = Vec::new();
    for name in picture_names(args, &annotation.obsm)? {
        let points = h5ad::embedding(&args.input, &annotation.obsm, &name, "--picture")?;
        pictures.push((name, points));
    }
    let contexts = args.by.as_ref().map(|by| columns::labels(&annotation.obs, by, "--by")).transpose()?;
    let warnings = warnings(args.by.as_deref().zip(contexts.as_ref()), &ranked);
    for warning in &warnings {
        session.terminal.warning(warning);
    }
    let mut colours = Vec::new();
    for name in coloured_by(args, &annotation.obs) {
        let column = Colours::of_column(&args.input, &annotation.obs, &name, "--label")?;
        colours.push((name, column));
    }
    let genes = drawn_genes(&ranked);
    let mut expression = std::collections::BTreeMap::new();
    if !genes.is_empty() {
        let source = args.matrix.source();
        expression::check_genes(&args.input, &source, &expression::genes(&args.input, &source)?, &genes, "--ranked")?;
        let read = Expression::read(&args.input, &source, &genes, &session.terminal)?;
        expression.extend(genes.into_iter().map(|gene| {
            let values = read.of(&gene);
            (gene, values)
        }));
    }
    let file = args.input.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let page = report_page::write(&Page {
        title: args.title.clone().unwrap_or_else(|| file.clone()),
        subtitle: format!("{} cells, {} neurons", latent.n_cells(), latent.n_dimensions()),
        facts: vec![
            ("file".to_owned(), file),
            ("cells".to_owned(), latent.n_cells().to_string()),
            ("latent code".to_owned(), args.basis.clone()),
            ("concord".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ],
        warnings,
        embeddings: pictures.iter().map(|(name, points)| (name.clone(), points)).collect(),
        colours: &colours,
        latent: Some(&latent),
        contexts: args.by.as_deref().zip(contexts.as_ref()),
        cell_names: Some(annotation.cells.names()),
        ranked: &ranked,
        enriched: &enriched,
        trust: &trust,
        expression,
        seed: args.seed,
        ..Page::default()
    })?;
    output_files::write(&[(&args.out, page.into_bytes())])?;
    session.terminal.line(&format!("wrote {}", args.out.display()));
    if session.json {
        super::print_json(&json!({"file": args.out, "n_cells": latent.n_cells()}));
    }
    Ok(())
}

/// A table, when one is given.
fn table<R: Row>(path: Option<&PathBuf>) -> Result<Vec<Group<R>>, CliError> {
    path.map_or(Ok(Vec::new()), |path| tables::parse(path, &tables::read_text(path)?))
}

/// What does not fit together.
fn warnings(contexts: Option<(&str, &Labels)>, ranked: &[Group<RankedGene>]) -> Vec<String> {
    let Some((by, labels)) = contexts else { return Vec::new() };
    let mut unknown: Vec<&str> = ranked.iter().map(|list| list.context.as_str()).collect();
    unknown.retain(|context| labels.names().iter().all(|name| name != context));
    unknown.dedup();
    if unknown.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "these contexts of the lists are no categories of {by}, and shown without their cells: {}; check --by",
        unknown.join(", ")
    )]
}

/// The pictures that are asked for, or the UMAPs of the latent code, flat ones first.
fn picture_names(args: &ReportArgs, obsm: &[concord_io::EntrySummary]) -> Result<Vec<String>, CliError> {
    if !args.pictures.is_empty() {
        for name in &args.pictures {
            let Some(entry) = obsm.iter().find(|entry| entry.name == *name) else {
                let known = nearest_few(name, obsm.iter().map(|entry| entry.name.as_str()));
                return Err(CliError::usage(format!("--picture {name}: no such matrix in obsm; there are: {known}")));
            };
            if !matches!(entry.shape.get(1), Some(2 | 3)) {
                return Err(CliError::usage(format!(
                    "--picture {name}: two or three dimensions can be drawn; make a UMAP of it with `concord umap`"
                )));
            }
        }
        return Ok(args.pictures.clone());
    }
    let is_picture = |entry: &&concord_io::EntrySummary| {
        entry.name.to_lowercase().contains("umap") && matches!(entry.shape.get(1), Some(2 | 3))
    };
    let mut umaps: Vec<&concord_io::EntrySummary> = obsm.iter().filter(is_picture).collect();
    if umaps.iter().any(|entry| entry.name.starts_with(&args.basis)) {
        umaps.retain(|entry| entry.name.starts_with(&args.basis));
    }
    umaps.sort_by_key(|entry| entry.shape.get(1).copied());
    if umaps.is_empty() {
        return Err(CliError::usage(format!(
            "{} has no UMAP of two or three dimensions; make one with `concord umap`, or name another --picture",
            args.input.display()
        )));
    }
    Ok(umaps.into_iter().map(|entry| entry.name.clone()).collect())
}

/// The columns to colour by, each once, that of the contexts first.
fn coloured_by(args: &ReportArgs, obs: &concord_core::Table) -> Vec<String> {
    let others = if args.labels.is_empty() { columns::unasked(obs) } else { args.labels.clone() };
    let mut seen = std::collections::HashSet::new();
    args.by.iter().cloned().chain(others).filter(|name| seen.insert(name.clone())).collect()
}
