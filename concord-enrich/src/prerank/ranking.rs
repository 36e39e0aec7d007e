use std::collections::{HashMap, HashSet};

use super::PrerankConfig;
use crate::ora::no_overlap;
use crate::{EnrichError, GeneSet};

/// Genes from the highest score to the lowest.
pub(super) struct Ranking<'a> {
    pub(super) genes: Vec<&'a str>,
    /// By how much the running sum rises at a gene of this rank, up to a factor.
    pub(super) weights: Vec<f64>,
}

impl<'a> Ranking<'a> {
    pub(super) fn new<S: AsRef<str>>(ranked: &'a [(S, f64)], weight: f64) -> Result<Self, EnrichError> {
        if ranked.len() < 2 {
            return Err(EnrichError::TooFewGenes { n_genes: ranked.len() });
        }
        if let Some((gene, score)) = ranked.iter().find(|(_, score)| !score.is_finite()) {
            return Err(EnrichError::NotFinite { gene: gene.as_ref().to_owned(), score: *score });
        }
        let mut order: Vec<(&str, f64)> = ranked.iter().map(|(gene, score)| (gene.as_ref().trim(), *score)).collect();
        let mut seen = HashSet::with_capacity(order.len());
        if let Some(&(gene, _)) = order.iter().find(|(gene, _)| !seen.insert(*gene)) {
            let n_times = order.iter().filter(|(other, _)| *other == gene).count();
            return Err(EnrichError::DuplicateGene { gene: gene.to_owned(), n_times });
        }
        // A stable sort, in which 0 and -0 are equal.
        order.sort_by(|a, b| b.1.partial_cmp(&a.1).unwrap_or(std::cmp::Ordering::Equal));
        let largest = order.iter().map(|(_, score)| score.abs()).fold(0.0, f64::max);
        // Relative to the largest score, so that no power overflows. When all scores are 0, all genes count alike.
        let relative = |score: f64| if largest > 0.0 { (score.abs() / largest).powf(weight) } else { 1.0 };
        let weights = order.iter().map(|&(_, score)| relative(score)).collect();
        Ok(Self { genes: order.into_iter().map(|(gene, _)| gene).collect(), weights })
    }
}

/// Which ranked genes are in which of the eligible sets, by set and by gene.
pub(super) struct Members {
    /// Positions of the eligible sets among those given.
    pub(super) sets: Vec<usize>,
    /// Ranks of the genes of each eligible set, ascending.
    pub(super) hits: Vec<Vec<u32>>,
    /// Where the sets of the gene of each rank begin in `sets_of_genes`, and the end.
    starts: Vec<u32>,
    /// Numbers of eligible sets.
    sets_of_genes: Vec<u32>,
}

impl Members {
    pub(super) fn new(ranking: &Ranking<'_>, sets: &[GeneSet], config: &PrerankConfig) -> Result<Self, EnrichError> {
        let n_genes = ranking.genes.len();
        let ranks: HashMap<&str, u32> = ranking.genes.iter().zip(0..).map(|(&gene, rank)| (gene, rank)).collect();
        let all_hits: Vec<Vec<u32>> = sets.iter().map(|set| hits(set, &ranks)).collect();
        let is_eligible =
            |hits: &[u32]| (config.min_size..=config.max_size).contains(&hits.len()) && hits.len() < n_genes;
        let eligible: Vec<usize> = (0..sets.len()).filter(|&set| is_eligible(&all_hits[set])).collect();
        if eligible.is_empty() {
            return Err(nothing_eligible(ranking, sets, &all_hits, config));
        }
        let hits: Vec<Vec<u32>> = eligible.iter().map(|&set| all_hits[set].clone()).collect();
        let (starts, sets_of_genes) = by_gene(&hits, n_genes);
        Ok(Self { sets: eligible, hits, starts, sets_of_genes })
    }

    /// The eligible sets that have the gene of this rank.
    pub(super) fn of_gene(&self, rank: usize) -> &[u32] {
        &self.sets_of_genes[self.starts[rank] as usize..self.starts[rank + 1] as usize]
    }
}

fn hits(set: &GeneSet, ranks: &HashMap<&str, u32>) -> Vec<u32> {
    let mut hits: Vec<u32> = set.genes.iter().filter_map(|gene| ranks.get(gene.as_str()).copied()).collect();
    hits.sort_unstable();
    hits.dedup();
    hits
}

fn by_gene(hits: &[Vec<u32>], n_genes: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; n_genes + 1];
    for &rank in hits.iter().flatten() {
        starts[rank as usize + 1] += 1;
    }
    for rank in 0..n_genes {
        starts[rank + 1] += starts[rank];
    }
    let mut next = starts.clone();
    let mut sets_of_genes = vec![0; starts[n_genes] as usize];
    for (set, hits) in (0..).zip(hits) {
        for &rank in hits {
            sets_of_genes[next[rank as usize] as usize] = set;
            next[rank as usize] += 1;
        }
    }
    (starts, sets_of_genes)
}

fn nothing_eligible(
    ranking: &Ranking<'_>,
    sets: &[GeneSet],
    all_hits: &[Vec<u32>],
    config: &PrerankConfig,
) -> EnrichError {
    let annotated: Vec<&str> = sets.iter().flat_map(|set| &set.genes).map(String::as_str).collect();
    if annotated.is_empty() {
        return EnrichError::NoSets { n_empty: sets.len() };
    }
    let largest = all_hits.iter().map(Vec::len).max().unwrap_or(0);
    if largest == 0 {
        return no_overlap(("ranked genes", &ranking.genes), ("genes of the gene sets", &annotated));
    }
    EnrichError::NoEligibleSet {
        n_sets: sets.len(),
        largest,
        min_size: config.min_size,
        max_size: config.max_size,
        all_genes: true,
    }
}
