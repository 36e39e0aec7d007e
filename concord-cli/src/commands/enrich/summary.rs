//! The best terms of each list, for the terminal and as JSON.

use std::path::Path;

use concord_enrich::{EnrichedTerm, EnrichmentTable, PrerankTable, RankedTerm};
use serde_json::{Value, json};

use super::genes::GeneList;
use crate::{tables::group_name, text_table::text_table};

/// Terms of a list that are shown.
const N_TERMS: usize = 5;
/// Genes of a term that are shown.
const N_GENES: usize = 6;

/// What was found in one list.
pub(crate) struct Summary {
    name: String,
    /// How much was tested, in words.
    tested: String,
    header: [&'static str; 4],
    terms: Vec<[String; 4]>,
    json: Value,
}

impl Summary {
    pub(crate) fn of_ora(list: &GeneList, table: &EnrichmentTable) -> Self {
        // A table in gseapy's order is sorted by name.
        let mut best: Vec<&EnrichedTerm> = table.terms.iter().collect();
        best.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
        best.truncate(N_TERMS);
        let row = |&term: &&EnrichedTerm| {
            let overlap = format!("{}/{}", term.genes.len(), term.set_size);
            [term.term.clone(), overlap, short(term.adjusted_p_value), few(&term.genes)]
        };
        let terms = best.iter().map(|term| {
            json!({
                "term": term.term, "overlap": term.genes.len(), "set_size": term.set_size, "p_value": term.p_value,
                "adjusted_p_value": term.adjusted_p_value, "genes": term.genes,
            })
        });
        Self {
            name: group_name(&list.context, &list.target),
            tested: format!(
                "{} genes of a background of {}, {} gene sets tested, {} not eligible",
                table.n_genes,
                table.n_background,
                table.terms.len(),
                table.n_not_tested
            ),
            header: ["term", "overlap", "adjusted p", "genes"],
            terms: best.iter().map(row).collect(),
            json: json!({
                "context": list.context, "target": list.target, "n_genes": table.n_genes,
                "n_background": table.n_background, "n_outside_background": table.n_outside_background,
                "n_tested": table.terms.len(), "n_not_tested": table.n_not_tested, "best": terms.collect::<Vec<_>>(),
            }),
        }
    }

    pub(crate) fn of_gsea(list: &GeneList, table: &PrerankTable) -> Self {
        let best = &table.terms[..table.terms.len().min(N_TERMS)];
        let row = |term: &RankedTerm| {
            let score = format!("{:.2}", term.normalized_score);
            [term.term.clone(), score, short(term.false_discovery_rate), few(&term.leading_edge)]
        };
        let terms = best.iter().map(|term| {
            json!({
                "term": term.term, "es": term.score, "nes": term.normalized_score, "p_value": term.p_value,
                "fdr": term.false_discovery_rate, "size": term.set_size, "leading_edge": term.leading_edge,
            })
        });
        Self {
            name: group_name(&list.context, &list.target),
            tested: format!(
                "{} ranked genes, {} gene sets tested, {} not eligible",
                table.n_genes,
                table.terms.len(),
                table.n_not_tested
            ),
            header: ["term", "NES", "FDR", "leading edge"],
            terms: best.iter().map(row).collect(),
            json: json!({
                "context": list.context, "target": list.target, "n_genes": table.n_genes,
                "n_tested": table.terms.len(), "n_not_tested": table.n_not_tested, "best": terms.collect::<Vec<_>>(),
            }),
        }
    }
}

/// The best terms of each list as tables for the terminal.
pub(crate) fn to_text(summaries: &[Summary]) -> String {
    let mut text = String::new();
    for Summary { name, tested, header, terms, .. } in summaries {
        let title = if name.is_empty() { tested.clone() } else { format!("{name}: {tested}") };
        let rows = std::iter::once(header.map(str::to_owned).to_vec()).chain(terms.iter().map(|row| row.to_vec()));
        text += &format!("\n{title}\n{}", text_table(rows));
    }
    text.trim_start().to_owned()
}

pub(crate) fn to_json(out: &Path, summaries: &[Summary]) -> Value {
    let lists: Vec<&Value> = summaries.iter().map(|summary| &summary.json).collect();
    json!({"file": out, "lists": lists})
}

/// A p-value in few characters.
fn short(p_value: f64) -> String {
    if p_value >= 0.001 || p_value == 0.0 { format!("{p_value:.3}") } else { format!("{p_value:.1e}") }
}

fn few(genes: &[String]) -> String {
    let shown = genes[..genes.len().min(N_GENES)].join(", ");
    if genes.len() > N_GENES { format!("{shown}, ...") } else { shown }
}
