use std::ops::Range;

use concord_core::{Csr, Dense};
use rayon::prelude::*;

use crate::batch::{PlannedBatch, change, clip};
use crate::plan::{MOST_GENES, Plan, check_size};
use crate::random::{Purpose, stream};
use crate::{BatchEffect, Distribution, SimulateConfig, SimulateError};

/// How far a value has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Stage {
    /// The expectation of each value: what the cell's programs say (`no_noise` in the reference).
    NoNoise,
    /// With noise, before the effect of the batch (`wt_noise` in the reference).
    WithNoise,
    /// With noise and the effect of the batch.
    #[default]
    Final,
}

impl Stage {
    /// The name of the layer in the reference; `X` for the final values.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoNoise => "no_noise",
            Self::WithNoise => "wt_noise",
            Self::Final => "X",
        }
    }
}

/// A validated simulation: knows its sizes and its annotation, and makes any rows on demand.
///
/// Rows are the cells of the first batch, then those of the second, and so on; within a batch the cells are in the order of
/// the population. A cell's values depend on the seed, its batch and its place in the batch alone. So every block can be
/// made by itself, in any order, and the bytes are the same for any size of blocks and any number of threads.
///
/// ```
/// use concord_simulate::{Amount, Distribution, SimulateConfig, Simulation, Stage};
///
/// let config = SimulateConfig {
///     n_cells: Amount::Total(300),
///     n_genes: Amount::Total(60),
///     distribution: Distribution::Poisson,
///     ..SimulateConfig::default()
/// };
/// let simulation = Simulation::new(&config)?;
/// // Two batches of 150 cells; each has six genes of its own beside the 60.
/// assert_eq!((simulation.n_cells(), simulation.n_genes()), (300, 72));
///
/// let all = simulation.block(0..300);
/// assert_eq!(simulation.block(100..102), concord_core::select_rows(&all, &[100, 101]));
/// assert_eq!(simulation.block_at(Stage::NoNoise, 0..10).shape(), (10, 72));
/// # Ok::<(), concord_simulate::SimulateError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Simulation {
    pub(crate) config: SimulateConfig,
    pub(crate) plan: Plan,
    pub(crate) batches: Vec<PlannedBatch>,
    /// The row after the last one of each batch.
    ends: Vec<usize>,
    n_columns: usize,
}

/// A row as the sparse matrix has it.
type SparseRow = (Vec<u32>, Vec<f32>);

impl Simulation {
    /// Checks the options and draws what is drawn once for all cells.
    ///
    /// # Errors
    /// A [`SimulateError`] that names the option that makes no sense.
    pub fn new(config: &SimulateConfig) -> Result<Self, SimulateError> {
        config.validate()?;
        let plan = Plan::new(config)?;
        let n_common = plan.gene_names.len();
        let (mut batches, mut ends) = (Vec::with_capacity(config.batches.len()), Vec::new());
        let (mut n_columns, mut n_rows) = (n_common, 0);
        for number in 0..config.batches.len() {
            let batch = PlannedBatch::new(config, number, plan.n_cells, n_common, n_columns)?;
            n_columns += batch.n_own;
            check_size("genes", n_columns, MOST_GENES, "--n-genes or --batch-feature-frac")?;
            n_rows += batch.members.n_drawn;
            ends.push(n_rows);
            batches.push(batch);
        }
        let simulation = Self { config: config.clone(), plan, batches, ends, n_columns };
        simulation.check_gene_names()?;
        Ok(simulation)
    }

