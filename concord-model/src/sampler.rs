//! Which cells stand in which batch.

use concord_core::Labels;
use rand::{RngExt, seq::SliceRandom};

use crate::{
    ModelError,
    random::{Purpose, Random, stream},
};

/// Batches of fewer cells are dropped, as the reference does: the loss needs cells to compare.
pub(crate) const SMALLEST_BATCH: usize = 4;

/// Draws the batches of an epoch, each from one domain.
///
/// Of a domain with at least as many cells as a batch, every epoch takes `floor(n / batch_size)` batches without
/// replacement and leaves the rest out; of a smaller one, a single batch with replacement whose duplicates are removed.
#[derive(Debug, Clone)]
pub(crate) struct Sampler {
    domains: Vec<Vec<usize>>,
    batch_size: usize,
    seed: u64,
}

impl Sampler {
    /// Takes the domain of every cell.
    pub(crate) fn new(domains: &Labels, batch_size: usize, seed: u64) -> Result<Self, ModelError> {
        if domains.n_missing() > 0 {
            return Err(ModelError::MissingDomain { n_missing: domains.n_missing() });
        }
        if domains.n_cells() < batch_size {
            return Err(ModelError::TooFewCells { n_cells: domains.n_cells(), batch_size });
        }
        let members = domains.members();
        for (name, cells) in domains.names().iter().zip(&members) {
            if (1..SMALLEST_BATCH).contains(&cells.len()) {
                return Err(ModelError::SmallDomain {
                    domain: name.clone(),
                    n_cells: cells.len(),
                    minimum: SMALLEST_BATCH,
                });
            }
        }
        let domains = members.into_iter().filter(|cells| !cells.is_empty()).collect();
        Ok(Self { domains, batch_size, seed })
    }

    /// Number of batches of an epoch; a few less when a small domain's draw falls under the smallest batch.
    pub(crate) fn n_batches(&self) -> usize {
        self.domains.iter().map(|cells| self.n_batches_of(cells)).sum()
    }

    fn n_batches_of(&self, cells: &[usize]) -> usize {
        (cells.len() / self.batch_size).max(1)
    }

    /// The batches of an epoch in their order; cells ascend within a batch.
    pub(crate) fn epoch(&self, epoch: usize) -> Vec<Vec<usize>> {
        let mut random = stream(self.seed, Purpose::Sampler, &[epoch]);
        let mut batches = Vec::with_capacity(self.n_batches());
        for cells in &self.domains {
            self.draw(cells, &mut random, &mut batches);
        }
        batches.retain(|batch| batch.len() >= SMALLEST_BATCH);
        batches.shuffle(&mut random);
        batches
    }

    fn draw(&self, cells: &[usize], random: &mut Random, batches: &mut Vec<Vec<usize>>) {
        if cells.len() < self.batch_size {
            let drawn = (0..self.batch_size).map(|_| cells[random.random_range(0..cells.len())]);
            batches.push(sorted(drawn.collect()));
            return;
        }
        let mut shuffled = cells.to_vec();
        shuffled.shuffle(random);
        let whole = shuffled.chunks_exact(self.batch_size);
        batches.extend(whole.map(|batch| sorted(batch.to_vec())));
    }
}

/// Ascending and without duplicates.
fn sorted(mut cells: Vec<usize>) -> Vec<usize> {
    cells.sort_unstable();
    cells.dedup();
    cells
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn domains(sizes: &[usize]) -> Labels {
        let codes = sizes.iter().enumerate().flat_map(|(code, &n)| vec![Some(code as u32); n]).collect();
        Labels::new(codes, (0..sizes.len()).map(|code| format!("batch {code}")).collect()).unwrap()
    }

    #[test]
    fn batches_are_pure_full_and_disjoint() {
        let labels = domains(&[1000, 600]);
        let sampler = Sampler::new(&labels, 256, 7).unwrap();
        let batches = sampler.epoch(0);
        assert_eq!(batches.len(), 3 + 2);
        let mut seen = vec![false; labels.n_cells()];
        for batch in &batches {
            assert_eq!(batch.len(), 256);
            assert!(batch.iter().all(|&cell| labels.codes()[cell] == labels.codes()[batch[0]]), "a mixed batch");
            for &cell in batch {
                assert!(!std::mem::replace(&mut seen[cell], true), "cell {cell} twice in an epoch");
            }
        }
    }

    #[test]
    fn small_domains_are_drawn_with_replacement() {
        let sampler = Sampler::new(&domains(&[300, 40]), 256, 7).unwrap();
        let batches = sampler.epoch(3);
        let small = batches.iter().find(|batch| batch[0] >= 300).unwrap();
        assert!(small.len() <= 40 && small.len() > 30, "{} of 40 cells", small.len());
        assert!(small.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn epochs_differ_and_repeat_with_the_seed() {
        let labels = domains(&[600]);
        let sampler = Sampler::new(&labels, 256, 7).unwrap();
        assert_ne!(sampler.epoch(0), sampler.epoch(1));
        assert_eq!(sampler.epoch(1), Sampler::new(&labels, 256, 7).unwrap().epoch(1));
        assert_ne!(sampler.epoch(1), Sampler::new(&labels, 256, 8).unwrap().epoch(1));
    }

    #[test]
    fn domains_that_make_no_batch_are_refused() {
        let error = Sampler::new(&domains(&[300, 3]), 256, 7).unwrap_err();
        assert!(matches!(error, ModelError::SmallDomain { n_cells: 3, .. }), "{error}");
        let missing = Labels::new(vec![Some(0), None, Some(0), Some(0), Some(0)], vec!["a".into()]).unwrap();
        assert!(matches!(Sampler::new(&missing, 4, 7), Err(ModelError::MissingDomain { n_missing: 1 })));
    }
}
