//! Batches with a share from other domains, or with a share of neighbours of one cell: drawn as the reference draws them.

use concord_core::KnnGraph;
use rand::{RngExt, seq::SliceRandom};

use super::{Sampler, sorted};
use crate::{TrainConfig, options::MinibatchStrategy, random::Random};

/// The cells of a batch by where they come from.
struct Shares {
    near_inside: usize,
    near_outside: usize,
    inside: usize,
    outside: usize,
}

impl Shares {
    /// Rounded down as the reference does: what is lost goes to other domains, and to cells that are no neighbours.
    fn new(config: &TrainConfig, has_neighbors: bool) -> Self {
        let share = |p: f64, n: usize| (p * n as f64) as usize;
        let near = if has_neighbors { share(config.p_intra_knn, config.batch_size) } else { 0 };
        let anywhere = config.batch_size - near;
        let near_inside = share(config.p_intra_domain, near);
        let inside = share(config.p_intra_domain, anywhere);
        Self { near_inside, near_outside: near - near_inside, inside, outside: anywhere - inside }
    }
}

impl Sampler {
    /// The batches of one domain.
    ///
    /// Cells are drawn without replacement where the strategy is proportional and there are enough of them, else with; a
    /// cell that is drawn twice into a batch stands there once.
    pub(super) fn draw_mixed(
        &self,
        domain: usize,
        neighbors: Option<&KnnGraph>,
        random: &mut Random,
        batches: &mut Vec<Vec<usize>>,
    ) {
        let (cells, n_batches) = (&self.domains[domain], self.n_batches[domain]);
        let shares = Shares::new(&self.config, neighbors.is_some());
        let mut drawn = match neighbors {
            None => vec![Vec::new(); n_batches],
            Some(neighbors) => self.draw_near(domain, neighbors, &shares, random),
        };
        let mut add = |cells: &[usize], n_of_batch: usize| {
            let picked = self.pick(cells, n_batches * n_of_batch, random);
            for (batch, cells) in drawn.iter_mut().zip(picked.chunks(n_of_batch.max(1))) {
                batch.extend(cells);
            }
        };
        add(cells, shares.inside);
        if shares.outside > 0 {
            add(&self.outside(domain), shares.outside);
        }
        batches.extend(drawn.into_iter().map(sorted));
    }

    /// For each batch of a domain, neighbours of one of its cells (which counts as its own neighbour).
    fn draw_near(&self, domain: usize, neighbors: &KnnGraph, shares: &Shares, random: &mut Random) -> Vec<Vec<usize>> {
        let cores = self.pick(&self.domains[domain], self.n_batches[domain], random);
        let mut near_one = |&core: &usize| {
            let around = neighbors.neighbors().row(core);
            let around = [core].into_iter().chain(around.iter().map(|&cell| cell as usize));
            let (mut inside, mut outside): (Vec<usize>, Vec<usize>) =
                around.partition(|&cell| self.domain_of[cell] as usize == domain);
            for (cells, n) in [(&mut inside, shares.near_inside), (&mut outside, shares.near_outside)] {
                cells.shuffle(random);
                cells.truncate(n);
            }
            [inside, outside].concat()
        };
        cores.iter().map(&mut near_one).collect()
    }

    /// The cells of all other domains.
    fn outside(&self, domain: usize) -> Vec<usize> {
        let others = self.domains.iter().enumerate().filter(|&(other, _)| other != domain);
        others.flat_map(|(_, cells)| cells).copied().collect()
    }

    fn pick(&self, cells: &[usize], n: usize, random: &mut Random) -> Vec<usize> {
        let is_proportional = self.config.sampler_domain_minibatch_strategy == MinibatchStrategy::Proportional;
        if is_proportional && cells.len() >= n {
            let mut shuffled = cells.to_vec();
            let (picked, _) = shuffled.partial_shuffle(random, n);
            return picked.to_vec();
        }
        (0..n).map(|_| cells[random.random_range(0..cells.len())]).collect()
    }
}
