use serde::{Deserialize, Serialize};

use super::Row;

/// A gene of a ranked list: a row of `ranked_genes.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RankedGene {
    pub(crate) context: String,
    pub(crate) target: String,
    /// Place in the list, from 1.
    pub(crate) rank: usize,
    pub(crate) gene: String,
    pub(crate) importance: f64,
    pub(crate) mean_expression: f64,
    pub(crate) nonzero_fraction: f64,
}

impl Row for RankedGene {
    const COLUMNS: &'static [&'static str] =
        &["context", "target", "rank", "gene", "importance", "mean_expression", "nonzero_fraction"];
    const MADE_BY: &'static str = "concord attribute";

    fn place(&self) -> (&str, &str) {
        (&self.context, &self.target)
    }
}

/// A term found by over-representation: a row of `enrichment.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EnrichedRow {
    pub(crate) context: String,
    pub(crate) target: String,
    pub(crate) term: String,
    /// Genes of the list that are in the set.
    pub(crate) overlap: usize,
    pub(crate) set_size: usize,
    pub(crate) p_value: f64,
    pub(crate) adjusted_p_value: f64,
    pub(crate) odds_ratio: f64,
    pub(crate) combined_score: f64,
    /// The genes that are in both, with semicolons between.
    pub(crate) genes: String,
}

impl Row for EnrichedRow {
    const COLUMNS: &'static [&'static str] = &[
        "context",
        "target",
        "term",
        "overlap",
        "set_size",
        "p_value",
        "adjusted_p_value",
        "odds_ratio",
        "combined_score",
        "genes",
    ];
    const MADE_BY: &'static str = "concord enrich";

    fn place(&self) -> (&str, &str) {
        (&self.context, &self.target)
    }
}

/// A term found by pre-ranked enrichment: a row of the table that `concord enrich --gsea` writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RankedTermRow {
    pub(crate) context: String,
    pub(crate) target: String,
    pub(crate) term: String,
    pub(crate) es: f64,
    pub(crate) nes: f64,
    pub(crate) p_value: f64,
    pub(crate) fdr: f64,
    pub(crate) size: usize,
    /// The genes that make the score, with semicolons between.
    pub(crate) leading_edge: String,
}

impl Row for RankedTermRow {
    const COLUMNS: &'static [&'static str] =
        &["context", "target", "term", "es", "nes", "p_value", "fdr", "size", "leading_edge"];
    const MADE_BY: &'static str = "concord enrich --gsea";

    fn place(&self) -> (&str, &str) {
        (&self.context, &self.target)
    }
}
