// Loops over dimensions and lanes are written by index, all alike, and inlined so that they become vector instructions.
#![allow(clippy::inline_always, clippy::needless_range_loop)]

use ndarray::Array2;
use rayon::prelude::*;

use super::force::{Forces, LANES, Lanes};
use super::fuzzy::FuzzyGraph;
use super::random::hash;

/// Parts of an epoch: each moves its share of the cells, all at once, while the others rest.
const N_PHASES: usize = 8;
/// Groups of [`LANES`] cells that one task moves.
const GROUPS_PER_TASK: usize = 4;

/// What the optimisation needs to know besides the graph and the starting positions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LayoutOptions {
    pub(crate) forces: Forces,
    pub(crate) n_epochs: usize,
    pub(crate) learning_rate: f64,
    pub(crate) negative_sample_rate: usize,
    pub(crate) seed: u64,
}

/// Moves the cells by stochastic gradient descent on the cross entropy between the graph and the picture.
///
/// The model is umap-learn's: an edge is drawn in proportion to its weight, pulls both of its ends, and pushes its first
/// end away from `negative_sample_rate` random cells. What differs is who moves when, so that threads cannot matter.
/// umap-learn goes through the edges and moves both ends at once. Here a cell goes through its own edges, its position
/// changing from edge to edge, while all others stand where the phase began; an edge belongs to both of its ends, so
/// each takes the step twice in its own turn. The cells of one phase are a random share of all, so that most
/// neighbours of a cell have moved since, or will, in another phase. Random cells are those at a random place of the
/// randomly ordered cells: neighbouring lanes look at neighbouring cells of that order.
pub(crate) fn optimize(
    graph: &FuzzyGraph,
    start: &Array2<f64>,
    options: &LayoutOptions,
    progress: &mut dyn FnMut(usize, usize),
) -> Array2<f32> {
    match start.ncols() {
        ..=2 => Layout::<2>::new(graph, start, options).run(progress),
        3 => Layout::<3>::new(graph, start, options).run(progress),
        4..=8 => Layout::<8>::new(graph, start, options).run(progress),
        _ => Layout::<64>::new(graph, start, options).run(progress),
    }
}

/// The cells in their random order, in `D` dimensions (those beyond the picture's stay 0).
struct Layout<'a, const D: usize> {
    options: &'a LayoutOptions,
    n_components: usize,
    /// The cell at every place of the random order.
    order: Vec<u32>,
    /// First place of every phase, and the end.
    phases: Vec<usize>,
    /// Edges of the cell at every place, by place; and the share of epochs in which an edge is drawn, of 2^32.
    starts: Vec<usize>,
    neighbors: Vec<u32>,
    rates: Vec<u32>,
    /// Every coordinate of all places, followed by those of the first [`LANES`] places once more.
    coordinates: [Vec<f32>; D],
}

impl<'a, const D: usize> Layout<'a, D> {
    fn new(graph: &FuzzyGraph, start: &Array2<f64>, options: &'a LayoutOptions) -> Self {
        let n_cells = graph.n_cells();
        let (order, phases) = random_order(graph, options.seed);
        let mut place = vec![0u32; n_cells];
        for (new, &cell) in order.iter().enumerate() {
            place[cell as usize] = new as u32;
        }
        let largest = graph.weights.iter().copied().fold(0.0, f32::max);
        let mut starts = vec![0];
        let (mut neighbors, mut rates) = (Vec::new(), Vec::new());
        for &cell in &order {
            // Edges that would be drawn less than once are left out.
            let kept = graph.row(cell as usize).filter(|(_, weight)| weight * options.n_epochs as f32 >= largest);
            for (neighbor, weight) in kept {
                neighbors.push(place[neighbor as usize]);
                rates.push((f64::from(weight / largest) * f64::from(u32::MAX)) as u32);
            }
            starts.push(neighbors.len());
        }
        let coordinate = |d: usize, place: usize| {
            if d < start.ncols() { start[[order[place % n_cells] as usize, d]] as f32 } else { 0.0 }
        };
        let coordinates = std::array::from_fn(|d| (0..n_cells + LANES).map(|place| coordinate(d, place)).collect());
        Self { options, n_components: start.ncols(), order, phases, starts, neighbors, rates, coordinates }
    }

    fn run(mut self, progress: &mut dyn FnMut(usize, usize)) -> Array2<f32> {
        let n_epochs = self.options.n_epochs;
        for epoch in 1..=n_epochs {
            for phase in 0..self.phases.len() - 1 {
                self.move_phase(epoch, phase);
            }
            progress(epoch, n_epochs);
        }
        let mut positions = Array2::zeros((self.order.len(), self.n_components));
        for (place, &cell) in self.order.iter().enumerate() {
            for d in 0..self.n_components {
                positions[[cell as usize, d]] = self.coordinates[d][place];
            }
        }
        positions
    }

