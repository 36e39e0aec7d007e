// Loops over dimensions and lanes are written by index, all alike, and inlined, so that they become vector instructions
// of the caller's kind.
#![allow(clippy::inline_always, clippy::needless_range_loop)]

use super::Layout;
use crate::umap::force::{LANES, Lanes};
use crate::umap::random::hash;

impl<const D: usize> Layout<'_, D> {
    /// Moves the cells at the places from `first` (up to `end`), [`LANES`] to a group, through one epoch.
    ///
    /// The arithmetic is the same for every instruction set, and so are the bits of the result.
    pub(super) fn move_groups(
        &self,
        epoch: usize,
        first: usize,
        end: usize,
        groups: &mut [[Lanes; D]],
        drawn: &mut Drawn,
    ) {
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                // SAFETY: this processor has AVX-512F.
                return unsafe { self.move_groups_avx512(epoch, first, end, groups, drawn) };
            }
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: this processor has AVX2.
                return unsafe { self.move_groups_avx2(epoch, first, end, groups, drawn) };
            }
        }
        self.move_groups_portable(epoch, first, end, groups, drawn);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn move_groups_avx512(&self, epoch: usize, first: usize, end: usize, groups: &mut [[Lanes; D]], drawn: &mut Drawn) {
        self.move_groups_portable(epoch, first, end, groups, drawn);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn move_groups_avx2(&self, epoch: usize, first: usize, end: usize, groups: &mut [[Lanes; D]], drawn: &mut Drawn) {
        self.move_groups_portable(epoch, first, end, groups, drawn);
    }

    #[inline(always)]
    fn move_groups_portable(
        &self,
        epoch: usize,
        first: usize,
        end: usize,
        groups: &mut [[Lanes; D]],
        drawn: &mut Drawn,
    ) {
        for (group, place) in groups.iter_mut().zip((first..end).step_by(LANES)) {
            drawn.draw(self, epoch, place, LANES.min(end - place));
            self.move_group(epoch, place, group, drawn);
        }
    }

    #[inline(always)]
    fn move_group(&self, epoch: usize, first: usize, position: &mut [Lanes; D], drawn: &Drawn) {
        let rate = (self.options.learning_rate * (1.0 - (epoch - 1) as f64 / self.options.n_epochs as f64)) as f32;
        for (position, coordinate) in position.iter_mut().zip(&self.coordinates) {
            position.copy_from_slice(&coordinate[first..first + LANES]);
        }
        let n_cells = self.order.len() as u64;
        let mut random = hash(self.options.seed ^ hash((epoch as u64) << 32 | first as u64));
        // All edges pull twice, for they belong to both of their ends: once as the other end's, and once as this cell's.
        for step in 0..drawn.n_steps {
            self.pull(position, drawn, step, rate);
        }
        for step in 0..drawn.n_steps {
            let rates = self.pull(position, drawn, step, rate);
            let mut shift = [[0.0; LANES]; D];
            for _ in 0..self.options.negative_sample_rate {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let place = (((random >> 32) * n_cells) >> 32) as usize;
                let others: [&Lanes; D] =
                    std::array::from_fn(|d| self.coordinates[d][place..].first_chunk().unwrap_or(&[0.0; LANES]));
                self.options.forces.push(&mut shift, position, &others);
            }
            for d in 0..D {
                for lane in 0..LANES {
                    position[d][lane] += rates[lane] * shift[d][lane];
                }
            }
        }
    }

    /// Lets one edge of every lane pull, and gives the rates that the lanes moved at: 0 where a lane has no more edges.
    #[inline(always)]
    fn pull(&self, position: &mut [Lanes; D], drawn: &Drawn, step: usize, rate: f32) -> Lanes {
        let rates = std::array::from_fn(|lane| if (step as u32) < drawn.counts[lane] { rate } else { 0.0 });
        let neighbors = drawn.neighbors[step];
        let neighbor: [Lanes; D] = std::array::from_fn(|d| neighbors.map(|place| self.coordinates[d][place as usize]));
        self.options.forces.pull(position, &neighbor, &rates);
        rates
    }
}

/// The edges drawn in one epoch for the cells of one group.
#[derive(Default)]
pub(super) struct Drawn {
    /// Number of edges of every lane, and the largest of these.
    counts: [u32; LANES],
    n_steps: usize,
    /// The place of every lane's neighbour, step by step; any place where a lane has no more.
    neighbors: Vec<[u32; LANES]>,
}

impl Drawn {
    #[inline(always)]
    fn draw<const D: usize>(&mut self, layout: &Layout<'_, D>, epoch: usize, first: usize, n_lanes: usize) {
        self.counts = [0; LANES];
        for lane in 0..n_lanes {
            let edges = layout.starts[first + lane]..layout.starts[first + lane + 1];
            if self.neighbors.len() <= edges.len() {
                self.neighbors.resize(edges.len() + 1, [0; LANES]);
            }
            let mut count = 0;
            for (&neighbor, &rate) in layout.neighbors[edges.clone()].iter().zip(&layout.rates[edges]) {
                self.neighbors[count][lane] = neighbor;
                // Drawn whenever the multiples of the rate pass a whole number.
                count += usize::from((epoch as u32).wrapping_mul(rate) < rate);
            }
            self.counts[lane] = count as u32;
        }
        self.n_steps = self.counts.into_iter().max().unwrap_or(0) as usize;
    }
}
