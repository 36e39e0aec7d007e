use std::ops::Range;

use concord_core::{Dense, LogNorm, Network};
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Axis, concatenate, s};
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;

use crate::{
    AttrError, AttributeConfig, Method, Sign, Target,
    first_step::{blocks, check_genes, dense_rows, hidden, hidden_of_row},
    quadrature::gauss_legendre,
    random::stream,
};

/// Where the integrated methods start from. The others do not use it.
#[derive(Debug, Clone, Copy)]
pub enum Baseline<'a> {
    /// No expression at all. A network with layer normalisation is not defined well there: look at [`Completeness`].
    Zeros,
    /// One row of log-normalised expression, `[n_genes]`.
    Point(&'a [f32]),
    /// Some cells: all of them, or those of the other contexts. Integrated gradients start from their mean, expected
    /// gradients from one of them drawn for each sample.
    Cells(&'a LogNorm),
}

/// The importance of genes for some targets in a context.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// Names of the targets.
    pub targets: Vec<String>,
    /// Importance, the mean over the cells, `[n_genes, n_targets]`.
    pub scores: Dense,
    /// For the integrated methods: how well the parts add up, for each target.
    pub completeness: Option<Vec<Completeness>>,
    /// If they were asked for: the scores of each cell, `[n_cells, n_genes]`, signed, for each target.
    pub cells: Option<Vec<Dense>>,
}

/// How well the parts of an integrated attribution add up: the sum over the genes should be the difference of the target
/// between cell and baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Completeness {
    /// Median over the cells of the error's size relative to the difference's.
    pub median_relative_error: f64,
    /// Mean over the cells of the error's size, in the target's units.
    pub mean_absolute_error: f64,
    /// Mean over the cells of the difference, in the target's units.
    pub mean_difference: f64,
}

/// The importance of every gene for some targets, averaged over the cells of a context.
///
/// `cells` is `[n_cells, n_genes]`, the context's cells with the network's input genes.
///
/// # Errors
/// [`AttrError::Option`], [`AttrError::GeneCount`], [`AttrError::DirectionLength`], [`AttrError::NotFinite`].
///
/// Sources: integrated gradients: Sundararajan et al., ICML 2017; expected gradients: Erion et al., Nature Machine
/// Intelligence 2021; `SmoothGrad`: Smilkov et al. 2017. Agrees with captum's `Saliency`, `InputXGradient`,
/// `IntegratedGradients`, `GradientShap` and `NoiseTunnel`. Completeness is captum's convergence delta.
pub fn attribute<N: Network + ?Sized>(
    network: &N,
    cells: &LogNorm,
    targets: &[Target],
    baseline: &Baseline<'_>,
    config: &AttributeConfig,
) -> Result<Attribution, AttrError> {
    config.validate()?;
    check_genes(network, "the matrix of cells", cells.n_genes())?;
    let work = Work::new(network, cells, targets, baseline, config)?;
    let parts: Vec<Part> = blocks(cells.n_cells()).into_par_iter().map(|block| work.block(block)).collect();
    let mut sums: Array2<f64> = Array2::zeros((cells.n_genes(), targets.len()));
    for part in &parts {
        sums += &part.sums;
    }
    let scores = sums.mapv(|sum| (sum / cells.n_cells() as f64) as f32);
    if let Some(((_, target), _)) = scores.indexed_iter().find(|(_, score)| !score.is_finite()) {
        return Err(AttrError::NotFinite { target: targets[target].name().to_owned() });
    }
    let is_integrated = config.method.is_integrated();
    Ok(Attribution {
        targets: targets.iter().map(|target| target.name().to_owned()).collect(),
        scores,
        completeness: is_integrated.then(|| (0..targets.len()).map(|target| completeness(&parts, target)).collect()),
        cells: config.keep_cells.then(|| (0..targets.len()).map(|target| stack(&parts, target)).collect()),
    })
}

