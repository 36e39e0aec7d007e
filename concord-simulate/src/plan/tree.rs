use std::ops::Range;

use super::trajectory::total;
use super::{Block, Branch, Categories, Groups, MOST_CELLS, MOST_GENES, OUTSIDE, Plan, check_size};
use crate::program::Program;
use crate::{SimulateConfig, SimulateError, Tree};

/// Branches are numbered depth first, so that a branch and all that grows from it are one range of cells.
pub(super) fn plan(config: &SimulateConfig, tree: &Tree) -> Result<Plan, SimulateError> {
    let sizes = Sizes::new(config, tree);
    let (n_cells, n_genes) = (sizes.total(&sizes.cells), sizes.total(&sizes.genes));
    let n_genes = n_genes.saturating_add(tree.initial_inherited_genes.len());
    let n_branches = sizes.branches.iter().fold(0_usize, |sum, &n| sum.saturating_add(n));
    check_size("branches", n_branches, MOST_BRANCHES, "--branching-factor or --depth")?;
    check_size("cells", n_cells, MOST_CELLS, "--n-cells or --cellcount-decay")?;
    check_size("genes", n_genes, MOST_GENES, "--n-genes or --program-decay")?;

    let mut gene_names = tree.initial_inherited_genes.clone();
    let n_given = gene_names.len();
    gene_names.extend(super::gene_names(n_genes - n_given));
    let mut grower = Grower {
        config,
        tree,
        sizes,
        blocks: Vec::new(),
        programs: Categories::none(n_genes),
        branches: Vec::new(),
        n_cells: 0,
        n_genes: n_given,
    };
    if n_given > 0 {
        let given: Vec<u32> = (0..n_given as u32).collect();
        grower.programs.add("inherited".to_owned(), &given);
        grower.add_block(0..n_cells, given, true);
    }
    grower.grow(0, "root", 0);
    let Grower { blocks, programs, branches, .. } = grower;
    let background = if tree.noise_in_block { OUTSIDE } else { 0.0 };
    let (groups, shared) = (Groups::Tree(branches), Categories::none(n_genes));
    Ok(Plan { n_cells, gene_names, groups, programs, shared, n_cut: 0, background, blocks })
}

/// More branches than any tree of cells has.
const MOST_BRANCHES: usize = 100_000;

/// Numbers of each level, from the root on.
struct Sizes {
    branches: Vec<usize>,
    cells: Vec<usize>,
    genes: Vec<usize>,
}

impl Sizes {
    fn new(config: &SimulateConfig, tree: &Tree) -> Self {
        let factors = (0..tree.depth).map(|level| factor(tree, level));
        let n_leaves = (0..tree.depth).fold(1_usize, |n, _| n.saturating_mul(factor(tree, 0)));
        let decayed = |total: usize, decay: f64, most: usize| {
            let base = total / n_leaves;
            let at = |level: usize| ((base as f64 * decay.powi(level as i32)) as usize).clamp(1, most + 1);
            (0..=tree.depth).map(at).collect()
        };
        let branches = factors.scan(1_usize, |n, factor| {
            *n = n.saturating_mul(factor);
            Some(*n)
        });
        Self {
            branches: std::iter::once(1).chain(branches).collect(),
            cells: decayed(total(&config.n_cells), tree.cellcount_decay, MOST_CELLS),
            genes: decayed(total(&config.n_genes), tree.program_decay, MOST_GENES),
        }
    }

    /// The number in all branches together, of a number in each branch of a level.
    fn total(&self, of_level: &[usize]) -> usize {
        let products = self.branches.iter().zip(of_level).map(|(&branches, &number)| branches.saturating_mul(number));
        products.fold(0, usize::saturating_add)
    }
}

/// How many branches grow from one of this level.
fn factor(tree: &Tree, level: usize) -> usize {
    tree.branching_factor.get(level).or(tree.branching_factor.first()).copied().unwrap_or(1)
}

struct Grower<'a> {
    config: &'a SimulateConfig,
    tree: &'a Tree,
    sizes: Sizes,
    blocks: Vec<Block>,
    programs: Categories,
    branches: Vec<Branch>,
    /// Cells and genes that are taken.
    n_cells: usize,
    n_genes: usize,
}

impl Grower<'_> {
    /// Adds a branch and all that grows from it.
    fn grow(&mut self, level: usize, name: &str, start_time: usize) {
        let cells = self.n_cells..self.n_cells + self.sizes.cells[level];
        let genes: Vec<u32> = (self.n_genes as u32..(self.n_genes + self.sizes.genes[level]) as u32).collect();
        self.n_cells = cells.end;
        self.n_genes += genes.len();
        self.programs.add(name.to_owned(), &genes);
        self.add_block(cells.clone(), genes.clone(), false);
        let depth = self.tree.depth - level;
        self.branches.push(Branch { name: name.to_owned(), depth, start_time, cells: cells.clone() });
        if depth == 0 {
            return;
        }
        for number in 0..factor(self.tree, level) {
            let child = if level == 0 { number.to_string() } else { format!("{name}_{number}") };
            self.grow(level + 1, &child, start_time + cells.len());
        }
        // Whatever has grown keeps these genes on.
        self.add_block(cells.end..self.n_cells, genes, true);
    }

    fn add_block(&mut self, cells: Range<usize>, genes: Vec<u32>, is_inherited: bool) {
        let style = self.config.program_style();
        let style = if is_inherited { style.always_on() } else { style };
        let program = Program::new(style, cells.len(), genes.len(), Some(self.tree.program_gap_size));
        self.blocks.push(Block { spans: [cells, 0..0], genes, program });
    }
}
