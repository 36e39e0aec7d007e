//! How much of the variety of cells each domain covers.

use concord_core::{CoreError, Labels};

use crate::{ModelError, TrainConfig, TrainingData};

/// What the minibatch strategy "coverage" goes by.
#[derive(Debug, Clone, Copy)]
pub enum Coverage<'a> {
    /// Clusters of the cells: a domain's score is the share of clusters in which it is found ([`domain_coverage`]).
    Clusters(&'a Labels),
    /// A score for each category of the domains, in their order.
    Scores(&'a [f64]),
}

/// For each domain, the share of clusters that it covers: where its cells are more than `threshold` (`enrichment_threshold`)
/// times as many as domain and cluster would share by chance.
///
/// Cells without a domain or a cluster are not counted.
///
/// ```
/// use concord_core::Labels;
///
/// let domains = Labels::from_texts(&["a", "a", "a", "b", "b", "b"]);
/// let clusters = Labels::from_texts(&["1", "1", "2", "2", "2", "2"]);
/// // Of cluster 1 chance would give each domain one cell: b has none.
/// assert_eq!(concord_model::domain_coverage(&domains, &clusters, 0.2)?, [1.0, 0.5]);
/// // Of cluster 2 it would give two cells to each: a has half of that.
/// assert_eq!(concord_model::domain_coverage(&domains, &clusters, 0.5)?, [0.5, 0.5]);
/// # Ok::<(), concord_model::ModelError>(())
/// ```
///
/// # Errors
/// [`ModelError::Core`] when the two are not of the same cells.
///
/// Source: `calculate_domain_coverage_by_cluster` of the reference.
pub fn domain_coverage(domains: &Labels, clusters: &Labels, threshold: f64) -> Result<Vec<f64>, ModelError> {
    /// Keeps the division by an expected number of zero away, as in the reference.
    const TINY: f64 = 1e-9;
    let (expected, found) = (domains.n_cells(), clusters.n_cells());
    if expected != found {
        return Err(CoreError::LengthMismatch { what: "clusters of the cells", expected, found }.into());
    }
    let mut counts = vec![vec![0.0; clusters.n_categories()]; domains.n_categories()];
    for (domain, cluster) in domains.codes().iter().zip(clusters.codes()) {
        if let (Some(domain), Some(cluster)) = (domain, cluster) {
            counts[*domain as usize][*cluster as usize] += 1.0;
        }
    }
    let of_clusters: Vec<f64> =
        (0..clusters.n_categories()).map(|cluster| counts.iter().map(|row| row[cluster]).sum()).collect();
    let n_cells: f64 = of_clusters.iter().sum();
    let n_clusters = of_clusters.iter().filter(|&&n| n > 0.0).count().max(1);
    let score = |row: &Vec<f64>| {
        let of_domain: f64 = row.iter().sum();
        let is_covered = |(&count, &of_cluster): (&f64, &f64)| {
            count / (of_domain * of_cluster / n_cells.max(1.0) + TINY) > threshold
        };
        row.iter().zip(&of_clusters).filter(|&pair| is_covered(pair)).count() as f64 / n_clusters as f64
    };
    Ok(counts.iter().map(score).collect())
}

/// A score for each category of the domains, checked.
pub(crate) fn coverage_scores(data: &TrainingData<'_>, config: &TrainConfig) -> Result<Vec<f64>, ModelError> {
    let option = "sampler-domain-minibatch-strategy";
    let scores = match data.coverage {
        None => return Err(ModelError::MissingInput { option, what: "clusters of the cells, or scores".to_owned() }),
        Some(Coverage::Clusters(clusters)) => domain_coverage(data.domains, clusters, config.enrichment_threshold)?,
        Some(Coverage::Scores(scores)) => scores.to_vec(),
    };
    let (expected, found) = (data.domains.n_categories(), scores.len());
    if expected != found {
        return Err(CoreError::LengthMismatch { what: "coverage of the domains", expected, found }.into());
    }
    let sums_up = scores.iter().all(|score| score.is_finite() && *score >= 0.0) && scores.iter().sum::<f64>() > 0.0;
    if sums_up { Ok(scores) } else { Err(ModelError::NoCoverage { scores }) }
}
