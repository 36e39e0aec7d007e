//! `concord enrich`: which gene sets stand out in ranked genes, or in a list.

mod background;
mod genes;
mod summary;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use concord_enrich::{EnrichError, GeneSet, OraConfig, PrerankConfig, over_representation, parse_gmt, prerank};

use crate::{
    Session,
    error::CliError,
    output_files,
    tables::{self, EnrichedRow, PickArgs, RankedTermRow, Row},
};
use background::BackgroundArgs;
use genes::{GeneList, TopArgs};
use summary::Summary;

/// Options of `concord enrich`.
///
/// The tests are independent of each other: p-values are corrected for the number of gene sets, in each list by itself.
#[derive(Debug, Args)]
pub(crate) struct EnrichArgs {
    /// A table of `concord attribute`, a ranking (gene, tab, score), or a list of genes, one a line
    #[arg(value_name = "GENES")]
    input: PathBuf,
    /// The gene sets: name, tab, description, tab, genes with tabs between
    #[arg(long, value_name = "FILE.gmt")]
    gmt: PathBuf,
    /// Where to write the table of all tested sets
    #[arg(long, short, value_name = "FILE.csv")]
    out: PathBuf,
    #[command(flatten)]
    pick: PickArgs,
    /// Run pre-ranked enrichment (GSEA) on the whole ranked lists instead of over-representation on their top
    #[arg(long, conflicts_with_all = ["background_or_model", "top_or_fraction"])]
    gsea: bool,
    #[command(flatten, next_help_heading = "Over-representation")]
    background: BackgroundArgs,
    #[command(flatten, next_help_heading = "Over-representation")]
    top: TopArgs,
    #[command(flatten, next_help_heading = "Over-representation")]
    ora: OraConfig,
    #[command(flatten, next_help_heading = "GSEA")]
    prerank: PrerankConfig,
    /// Seed of the permutations
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "GSEA")]
    seed: u64,
}

/// Runs the command.
pub(crate) fn run(args: &EnrichArgs, session: &Session) -> Result<(), CliError> {
    args.ora.validate()?;
    args.prerank.validate()?;
    output_files::check(&[&args.out], &[&args.input, &args.gmt])?;
    let lists = genes::read(&args.input, &args.pick, session)?;
    let sets = read_gmt(&args.gmt, session)?;
    let (csv, summaries) =
        if args.gsea { gsea(args, &lists, &sets, session)? } else { ora(args, &lists, &sets, session)? };
    output_files::write(&[(&args.out, csv)])?;
    session.terminal.line(&format!("wrote {}", args.out.display()));
    if session.json {
        super::print_json(&summary::to_json(&args.out, &summaries));
    } else {
        super::print(&summary::to_text(&summaries));
    }
    Ok(())
}

/// Reads gene sets, and tells what was put right in them.
fn read_gmt(path: &Path, session: &Session) -> Result<Vec<GeneSet>, CliError> {
    /// Notes that are shown.
    const N_SHOWN: usize = 3;
    let text = tables::read_text(path)?;
    let gmt = parse_gmt(&text).with_context(|| path.display().to_string()).map_err(CliError::Usage)?;
    for note in gmt.notes.iter().take(N_SHOWN) {
        session.terminal.warning(&format!("{}: {note}", path.display()));
    }
    if gmt.notes.len() > N_SHOWN {
        session.terminal.warning(&format!("{}: {} more notes like these", path.display(), gmt.notes.len() - N_SHOWN));
    }
    Ok(gmt.sets)
}

/// Over-representation of the top of each list.
fn ora(
    args: &EnrichArgs,
    lists: &[GeneList],
    sets: &[GeneSet],
    session: &Session,
) -> Result<(Vec<u8>, Vec<Summary>), CliError> {
    let background = args.background.read(session)?;
    let config = OraConfig { background, ..args.ora.clone() };
    let (mut rows, mut summaries) = (Vec::new(), Vec::new());
    for list in lists {
        let top = args.top.of(list)?;
        if top.is_empty() {
            session.terminal.warning(&format!("{}no gene stands out by its importance; left out", prefix(list)));
            continue;
        }
        let table = over_representation(&top, sets, &config).map_err(|error| in_list(list, &error))?;
        if table.n_outside_background > 0 {
            session.terminal.warning(&format!(
                "{}{} of {} genes are not in the background and were left out",
                prefix(list),
                table.n_outside_background,
                table.n_outside_background + table.n_genes
            ));
        }
        summaries.push(Summary::of_ora(list, &table));
        rows.extend(table.terms.into_iter().map(|term| EnrichedRow {
            context: list.context.clone(),
            target: list.target.clone(),
            overlap: term.genes.len(),
            genes: term.genes.join(";"),
            term: term.term,
            set_size: term.set_size,
            p_value: term.p_value,
            adjusted_p_value: term.adjusted_p_value,
            odds_ratio: term.odds_ratio,
            combined_score: term.combined_score,
        }));
    }
    finish(&rows, summaries)
}

/// Pre-ranked enrichment of each list.
fn gsea(
    args: &EnrichArgs,
    lists: &[GeneList],
    sets: &[GeneSet],
    session: &Session,
) -> Result<(Vec<u8>, Vec<Summary>), CliError> {
    let config = PrerankConfig { seed: args.seed, ..args.prerank.clone() };
    let (mut rows, mut summaries) = (Vec::new(), Vec::new());
    for list in lists {
        let bar = session.terminal.bar("gsea", config.n_permutations);
        bar.set_message(prefix(list));
        let table = prerank(&list.scored()?, sets, &config, &mut |n_done, _| bar.set_position(n_done as u64));
        bar.finish_and_clear();
        let table = table.map_err(|error| in_list(list, &error))?;
        summaries.push(Summary::of_gsea(list, &table));
        rows.extend(table.terms.into_iter().map(|term| RankedTermRow {
            context: list.context.clone(),
            target: list.target.clone(),
            leading_edge: term.leading_edge.join(";"),
            term: term.term,
            es: term.score,
            nes: term.normalized_score,
            p_value: term.p_value,
            fdr: term.false_discovery_rate,
            size: term.set_size,
        }));
    }
    finish(&rows, summaries)
}

fn finish<R: Row>(rows: &[R], summaries: Vec<Summary>) -> Result<(Vec<u8>, Vec<Summary>), CliError> {
    if summaries.is_empty() {
        return Err(CliError::usage("no list has genes that stand out; take more with --top or --top-fraction"));
    }
    Ok((tables::to_csv(rows)?, summaries))
}

/// Which list a message is about, when there may be several.
fn prefix(list: &GeneList) -> String {
    let name = tables::group_name(&list.context, &list.target);
    if name.is_empty() { name } else { format!("{name}: ") }
}

fn in_list(list: &GeneList, error: &EnrichError) -> CliError {
    CliError::usage(format!("{}{error}", prefix(list)))
}
