//! What is on in which cell, before anything random: a list of programs with their cells and genes.

mod clusters;
mod trajectory;
mod tree;

pub(crate) use clusters::cluster_name;

use std::ops::Range;

use crate::program::Program;
use crate::{SimulateConfig, SimulateError, Structure};

/// The expected value of a gene of another branch, which stays 0 without noise.
pub(crate) const OUTSIDE: f64 = f64::NAN;

/// The population: its cells, its genes, and the expectation of each.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) n_cells: usize,
    pub(crate) gene_names: Vec<String>,
    pub(crate) groups: Groups,
    /// The program that each gene was made for.
    pub(crate) programs: Categories,
    /// The shared program, if any, to which a gene of a cluster or trajectory was moved.
    pub(crate) shared: Categories,
    /// Cells before the first one, which were cut off.
    n_cut: usize,
    /// The value where no program is.
    background: f64,
    blocks: Vec<Block>,
}

/// One category, or none, for each gene.
#[derive(Debug, Clone, Default)]
pub(crate) struct Categories {
    pub(crate) names: Vec<String>,
    pub(crate) codes: Vec<Option<u32>>,
}

impl Categories {
    fn none(n_genes: usize) -> Self {
        Self { names: Vec::new(), codes: vec![None; n_genes] }
    }

    /// Puts genes into a new category, whatever they were in before.
    fn add(&mut self, name: String, genes: &[u32]) {
        let code = self.names.len() as u32;
        self.names.push(name);
        for &gene in genes {
            self.codes[gene as usize] = Some(code);
        }
    }
}

/// What is known of the state of a cell.
#[derive(Debug, Clone)]
pub(crate) enum Groups {
    /// Where each cluster ends.
    Clusters(Vec<usize>),
    /// The cells are in the order of time.
    Time,
    /// The branches in the order of their cells.
    Tree(Vec<Branch>),
}

/// A branch of a tree.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub(crate) name: String,
    /// Levels of branches that grow from it; the leaves have 0.
    pub(crate) depth: usize,
    /// Time of its first cell.
    pub(crate) start_time: usize,
    pub(crate) cells: Range<usize>,
}

/// A program in some cells.
#[derive(Debug, Clone)]
struct Block {
    /// The program goes through these one after the other; the second is empty unless two clusters share it.
    spans: [Range<usize>; 2],
    genes: Vec<u32>,
    program: Program,
}

impl Block {
    /// The place of a cell within the program.
    fn position(&self, cell: usize) -> Option<usize> {
        let mut n_before = 0;
        for span in &self.spans {
            if span.contains(&cell) {
                return Some(n_before + cell - span.start);
            }
            n_before += span.len();
        }
        None
    }

    /// Makes 0 of what is [`OUTSIDE`], because the program may leave genes as they are.
    fn enter(&self, row: &mut [f64]) {
        for &gene in &self.genes {
            let value = &mut row[gene as usize];
            *value = if value.is_nan() { 0.0 } else { *value };
        }
    }
}

/// So many genes that a row of them is kept without a thought: more than any genome has.
pub(crate) const MOST_GENES: usize = 10_000_000;
/// So many cells can be counted in all arithmetic here.
const MOST_CELLS: usize = 1 << 40;

impl Plan {
    pub(crate) fn new(config: &SimulateConfig) -> Result<Self, SimulateError> {
        match &config.structure {
            Structure::Clusters(clusters) => clusters::plan(config, clusters),
            Structure::Trajectory(trajectory) => trajectory::plan(config, trajectory),
            Structure::Tree(tree) => tree::plan(config, tree),
        }
    }

    /// The cluster of a cell, or its branch.
    pub(crate) fn group(&self, cell: usize) -> usize {
        match &self.groups {
            Groups::Clusters(ends) => ends.partition_point(|&end| end <= cell),
            Groups::Time => 0,
            Groups::Tree(branches) => branches.partition_point(|branch| branch.cells.end <= cell),
        }
    }

    /// The expected expression of a cell, [`OUTSIDE`] where there is to be no noise.
    pub(crate) fn expect(&self, cell: usize, row: &mut [f64]) {
        row.fill(self.background);
        for block in &self.blocks {
            let Some(position) = block.position(cell + self.n_cut) else { continue };
            if self.background.is_nan() {
                block.enter(row);
            }
            block.program.write(position, &block.genes, row);
        }
    }
}

/// Refuses sizes that could not be worked with.
fn check_sizes(n_cells: usize, n_genes: usize) -> Result<(), SimulateError> {
    check_size("cells", n_cells, MOST_CELLS, "--n-cells")?;
    check_size("genes", n_genes, MOST_GENES, "--n-genes")
}

pub(crate) fn check_size(
    things: &'static str,
    found: usize,
    most: usize,
    options: &'static str,
) -> Result<(), SimulateError> {
    if found <= most { Ok(()) } else { Err(SimulateError::TooLarge { things, found, most, options }) }
}

fn gene_names(n_genes: usize) -> Vec<String> {
    (1..=n_genes).map(|number| format!("Gene_{number}")).collect()
}

/// This share of a number of cells or genes, without fractions.
pub(crate) fn share_of(n: usize, fraction: f64) -> usize {
    ((n as f64 * fraction) as usize).min(n)
}
