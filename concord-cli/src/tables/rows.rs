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
    /// Mean expression in the context minus that in all cells.
    pub(crate) difference: f64,
}

impl Row for RankedGene {
    const COLUMNS: &'static [&'static str] =
        &["context", "target", "rank", "gene", "importance", "mean_expression", "nonzero_fraction", "difference"];
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

/// How far a list can be trusted, or what it is held against: a row of `trust.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrustRow {
    pub(crate) context: String,
    pub(crate) target: String,
    /// In which order the genes of the list were perturbed: as listed, by gradient, by expression, or at random.
    pub(crate) ranking: String,
    /// None where the target is hardly more active in the context than elsewhere.
    pub(crate) deletion_to_zero: Option<f64>,
    pub(crate) deletion_to_mean: Option<f64>,
    pub(crate) insertion_to_zero: Option<f64>,
    pub(crate) insertion_to_mean: Option<f64>,
    /// Median relative error of the sum over all genes.
    pub(crate) sum_error: Option<f64>,
    /// Rank correlation with a model with random weights.
    pub(crate) random_weights: Option<f64>,
    /// Mean overlap of the best genes with models of other seeds.
    pub(crate) seeds: Option<f64>,
}

impl Row for TrustRow {
    const COLUMNS: &'static [&'static str] = &[
        "context",
        "target",
        "ranking",
        "deletion_to_zero",
        "deletion_to_mean",
        "insertion_to_zero",
        "insertion_to_mean",
        "sum_error",
        "random_weights",
        "seeds",
    ];
    const MADE_BY: &'static str = "concord attribute";

    fn place(&self) -> (&str, &str) {
        (&self.context, &self.target)
    }
}

/// What several models agree on: a row of `consensus.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ConsensusRow {
    pub(crate) context: String,
    pub(crate) target: String,
    /// Place by the mean rank, from 1.
    pub(crate) rank: usize,
    pub(crate) gene: String,
    /// Mean over the models, the largest of each model being 1.
    pub(crate) importance: f64,
    pub(crate) importance_sd: f64,
    /// Its rank among the genes of the list, averaged over the models, and its best and worst.
    pub(crate) mean_rank: f64,
    pub(crate) best_rank: f64,
    pub(crate) worst_rank: f64,
    /// Part of the models that have it among their best 5 % of genes.
    pub(crate) stability: f64,
    pub(crate) n_models: usize,
}

impl Row for ConsensusRow {
    const COLUMNS: &'static [&'static str] = &[
        "context",
        "target",
        "rank",
        "gene",
        "importance",
        "importance_sd",
        "mean_rank",
        "best_rank",
        "worst_rank",
        "stability",
        "n_models",
    ];
    const MADE_BY: &'static str = "concord attribute --replicates";

    fn place(&self) -> (&str, &str) {
        (&self.context, &self.target)
    }
}
