//! Pre-ranked enrichment of each list.

use concord_enrich::{GeneSet, PrerankConfig, RankedTerm, prerank};

use super::{Found, genes::GeneList, in_list, prefix, summary::Summary};
use crate::{error::CliError, tables::RankedTermRow, terminal::Terminal};

/// Tests each whole list.
pub(crate) fn gsea(
    lists: &[GeneList],
    sets: &[GeneSet],
    config: &PrerankConfig,
    terminal: &Terminal,
) -> Result<Found<RankedTermRow>, CliError> {
    let mut found = Found::default();
    for list in lists {
        let bar = terminal.bar("gsea", config.n_permutations);
        bar.set_message(prefix(list));
        let table = prerank(&list.scored()?, sets, config, &mut |n_done, _| bar.set_position(n_done as u64));
        bar.finish_and_clear();
        let table = table.map_err(|error| in_list(list, &error))?;
        found.summaries.push(Summary::of_gsea(list, &table));
        found.rows.extend(table.terms.into_iter().map(|term| row(list, term)));
    }
    Ok(found)
}

fn row(list: &GeneList, term: RankedTerm) -> RankedTermRow {
    RankedTermRow {
        context: list.context.clone(),
        target: list.target.clone(),
        leading_edge: term.leading_edge.join(";"),
        term: term.term,
        es: term.score,
        nes: term.normalized_score,
        p_value: term.p_value,
        fdr: term.false_discovery_rate,
        size: term.set_size,
    }
}
