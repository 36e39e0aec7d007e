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
    let n_in_block = (n_cells as f64 * trajectory.cell_block_size_ratio) as usize;
    let ratio = trajectory.cell_block_size_ratio;
    check(n_in_block > 0, "cell-block-size-ratio", &ratio, format!("of {n_cells} cells this is less than one"))?;

    let n_on_way = n_cells + n_in_block;
    let n_per_program = n_genes.div_ceil(trajectory.program_num);
    let genes_of = |program: usize| {
        let end = (program + 1).saturating_mul(n_per_program).min(n_genes);
        (program.saturating_mul(n_per_program).min(end) as u32..end as u32).collect::<Vec<u32>>()
    };
    let mut programs = Categories::none(n_genes);
    (0..trajectory.program_num).for_each(|program| programs.add(format!("program_{program}"), &genes_of(program)));

    let order: Vec<usize> = (0..trajectory.program_num).chain(trajectory.loop_to.iter().copied()).collect();
    let gap = n_cells as f64 / (order.len() - 1) as f64;
    let mut blocks = Vec::with_capacity(order.len() + 1);
    for (place, genes) in order.into_iter().map(genes_of).enumerate() {
        let start = (place as f64 * gap) as usize;
        let cells = start..(start + n_in_block).min(n_on_way);
        let program = Program::new(config.program_style(), cells.len(), genes.len(), None);
        blocks.push(Block { spans: [cells, 0..0], genes, program });
    }
    let mut shared = Categories::none(n_genes);
    let n_shared = share_of(n_genes, trajectory.global_non_specific_gene_fraction);
    if n_shared > 0 {
        let random = &mut stream(config.seed, Purpose::SharedGenes, &[0]);
        let genes = choose((0..n_genes as u32).collect(), n_shared, random);
        shared.add("all".to_owned(), &genes);
        let program = Program::new(config.program_style().always_on(), n_on_way, genes.len(), None);
        blocks.push(Block { spans: [0..n_on_way, 0..0], genes, program });
    }
    let (gene_names, n_cut) = (gene_names(n_genes), n_in_block / 2);
    Ok(Plan { n_cells, gene_names, groups: Groups::Time, programs, shared, n_cut, background: 0.0, blocks })
}

/// The validated number of all together.
pub(super) fn total(amount: &Amount) -> usize {
    match amount {
        Amount::Total(total) => *total,
        Amount::PerCluster(numbers) => numbers.iter().sum(),
    }
}
