//! Which cells stand in which batch.

mod mixed;
#[cfg(test)]
mod tests;

use concord_core::{KnnGraph, Labels};
use rand::{RngExt, seq::SliceRandom};

use crate::{
    ModelError, TrainConfig,
    options::MinibatchStrategy,
    random::{Purpose, Random, stream},
};

/// Batches of fewer cells are dropped, as the reference does: the loss needs cells to compare.
pub(crate) const SMALLEST_BATCH: usize = 4;

/// Draws the batches of an epoch, each from one domain, or for the most part from one.
///
/// With the defaults every cell stands in one batch of the epoch: the cells of a domain that do not fill a batch make a
/// smaller one, or join the one before when they are fewer than [`SMALLEST_BATCH`]. With `drop_partial_batches` they are
/// left out, and a domain smaller than a batch gives a single batch, drawn with replacement, whose duplicates are removed:
/// the reference's way. It is our way too, where the options ask for other shares (see `mixed`).
#[derive(Debug, Clone)]
pub(crate) struct Sampler {
    /// The cells of each domain that has some, ascending.
    domains: Vec<Vec<usize>>,
    /// The number of batches of each that are full.
    n_batches: Vec<usize>,
    /// Where each cell stands in `domains`.
    domain_of: Vec<u32>,
    config: TrainConfig,
}

impl Sampler {
    /// Takes the domain of every cell, the cells to draw from (ascending), and a score of each domain for the strategy
    /// that goes by them.
    pub(crate) fn new(
        domains: &Labels,
        cells: Option<&[usize]>,
        coverage: Option<&[f64]>,
        config: &TrainConfig,
    ) -> Result<Self, ModelError> {
        if domains.n_missing() > 0 {
            return Err(ModelError::MissingDomain { n_missing: domains.n_missing() });
        }
        let mut members = domains.members();
        if let Some(cells) = cells {
            for of_domain in &mut members {
                of_domain.retain(|cell| cells.binary_search(cell).is_ok());
            }
        }
        let (n_cells, batch_size) = (members.iter().map(Vec::len).sum(), config.batch_size);
        if n_cells < batch_size {
            return Err(ModelError::TooFewCells { n_cells, batch_size });
        }
        let mut config = config.clone();
        if members.iter().filter(|cells| !cells.is_empty()).count() == 1 {
            config.p_intra_domain = 1.0;
        }
        check_sizes(domains.names(), &members, &config)?;
        let n_batches = n_full_batches(&members, coverage, &config);
        let (domains, n_batches): (Vec<_>, Vec<_>) =
            members.into_iter().zip(n_batches).filter(|(cells, _)| !cells.is_empty()).unzip();
        let mut domain_of = vec![u32::MAX; domains.iter().flatten().max().map_or(0, |last| last + 1)];
        for (domain, cells) in domains.iter().enumerate() {
            for &cell in cells {
                domain_of[cell] = domain as u32;
            }
        }
        Ok(Self { domains, n_batches, domain_of, config })
    }

    /// The batches of an epoch in their order; cells ascend within a batch. Without neighbours none are drawn.
    pub(crate) fn epoch(&self, epoch: usize, neighbors: Option<&KnnGraph>) -> Vec<Vec<usize>> {
        let config = &self.config;
        let is_plain = neighbors.is_none()
            && config.p_intra_domain >= 1.0
            && config.sampler_domain_minibatch_strategy == MinibatchStrategy::Proportional;
        let mut random = stream(config.seed, Purpose::Sampler, &[epoch]);
        let mut batches = Vec::new();
        for (domain, cells) in self.domains.iter().enumerate() {
            if is_plain {
                self.draw(cells, &mut random, &mut batches);
            } else {
                self.draw_mixed(domain, neighbors, &mut random, &mut batches);
            }
        }
        batches.retain(|batch| batch.len() >= SMALLEST_BATCH);
        batches.shuffle(&mut random);
        batches
    }

    fn draw(&self, cells: &[usize], random: &mut Random, batches: &mut Vec<Vec<usize>>) {
        let TrainConfig { batch_size, drop_partial_batches, .. } = self.config;
        if drop_partial_batches && cells.len() < batch_size {
            let drawn = (0..batch_size).map(|_| cells[random.random_range(0..cells.len())]);
            batches.push(sorted(drawn.collect()));
            return;
        }
        let mut shuffled = cells.to_vec();
        shuffled.shuffle(random);
        let n_left = shuffled.len() % batch_size;
        if drop_partial_batches {
            shuffled.truncate(shuffled.len() - n_left);
        }
        batches.extend(in_batches(&shuffled, batch_size).map(|batch| sorted(batch.to_vec())));
    }
}

/// Cuts cells into batches. What would be left over and too small to be one joins the last.
pub(crate) fn in_batches(cells: &[usize], batch_size: usize) -> impl Iterator<Item = &[usize]> {
    let mut rest = cells;
    std::iter::from_fn(move || {
        let n_cells = if rest.len() < batch_size + SMALLEST_BATCH { rest.len() } else { batch_size };
        let (batch, others) = rest.split_at(n_cells);
        rest = others;
        (!batch.is_empty()).then_some(batch)
    })
}

/// A domain must be able to make a batch, unless others help it to.
fn check_sizes(names: &[String], members: &[Vec<usize>], config: &TrainConfig) -> Result<(), ModelError> {
    if config.p_intra_domain < 1.0 {
        return Ok(());
    }
    let mut sizes = names.iter().zip(members.iter().map(Vec::len));
    match sizes.find(|(_, n_cells)| (1..SMALLEST_BATCH).contains(n_cells)) {
        Some((name, n_cells)) => {
            Err(ModelError::SmallDomain { domain: name.clone(), n_cells, minimum: SMALLEST_BATCH })
        }
        None => Ok(()),
    }
}

/// How many batches the strategy gives each domain, as in the reference.
fn n_full_batches(members: &[Vec<usize>], coverage: Option<&[f64]>, config: &TrainConfig) -> Vec<usize> {
    let n_cells: usize = members.iter().map(Vec::len).sum();
    let proportional = members.iter().map(|cells| (cells.len() / config.batch_size).max(1));
    match (config.sampler_domain_minibatch_strategy, coverage) {
        (MinibatchStrategy::Equal, _) => {
            let occupied = proportional.zip(members).filter(|(_, cells)| !cells.is_empty());
            let mut of_occupied: Vec<usize> = occupied.map(|(n, _)| n).collect();
            of_occupied.sort_unstable();
            let (lower, upper) = ((of_occupied.len() - 1) / 2, of_occupied.len() / 2);
            vec![of_occupied[lower].midpoint(of_occupied[upper]); members.len()]
        }
        (MinibatchStrategy::Coverage, Some(scores)) => {
            let total: f64 = scores.iter().sum();
            let n_batches = (n_cells / config.batch_size) as f64;
            scores.iter().map(|score| ((score / total * n_batches) as usize).max(1)).collect()
        }
        _ => proportional.collect(),
    }
}

/// Ascending and without duplicates.
fn sorted(mut cells: Vec<usize>) -> Vec<usize> {
    cells.sort_unstable();
    cells.dedup();
    cells
}
