use concord_core::{Column, Table};

use super::ranking::{Members, Ranking};
use super::significance::Significance;
use super::walk::Peak;
use crate::{EnrichError, GeneSet};

/// One gene set, tested against a ranking.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RankedTerm {
    /// Name of the set.
    pub term: String,
    /// Genes of the set that are in the ranking.
    pub set_size: usize,
    /// Enrichment score (ES), -1 to 1: positive when the set gathers at the top, negative at the bottom.
    pub score: f64,
    /// ES divided by its mean in random orders, of the same sign (NES); 1 or -1 when none has this sign.
    pub normalized_score: f64,
    /// Nominal p-value: how many random orders with an ES of this sign have one as large.
    pub p_value: f64,
    /// False discovery rate among all sets with an NES as large.
    pub false_discovery_rate: f64,
    /// How many random orders have any set with an NES as large.
    pub family_wise_error_rate: f64,
    /// Part of the ranking, from its end, within which the ES is reached.
    pub ranking_fraction: f64,
    /// The genes that make the ES, from the end of the ranking inwards.
    pub leading_edge: Vec<String>,
}

/// What [`prerank`](crate::prerank) found.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PrerankTable {
    /// The tested sets, the largest normalised scores of either sign first.
    pub terms: Vec<RankedTerm>,
    /// Genes in the ranking.
    pub n_genes: usize,
    /// Sets that were not eligible.
    pub n_not_tested: usize,
}

impl PrerankTable {
    /// The terms under gseapy's column names: Term, ES, NES, NOM p-val, FDR q-val, FWER p-val, Tag %, Gene %, `Lead_genes`.
    ///
    /// # Errors
    /// None in practice: the columns are of one length.
    pub fn to_table(&self) -> Result<Table, EnrichError> {
        let texts = |text: &dyn Fn(&RankedTerm) -> String| {
            Column::Texts(self.terms.iter().map(|term| Some(text(term))).collect())
        };
        let floats = |value: &dyn Fn(&RankedTerm) -> f64| Column::Floats(self.terms.iter().map(value).collect());
        let mut table = Table::new(self.terms.len());
        table.insert("Term", texts(&|term| term.term.clone()))?;
        table.insert("ES", floats(&|term| term.score))?;
        table.insert("NES", floats(&|term| term.normalized_score))?;
        table.insert("NOM p-val", floats(&|term| term.p_value))?;
        table.insert("FDR q-val", floats(&|term| term.false_discovery_rate))?;
        table.insert("FWER p-val", floats(&|term| term.family_wise_error_rate))?;
        table.insert("Tag %", texts(&|term| format!("{}/{}", term.leading_edge.len(), term.set_size)))?;
        table.insert("Gene %", texts(&|term| format!("{:.2}%", 100.0 * term.ranking_fraction)))?;
        table.insert("Lead_genes", texts(&|term| term.leading_edge.join(";")))?;
        Ok(table)
    }
}

pub(super) fn table(
    ranking: &Ranking<'_>,
    sets: &[GeneSet],
    members: &Members,
    peaks: &[Peak],
    significance: &[Significance],
) -> PrerankTable {
    let rows = members.sets.iter().zip(&members.hits).zip(peaks).zip(significance);
    let mut terms: Vec<RankedTerm> = rows
        .map(|(((&set, hits), peak), significance)| RankedTerm {
            term: sets[set].name.clone(),
            set_size: hits.len(),
            score: peak.score,
            normalized_score: significance.normalized_score,
            p_value: significance.p_value,
            false_discovery_rate: significance.false_discovery_rate,
            family_wise_error_rate: significance.family_wise_error_rate,
            ranking_fraction: ranking_fraction(hits, peak, ranking.genes.len()),
            leading_edge: leading_edge(hits, peak).map(|rank| ranking.genes[rank as usize].to_owned()).collect(),
        })
        .collect();
    let key = |term: &RankedTerm| term.normalized_score.abs();
    terms.sort_by(|a, b| key(b).total_cmp(&key(a)).then_with(|| a.term.cmp(&b.term)));
    PrerankTable { terms, n_genes: ranking.genes.len(), n_not_tested: sets.len() - members.sets.len() }
}

/// The hits up to the peak, or from the bottom up to it.
fn leading_edge<'a>(hits: &'a [u32], peak: &Peak) -> Box<dyn Iterator<Item = u32> + 'a> {
    if peak.score >= 0.0 {
        Box::new(hits[..=peak.hit].iter().copied())
    } else {
        Box::new(hits[peak.hit..].iter().rev().copied())
    }
}

fn ranking_fraction(hits: &[u32], peak: &Peak, n_genes: usize) -> f64 {
    let rank = hits[peak.hit] as usize;
    // The sum is lowest at the gene before the hit.
    let n_within = if peak.score >= 0.0 { rank + 1 } else { n_genes - rank + 1 };
    n_within as f64 / n_genes as f64
}
