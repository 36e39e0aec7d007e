//! One block of cells: from averaged gradients to sums of scores.

use std::ops::Range;

use concord_core::{Dense, LogNorm, Network};
use ndarray::{Array1, Array2, Array3, Axis, s};

use super::{gradients::Expected, start::Start};
use crate::{
    AttributeConfig, Method, Sign,
    first_step::{dense_rows, hidden},
    quadrature::gauss_legendre,
};

/// What all blocks of cells share.
pub(super) struct Work<'a, N: ?Sized> {
    pub(super) network: &'a N,
    pub(super) cells: &'a LogNorm,
    pub(super) config: &'a AttributeConfig,
    /// `[n_targets, n_neurons]`
    pub(super) directions: Dense,
    start: Start<'a>,
    /// Points on the way from 0 to 1, and their weights.
    pub(super) rule: Vec<(f64, f64)>,
}

/// What a block of cells contributes.
pub(super) struct Part {
    /// Sums of scores over the cells, `[n_genes, n_targets]`.
    pub(super) sums: Array2<f64>,
    /// For each target: of each cell the sum of its scores, and the difference that they should add up to.
    pub(super) totals: Vec<Vec<(f64, f64)>>,
    /// For each target the scores, `[n_cells, n_genes]`, when they are kept.
    pub(super) scores: Vec<Dense>,
}

/// What the gradient of a gene is multiplied by.
#[derive(Clone, Copy)]
enum Factor<'a> {
    One,
    Expression,
    /// Expression minus that of the baseline.
    Difference(&'a Array1<f32>),
}

impl<'a, N: Network + ?Sized> Work<'a, N> {
    pub(super) fn new(
        network: &'a N,
        cells: &'a LogNorm,
        directions: Dense,
        start: Start<'a>,
        config: &'a AttributeConfig,
    ) -> Self {
        Self { network, cells, config, directions, start, rule: gauss_legendre(config.n_steps) }
    }

    /// Attributes some cells.
    pub(super) fn block(&self, block: Range<usize>) -> Part {
        let hidden = hidden(self.network, self.cells, block.clone());
        let mut totals = Vec::new();
        let mut of_starts = Vec::new();
        let (gradients, factor) = match (&self.start, self.config.method) {
            (Start::Point { row, hidden: start }, _) => {
                let gradients = self.along_the_way(&hidden, start);
                let at_start = self.levels(&start.view().insert_axis(Axis(0)).to_owned());
                let way = &hidden - start;
                let sums = gradients.outer_iter().map(|gradients| (&gradients * &way).sum_axis(Axis(1)));
                let sums: Vec<Array1<f64>> = sums.map(|sums| sums.mapv(f64::from)).collect();
                totals = Self::totals(&sums, &(self.levels(&hidden) - at_start));
                (gradients, Factor::Difference(row))
            }
            (Start::Cells { cells, hidden: starts, levels }, _) => {
                let found = self.expected(&block, &hidden, cells, starts, levels);
                let Expected { gradients, of_starts: parts, sums, mean_levels } = found;
                let sums: Vec<Array1<f64>> = sums.columns().into_iter().map(|sums| sums.to_owned()).collect();
                totals = Self::totals(&sums, &(self.levels(&hidden) - mean_levels));
                of_starts = parts;
                (gradients, Factor::Expression)
            }
            (Start::None, Method::SmoothGrad) => (self.in_noise(&block, &hidden), Factor::One),
            (Start::None, method) => {
                let factor = if method == Method::Gradient { Factor::One } else { Factor::Expression };
                (self.network.gradients(hidden.view(), self.directions.view()), factor)
            }
        };
        if self.config.sign == Sign::Signed && !self.config.keep_cells {
            let mut sums = self.sums(&block, &gradients, factor);
            for (of_starts, mut sums) in of_starts.iter().zip(sums.columns_mut()) {
                for cell in of_starts.rows() {
                    sums.zip_mut_with(&cell, |sum, &score| *sum -= f64::from(score));
                }
            }
            return Part { sums, totals, scores: Vec::new() };
        }
        let mut scores = self.scores(&block, &gradients, factor);
        scores.iter_mut().zip(&of_starts).for_each(|(scores, of_starts)| *scores -= of_starts);
        let sums = self.sums_of(&scores);
        Part { sums, totals, scores: if self.config.keep_cells { scores } else { Vec::new() } }
    }