/// What all blocks of cells share.
struct Work<'a, N: ?Sized> {
    network: &'a N,
    cells: &'a LogNorm,
    config: &'a AttributeConfig,
    /// `[n_targets, n_neurons]`
    directions: Dense,
    start: Start<'a>,
    /// Points on the way from 0 to 1, and their weights.
    rule: Vec<(f64, f64)>,
}

/// The baseline as the methods need it.
enum Start<'a> {
    /// The plain methods have none.
    None,
    /// A point and its first step's output.
    Point { row: Array1<f32>, hidden: Array1<f32> },
    /// Cells to draw from, with their first step's outputs and the targets' levels.
    Cells { cells: &'a LogNorm, hidden: Dense, levels: Dense },
}

/// What a block of cells contributes.
struct Part {
    /// Sums of scores over the cells, `[n_genes, n_targets]`.
    sums: Array2<f64>,
    /// For each target: of each cell the sum of its scores, and the difference that they should add up to.
    totals: Vec<Vec<(f64, f64)>>,
    /// For each target the scores, `[n_cells, n_genes]`, when they are kept.
    scores: Vec<Dense>,
}

impl<'a, N: Network + ?Sized> Work<'a, N> {
    fn new(
        network: &'a N,
        cells: &'a LogNorm,
        targets: &[Target],
        baseline: &Baseline<'a>,
        config: &'a AttributeConfig,
    ) -> Result<Self, AttrError> {
        let n_neurons = network.n_neurons();
        let mut directions = Array2::zeros((targets.len(), n_neurons));
        for (target, mut direction) in targets.iter().zip(directions.rows_mut()) {
            let found = target.as_direction().len();
            if found != n_neurons {
                let target = target.name().to_owned();
                return Err(AttrError::DirectionLength { target, expected: n_neurons, found });
            }
            direction.assign(&target.as_direction());
        }
        let start = start(network, directions.view(), baseline, config.method)?;
        Ok(Self { network, cells, config, directions, start, rule: gauss_legendre(config.n_steps) })
    }

    /// Attributes some cells.
    fn block(&self, block: Range<usize>) -> Part {
        let hidden = hidden(self.network, self.cells, block.clone());
        let expression = dense_rows(self.cells, block.clone());
        let mut totals = Vec::new();
        let scores: Vec<Dense> = match (&self.start, self.config.method) {
            (Start::Point { row, hidden: start }, _) => {
                let gradients = self.along_the_way(&hidden, start);
                let levels = self.levels(start.view().insert_axis(Axis(0)));
                let difference = self.levels(hidden.view()) - &levels;
                let scores = self.to_genes(&gradients, Some(&(&expression - row)));
                totals = with_sums(&scores, difference.view());
                scores
            }
            (Start::Cells { cells, hidden: starts, levels }, _) => {
                let (scores, mean_levels) =
                    self.starting_from_drawn_cells(&block, &expression, &hidden, cells, starts, levels);
                let difference = self.levels(hidden.view()) - mean_levels;
                totals = with_sums(&scores, difference.view());
                scores
            }
            (Start::None, Method::SmoothGrad) => self.to_genes(&self.in_noise(&block, &hidden), None),
            (Start::None, method) => {
                let gradients = self.network.gradients(hidden.view(), self.directions.view());
                self.to_genes(&gradients, (method == Method::GradientTimesInput).then_some(&expression))
            }
        };
        let mut sums = Array2::zeros((self.cells.n_genes(), scores.len()));
        for (scores, mut sums) in scores.iter().zip(sums.columns_mut()) {
            for cell in scores.rows() {
                match self.config.sign {
                    Sign::Signed => sums.zip_mut_with(&cell, |sum, &score| *sum += f64::from(score)),
                    Sign::Absolute => sums.zip_mut_with(&cell, |sum, &score| *sum += f64::from(score.abs())),
                }
            }
        }
        Part { sums, totals, scores: if self.config.keep_cells { scores } else { Vec::new() } }
    }

    /// The targets' levels, `[n_cells, n_targets]`.
    fn levels(&self, hidden: ArrayView2<'_, f32>) -> Dense {
        self.network.outputs(hidden).dot(&self.directions.t())
    }

