use std::fmt;

use concord_core::{Column, CoreError, Table};

use super::{Flavor, Ranking};
use crate::{MatrixState, PrepError};

/// The chosen genes, and what they were chosen by.
///
/// The statistics are those of the tested genes, which passed the filters, in the order of [`Self::tested`].
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureSelection {
    /// The chosen columns, ascending: the order in which `concord-sc` returns them. Given ones are as they were given.
    pub chosen: Vec<usize>,
    /// The chosen columns, best first.
    pub ranked: Vec<usize>,
    /// How genes were ranked; none where they were given.
    pub flavor: Option<Flavor>,
    /// The columns that passed the filters, ascending.
    pub tested: Vec<usize>,
    /// Mean of each tested gene; of the flavour `seurat`, `ln(1 + mean)`.
    pub means: Vec<f64>,
    /// What the tested genes were ranked by.
    pub variability: Variability,
    /// In how many batches each tested gene is among the best (0 or 1 without batches).
    pub n_batches: Vec<u32>,
    /// What the user should know.
    pub warnings: Vec<SelectWarning>,
    n_genes: usize,
}

/// What genes are ranked by.
#[derive(Debug, Clone, PartialEq)]
pub enum Variability {
    /// Of the flavours `seurat_v3` and `seurat_v3_paper`.
    Variance {
        /// Variance over all cells that took part.
        variances: Vec<f64>,
        /// Variance after standardising by the trend and clipping; mean over batches.
        variances_norm: Vec<f64>,
        /// Rank from 0 (median over the batches that chose the gene), `None` when no batch did.
        ranks: Vec<Option<f64>>,
    },
    /// Of the flavours `seurat` and `cell_ranger`.
    Dispersion {
        /// Variance over mean (its logarithm in `seurat`); mean over batches.
        dispersions: Vec<f64>,
        /// The same relative to genes of similar mean; mean over batches.
        dispersions_norm: Vec<f64>,
    },
    /// Nothing: the genes were given.
    Given,
}

/// What the user should know about a selection that nevertheless succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectWarning {
    /// The flavour expects raw counts, but the matrix seems to hold something else.
    NotCounts {
        /// The flavour.
        flavor: Flavor,
        /// What the matrix seems to hold.
        state: MatrixState,
    },
    /// There were fewer genes to choose from than were asked for.
    FewerGenes {
        /// The number asked for.
        requested: usize,
        /// The number chosen.
        available: usize,
    },
    /// Some batches were too small to take part.
    SmallBatches {
        /// Their names.
        names: Vec<String>,
        /// The smallest size that takes part.
        min_batch_size: usize,
    },
    /// Some cells belong to no batch and took no part.
    CellsWithoutBatch {
        /// How many.
        n_cells: usize,
    },
}

impl fmt::Display for SelectWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCounts { flavor, state } => write!(
                f,
                "the feature selection '{flavor}' expects raw counts, but the matrix seems to hold {state} values: \
                 choose a layer or raw with counts, or the flavour seurat or cell_ranger"
            ),
            Self::FewerGenes { requested, available } => {
                write!(
                    f,
                    "{requested} genes were asked for, but there are only {available} to choose from: all are used"
                )
            }
            Self::SmallBatches { names, min_batch_size } => write!(
                f,
                "{} of fewer than {min_batch_size} cells did not take part in the feature selection: {}",
                if names.len() == 1 { "a batch" } else { "batches" },
                names.join(", ")
            ),
            Self::CellsWithoutBatch { n_cells } => {
                write!(f, "{n_cells} cells without a batch did not take part in the feature selection")
            }
        }
    }
}

impl FeatureSelection {
    pub(super) fn new(
        n_genes: usize,
        flavor: Flavor,
        tested: Vec<usize>,
        ranking: Ranking,
        warnings: Vec<SelectWarning>,
    ) -> Self {
        let ranked: Vec<usize> = ranking.chosen.iter().map(|&position| tested[position]).collect();
        let mut chosen = ranked.clone();
        chosen.sort_unstable();
        let Ranking { means, variability, n_batches, .. } = ranking;
        let flavor = Some(flavor);
        Self { chosen, ranked, flavor, tested, means, variability, n_batches, warnings, n_genes }
    }

    /// The given columns of a matrix with `n_genes` columns, in the order in which they are given.
    ///
    /// # Errors
    /// [`PrepError::NoSuchGene`] for a column that the matrix does not have, [`PrepError::GeneTwice`].
    pub fn given(columns: Vec<usize>, n_genes: usize) -> Result<Self, PrepError> {
        let mut is_taken = vec![false; n_genes];
        for &column in &columns {
            let Some(is_taken) = is_taken.get_mut(column) else {
                return Err(PrepError::NoSuchGene { column, n_genes });
            };
            if std::mem::replace(is_taken, true) {
                return Err(PrepError::GeneTwice { column });
            }
        }
        Ok(Self {
            chosen: columns.clone(),
            ranked: columns,
            flavor: None,
            tested: Vec::new(),
            means: Vec::new(),
            variability: Variability::Given,
            n_batches: Vec::new(),
            warnings: Vec::new(),
            n_genes,
        })
    }

    /// Number of genes of the matrix.
    pub fn n_genes(&self) -> usize {
        self.n_genes
    }

    /// One row for every gene of the matrix, with scanpy's names of the columns; NaN where a gene was not tested. Of given
    /// genes it is known which they are, and nothing else.
    pub fn to_table(&self) -> Result<Table, CoreError> {
        let mut table = Table::new(self.n_genes);
        let mut chosen = vec![Some(false); self.n_genes];
        for &gene in &self.chosen {
            chosen[gene] = Some(true);
        }
        table.insert("highly_variable", Column::Booleans(chosen))?;
        if !matches!(self.variability, Variability::Given) {
            table.insert("means", self.spread(&self.means))?;
        }
        match &self.variability {
            Variability::Variance { variances, variances_norm, ranks } => {
                table.insert("variances", self.spread(variances))?;
                table.insert("variances_norm", self.spread(variances_norm))?;
                let ranks: Vec<f64> = ranks.iter().map(|rank| rank.unwrap_or(f64::NAN)).collect();
                table.insert("highly_variable_rank", self.spread(&ranks))?;
            }
            Variability::Dispersion { dispersions, dispersions_norm } => {
                table.insert("dispersions", self.spread(dispersions))?;
                table.insert("dispersions_norm", self.spread(dispersions_norm))?;
            }
            Variability::Given => return Ok(table),
        }
        let mut n_batches = vec![0; self.n_genes];
        for (&gene, &n) in self.tested.iter().zip(&self.n_batches) {
            n_batches[gene] = i64::from(n);
        }
        table.insert("highly_variable_nbatches", Column::Integers(n_batches))?;
        Ok(table)
    }

    /// Values of the tested genes at the places of all genes.
    fn spread(&self, values: &[f64]) -> Column {
        let mut all = vec![f64::NAN; self.n_genes];
        for (&gene, &value) in self.tested.iter().zip(values) {
            all[gene] = value;
        }
        Column::Floats(all)
    }
}