    /// The targets' levels, `[n_cells, n_targets]`.
    fn levels(&self, hidden: &Dense) -> Dense {
        self.network.outputs(hidden.view()).dot(&self.directions.t())
    }

    /// For each target: of each cell the sum of its scores, and what it should be.
    fn totals(sums: &[Array1<f64>], differences: &Dense) -> Vec<Vec<(f64, f64)>> {
        let with_difference = |(sums, differences): (&Array1<f64>, ndarray::ArrayView1<'_, f32>)| {
            sums.iter().copied().zip(differences.iter().map(|&difference| f64::from(difference))).collect()
        };
        sums.iter().zip(differences.columns()).map(with_difference).collect()
    }

    /// Sums of signed scores over the cells, `[n_genes, n_targets]`, without a dense row of genes: a gene that a cell does
    /// not express needs no gradient in that cell, and what all cells share (the baseline) needs the summed gradient once.
    fn sums(&self, block: &Range<usize>, gradients: &Array3<f32>, factor: Factor<'_>) -> Array2<f64> {
        let weights = self.network.weights();
        let n_targets = gradients.dim().0;
        let mut sums = Array2::zeros((weights.nrows(), n_targets));
        if !matches!(factor, Factor::One) {
            for (row, cell) in block.clone().enumerate() {
                let Some(expression) = self.cells.matrix().outer_view(cell) else { continue };
                for (&gene, &value) in expression.indices().iter().zip(expression.data()) {
                    let weights = weights.row(gene as usize);
                    for target in 0..n_targets {
                        let slope = weights.dot(&gradients.slice(s![target, row, ..]));
                        sums[(gene as usize, target)] += f64::from(value * slope);
                    }
                }
            }
        }
        let shared = |gene: usize| match factor {
            Factor::One => 1.0,
            Factor::Expression => 0.0,
            Factor::Difference(start) => -start[gene],
        };
        if !matches!(factor, Factor::Expression) {
            let slopes = weights.dot(&gradients.sum_axis(Axis(1)).t());
            for ((gene, target), &slope) in slopes.indexed_iter() {
                sums[(gene, target)] += f64::from(shared(gene) * slope);
            }
        }
        sums
    }

    /// The scores of every cell, `[n_cells, n_genes]` for each target.
    fn scores(&self, block: &Range<usize>, gradients: &Array3<f32>, factor: Factor<'_>) -> Vec<Dense> {
        let factor = match factor {
            Factor::One => None,
            Factor::Expression => Some(dense_rows(self.cells, block.clone())),
            Factor::Difference(start) => Some(dense_rows(self.cells, block.clone()) - start),
        };
        let of_target = |gradients: ndarray::ArrayView2<'_, f32>| {
            let slopes = gradients.dot(&self.network.weights().t());
            match &factor {
                Some(factor) => slopes * factor,
                None => slopes,
            }
        };
        gradients.outer_iter().map(of_target).collect()
    }

    /// Sums over the cells of the scores or of their sizes, `[n_genes, n_targets]`.
    fn sums_of(&self, scores: &[Dense]) -> Array2<f64> {
        let mut sums = Array2::zeros((self.cells.n_genes(), scores.len()));
        for (scores, mut sums) in scores.iter().zip(sums.columns_mut()) {
            for cell in scores.rows() {
                match self.config.sign {
                    Sign::Signed => sums.zip_mut_with(&cell, |sum, &score| *sum += f64::from(score)),
                    Sign::Absolute => sums.zip_mut_with(&cell, |sum, &score| *sum += f64::from(score.abs())),
                }
            }
        }
        sums
    }
}
