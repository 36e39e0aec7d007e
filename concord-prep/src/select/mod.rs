//! Which genes to train on.

mod cells;
mod config;
mod dispersion;
mod result;
mod variance;

use concord_core::{CoreError, Counts, Csr, Labels};

pub use config::{Flavor, SelectConfig, UnknownFlavor};
pub use result::{FeatureSelection, SelectWarning, Variability};

use crate::columns::sum_columns;
use crate::{MatrixState, PrepError, matrix_state};
use cells::Batch;

/// What the flavours rank genes by: the matrix, the cells that take part, and the genes that passed the filters.
struct Input<'a> {
    matrix: &'a Csr,
    /// Every cell that takes part, ascending.
    cells: Vec<usize>,
    /// The same cells by batch; a single one without a name when there are no batches.
    batches: Vec<Batch>,
    /// The columns that passed the filters, ascending.
    tested: Vec<usize>,
    /// What the values are.
    state: MatrixState,
}

/// What a flavour says about the tested genes, in their order.
struct Ranking {
    means: Vec<f64>,
    variability: Variability,
    n_batches: Vec<u32>,
    /// Positions in the tested genes, best first: the chosen ones.
    chosen: Vec<usize>,
}

/// Chooses the genes that vary most between cells, as scanpy's `highly_variable_genes` does.
///
/// Genes seen in fewer than [`SelectConfig::min_cells`] cells take no part. The flavours `seurat_v3` and
/// `seurat_v3_paper` (Stuart et al., Cell 2019) rank genes by their variance after standardising it by the trend over
/// the mean, and expect raw counts. `seurat` (Satija et al., Nat Biotechnol 2015) and `cell_ranger` (Zheng et al.,
/// Nat Commun 2017) rank by the dispersion within bins of mean expression; they work on logged expression, so that
/// values that are not logged are scaled to 10,000 a cell (over the tested genes) and logged on the fly. With `batches`,
/// genes are ranked within each batch and the ranks are combined.
///
/// Agrees with scanpy 1.11.5 but for genes that tie: where scanpy's order is that of an unstable sort or of the genes'
/// names, here the first column wins. All cells take part, however many there are, unless
/// [`SelectConfig::subsample_frac`] says otherwise; `concord-sc` 1.0.13 draws 50,000 when there are more than 100,000.
///
/// # Errors
/// [`PrepError::InvalidOption`], [`PrepError::Core`] when there is not one batch label for every cell,
/// [`PrepError::NoBatchesLeft`] or [`PrepError::NoGenesLeft`] when a filter leaves nothing,
/// [`PrepError::NoVariation`] when all genes are constant, and [`PrepError::SingleCellBatches`],
/// [`PrepError::VarianceTrend`] or [`PrepError::RepeatedBinEdge`] when a batch is too small or too uniform.
///
/// # Examples
/// ```
/// use concord_core::{Counts, Csr};
/// use concord_prep::{Flavor, SelectConfig, select_features};
///
/// // 40 cells, 30 genes: the gene's number is its largest count but one, and the last gene is the same in every cell.
/// let count = |cell: usize, gene: usize| if gene == 29 { 5 } else { (cell * 7 + gene) % (gene + 2) };
/// let values = (0..40 * 30).map(|entry| count(entry / 30, entry % 30) as f32).collect();
/// let indices = (0..40).flat_map(|_| 0..30).collect();
/// let counts = Counts::new(Csr::new((40, 30), (0..=40).map(|cell| 30 * cell).collect(), indices, values))?;
///
/// let config = SelectConfig { n_top_features: 10, flavor: Flavor::SeuratV3, ..SelectConfig::default() };
/// let selection = select_features(&counts, None, &config)?;
/// assert_eq!(selection.chosen.len(), 10);
/// assert!(!selection.chosen.contains(&29));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn select_features(
    counts: &Counts,
    batches: Option<&Labels>,
    config: &SelectConfig,
) -> Result<FeatureSelection, PrepError> {
    config.validate()?;
    let matrix = counts.matrix();
    if let Some(labels) = batches.filter(|labels| labels.n_cells() != counts.n_cells()) {
        let (expected, found) = (counts.n_cells(), labels.n_cells());
        return Err(CoreError::LengthMismatch { what: "batch labels", expected, found }.into());
    }
    let mut warnings = Vec::new();
    let batches = cells::batches(counts.n_cells(), batches, config, &mut warnings)?;
    let mut cells: Vec<usize> = batches.iter().flat_map(|batch| batch.cells.iter().copied()).collect();
    cells.sort_unstable();
    let tested = tested_genes(matrix, &cells, config)?;
    let state = config.state.unwrap_or_else(|| matrix_state(counts));
    let input = Input { matrix, cells, batches, tested, state };

    let ranking = match config.flavor {
        Flavor::SeuratV3 | Flavor::SeuratV3Paper => {
            if state != MatrixState::Counts {
                warnings.push(SelectWarning::NotCounts { flavor: config.flavor, state });
            }
            variance::rank(&input, config)?
        }
        Flavor::Seurat | Flavor::CellRanger => dispersion::rank(&input, config)?,
    };
    if ranking.chosen.len() < config.n_top_features {
        let (requested, available) = (config.n_top_features, ranking.chosen.len());
        warnings.push(SelectWarning::FewerGenes { requested, available });
    }
    Ok(FeatureSelection::new(counts.n_genes(), config.flavor, input.tested, ranking, warnings))
}

/// The columns that enough cells express, and strongly enough.
fn tested_genes(matrix: &Csr, cells: &[usize], config: &SelectConfig) -> Result<Vec<usize>, PrepError> {
    let sums = sum_columns(matrix, cells, |_| |_, value: f32| [f64::from(u8::from(value > 0.0)), f64::from(value)]);
    let passes = |[n_expressing, total]: [f64; 2]| {
        n_expressing >= config.min_cells as f64
            && config.filter_gene_by_counts.is_none_or(|least| total >= f64::from(least))
    };
    let tested: Vec<usize> = (0..matrix.cols()).filter(|&gene| passes(sums[gene])).collect();
    if tested.is_empty() {
        let (n_genes, n_cells) = (matrix.cols(), cells.len());
        return Err(PrepError::NoGenesLeft { n_genes, n_cells, min_cells: config.min_cells });
    }
    Ok(tested)
}
