//! The genes that are tested, and the top of them.

use std::path::Path;

use clap::Args;
use concord_enrich::above_quantile;

use crate::{
    Session,
    error::CliError,
    tables::{Group, PickArgs, RankedGene, parse, read_text},
};

/// Genes, best first where they are ranked.
#[derive(Debug)]
pub(crate) struct GeneList {
    /// Empty for genes that are not about a context and target.
    pub(crate) context: String,
    pub(crate) target: String,
    genes: Vec<String>,
    /// One a gene; none for a plain list.
    scores: Option<Vec<f64>>,
}

impl GeneList {
    /// Genes with their scores, for pre-ranked enrichment.
    pub(crate) fn scored(&self) -> Result<Vec<(&str, f64)>, CliError> {
        let Some(scores) = &self.scores else {
            return Err(CliError::usage(
                "--gsea needs scores: give a table of `concord attribute`, or a ranking of gene, tab, score",
            ));
        };
        Ok(self.genes.iter().map(String::as_str).zip(scores.iter().copied()).collect())
    }
}

/// The part of a ranked list that is tested, as in the authors' tutorial.
const TOP_FRACTION: f64 = 0.05;

/// Which genes of a ranked list are tested for over-representation.
#[derive(Debug, Args)]
#[group(id = "top_or_fraction", multiple = false)]
pub(crate) struct TopArgs {
    /// Test this part of each ranked list: the genes whose importance is above the quantile 1 - X of the list
    #[arg(long, value_name = "X", value_parser = fraction, default_value_t = TOP_FRACTION)]
    top_fraction: f64,
    /// Test the first N genes of each list instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: Option<u32>,
}

fn fraction(text: &str) -> Result<f64, String> {
    let fraction = text.parse().ok().filter(|&fraction: &f64| fraction > 0.0 && fraction <= 1.0);
    fraction.ok_or_else(|| "a number above 0, up to 1, is needed".to_owned())
}

impl Default for TopArgs {
    fn default() -> Self {
        Self { top_fraction: TOP_FRACTION, top: None }
    }
}

impl TopArgs {
    /// The genes of a list that are tested; all of a plain list, unless a number is given.
    pub(crate) fn of<'a>(&self, list: &'a GeneList) -> Result<Vec<&'a str>, CliError> {
        let genes = list.genes.iter().map(String::as_str);
        match (&list.scores, self.top) {
            (_, Some(n_genes)) => Ok(genes.take(n_genes as usize).collect()),
            (None, None) => Ok(genes.collect()),
            (Some(scores), None) => {
                let above = above_quantile(scores, 1.0 - self.top_fraction)?;
                Ok(above.into_iter().map(|position| list.genes[position].as_str()).collect())
            }
        }
    }
}

/// Reads a table of ranked genes, a ranking or a list, whichever it is.
pub(crate) fn read(path: &Path, pick: &PickArgs, session: &Session) -> Result<Vec<GeneList>, CliError> {
    let text = read_text(path)?;
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    // A list has no commas, a ranking has tabs; everything else is a table, or to be told what a table needs.
    if first.is_some_and(|line| line.contains(',') && !line.contains('\t')) {
        return pick.all(parse::<RankedGene>(path, &text)?)?.into_iter().map(|group| of_group(path, group)).collect();
    }
    if !pick.context.is_empty() || pick.target.is_some() {
        return Err(CliError::usage(format!(
            "{}: this is no table, so there is nothing to choose with --context or --target",
            path.display()
        )));
    }
    let list = if text.contains('\t') { parse_ranking(path, &text)? } else { parse_list(path, &text, session)? };
    Ok(vec![list])
}

/// The genes of a ranked list; `path` is named in messages.
pub(super) fn of_group(path: &Path, group: Group<RankedGene>) -> Result<GeneList, CliError> {
    if let Some(bad) = group.rows.iter().find(|row| !row.importance.is_finite()) {
        return Err(CliError::usage(format!(
            "{}: the importance of {} for {} is {}; leave the row out",
            path.display(),
            bad.gene,
            group.name(),
            bad.importance
        )));
    }
    let mut rows = group.rows;
    rows.sort_by_key(|row| row.rank);
    let scores = rows.iter().map(|row| row.importance).collect();
    let genes = rows.into_iter().map(|row| row.gene).collect();
    Ok(GeneList { context: group.context, target: group.target, genes, scores: Some(scores) })
}

/// Lines of gene, tab, score; lines that begin with `#` are comments.
fn parse_ranking(path: &Path, text: &str) -> Result<GeneList, CliError> {
    let mut genes: Vec<(&str, f64)> = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        if content.trim().is_empty() || content.starts_with('#') {
            continue;
        }
        let parsed = content.split_once('\t').and_then(|(gene, score)| Some((gene.trim(), score.trim().parse().ok()?)));
        match parsed {
            Some((gene, score)) if f64::is_finite(score) => genes.push((gene, score)),
            _ => {
                return Err(CliError::usage(format!(
                    "{}: line {line} is not a gene, a tab and a number: \"{}\"",
                    path.display(),
                    content.chars().take(40).collect::<String>()
                )));
            }
        }
    }
    genes.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (names, scores): (Vec<&str>, Vec<f64>) = genes.into_iter().unzip();
    let genes = names.into_iter().map(str::to_owned).collect();
    Ok(GeneList { context: String::new(), target: String::new(), genes, scores: Some(scores) })
}

/// Lines of one gene each.
fn parse_list(path: &Path, text: &str, session: &Session) -> Result<GeneList, CliError> {
    let mut seen = std::collections::HashSet::new();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (genes, again): (Vec<&str>, Vec<&str>) = lines.partition(|gene| seen.insert(*gene));
    if genes.is_empty() {
        return Err(CliError::usage(format!("{}: there are no genes in it; write one a line", path.display())));
    }
    if !again.is_empty() {
        session.terminal.warning(&format!(
            "{}: {} genes stand there again and count once",
            path.display(),
            again.len()
        ));
    }
    let genes = genes.into_iter().map(str::to_owned).collect();
    Ok(GeneList { context: String::new(), target: String::new(), genes, scores: None })
}