    /// Gradients averaged over the straight way from a point to each cell.
    fn along_the_way(&self, hidden: &Dense, start: &Array1<f32>) -> Array3<f32> {
        let way = hidden - start;
        let mut mean = Array3::zeros((self.directions.nrows(), hidden.nrows(), hidden.ncols()));
        for &(place, weight) in &self.rule {
            let point = &way * place as f32 + start;
            mean.scaled_add(weight as f32, &self.network.gradients(point.view(), self.directions.view()));
        }
        mean
    }

    /// Gradients averaged over noise on the genes of each cell.
    fn in_noise(&self, block: &Range<usize>, hidden: &Dense) -> Array3<f32> {
        let (n_genes, n_samples) = (self.cells.n_genes(), self.config.n_samples);
        let mut streams: Vec<_> = block.clone().map(|cell| stream(self.config.seed, cell)).collect();
        let mut mean = Array3::zeros((self.directions.nrows(), hidden.nrows(), hidden.ncols()));
        let mut noise: Dense = Array2::zeros((block.len(), n_genes));
        for _ in 0..n_samples {
            for (mut noise, stream) in noise.rows_mut().into_iter().zip(&mut streams) {
                noise.mapv_inplace(|_| (stream.sample::<f64, _>(StandardNormal) * self.config.noise_sd) as f32);
            }
            let point = hidden + &noise.dot(&self.network.weights());
            mean += &self.network.gradients(point.view(), self.directions.view());
        }
        mean / n_samples as f32
    }

    /// Expected gradients: for every sample a cell to start from and a place on the way from it. Returned are the scores
    /// and the targets' mean levels at the starts, `[n_cells, n_targets]`.
    fn starting_from_drawn_cells(
        &self,
        block: &Range<usize>,
        expression: &Dense,
        hidden: &Dense,
        start_cells: &LogNorm,
        starts: &Dense,
        levels: &Dense,
    ) -> (Vec<Dense>, Dense) {
        let n_samples = self.config.n_samples;
        let mut streams: Vec<_> = block.clone().map(|cell| stream(self.config.seed, cell)).collect();
        let mut mean = Array3::zeros((self.directions.nrows(), hidden.nrows(), hidden.ncols()));
        let mut mean_levels = Array2::zeros((hidden.nrows(), self.directions.nrows()));
        // The part of the starts: their few expressed genes times the gradient there.
        let mut of_starts: Vec<Dense> =
            self.directions.rows().into_iter().map(|_| Array2::zeros(expression.dim())).collect();
        let mut point = hidden.clone();
        for sample in 0..n_samples {
            let mut drawn = Vec::with_capacity(streams.len());
            for ((mut point, hidden), stream) in point.rows_mut().into_iter().zip(hidden.rows()).zip(&mut streams) {
                let cell = stream.random_range(0..starts.nrows());
                // One place in each of `n_samples` pieces of the way, so that all of it is seen.
                let place = (sample as f64 + stream.random::<f64>()) / n_samples as f64;
                point.assign(&starts.row(cell));
                point.zip_mut_with(&hidden, |start, &end| *start += place as f32 * (end - *start));
                drawn.push(cell);
            }
            let gradients = self.network.gradients(point.view(), self.directions.view());
            mean += &gradients;
            for (row, &cell) in drawn.iter().enumerate() {
                mean_levels.row_mut(row).scaled_add(1.0 / n_samples as f32, &levels.row(cell));
                let Some(start) = start_cells.matrix().outer_view(cell) else { continue };
                for (target, of_starts) in of_starts.iter_mut().enumerate() {
                    let gradient = gradients.slice(s![target, row, ..]);
                    for (&gene, &value) in start.indices().iter().zip(start.data()) {
                        let slope = self.network.weights().row(gene as usize).dot(&gradient);
                        of_starts[(row, gene as usize)] += value * slope / n_samples as f32;
                    }
                }
            }
        }
        mean /= n_samples as f32;
        let mut scores = self.to_genes(&mean, Some(expression));
        for (scores, of_starts) in scores.iter_mut().zip(&of_starts) {
            *scores -= of_starts;
        }
        (scores, mean_levels)
    }

