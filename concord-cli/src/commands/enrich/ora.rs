//! Over-representation in the top of each list.

use concord_enrich::{EnrichedTerm, GeneSet, OraConfig, over_representation};

use super::{
    Found,
    genes::{GeneList, TopArgs},
    in_list, prefix,
    summary::Summary,
};
use crate::{error::CliError, tables::EnrichedRow, terminal::Terminal};

/// Tests the top of each list; lists in which no gene stands out are left out with a warning.
pub(crate) fn ora(
    lists: &[GeneList],
    sets: &[GeneSet],
    top: &TopArgs,
    config: &OraConfig,
    terminal: &Terminal,
) -> Result<Found<EnrichedRow>, CliError> {
    let mut found = Found::default();
    for list in lists {
        let genes = top.of(list)?;
        if genes.is_empty() {
            terminal.warning(&format!("{}no gene stands out by its importance; left out", prefix(list)));
            continue;
        }
        let table = over_representation(&genes, sets, config).map_err(|error| in_list(list, &error))?;
        if table.n_outside_background > 0 {
            terminal.warning(&format!(
                "{}{} of {} genes are not in the background and were left out",
                prefix(list),
                table.n_outside_background,
                table.n_outside_background + table.n_genes
            ));
        }
        found.summaries.push(Summary::of_ora(list, &table));
        found.rows.extend(table.terms.into_iter().map(|term| row(list, term)));
    }
    if found.summaries.is_empty() {
        return Err(CliError::usage("no list has genes that stand out; take more with --top or --top-fraction"));
    }
    Ok(found)
}

fn row(list: &GeneList, term: EnrichedTerm) -> EnrichedRow {
    EnrichedRow {
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
    }
}
