/// The running sum of one set on its way down the ranking.
///
/// Both the observed score and those of random orders are computed here, so that equal hits give equal bits.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    /// Part of the set's total weight that was met.
    risen: f64,
    /// Genes of the set that were met.
    n_hits: u32,
    /// The running sum where it was furthest from 0.
    furthest: f64,
    /// What a weight is multiplied with.
    per_weight: f64,
    /// What is added for every gene of the set, when none of them has a weight.
    per_hit: f64,
    /// By how much the sum falls at a gene that is not in the set.
    per_miss: f64,
}

impl Walk {
    /// A walk for a set of `n_hits` of `n_genes` genes with a total of `weight`.
    pub(super) fn new(n_hits: usize, n_genes: usize, weight: f64) -> Self {
        let is_flat = weight < f64::MIN_POSITIVE;
        Self {
            risen: 0.0,
            n_hits: 0,
            furthest: 0.0,
            per_weight: if is_flat { 0.0 } else { 1.0 / weight },
            per_hit: if is_flat { 1.0 / n_hits as f64 } else { 0.0 },
            per_miss: 1.0 / (n_genes - n_hits) as f64,
        }
    }

    /// Goes on to the next gene of the set, at `rank`. The sum is furthest from 0 just before a hit, or at one.
    #[inline]
    pub(super) fn hit(&mut self, rank: u32, weight: f64) {
        let fallen = f64::from(rank - self.n_hits) * self.per_miss;
        let before = self.risen - fallen;
        self.risen += weight * self.per_weight + self.per_hit;
        let after = self.risen - fallen;
        self.n_hits += 1;
        if before.abs() > self.furthest.abs() {
            self.furthest = before;
        }
        if after.abs() > self.furthest.abs() {
            self.furthest = after;
        }
    }

    /// The enrichment score.
    pub(super) fn score(&self) -> f64 {
        self.furthest
    }
}

/// The enrichment score of a set, and where the running sum reaches it.
pub(super) struct Peak {
    pub(super) score: f64,
    /// The hit at which the sum is highest, or before which it is lowest.
    pub(super) hit: usize,
}

/// Walks down the ranking; `hits` are the ranks of the set's genes, ascending.
pub(super) fn peak(hits: &[u32], weights: &[f64]) -> Peak {
    let total = hits.iter().map(|&rank| weights[rank as usize]).sum();
    let mut walk = Walk::new(hits.len(), weights.len(), total);
    let mut place = 0;
    for (i, &rank) in hits.iter().enumerate() {
        let before = walk.score();
        walk.hit(rank, weights[rank as usize]);
        if walk.score().total_cmp(&before).is_ne() {
            place = i;
        }
    }
    Peak { score: walk.score(), hit: place }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hits: &[u32], weights: &[f64], score: f64, hit: usize) {
        let peak = peak(hits, weights);
        assert!((peak.score - score).abs() < 1e-12, "score {}, expected {score}", peak.score);
        assert_eq!(peak.hit, hit);
    }

    #[test]
    fn scores_follow_the_definition() {
        let weights = [4.0, 3.0, 2.0, 1.0, 0.0, 1.0];
        // Up 4/7, up 3/7; then down.
        check(&[0, 1], &weights, 1.0, 1);
        // Down to -3/4, up to -3/4 + 1/2, down, up.
        check(&[3, 5], &weights, -0.75, 0);
        // Up 4/5; down 4 times 1/4 to -0.2.
        check(&[0, 5], &weights, 0.8, 0);
    }

    #[test]
    fn genes_without_weight_count_alike() {
        check(&[1, 2], &[0.0; 5], 2.0 / 3.0, 1);
        // A weight too small to divide by is none.
        check(&[1, 2], &[f64::MIN_POSITIVE / 4.0; 5], 2.0 / 3.0, 1);
    }
}