    /// From gradients of the first step's output to those of the genes, `[n_cells, n_genes]` for each target, times what
    /// stands in `factor`.
    fn to_genes(&self, gradients: &Array3<f32>, factor: Option<&Dense>) -> Vec<Dense> {
        gradients
            .outer_iter()
            .map(|gradients| {
                let scores = gradients.dot(&self.network.weights().t());
                match factor {
                    Some(factor) => scores * factor,
                    None => scores,
                }
            })
            .collect()
    }
}

/// Brings the baseline into the shape that the method needs.
fn start<'a, N: Network + ?Sized>(
    network: &N,
    directions: ArrayView2<'_, f32>,
    baseline: &Baseline<'a>,
    method: Method,
) -> Result<Start<'a>, AttrError> {
    if !method.is_integrated() {
        return Ok(Start::None);
    }
    let row = match *baseline {
        Baseline::Zeros => Array1::zeros(network.weights().nrows()),
        Baseline::Point(row) => {
            check_genes(network, "the baseline", row.len())?;
            Array1::from(row.to_vec())
        }
        Baseline::Cells(cells) => {
            check_genes(network, "the matrix of baseline cells", cells.n_genes())?;
            if method == Method::ExpectedGradients {
                let hidden = hidden(network, cells, 0..cells.n_cells());
                let levels = network.outputs(hidden.view()).dot(&directions.t());
                return Ok(Start::Cells { cells, hidden, levels });
            }
            mean_cell(cells)
        }
    };
    let hidden = hidden_of_row(network, row.view());
    Ok(Start::Point { row, hidden })
}

/// Mean log-normalised expression, `[n_genes]`.
fn mean_cell(cells: &LogNorm) -> Array1<f32> {
    crate::gene_statistics(cells).mean_expression.into_iter().map(|mean| mean as f32).collect()
}

/// For each target: of each cell the sum of its scores, and what they should add up to.
fn with_sums(scores: &[Dense], differences: ArrayView2<'_, f32>) -> Vec<Vec<(f64, f64)>> {
    let sum = |cell: ArrayView1<'_, f32>| cell.iter().map(|&score| f64::from(score)).sum::<f64>();
    let of_target = |(scores, differences): (&Dense, ArrayView1<'_, f32>)| {
        scores.rows().into_iter().map(sum).zip(differences.iter().map(|&difference| f64::from(difference))).collect()
    };
    scores.iter().zip(differences.columns()).map(of_target).collect()
}

fn completeness(parts: &[Part], target: usize) -> Completeness {
    let totals: Vec<(f64, f64)> = parts.iter().flat_map(|part| part.totals[target].iter().copied()).collect();
    let n_cells = totals.len() as f64;
    let mut relative: Vec<f64> = totals
        .iter()
        .map(|(sum, difference)| (sum - difference).abs() / difference.abs().max(f64::MIN_POSITIVE))
        .collect();
    relative.sort_by(f64::total_cmp);
    let middle = relative.len() / 2;
    Completeness {
        median_relative_error: if relative.len() % 2 == 1 {
            relative[middle]
        } else {
            f64::midpoint(relative[middle - 1], relative[middle])
        },
        mean_absolute_error: totals.iter().map(|(sum, difference)| (sum - difference).abs()).sum::<f64>() / n_cells,
        mean_difference: totals.iter().map(|(_, difference)| difference).sum::<f64>() / n_cells,
    }
}

/// The kept scores of all blocks below one another.
fn stack(parts: &[Part], target: usize) -> Dense {
    let views: Vec<ArrayView2<'_, f32>> = parts.iter().map(|part| part.scores[target].view()).collect();
    // The blocks have the same width, so they always fit below one another.
    concatenate(Axis(0), &views).unwrap_or_default()
}
