use super::{Block, Categories, Groups, Plan, check_sizes, gene_names, share_of};
use crate::error::check;
use crate::program::Program;
use crate::random::{Purpose, choose, stream};
use crate::{Amount, SimulateConfig, SimulateError, Trajectory};

/// Programs follow each other at equal distances. The way is longer than the population by one program, half of which is
/// cut off at either end, so that the first program is on its way in the first cell.
pub(super) fn plan(config: &SimulateConfig, trajectory: &Trajectory) -> Result<Plan, SimulateError> {
    let (n_cells, n_genes) = (total(&config.n_cells), total(&config.n_genes));
    check_sizes(n_cells, n_genes)?;
    let ratio = trajectory.cell_block_size_ratio;
    let n_in_block = share_of(n_cells, ratio);
    check(n_in_block > 0, "cell-block-size-ratio", &ratio, format!("of {n_cells} cells this is less than one"))?;

    let way = Way { config, trajectory, n_cells, n_genes, n_in_block };
    let mut programs = Categories::none(n_genes);
    for program in 0..trajectory.program_num {
        programs.add(format!("program_{program}"), &way.genes(program));
    }
    let mut blocks = way.blocks();
    let mut shared = Categories::none(n_genes);
    if let Some(block) = way.shared_block() {
        shared.add("all".to_owned(), &block.genes);
        blocks.push(block);
    }
    let (gene_names, n_cut) = (gene_names(n_genes), n_in_block / 2);
    Ok(Plan { n_cells, gene_names, groups: Groups::Time, programs, shared, n_cut, background: 0.0, blocks })
}

struct Way<'a> {
    config: &'a SimulateConfig,
    trajectory: &'a Trajectory,
    n_cells: usize,
    n_genes: usize,
    /// Cells of a program.
    n_in_block: usize,
}

impl Way<'_> {
    fn n_cells_on_way(&self) -> usize {
        self.n_cells + self.n_in_block
    }

    /// The genes of a program; of the last ones there may be fewer, or none.
    fn genes(&self, program: usize) -> Vec<u32> {
        let n_per_program = self.n_genes.div_ceil(self.trajectory.program_num);
        let start = program.saturating_mul(n_per_program).min(self.n_genes);
        let end = start.saturating_add(n_per_program).min(self.n_genes);
        (start as u32..end as u32).collect()
    }

    /// The programs in the order in which they turn on, those of the loop once more.
    fn blocks(&self) -> Vec<Block> {
        let order: Vec<usize> =
            (0..self.trajectory.program_num).chain(self.trajectory.loop_to.iter().copied()).collect();
        let gap = self.n_cells as f64 / (order.len() - 1) as f64;
        let block = |(place, &program): (usize, &usize)| {
            let start = (place as f64 * gap) as usize;
            let cells = start..(start + self.n_in_block).min(self.n_cells_on_way());
            let genes = self.genes(program);
            let program = Program::new(self.config.program_style(), cells.len(), genes.len(), None);
            Block { spans: [cells, 0..0], genes, program }
        };
        order.iter().enumerate().map(block).collect()
    }

    /// Some genes that are on all the way.
    fn shared_block(&self) -> Option<Block> {
        let n_shared = share_of(self.n_genes, self.trajectory.global_non_specific_gene_fraction);
        let random = &mut stream(self.config.seed, Purpose::SharedGenes, &[0]);
        let genes = choose((0..self.n_genes as u32).collect(), n_shared, random);
        let n_cells = self.n_cells_on_way();
        let program = Program::new(self.config.program_style().always_on(), n_cells, genes.len(), None);
        (n_shared > 0).then_some(Block { spans: [0..n_cells, 0..0], genes, program })
    }
}

/// The validated number of all together.
pub(super) fn total(amount: &Amount) -> usize {
    match amount {
        Amount::Total(total) => *total,
        Amount::PerCluster(numbers) => numbers.iter().sum(),
    }
}
