use std::ops::Range;

use super::{Block, Categories, Groups, Plan, check_sizes, gene_names, share_of};
use crate::program::Program;
use crate::random::{Purpose, choose, stream};
use crate::{Amount, Clusters, SharedGenes, SimulateConfig, SimulateError};

/// Each cluster has a range of cells and one of genes; then come the programs of several clusters.
pub(super) fn plan(config: &SimulateConfig, clusters: &Clusters) -> Result<Plan, SimulateError> {
    let cell_counts = divide(&config.n_cells, clusters.n_states);
    let gene_counts = divide(&config.n_genes, clusters.n_states);
    check_sizes(sum(&cell_counts), sum(&gene_counts))?;
    let (cells, genes) = (ranges(&cell_counts), ranges(&gene_counts));
    let (n_cells, n_genes) = (sum(&cell_counts), sum(&gene_counts));
    let mut builder =
        Builder { config, blocks: Vec::new(), programs: Categories::none(n_genes), shared: Categories::none(n_genes) };
    for (number, (cells, genes)) in cells.iter().zip(&genes).enumerate() {
        let genes: Vec<u32> = indices(genes).collect();
        builder.programs.add(cluster_name(number), &genes);
        builder.add_block([cells.clone(), 0..0], genes);
    }
    for (number, shared) in clusters.pairwise_non_specific_gene_fraction.iter().enumerate() {
        builder.share(number, shared, &cells, &genes);
    }
    builder.share_with_all(clusters.global_non_specific_gene_fraction, n_cells);
    let Builder { blocks, programs, shared, .. } = builder;
    let groups = Groups::Clusters(cells.iter().map(|cells| cells.end).collect());
    let gene_names = gene_names(n_genes);
    Ok(Plan { n_cells, gene_names, groups, programs, shared, n_cut: 0, background: 0.0, blocks })
}

/// What a cluster is called.
pub(crate) fn cluster_name(number: usize) -> String {
    format!("cluster_{}", number + 1)
}

struct Builder<'a> {
    config: &'a SimulateConfig,
    blocks: Vec<Block>,
    programs: Categories,
    shared: Categories,
}

impl Builder<'_> {
    fn add_block(&mut self, spans: [Range<usize>; 2], genes: Vec<u32>) {
        let n_cells = spans.iter().map(ExactSizeIterator::len).sum();
        let program = Program::new(self.config.program_style(), n_cells, genes.len(), None);
        self.blocks.push(Block { spans, genes, program });
    }

    /// A program of two clusters with some of the genes of both.
    fn share(&mut self, number: usize, shared: &SharedGenes, cells: &[Range<usize>], genes: &[Range<usize>]) {
        let (a, b) = (shared.clusters.0.min(shared.clusters.1), shared.clusters.0.max(shared.clusters.1));
        let of_both: Vec<u32> = indices(&genes[a]).chain(indices(&genes[b])).collect();
        let n_shared = share_of(of_both.len(), shared.fraction);
        let random = &mut stream(self.config.seed, Purpose::SharedGenes, &[number + 1]);
        let chosen = choose(of_both, n_shared, random);
        self.shared.add(format!("{}+{}", cluster_name(a), cluster_name(b)), &chosen);
        self.add_block([cells[a].clone(), cells[b].clone()], chosen);
    }

    /// A program of all cells with some of all genes.
    fn share_with_all(&mut self, fraction: f64, n_cells: usize) {
        let n_genes = self.shared.codes.len();
        let random = &mut stream(self.config.seed, Purpose::SharedGenes, &[0]);
        let chosen = choose((0..n_genes as u32).collect(), share_of(n_genes, fraction), random);
        if !chosen.is_empty() {
            self.shared.add("all".to_owned(), &chosen);
            self.add_block([0..n_cells, 0..0], chosen);
        }
    }
}

/// Evenly, without the remainder.
fn divide(amount: &Amount, n_clusters: usize) -> Vec<usize> {
    match amount {
        Amount::Total(total) => vec![total / n_clusters; n_clusters],
        Amount::PerCluster(numbers) => numbers.clone(),
    }
}

fn sum(counts: &[usize]) -> usize {
    counts.iter().fold(0, |sum, &count| sum.saturating_add(count))
}

fn ranges(counts: &[usize]) -> Vec<Range<usize>> {
    let mut start = 0;
    let range = |&count: &usize| {
        start += count;
        start - count..start
    };
    counts.iter().map(range).collect()
}

fn indices(range: &Range<usize>) -> impl Iterator<Item = u32> + use<> {
    range.start as u32..range.end as u32
}
