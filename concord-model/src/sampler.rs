//! Which cells stand in which batch.

use concord_core::Labels;
use rand::{RngExt, seq::SliceRandom};

use crate::{
    ModelError, TrainConfig,
    random::{Purpose, Random, stream},
};

/// Batches of fewer cells are dropped, as the reference does: the loss needs cells to compare.
pub(crate) const SMALLEST_BATCH: usize = 4;

/// Draws the batches of an epoch, each from one domain.
///
/// Every cell stands in one batch of the epoch: the cells of a domain that do not fill a batch make a smaller one, or join
/// the one before when they are fewer than [`SMALLEST_BATCH`]. With `drop_partial_batches` they are left out, and a domain
/// smaller than a batch gives a single batch, drawn with replacement, whose duplicates are removed: the reference's way.
#[derive(Debug, Clone)]
pub(crate) struct Sampler {
    domains: Vec<Vec<usize>>,
    batch_size: usize,
    drop_partial_batches: bool,
    seed: u64,
}

impl Sampler {
    /// Takes the domain of every cell.
    pub(crate) fn new(domains: &Labels, config: &TrainConfig) -> Result<Self, ModelError> {
        let TrainConfig { batch_size, drop_partial_batches, seed, .. } = *config;
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
        Ok(Self { domains, batch_size, drop_partial_batches, seed })
    }

    /// The batches of an epoch in their order; cells ascend within a batch.
    pub(crate) fn epoch(&self, epoch: usize) -> Vec<Vec<usize>> {
        let mut random = stream(self.seed, Purpose::Sampler, &[epoch]);
        let mut batches = Vec::new();
        for cells in &self.domains {
            self.draw(cells, &mut random, &mut batches);
        }
        batches.retain(|batch| batch.len() >= SMALLEST_BATCH);
        batches.shuffle(&mut random);
        batches
    }

    fn draw(&self, cells: &[usize], random: &mut Random, batches: &mut Vec<Vec<usize>>) {
        if self.drop_partial_batches && cells.len() < self.batch_size {
            let drawn = (0..self.batch_size).map(|_| cells[random.random_range(0..cells.len())]);
            batches.push(sorted(drawn.collect()));
            return;
        }
        let mut shuffled = cells.to_vec();
        shuffled.shuffle(random);
        let n_left = shuffled.len() % self.batch_size;
        if self.drop_partial_batches {
            shuffled.truncate(shuffled.len() - n_left);
        }
        let mut rest = shuffled.as_slice();
        while !rest.is_empty() {
            // What would be left over and too small to be a batch joins this one.
            let n_cells = if rest.len() < self.batch_size + SMALLEST_BATCH { rest.len() } else { self.batch_size };
            let (batch, others) = rest.split_at(n_cells);
            batches.push(sorted(batch.to_vec()));
            rest = others;
        }
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

    fn sampler(sizes: &[usize], seed: u64, drop_partial_batches: bool) -> Sampler {
        Sampler::new(&domains(sizes), &TrainConfig { drop_partial_batches, seed, ..TrainConfig::default() }).unwrap()
    }

    /// How often each cell stands in the batches of an epoch; the batches must be of one domain each.
    fn n_visits(sizes: &[usize], batches: &[Vec<usize>]) -> Vec<usize> {
        let labels = domains(sizes);
        let mut n_visits = vec![0; labels.n_cells()];
        for batch in batches {
            assert!(batch.iter().all(|&cell| labels.codes()[cell] == labels.codes()[batch[0]]), "a mixed batch");
            for &cell in batch {
                n_visits[cell] += 1;
            }
        }
        n_visits
    }

    #[test]
    fn every_cell_is_seen_once() {
        let sizes = [1000, 600];
        let batches = sampler(&sizes, 7, false).epoch(0);
        let mut n_cells: Vec<usize> = batches.iter().map(Vec::len).collect();
        n_cells.sort_unstable();
        assert_eq!(n_cells, [88, 232, 256, 256, 256, 256, 256]);
        assert!(n_visits(&sizes, &batches).iter().all(|&n| n == 1));
    }

    #[test]
    fn a_few_cells_too_many_join_the_last_batch() {
        for (n_cells, expected) in [(256, vec![256]), (259, vec![259]), (260, vec![256, 4]), (515, vec![256, 259])] {
            let batches = sampler(&[n_cells], 7, false).epoch(0);
            let mut sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
            sizes.sort_unstable_by_key(|&n| (n < 256, n));
            assert_eq!(sizes, expected);
            assert!(n_visits(&[n_cells], &batches).iter().all(|&n| n == 1));
        }
    }

    #[test]
    fn full_batches_leave_the_rest_out_as_the_reference_does() {
        let sizes = [1000, 600];
        let batches = sampler(&sizes, 7, true).epoch(0);
        assert_eq!(batches.len(), 3 + 2);
        assert!(batches.iter().all(|batch| batch.len() == 256));
        let n_visits = n_visits(&sizes, &batches);
        assert_eq!(n_visits.iter().sum::<usize>(), 5 * 256);
        assert!(n_visits.iter().all(|&n| n <= 1), "a cell stands twice");
    }

    #[test]
    fn small_domains_are_taken_whole_or_drawn_with_replacement() {
        let of_small = |drop| sampler(&[300, 40], 7, drop).epoch(3).into_iter().find(|batch| batch[0] >= 300).unwrap();
        assert_eq!(of_small(false), (300..340).collect::<Vec<_>>());
        let small = of_small(true);
        assert!(small.len() <= 40 && small.len() > 30, "{} of 40 cells", small.len());
        assert!(small.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn epochs_differ_and_repeat_with_the_seed() {
        let of_seed = |seed, epoch| sampler(&[600], seed, false).epoch(epoch);
        assert_ne!(of_seed(7, 0), of_seed(7, 1));
        assert_eq!(of_seed(7, 1), of_seed(7, 1));
        assert_ne!(of_seed(7, 1), of_seed(8, 1));
    }

    #[test]
    fn domains_that_make_no_batch_are_refused() {
        let config = TrainConfig::default();
        let error = Sampler::new(&domains(&[300, 3]), &config).unwrap_err();
        assert!(matches!(error, ModelError::SmallDomain { n_cells: 3, .. }), "{error}");
        let error = Sampler::new(&domains(&[100, 100]), &config).unwrap_err();
        assert!(matches!(error, ModelError::TooFewCells { n_cells: 200, batch_size: 256 }), "{error}");
        let missing = Labels::new(vec![Some(0), None, Some(0), Some(0), Some(0)], vec!["a".into()]).unwrap();
        assert!(matches!(Sampler::new(&missing, &config), Err(ModelError::MissingDomain { n_missing: 1 })));
    }
}
