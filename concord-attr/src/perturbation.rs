use concord_core::{Dense, LogNorm, Network};
use ndarray::{Array1, ArrayView1, Axis};

use crate::{
    AttrError, Target,
    first_step::{check_cells, check_genes, dense_rows, hidden, hidden_of_row},
};

/// Which way genes are taken from cells or given to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Perturbation {
    /// The ranked genes of each cell are replaced, the first one first.
    Deletion,
    /// All genes are replaced, then the ranked genes get their values back, the first one first.
    Insertion,
}

/// What a gene is replaced by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Replacement<'a> {
    /// Nothing: the gene is not expressed.
    Zero,
    /// A value for each gene, `[n_genes]`: its mean over all cells.
    Mean(&'a [f32]),
}

/// How a curve is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerturbConfig<'a> {
    /// Which way.
    pub perturbation: Perturbation,
    /// What genes are replaced by.
    pub replacement: Replacement<'a>,
    /// Genes that are perturbed at the end of the curve.
    pub n_genes: usize,
}

/// How a target follows the perturbation of more and more genes.
///
/// Levels are on a scale on which 1 is the context as it is and 0 is what the other cells have, so curves of different
/// targets can be compared. The perturbed cells may leave this range.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Numbers of perturbed genes, from 0.
    pub n_genes: Vec<usize>,
    /// The target's mean level at each of them.
    pub level: Vec<f64>,
}

impl Curve {
    /// The area under the curve, divided by its length: the mean level on the way.
    ///
    /// A good ranking has a small area under its deletion curve and a large one under its insertion curve.
    pub fn area(&self) -> f64 {
        let pieces = self.n_genes.windows(2).zip(self.level.windows(2));
        let area: f64 = pieces.map(|(n, level)| (n[1] - n[0]) as f64 * (level[0] + level[1]) / 2.0).sum();
        area / self.n_genes.last().map_or(1, |&n| n.max(1)) as f64
    }
}

/// A target whose level is followed, and where its scale begins.
#[derive(Debug, Clone, Copy)]
pub struct Followed<'a> {
    /// The target.
    pub target: &'a Target,
    /// Its mean over the cells outside the context: the zero of the scale.
    pub level_of_others: f64,
}

/// Perturbs the genes of a ranking one after another and follows some targets, averaged over the cells of a context: a
/// curve for each target.
///
/// `ranking` lists genes (columns), the most important first. A few hundred cells are enough: memory is
/// `n_cells * (n_genes + n_hidden)`.
///
/// # Errors
/// [`AttrError::GeneCount`], [`AttrError::NoCells`], [`AttrError::NoSuchGene`].
///
/// Source: deletion and insertion of Petsiuk et al., "RISE", BMVC 2018, with genes for pixels.
pub fn perturbation_curves<N: Network + ?Sized>(
    network: &N,
    cells: &LogNorm,
    followed: &[Followed<'_>],
    ranking: &[usize],
    config: &PerturbConfig<'_>,
) -> Result<Vec<Curve>, AttrError> {
    let n_genes = cells.n_genes();
    check_cells(network, "the matrix of cells", cells)?;
    let replacing = match config.replacement {
        Replacement::Zero => Array1::zeros(n_genes),
        Replacement::Mean(means) => {
            check_genes(network, "the list of means", means.len())?;
            Array1::from(means.to_vec())
        }
    };
    if let Some(&gene) = ranking.iter().find(|&&gene| gene >= n_genes) {
        return Err(AttrError::NoSuchGene { gene, n_genes });
    }
    let intact = hidden(network, cells, 0..cells.n_cells());
    let levels_intact = mean_levels(network, &intact, followed);
    let expression = dense_rows(cells, 0..cells.n_cells());
    let (mut state, sign) = match config.perturbation {
        Perturbation::Deletion => (intact, -1.0),
        Perturbation::Insertion => (empty(network, &replacing, cells.n_cells()), 1.0),
    };
    let n_genes = checkpoints(config.n_genes.min(ranking.len()));
    let mut curves = vec![Curve { n_genes: n_genes.clone(), level: Vec::new() }; followed.len()];
    let mut n_done = 0;
    for n in n_genes {
        for &gene in &ranking[n_done..n] {
            let change = (&expression.column(gene) - replacing[gene]) * sign;
            add_gene(&mut state, change.view(), network.weights().row(gene));
        }
        n_done = n;
        let levels = mean_levels(network, &state, followed);
        for (place, curve) in curves.iter_mut().enumerate() {
            let zero = followed[place].level_of_others;
            curve.level.push((levels[place] - zero) / (levels_intact[place] - zero));
        }
    }
    // A shorter ranking has nothing more to perturb: its curves stay where they are.
    for curve in &mut curves {
        if let (true, Some(&last)) = (ranking.len() < config.n_genes, curve.level.last()) {
            curve.n_genes.push(config.n_genes);
            curve.level.push(last);
        }
    }
    Ok(curves)
}

/// The first step's output of cells whose genes are all replaced.
fn empty<N: Network + ?Sized>(network: &N, replacing: &Array1<f32>, n_cells: usize) -> Dense {
    let one = hidden_of_row(network, replacing.view());
    Dense::zeros((n_cells, one.len())) + &one
}

/// Adds a change of one gene, one for each cell, to the first step's output.
fn add_gene(state: &mut Dense, change: ArrayView1<'_, f32>, weights: ArrayView1<'_, f32>) {
    for (mut hidden, &change) in state.rows_mut().into_iter().zip(change).filter(|&(_, &change)| change != 0.0) {
        hidden.scaled_add(change, &weights);
    }
}

/// The targets' means over cells, from the first step's output.
fn mean_levels<N: Network + ?Sized>(network: &N, hidden: &Dense, followed: &[Followed<'_>]) -> Vec<f64> {
    let mut sums = vec![0.0; followed.len()];
    for block in hidden.axis_chunks_iter(Axis(0), crate::first_step::CELLS_PER_BLOCK) {
        let outputs = network.outputs(block);
        for (sum, followed) in sums.iter_mut().zip(followed) {
            let levels = outputs.dot(&followed.target.as_direction());
            *sum += levels.iter().map(|&level| f64::from(level)).sum::<f64>();
        }
    }
    sums.into_iter().map(|sum| sum / hidden.nrows() as f64).collect()
}

/// Numbers of genes at which a curve is measured: each twice the one before, up to `n`.
fn checkpoints(n: usize) -> Vec<usize> {
    let mut points = vec![0];
    let mut next = 1;
    while next < n {
        points.push(next);
        next *= 2;
    }
    if n > 0 {
        points.push(n);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_measured_from_none_to_all() {
        assert_eq!(checkpoints(0), [0]);
        assert_eq!(checkpoints(1), [0, 1]);
        assert_eq!(checkpoints(12), [0, 1, 2, 4, 8, 12]);
    }

    #[test]
    fn an_area_is_a_mean_level() {
        let curve = Curve { n_genes: vec![0, 1, 4], level: vec![1.0, 0.5, 0.0] };
        assert!((curve.area() - (0.75 + 0.75) / 4.0).abs() < 1e-12);
    }
}
