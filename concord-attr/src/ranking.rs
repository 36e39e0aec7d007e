use concord_core::LogNorm;
use ndarray::ArrayView1;

use crate::AttrError;

/// How a context's cells express each gene.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneStatistics {
    /// Mean log-normalised expression, `[n_genes]`.
    pub mean_expression: Vec<f64>,
    /// Share of the cells that express the gene at all, `[n_genes]`.
    pub nonzero_fraction: Vec<f64>,
}

/// Mean expression and non-zero fraction of each gene in some cells.
pub fn gene_statistics(cells: &LogNorm) -> GeneStatistics {
    let (mut sums, mut counts) = (vec![0.0; cells.n_genes()], vec![0usize; cells.n_genes()]);
    let matrix = cells.matrix();
    for (&gene, &value) in matrix.indices().iter().zip(matrix.data()) {
        sums[gene as usize] += f64::from(value);
        counts[gene as usize] += usize::from(value != 0.0);
    }
    let n_cells = cells.n_cells() as f64;
    GeneStatistics {
        mean_expression: sums.into_iter().map(|sum| sum / n_cells).collect(),
        nonzero_fraction: counts.into_iter().map(|count| count as f64 / n_cells).collect(),
    }
}

/// Which genes a list leaves out.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Filter {
    /// List genes that more than this share of the context's cells express
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().min_nonzero_fraction))]
    pub min_nonzero_fraction: f64,
    /// List genes with a mean log-normalised expression above this
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().min_expression))]
    pub min_expression: f64,
    /// List also genes that the context expresses less than the average cell: there the absence of the gene counts
    #[cfg_attr(feature = "clap", arg(long))]
    pub include_lowered: bool,
}

/// The thresholds are those of the authors' tutorial, which has no notion of lowered genes and lists them.
impl Default for Filter {
    fn default() -> Self {
        Self { min_nonzero_fraction: 0.03, min_expression: 0.0, include_lowered: false }
    }
}

impl Filter {
    /// Checks every value.
    ///
    /// # Errors
    /// [`AttrError::Option`].
    pub fn validate(&self) -> Result<(), AttrError> {
        let fraction = self.min_nonzero_fraction;
        if !(0.0..1.0).contains(&fraction) {
            let expected = "a share of the cells from 0, below 1; 3 % is 0.03";
            return Err(AttrError::Option { option: "min-nonzero-fraction", value: fraction.to_string(), expected });
        }
        if !self.min_expression.is_finite() {
            let (option, value) = ("min-expression", self.min_expression.to_string());
            return Err(AttrError::Option { option, value, expected: "a number" });
        }
        Ok(())
    }
}

/// A gene of a ranked list.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedGene {
    /// Its column.
    pub gene: usize,
    /// Its place in the list, from 1.
    pub rank: usize,
    /// Its score.
    pub importance: f32,
    /// Mean log-normalised expression in the context.
    pub mean_expression: f64,
    /// The same minus the mean over all cells.
    pub difference: f64,
    /// Share of the context's cells that express it.
    pub nonzero_fraction: f64,
}

/// The genes that pass a filter, by decreasing importance; equal ones in the order of the columns.
///
/// `context` are the statistics of the context's cells and `all` those of all cells, with the same genes.
///
/// Source: `prepare_ranked_list` of the reference, with the filter of the authors' tutorial. Lowered genes are a
/// departure: without [`Filter::include_lowered`] they are left out. Integrated gradients from the mean cell rank high what
/// makes a context different, be it there or not there, and a list of what is not there is not what most readers expect.
pub fn ranked_genes(
    scores: ArrayView1<'_, f32>,
    context: &GeneStatistics,
    all: &GeneStatistics,
    filter: &Filter,
) -> Vec<RankedGene> {
    let difference = |gene: usize| context.mean_expression[gene] - all.mean_expression[gene];
    let is_listed = |gene: &usize| {
        context.nonzero_fraction[*gene] > filter.min_nonzero_fraction
            && context.mean_expression[*gene] > filter.min_expression
            && (filter.include_lowered || difference(*gene) >= 0.0)
    };
    let listed = (0..scores.len()).filter(is_listed).map(|gene| (scores[gene], gene)).collect();
    let genes = sorted_descending(listed).into_iter().enumerate();
    genes
        .map(|(position, (importance, gene))| RankedGene {
            gene,
            rank: position + 1,
            importance,
            mean_expression: context.mean_expression[gene],
            difference: difference(gene),
            nonzero_fraction: context.nonzero_fraction[gene],
        })
        .collect()
}

/// All positions by decreasing value; equal ones in their order.
pub fn descending(values: ArrayView1<'_, f32>) -> Vec<usize> {
    let all = values.iter().copied().zip(0..).collect();
    sorted_descending(all).into_iter().map(|(_, position)| position).collect()
}

/// Values with their positions, by decreasing value; equal ones by position.
fn sorted_descending(mut values: Vec<(f32, usize)>) -> Vec<(f32, usize)> {
    values.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    values
}
