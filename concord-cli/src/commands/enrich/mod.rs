//! `concord enrich`: which gene sets stand out in ranked genes, or in a list.

mod background;
mod genes;
mod gsea;
mod ora;
mod summary;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use concord_enrich::{Background, EnrichError, GeneSet, OraConfig, PrerankConfig, over_representation, parse_gmt};

use crate::{
    Session,
    error::CliError,
    output_files,
    tables::{self, EnrichedRow, Group, PickArgs, RankedGene, Row},
    terminal::Terminal,
};
use background::BackgroundArgs;
use genes::{GeneList, TopArgs};
use summary::Summary;

const EXAMPLES: &str = "\
The background decides: a list is compared with the genes that could have got into it. For genes that a model \
attributes, these are its input genes, chosen because they vary. Against all 20,000 genes, every set stands out that the \
input was rich in from the start, whatever the list. P-values are corrected for the number of gene sets, in each list by \
itself.

Examples:
  concord enrich ranked_genes.csv --gmt go.gmt --model run/model -o enrichment.csv
  concord enrich ranked_genes.csv --gmt go.gmt --gsea --context \"CD4 T cells\" -o gsea.csv
  concord enrich genes.txt --gmt go.gmt --background data.h5ad -o enrichment.csv";

/// Options of `concord enrich`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
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
    /// Run pre-ranked enrichment (GSEA) on all genes of each list instead of over-representation on their top; a list of
    /// all measured genes is best: `concord attribute --include-lowered --min-nonzero-fraction 0`
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
    let (csv, summaries) = if args.gsea {
        let config = PrerankConfig { seed: args.seed, ..args.prerank.clone() };
        gsea::gsea(&lists, &sets, &config, &session.terminal)?.into_csv()?
    } else {
        let config = OraConfig { background: args.background.read(session)?, ..args.ora.clone() };
        ora::ora(&lists, &sets, &args.top, &config, &session.terminal)?.into_csv()?
    };
    output_files::write(&[(&args.out, csv)])?;
    session.terminal.line(&format!("wrote {}", args.out.display()));
    if session.json {
        super::print_json(&summary::to_json(&args.out, &summaries));
    } else {
        super::print(&summary::to_text(&summaries));
    }
    Ok(())
}

/// Over-representation in the top of ranked lists whose genes come from `background`, with the usual options.
pub(crate) fn in_ranked(
    groups: &[Group<RankedGene>],
    sets: &[GeneSet],
    background: &[String],
    terminal: &Terminal,
) -> Result<Vec<EnrichedRow>, CliError> {
    let lists: Result<Vec<GeneList>, CliError> =
        groups.iter().map(|group| genes::of_group(Path::new("ranked_genes.csv"), group.clone())).collect();
    let config = OraConfig { background: Background::Genes(background.to_vec()), ..OraConfig::default() };
    Ok(ora::ora(&lists?, sets, &TopArgs::default(), &config, terminal)?.rows)
}

/// Refuses gene sets that have nothing to do with these genes.
pub(crate) fn check_sets(sets: &[GeneSet], genes: &[String]) -> Result<(), CliError> {
    let config = OraConfig { background: Background::Genes(genes.to_vec()), ..OraConfig::default() };
    over_representation(genes, sets, &config).map_err(|error| CliError::usage(format!("--gmt: {error}")))?;
    Ok(())
}

/// Reads gene sets, and tells what was put right in them.
pub(crate) fn read_gmt(path: &Path, session: &Session) -> Result<Vec<GeneSet>, CliError> {
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

/// What was found in some lists: a row for each tested set, and the best of each list.
pub(crate) struct Found<R> {
    pub(crate) rows: Vec<R>,
    pub(crate) summaries: Vec<Summary>,
}

impl<R> Default for Found<R> {
    fn default() -> Self {
        Self { rows: Vec::new(), summaries: Vec::new() }
    }
}

impl<R: Row> Found<R> {
    fn into_csv(self) -> Result<(Vec<u8>, Vec<Summary>), CliError> {
        Ok((tables::to_csv(&self.rows)?, self.summaries))
    }
}

/// Which list a message is about, when there may be several.
fn prefix(list: &GeneList) -> String {
    let name = tables::group_name(&list.context, &list.target);
    if name.is_empty() { name } else { format!("{name}: ") }
}

fn in_list(list: &GeneList, error: &EnrichError) -> CliError {
    CliError::usage(format!("{}{error}", prefix(list)))
}
