mod block;
mod gradients;
mod start;

use concord_core::{Dense, LogNorm, Network};
use ndarray::{Array2, ArrayView2, Axis, concatenate};
use rayon::prelude::*;

use self::{
    block::{Part, Work},
    start::Start,
};
use crate::{
    AttrError, AttributeConfig, Target,
    first_step::{blocks, check_cells},
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
/// [`AttrError::Option`], [`AttrError::GeneCount`], [`AttrError::NoCells`], [`AttrError::DirectionLength`],
/// [`AttrError::NotFinite`].
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
    check_cells(network, "the matrix of cells", cells)?;
    let directions = directions(network, targets)?;
    let start = Start::new(network, directions.view(), baseline, config.method)?;
    let work = Work::new(network, cells, directions, start, config);
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

/// The targets' directions, `[n_targets, n_neurons]`.
fn directions<N: Network + ?Sized>(network: &N, targets: &[Target]) -> Result<Dense, AttrError> {
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
    Ok(directions)
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
