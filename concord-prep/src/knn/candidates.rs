use super::points::Points;

/// Scores that are looked at together: most groups have none that is low enough.
const GROUP: usize = 32;

/// The cells that may be among the `k` nearest of one cell.
pub(super) struct Candidates {
    k: usize,
    /// How far a score can be off because of the size of the cell itself.
    uncertainty: f32,
    /// No cell whose score is above this for sure is among the nearest.
    limit: f32,
    found: Vec<Candidate>,
    /// When this many have been found, those that are out of the question are dropped.
    capacity: usize,
}

#[derive(Clone, Copy)]
struct Candidate {
    lowest: f32,
    highest: f32,
    cell: u32,
}

impl Candidates {
    pub(super) fn new(k: usize, uncertainty: f32) -> Self {
        let capacity = capacity_for(k);
        Self { k, uncertainty, limit: f32::INFINITY, found: Vec::with_capacity(capacity + GROUP), capacity }
    }

    /// Looks at the cells from `first` on, given their inner products with this `cell`.
    pub(super) fn consider(&mut self, cell: usize, first: usize, points: &Points<'_>, products: &[f32]) {
        let half_squares = points.lowest_half_squares(first, products.len());
        let groups = half_squares.chunks(GROUP).zip(products.chunks(GROUP));
        for (start, (half_squares, products)) in (first..).step_by(GROUP).zip(groups) {
            // The limit may move within a group; the one at its start is merely less strict.
            let limit = self.limit + self.uncertainty;
            if !any_below(half_squares, products, limit) {
                continue;
            }
            for (other, (half_square, product)) in (start..).zip(half_squares.iter().zip(products)) {
                let score = half_square - product;
                if score <= limit && other != cell {
                    let lowest = score - self.uncertainty;
                    let highest = score + self.uncertainty + 2.0 * points.uncertainty(other);
                    self.found.push(Candidate { lowest, highest, cell: other as u32 });
                }
            }
            if self.found.len() >= self.capacity {
                self.drop_hopeless();
            }
        }
    }

    /// The `k` nearest by distance, then by number, with their distances.
    pub(super) fn nearest(mut self, cell: usize, points: &Points<'_>) -> Vec<(f32, u32)> {
        self.drop_hopeless();
        let mut exact: Vec<(f64, u32)> = self
            .found
            .iter()
            .map(|candidate| (points.comparable_distance(cell, candidate.cell as usize), candidate.cell))
            .collect();
        exact.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        exact.truncate(self.k);
        exact.into_iter().map(|(comparable, cell)| (points.distance(comparable), cell)).collect()
    }

    /// At least k cells have scores up to the k-th lowest upper bound: none that lies above it for sure is wanted.
    fn drop_hopeless(&mut self) {
        if self.found.len() > self.k {
            let (_, last, _) = self.found.select_nth_unstable_by(self.k - 1, |a, b| a.highest.total_cmp(&b.highest));
            self.limit = last.highest;
            self.found.retain(|candidate| candidate.lowest <= self.limit);
        }
        self.capacity = capacity_for(self.found.len());
    }
}

/// Room for so many more that dropping, which takes time in proportion to all, is rare.
fn capacity_for(n_kept: usize) -> usize {
    2 * n_kept + 64
}

fn any_below(half_squares: &[f32], products: &[f32], limit: f32) -> bool {
    let below = |(half_square, product): (&f32, &f32)| u32::from(half_square - product <= limit);
    half_squares.iter().zip(products).map(below).fold(0, |any, below| any | below) != 0
}
