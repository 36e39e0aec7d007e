//! Gradients with respect to the first step's output, averaged as each method asks for.

use std::ops::Range;

use concord_core::{Dense, LogNorm, Network};
use ndarray::{Array1, Array2, Array3, s};
use rand::RngExt;
use rand_distr::StandardNormal;

use super::block::Work;
use crate::random::stream;

/// What expected gradients find: gradients averaged over the ways, and what belongs to the starts of those ways.
pub(super) struct Expected {
    /// `[n_targets, n_cells, n_hidden]`
    pub(super) gradients: Array3<f32>,
    /// The part of the scores that is the starts', `[n_cells, n_genes]` for each target: their expression times the
    /// gradient on their way.
    pub(super) of_starts: Vec<Dense>,
    /// What the scores sum to, by the products in the first step's output, `[n_cells, n_targets]`.
    pub(super) sums: Array2<f64>,
    /// The targets' mean levels at the starts, `[n_cells, n_targets]`.
    pub(super) mean_levels: Dense,
}

impl<N: Network + ?Sized> Work<'_, N> {
    /// Averaged over the straight way from a point to each cell.
    pub(super) fn along_the_way(&self, hidden: &Dense, start: &Array1<f32>) -> Array3<f32> {
        let way = hidden - start;
        let mut mean = Array3::zeros((self.directions.nrows(), hidden.nrows(), hidden.ncols()));
        for &(place, weight) in &self.rule {
            let point = &way * place as f32 + start;
            mean.scaled_add(weight as f32, &self.network.gradients(point.view(), self.directions.view()));
        }
        mean
    }

    /// Averaged over noise on the genes of each cell.
    pub(super) fn in_noise(&self, block: &Range<usize>, hidden: &Dense) -> Array3<f32> {
        let n_samples = self.config.n_samples;
        let mut streams: Vec<_> = block.clone().map(|cell| stream(self.config.seed, cell)).collect();
        let mut mean = Array3::zeros((self.directions.nrows(), hidden.nrows(), hidden.ncols()));
        let mut noise: Dense = Array2::zeros((block.len(), self.cells.n_genes()));
        for _ in 0..n_samples {
            for (mut noise, stream) in noise.rows_mut().into_iter().zip(&mut streams) {
                noise.mapv_inplace(|_| (stream.sample::<f64, _>(StandardNormal) * self.config.noise_sd) as f32);
            }
            let point = hidden + &noise.dot(&self.network.weights());
            mean += &self.network.gradients(point.view(), self.directions.view());
        }
        mean / n_samples as f32
    }

    /// Averaged over ways that begin in cells drawn at random.
    pub(super) fn expected(
        &self,
        block: &Range<usize>,
        hidden: &Dense,
        cells: &LogNorm,
        starts: &Dense,
        levels: &Dense,
    ) -> Expected {
        let (n_targets, n_samples) = (self.directions.nrows(), self.config.n_samples);
        let share = 1.0 / n_samples as f32;
        let mut streams: Vec<_> = block.clone().map(|cell| stream(self.config.seed, cell)).collect();
        let mut expected = Expected {
            gradients: Array3::zeros((n_targets, hidden.nrows(), hidden.ncols())),
            of_starts: vec![Array2::zeros((hidden.nrows(), cells.n_genes())); n_targets],
            sums: Array2::zeros((hidden.nrows(), n_targets)),
            mean_levels: Array2::zeros((hidden.nrows(), n_targets)),
        };
        let mut points = hidden.clone();
        let mut ways = hidden.clone();
        for sample in 0..n_samples {
            let mut drawn = Vec::with_capacity(streams.len());
            for (row, stream) in streams.iter_mut().enumerate() {
                let cell = stream.random_range(0..starts.nrows());
                // One place in each of `n_samples` pieces of the way, so that all of it is seen.
                let place = (sample as f64 + stream.random::<f64>()) * f64::from(share);
                ways.row_mut(row).assign(&(&hidden.row(row) - &starts.row(cell)));
                points.row_mut(row).assign(&starts.row(cell));
                points.row_mut(row).scaled_add(place as f32, &ways.row(row));
                expected.mean_levels.row_mut(row).scaled_add(share, &levels.row(cell));
                drawn.push(cell);
            }
            let gradients = self.network.gradients(points.view(), self.directions.view()) * share;
            for (target, of_starts) in expected.of_starts.iter_mut().enumerate() {
                for (row, &cell) in drawn.iter().enumerate() {
                    let gradient = gradients.slice(s![target, row, ..]);
                    expected.sums[(row, target)] += f64::from(ways.row(row).dot(&gradient));
                    let Some(start) = cells.matrix().outer_view(cell) else { continue };
                    for (&gene, &value) in start.indices().iter().zip(start.data()) {
                        let gene = gene as usize;
                        of_starts[(row, gene)] += value * self.network.weights().row(gene).dot(&gradient);
                    }
                }
            }
            expected.gradients += &gradients;
        }
        expected
    }
}