    /// Number of cells of all batches: rows of the matrix.
    pub fn n_cells(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Number of genes: columns of the matrix, those of single batches included.
    pub fn n_genes(&self) -> usize {
        self.n_columns
    }

    /// Number of cells of each batch.
    pub fn batch_sizes(&self) -> Vec<usize> {
        self.batches.iter().map(|batch| batch.members.n_drawn).collect()
    }

    /// Number of cells of the population from which the batches are drawn.
    pub fn n_cells_of_population(&self) -> usize {
        self.plan.n_cells
    }

    /// What is simulated.
    pub fn config(&self) -> &SimulateConfig {
        &self.config
    }

    /// Whether there may be negative values, which are neither counts nor expression.
    pub fn has_negative_values(&self) -> bool {
        let is_negative = |batch: &crate::Batch| match batch.effect {
            BatchEffect::VarianceInflation { level } => level > 0.0,
            effect => effect.values().is_some_and(|values| values.distribution == Distribution::Normal),
        };
        !self.config.non_neg
            && (self.config.distribution == Distribution::Normal || self.config.batches.iter().any(is_negative))
    }

    /// The final values of some rows, `[rows.len(), n_genes]`.
    ///
    /// # Panics
    /// If the range goes beyond the cells.
    pub fn block(&self, rows: Range<usize>) -> Csr {
        self.block_at(Stage::Final, rows)
    }

    /// The values of some rows at a stage, `[rows.len(), n_genes]`.
    ///
    /// # Panics
    /// If the range goes beyond the cells.
    pub fn block_at(&self, stage: Stage, rows: Range<usize>) -> Csr {
        let shape = (rows.len(), self.n_columns);
        let rows: Vec<SparseRow> = self.map_rows(stage, rows, sparse);
        let n_values = rows.iter().map(|(columns, _)| columns.len()).sum();
        let (mut indices, mut data) = (Vec::with_capacity(n_values), Vec::with_capacity(n_values));
        let mut indptr = Vec::with_capacity(shape.0 + 1);
        indptr.push(0);
        for (columns, values) in rows {
            indices.extend_from_slice(&columns);
            data.extend_from_slice(&values);
            indptr.push(indices.len());
        }
        Csr::new(shape, indptr, indices, data)
    }

    /// As [`Simulation::block_at`], with all zeros.
    ///
    /// # Panics
    /// If the range goes beyond the cells.
    pub fn dense_block_at(&self, stage: Stage, rows: Range<usize>) -> Dense {
        self.block_at(stage, rows).to_dense()
    }

    /// Makes rows, each of them on any thread, in order.
    fn map_rows<T: Send>(&self, stage: Stage, rows: Range<usize>, finish: impl Fn(&[f64]) -> T + Sync) -> Vec<T> {
        let cells = self.cells(rows);
        let make = |row: &mut Vec<f64>, &(batch, cell): &(usize, usize)| {
            self.make_row(stage, batch, cell, row);
            finish(row)
        };
        cells.par_iter().map_init(|| vec![0.0; self.n_columns], make).collect()
    }

    /// The batch of each row, and its cell of the population.
    pub(crate) fn cells(&self, rows: Range<usize>) -> Vec<(usize, usize)> {
        assert!(rows.end <= self.n_cells(), "rows {rows:?} of {} were asked for", self.n_cells());
        let mut cells = Vec::with_capacity(rows.len());
        for (number, (batch, &end)) in self.batches.iter().zip(&self.ends).enumerate() {
            let start = end - batch.members.n_drawn;
            let ranks = rows.start.max(start).saturating_sub(start)..rows.end.min(end).saturating_sub(start);
            cells.extend(batch.members.at(&ranks).into_iter().map(|cell| (number, cell)));
        }
        cells
    }

    fn make_row(&self, stage: Stage, batch: usize, cell: usize, row: &mut [f64]) {
        let n_common = self.plan.gene_names.len();
        let (common, own) = row.split_at_mut(n_common);
        own.fill(0.0);
        self.plan.expect(cell, common);
        if stage == Stage::NoNoise {
            change(common, |value| if value.is_nan() { 0.0 } else { value });
            return;
        }
        self.add_noise(cell, common);
        if stage == Stage::WithNoise {
            return;
        }
        let random = &mut stream(self.config.seed, Purpose::Effect, &[batch, cell]);
        self.batches[batch].apply(row, n_common, random);
        self.finish(row);
    }

    /// The noise of a cell is that of the population: in every batch the same.
    fn add_noise(&self, cell: usize, row: &mut [f64]) {
        let SimulateConfig { distribution, dispersion, .. } = &self.config;
        let dispersion = if let [one] = dispersion[..] { one } else { dispersion[self.plan.group(cell)] };
        let random = &mut stream(self.config.seed, Purpose::Noise, &[cell]);
        change(row, |value| if value.is_nan() { 0.0 } else { distribution.draw(value, dispersion, random) });
        self.finish(row);
    }

    /// Makes of the values what `non_neg` and `to_int` promise.
    fn finish(&self, row: &mut [f64]) {
        if self.config.non_neg {
            clip(row);
        }
        if self.config.to_int {
            change(row, f64::trunc);
        }
    }
}

/// The entries that are not 0 as 32-bit floats; what is too large for them is their largest number.
fn sparse(row: &[f64]) -> SparseRow {
    let entries = row
        .iter()
        .enumerate()
        .map(|(column, &value)| (column as u32, value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32));
    entries.filter(|&(_, value)| value != 0.0).unzip()
}
