use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::PrerankConfig;
use super::ranking::Members;
use super::walk::Walk;

/// Enrichment scores in random orders of the genes.
pub(super) struct Null {
    n_sets: usize,
    scores: Vec<f64>,
}

impl Null {
    /// The scores of all sets, one permutation after the other.
    pub(super) fn permutations(&self) -> impl Iterator<Item = &[f64]> {
        self.scores.chunks_exact(self.n_sets)
    }

    pub(super) fn par_permutations(&self) -> impl ParallelIterator<Item = &[f64]> {
        self.scores.par_chunks_exact(self.n_sets)
    }
}

/// Permutations between two calls of `progress`.
const N_TOGETHER: usize = 50;

/// Scores every set in `n_permutations` random orders of the genes, the same orders for all sets.
///
/// Every permutation has a seed of its own, so that it does not matter which thread does it.
pub(super) fn scores(
    weights: &[f64],
    members: &Members,
    config: &PrerankConfig,
    progress: &mut dyn FnMut(usize, usize),
) -> Null {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(config.seed);
    let seeds: Vec<u64> = (0..config.n_permutations).map(|_| rng.random()).collect();
    let n_sets = members.hits.len();
    let mut scores = vec![0.0; n_sets * config.n_permutations];
    let mut n_done = 0;
    for (scores, seeds) in scores.chunks_mut(n_sets * N_TOGETHER).zip(seeds.chunks(N_TOGETHER)) {
        let permutations = scores.par_chunks_exact_mut(n_sets).zip(seeds);
        permutations.for_each_init(Scratch::default, |scratch, (scores, &seed)| {
            scratch.permute(weights, members, seed);
            for (score, walk) in scores.iter_mut().zip(&scratch.walks) {
                *score = walk.score();
            }
        });
        n_done += seeds.len();
        progress(n_done, config.n_permutations);
    }
    Null { n_sets, scores }
}

/// What one permutation needs, kept for the next.
#[derive(Default)]
struct Scratch {
    /// The gene at each rank, as its rank in the observed order.
    order: Vec<u32>,
    totals: Vec<f64>,
    walks: Vec<Walk>,
}

impl Scratch {
    /// Goes down a random order once, with all sets at the same time: what a set meets is then sorted already.
    fn permute(&mut self, weights: &[f64], members: &Members, seed: u64) {
        self.order.clear();
        self.order.extend(0..weights.len() as u32);
        self.order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
        self.totals.clear();
        self.totals.resize(members.hits.len(), 0.0);
        for (&gene, &weight) in self.order.iter().zip(weights) {
            for &set in members.of_gene(gene as usize) {
                self.totals[set as usize] += weight;
            }
        }
        let hits = members.hits.iter().zip(&self.totals);
        self.walks.clear();
        self.walks.extend(hits.map(|(hits, &total)| Walk::new(hits.len(), weights.len(), total)));
        for (rank, (&gene, &weight)) in (0..).zip(self.order.iter().zip(weights)) {
            for &set in members.of_gene(gene as usize) {
                self.walks[set as usize].hit(rank, weight);
            }
        }
    }
}
