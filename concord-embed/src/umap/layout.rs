mod kernel;

use ndarray::Array2;
use rayon::prelude::*;

use super::force::{Forces, LANES};
use super::fuzzy::FuzzyGraph;
use super::random::hash;
use kernel::Drawn;

/// Parts of an epoch: each moves its share of the cells, all at once, while the others rest.
///
/// With one part, the share of kept neighbours of 20,000 cells was 0.088, with two 0.089, with four or eight 0.090 to
/// 0.091 (umap-learn: 0.091); more than eight gain nothing and take longer.
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
/// changing from edge to edge, while all others stand where the phase began. An edge belongs to both of its ends, so each
/// takes the step twice in its own turn, and not in a row: with a step of twice the length, 2,638 blood cells kept 0.008
/// fewer of their neighbours (of eight seeds each; umap-learn keeps as many as we do now). The cells of one phase are a
/// random share of all, so that most neighbours of a cell have moved since, or will, in another phase. Random cells are
/// those at a random place of the randomly ordered cells: neighbouring lanes look at neighbouring cells of that order.
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
