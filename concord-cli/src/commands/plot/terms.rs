//! `concord plot terms`: the best terms of an enrichment as bars.

use std::path::PathBuf;

use clap::Args;
use concord_plot::{Figure, Term, TermBarsStyle, Threshold, term_bars};
use serde_json::json;

use super::report;
use crate::{
    Session,
    error::CliError,
    figures::FigureArgs,
    standard_figures::best_terms,
    tables::{self, EnrichedRow, Group, PickArgs, RankedTermRow},
};

/// The adjusted p-value that a dashed line marks.
const MARKED_P: f64 = 0.05;

const EXAMPLES: &str = "\
Examples:
  concord plot terms enrichment.csv --context \"CD4 T cells\" --target \"neuron 50\" -o terms.pdf";

/// Options of `concord plot terms`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct TermsArgs {
    /// A table of `concord enrich`, of either test
    #[arg(value_name = "ENRICHMENT.csv")]
    input: PathBuf,
    #[command(flatten)]
    figure: FigureArgs,
    #[command(flatten)]
    pick: PickArgs,
    /// How many terms to draw, the best ones
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=200))]
    top: u16,
    /// What stands above the bars [default: context and target]
    #[arg(long, value_name = "TEXT", help_heading = "Look")]
    title: Option<String>,
    /// Width of the axis in points, 72 to the inch
    #[arg(long, value_name = "X", default_value_t = TermBarsStyle::default().width, help_heading = "Look")]
    width: f64,
    /// The widest line of a name in points; longer names are broken
    #[arg(long, value_name = "X", default_value_t = TermBarsStyle::default().name_width, help_heading = "Look")]
    name_width: f64,
}

/// Runs the command.
pub(crate) fn run(args: &TermsArgs, session: &Session) -> Result<(), CliError> {
    args.figure.check(&[&args.input])?;
    let text = tables::read_text(&args.input)?;
    let (title, terms, style) = if tables::is_table_of::<RankedTermRow>(&text) {
        let group = args.pick.one(tables::parse::<RankedTermRow>(&args.input, &text)?)?;
        let style = TermBarsStyle { score_name: "normalised enrichment score".to_owned(), ..TermBarsStyle::default() };
        (group.name(), gsea_terms(&group, args)?, style)
    } else {
        let group = args.pick.one(tables::parse::<EnrichedRow>(&args.input, &text)?)?;
        (group.name(), ora_terms(&best_terms(&group), usize::from(args.top))?, ora_style())
    };
    let title = args.title.clone().unwrap_or(title);
    let style = TermBarsStyle { title, width: args.width, name_width: args.name_width, ..style };
    args.figure.save(&term_bars(&terms, &style)?)?;
    let names: Vec<&str> = terms.iter().map(|term| term.name.as_str()).collect();
    report(&args.figure, json!({"title": style.title, "terms": names}), session);
    Ok(())
}

/// The first terms of an over-representation as bars; `rows` are sorted.
pub(crate) fn ora_figure(rows: &[&EnrichedRow], n_terms: usize, title: &str) -> Result<Figure, CliError> {
    Ok(term_bars(&ora_terms(rows, n_terms)?, &TermBarsStyle { title: title.to_owned(), ..ora_style() })?)
}

fn ora_style() -> TermBarsStyle {
    TermBarsStyle { threshold: Some(Threshold::p_value(MARKED_P)), ..TermBarsStyle::default() }
}

/// The first terms, with their overlap behind the bar.
fn ora_terms(rows: &[&EnrichedRow], n_terms: usize) -> Result<Vec<Term>, CliError> {
    let term = |row: &&EnrichedRow| {
        if !(0.0..=1.0).contains(&row.adjusted_p_value) {
            return Err(bad_number(&row.term, "adjusted_p_value", row.adjusted_p_value));
        }
        // A p-value below the smallest float is 0, and has no logarithm; never -0 for a p-value of 1.
        let score = (1.0 / row.adjusted_p_value.max(f64::MIN_POSITIVE)).log10();
        Ok(Term { name: row.term.clone(), score, remark: format!("{}/{}", row.overlap, row.set_size) })
    };
    rows.iter().take(n_terms).map(term).collect()
}

/// The terms of largest score of either sign, the positive ones on top, with their false discovery rate.
fn gsea_terms(group: &Group<RankedTermRow>, args: &TermsArgs) -> Result<Vec<Term>, CliError> {
    let mut rows: Vec<&RankedTermRow> = group.rows.iter().collect();
    rows.sort_by(|a, b| b.nes.abs().total_cmp(&a.nes.abs()).then_with(|| a.term.cmp(&b.term)));
    rows.truncate(usize::from(args.top));
    rows.sort_by(|a, b| b.nes.total_cmp(&a.nes));
    let term = |row: &RankedTermRow| {
        if !row.nes.is_finite() {
            return Err(bad_number(&row.term, "nes", row.nes));
        }
        let remark = if row.fdr < 0.001 { "FDR < 0.001".to_owned() } else { format!("FDR {:.3}", row.fdr) };
        Ok(Term { name: row.term.clone(), score: row.nes, remark })
    };
    rows.into_iter().map(term).collect()
}

fn bad_number(term: &str, column: &str, value: f64) -> CliError {
    CliError::usage(format!("{column} of the term '{term}' is {value}; leave its row out of the table"))
}