    fn move_phase(&mut self, epoch: usize, phase: usize) {
        let (first, end) = (self.phases[phase], self.phases[phase + 1]);
        let mut moved = vec![[[0.0; LANES]; D]; (end - first).div_ceil(LANES)];
        let layout = &*self;
        moved.par_chunks_mut(GROUPS_PER_TASK).enumerate().for_each_init(Drawn::default, |drawn, (task, groups)| {
            let first = first + task * GROUPS_PER_TASK * LANES;
            layout.move_groups(epoch, first, end, groups, drawn);
        });
        let n_cells = self.order.len();
        for (d, coordinate) in self.coordinates.iter_mut().enumerate() {
            for (group, place) in moved.iter().zip((first..end).step_by(LANES)) {
                let n_lanes = LANES.min(end - place);
                coordinate[place..place + n_lanes].copy_from_slice(&group[d][..n_lanes]);
            }
            for place in n_cells..n_cells + LANES {
                coordinate[place] = coordinate[place % n_cells];
            }
        }
    }

    fn move_groups(&self, epoch: usize, first: usize, end: usize, groups: &mut [[Lanes; D]], drawn: &mut Drawn) {
        for (group, place) in groups.iter_mut().zip((first..end).step_by(LANES)) {
            self.move_group(epoch, place, LANES.min(end - place), group, drawn);
        }
    }

    #[inline(always)]
    fn move_group(&self, epoch: usize, first: usize, n_lanes: usize, position: &mut [Lanes; D], drawn: &mut Drawn) {
        let forces = self.options.forces;
        let rate = (self.options.learning_rate * (1.0 - (epoch - 1) as f64 / self.options.n_epochs as f64)) as f32;
        for (position, coordinate) in position.iter_mut().zip(&self.coordinates) {
            position.copy_from_slice(&coordinate[first..first + LANES]);
        }
        let n_steps = drawn.draw(self, epoch, first, n_lanes);
        let n_cells = self.order.len() as u64;
        let mut random = hash(self.options.seed ^ hash((epoch as u64) << 32 | first as u64));
        for step in 0..n_steps {
            let mut neighbor = [[0.0; LANES]; D];
            let mut active = [0.0; LANES];
            for lane in 0..LANES {
                let is_active = step < drawn.counts[lane];
                active[lane] = f32::from(u8::from(is_active));
                if is_active {
                    let place = drawn.neighbors[lane * drawn.stride + step] as usize;
                    for d in 0..D {
                        neighbor[d][lane] = self.coordinates[d][place];
                    }
                } else {
                    for d in 0..D {
                        neighbor[d][lane] = position[d][lane];
                    }
                }
            }
            forces.pull(position, &neighbor, 2.0 * rate);
            let mut shift = [[0.0; LANES]; D];
            for _ in 0..self.options.negative_sample_rate {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let place = (((random >> 32) * n_cells) >> 32) as usize;
                let others: [&[f32; LANES]; D] =
                    std::array::from_fn(|d| self.coordinates[d][place..].first_chunk().unwrap_or(&[0.0; LANES]));
                forces.push(&mut shift, position, &others, &active);
            }
            for d in 0..D {
                for lane in 0..LANES {
                    position[d][lane] += rate * shift[d][lane];
                }
            }
        }
    }
}

/// The edges drawn in one epoch for the cells of one group.
#[derive(Default)]
struct Drawn {
    counts: [usize; LANES],
    stride: usize,
    neighbors: Vec<u32>,
}

impl Drawn {
    /// Draws the edges, and returns the largest number of edges of a lane.
    #[inline(always)]
    fn draw<const D: usize>(&mut self, layout: &Layout<'_, D>, epoch: usize, first: usize, n_lanes: usize) -> usize {
        let edges = |lane: usize| layout.starts[first + lane]..layout.starts[first + lane + 1];
        self.stride = (0..n_lanes).map(|lane| edges(lane).len()).max().unwrap_or(0) + 1;
        self.neighbors.resize(self.stride * LANES, 0);
        self.counts = [0; LANES];
        for lane in 0..n_lanes {
            let row = &mut self.neighbors[lane * self.stride..(lane + 1) * self.stride];
            let mut count = 0;
            for (&neighbor, &rate) in layout.neighbors[edges(lane)].iter().zip(&layout.rates[edges(lane)]) {
                row[count] = neighbor;
                // Drawn whenever the multiples of the rate pass a whole number.
                count += usize::from((epoch as u32).wrapping_mul(rate) < rate);
            }
            self.counts[lane] = count;
        }
        self.counts.into_iter().max().unwrap_or(0)
    }
}

/// All cells in random order, cut into phases; within a phase by falling number of edges to draw, so that the cells of
/// one group have about as much to do.
fn random_order(graph: &FuzzyGraph, seed: u64) -> (Vec<u32>, Vec<usize>) {
    let n_cells = graph.n_cells();
    let mut order: Vec<u32> = (0..n_cells as u32).collect();
    order.sort_by_cached_key(|&cell| (hash(seed ^ hash(u64::from(cell))), cell));
    let phases: Vec<usize> = (0..=N_PHASES).map(|phase| phase * n_cells / N_PHASES).collect();
    for phase in phases.windows(2) {
        let load = |&cell: &u32| graph.row(cell as usize).map(|(_, weight)| weight).sum::<f32>();
        order[phase[0]..phase[1]].sort_by_cached_key(|cell| (std::cmp::Reverse(load(cell).to_bits()), *cell));
    }
    (order, phases)
}
