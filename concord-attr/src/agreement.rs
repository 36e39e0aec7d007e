//! What several rankings of the same genes have in common.

use ndarray::ArrayView1;

use crate::descending;

/// Spearman's rank correlation of two lists of scores; equal scores share the mean of their ranks. NaN when one of them
/// is constant.
///
/// # Panics
/// If the lengths differ.
///
/// ```
/// let (a, b) = (ndarray::array![1.0, 2.0, 3.0, 9.0], ndarray::array![0.1, 0.4, 0.3, 0.5]);
/// assert!((concord_attr::spearman(a.view(), b.view()) - 0.8).abs() < 1e-12);
/// ```
pub fn spearman(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>) -> f64 {
    assert_eq!(a.len(), b.len(), "a rank correlation is of two lists of one length");
    let (a, b) = (ranks(a), ranks(b));
    let mean = f64::midpoint(a.len() as f64, 1.0);
    let (mut covariance, mut variance_a, mut variance_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(&b) {
        covariance += (a - mean) * (b - mean);
        variance_a += (a - mean).powi(2);
        variance_b += (b - mean).powi(2);
    }
    covariance / (variance_a * variance_b).sqrt()
}

/// Ranks from 1 for the largest score; equal scores share the mean of theirs.
fn ranks(scores: ArrayView1<'_, f32>) -> Vec<f64> {
    let order = descending(scores);
    let mut ranks = vec![0.0; order.len()];
    let mut first = 0;
    while first < order.len() {
        let tied = order[first..]
            .iter()
            .take_while(|&&gene| scores[gene].total_cmp(&scores[order[first]]).is_eq())
            .count()
            .max(1);
        for &gene in &order[first..first + tied] {
            ranks[gene] = (2 * first + tied + 1) as f64 / 2.0;
        }
        first += tied;
    }
    ranks
}

/// The share of the best genes of one list that are among the best of another; `fraction` of the genes are
/// the best. NaN for lists of no genes.
///
/// # Panics
/// If the lengths differ.
pub fn top_overlap(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>, fraction: f64) -> f64 {
    assert_eq!(a.len(), b.len(), "an overlap is of two lists of one length");
    if a.is_empty() {
        return f64::NAN;
    }
    let n_best = n_best(a.len(), fraction);
    let mut is_best = vec![false; a.len()];
    for &gene in &descending(a)[..n_best] {
        is_best[gene] = true;
    }
    descending(b)[..n_best].iter().filter(|&&gene| is_best[gene]).count() as f64 / n_best as f64
}

fn n_best(n_genes: usize, fraction: f64) -> usize {
    ((n_genes as f64 * fraction).round() as usize).clamp(1, n_genes.max(1))
}

/// What several models say of one gene.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsensusGene {
    /// Its column.
    pub gene: usize,
    /// Mean of its scores, after each model's were divided by their largest size.
    pub importance: f64,
    /// Standard deviation of these scores over the models (with n - 1).
    pub sd: f64,
    /// Its mean rank.
    pub mean_rank: f64,
    /// Its best and its worst rank among the models: the interval in which it stood.
    pub rank_interval: (f64, f64),
    /// The share of the models that have it among their best genes.
    pub stability: f64,
}

/// One ranking of several models' scores for the same target, best mean rank first (equal ones by importance).
///
/// Models scale their codes differently, so scores are divided by the largest of each model. `fraction` says which genes
/// count as a model's best, 0.05 in the field. With few models an interval of ranks is honest where a standard error
/// would not be.
///
/// # Panics
/// If the lengths differ.
pub fn consensus(scores: &[ArrayView1<'_, f32>], fraction: f64) -> Vec<ConsensusGene> {
    let Some(first) = scores.first() else { return Vec::new() };
    let n_genes = first.len();
    assert!(scores.iter().all(|scores| scores.len() == n_genes), "a consensus is of lists of one length");
    let n_best = n_best(n_genes, fraction) as f64;
    let ranks: Vec<Vec<f64>> = scores.iter().map(|&scores| self::ranks(scores)).collect();
    let largest: Vec<f64> = scores
        .iter()
        .map(|scores| f64::from(scores.iter().fold(0.0f32, |largest, score| largest.max(score.abs()))).max(1e-300))
        .collect();
    let of_gene = |gene: usize| {
        let of_models: Vec<f64> =
            scores.iter().zip(&largest).map(|(s, largest)| f64::from(s[gene]) / largest).collect();
        let gene_ranks: Vec<f64> = ranks.iter().map(|ranks| ranks[gene]).collect();
        let n_models = of_models.len() as f64;
        let importance = of_models.iter().sum::<f64>() / n_models;
        let squares: f64 = of_models.iter().map(|score| (score - importance).powi(2)).sum();
        ConsensusGene {
            gene,
            importance,
            sd: if n_models > 1.0 { (squares / (n_models - 1.0)).sqrt() } else { f64::NAN },
            mean_rank: gene_ranks.iter().sum::<f64>() / n_models,
            rank_interval: gene_ranks.iter().fold((f64::INFINITY, 0.0), |(low, high), &r| (low.min(r), high.max(r))),
            stability: gene_ranks.iter().filter(|&&rank| rank <= n_best).count() as f64 / n_models,
        }
    };
    let mut genes: Vec<ConsensusGene> = (0..n_genes).map(of_gene).collect();
    genes.sort_by(|a, b| a.mean_rank.total_cmp(&b.mean_rank).then(b.importance.total_cmp(&a.importance)));
    genes
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn equal_scores_share_their_ranks() {
        assert_eq!(ranks(array![5.0, 7.0, 5.0, 1.0].view()), [2.5, 1.0, 2.5, 4.0]);
        // scipy.stats.spearmanr([1, 2, 2, 4], [1, 3, 2, 2]) of scipy 1.15
        let rho = spearman(array![1.0, 2.0, 2.0, 4.0].view(), array![1.0, 3.0, 2.0, 2.0].view());
        assert!((rho - 0.5).abs() < 1e-12, "{rho}");
        assert!(spearman(array![1.0, 1.0].view(), array![1.0, 2.0].view()).is_nan());
    }

    #[test]
    fn the_best_of_two_lists_overlap() {
        let a = array![4.0, 3.0, 2.0, 1.0];
        assert!((top_overlap(a.view(), array![1.0, 9.0, 0.0, 5.0].view(), 0.5) - 0.5).abs() < 1e-12);
        assert!((top_overlap(a.view(), a.view(), 0.05) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_consensus_says_where_a_gene_stood() {
        let (a, b) = (array![10.0, 5.0, -1.0], array![0.2, 0.4, 0.0]);
        let genes = consensus(&[a.view(), b.view()], 0.34);
        assert_eq!(genes.iter().map(|gene| gene.gene).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(genes[0].rank_interval, (1.0, 2.0));
        assert!((genes[0].importance - 0.75).abs() < 1e-6 && (genes[0].stability - 0.5).abs() < 1e-12);
        assert!((genes[0].sd - 0.125f64.sqrt()).abs() < 1e-6);
        assert!(consensus(&[], 0.05).is_empty());
    }
}
