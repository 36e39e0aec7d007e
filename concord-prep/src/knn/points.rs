use concord_core::Embedding;
use rayon::prelude::*;

use super::Metric;

/// An embedding, prepared for comparison by inner products.
///
/// For cells x and y the *score* is half the squared distance less a constant of x, so that it sorts the cells y:
/// `|y|^2 / 2 - x.y` of the centred points, or `-x.y` of the points scaled to length 1.
pub(super) struct Points<'a> {
    embedding: &'a Embedding,
    metric: Metric,
    /// Centred or scaled to length 1, row-major.
    prepared: Vec<f32>,
    /// Lower bound of the first term of a cell's score, in which the rounding of its score is accounted for.
    lowest_half_square: Vec<f32>,
    /// Of every cell, how far its own size can shift a score by rounding.
    rounding: Vec<f32>,
    /// One over the length, 0 at the origin; empty unless the metric needs it.
    inverse_lengths: Vec<f64>,
}

impl<'a> Points<'a> {
    pub(super) fn new(embedding: &'a Embedding, metric: Metric) -> Self {
        let n_dimensions = embedding.n_dimensions();
        let (prepared, inverse_lengths) = match metric {
            Metric::Euclidean => (centered(embedding), Vec::new()),
            Metric::Cosine => unit_length(embedding),
        };
        let squares: Vec<f64> = prepared.par_chunks_exact(n_dimensions).map(squared_length).collect();
        // An inner product of d terms is off by at most d roundings of |x||y| <= (|x|^2 + |y|^2) / 2, the preparation
        // and the addition by a few more of the same size. Twice that to be safe, rounded up.
        let share = (2 * (n_dimensions + 16)) as f64 * f64::from(f32::EPSILON);
        let rounding: Vec<f32> =
            squares.iter().map(|square| (share * square) as f32 * 1.001 + f32::MIN_POSITIVE).collect();
        let half_square = |square: f64| if metric == Metric::Euclidean { 0.5 * square } else { 0.0 };
        let lowest_half_square =
            squares.iter().zip(&rounding).map(|(&square, &rounding)| half_square(square) as f32 - rounding).collect();
        Self { embedding, metric, prepared, lowest_half_square, rounding, inverse_lengths }
    }

    pub(super) fn n_cells(&self) -> usize {
        self.embedding.n_cells()
    }

    pub(super) fn n_dimensions(&self) -> usize {
        self.embedding.n_dimensions()
    }

    /// The prepared points of `n` cells from `first` on.
    pub(super) fn rows(&self, first: usize, n: usize) -> &[f32] {
        let n_dimensions = self.n_dimensions();
        &self.prepared[first * n_dimensions..(first + n) * n_dimensions]
    }

    /// What must be subtracted from the lowest scores of `n` cells from `first` on: their inner products with x.
    pub(super) fn lowest_half_squares(&self, first: usize, n: usize) -> &[f32] {
        &self.lowest_half_square[first..first + n]
    }

    /// How far the score of `cell` with any other can be off because of the size of `cell`.
    pub(super) fn uncertainty(&self, cell: usize) -> f32 {
        self.rounding[cell]
    }

    /// The distance in 64-bit floats, or its square: exactly 0 for identical points.
    pub(super) fn comparable_distance(&self, a: usize, b: usize) -> f64 {
        let (x, y) = (self.embedding.point(a), self.embedding.point(b));
        match self.metric {
            Metric::Euclidean => sum_of_squares(x, y, |x, y| f64::from(x) - f64::from(y)),
            Metric::Cosine => {
                let (p, q) = (self.inverse_lengths[a], self.inverse_lengths[b]);
                if p == 0.0 || q == 0.0 {
                    return 1.0;
                }
                // Equal to 1 - cos for unit vectors, without its cancellation.
                0.5 * sum_of_squares(x, y, |x, y| f64::from(x) * p - f64::from(y) * q)
            }
        }
    }

    /// The distance that belongs to a comparable one.
    pub(super) fn distance(&self, comparable: f64) -> f32 {
        match self.metric {
            Metric::Euclidean => comparable.sqrt() as f32,
            Metric::Cosine => comparable as f32,
        }
    }
}

/// Coordinates relative to the mean, so that a cloud far from the origin loses no digits, and scaled to a largest length
/// of 1, so that no square overflows.
fn centered(embedding: &Embedding) -> Vec<f32> {
    let n_dimensions = embedding.n_dimensions();
    let mut center = vec![0.0; n_dimensions];
    for point in embedding.as_slice().chunks_exact(n_dimensions) {
        for (sum, &value) in center.iter_mut().zip(point) {
            *sum += f64::from(value);
        }
    }
    for sum in &mut center {
        *sum /= embedding.n_cells() as f64;
    }
    let squared_distance = |point: &[f32]| -> f64 {
        point.iter().zip(&center).map(|(&value, center)| (f64::from(value) - center).powi(2)).sum()
    };
    let farthest = embedding.as_slice().par_chunks_exact(n_dimensions).map(squared_distance).reduce(|| 0.0, f64::max);
    let scale = if farthest > 0.0 { 1.0 / farthest.sqrt() } else { 1.0 };
    let mut prepared = embedding.as_slice().to_vec();
    prepared.par_chunks_exact_mut(n_dimensions).for_each(|point| {
        for (value, center) in point.iter_mut().zip(&center) {
            *value = ((f64::from(*value) - center) * scale) as f32;
        }
    });
    prepared
}

/// Points of length 1 (or at the origin), and one over the lengths that they had.
fn unit_length(embedding: &Embedding) -> (Vec<f32>, Vec<f64>) {
    let mut prepared = embedding.as_slice().to_vec();
    let inverse_lengths = prepared
        .par_chunks_exact_mut(embedding.n_dimensions())
        .map(|point| {
            let length = squared_length(point).sqrt();
            let inverse = if length > 0.0 { 1.0 / length } else { 0.0 };
            for value in point {
                *value = (f64::from(*value) * inverse) as f32;
            }
            inverse
        })
        .collect();
    (prepared, inverse_lengths)
}

fn squared_length(point: &[f32]) -> f64 {
    point.iter().map(|&value| f64::from(value) * f64::from(value)).sum()
}

/// The sum of the squared differences, in four interleaved sums so that it need not wait for each addition.
fn sum_of_squares(x: &[f32], y: &[f32], difference: impl Fn(f32, f32) -> f64) -> f64 {
    let (x_fours, y_fours) = (x.chunks_exact(4), y.chunks_exact(4));
    let rest = x_fours.remainder().iter().zip(y_fours.remainder());
    let rest: f64 = rest.map(|(&x, &y)| difference(x, y).powi(2)).sum();
    let mut sums = [0.0; 4];
    for (x, y) in x_fours.zip(y_fours) {
        for lane in 0..4 {
            sums[lane] += difference(x[lane], y[lane]).powi(2);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}
