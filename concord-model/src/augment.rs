//! Views of a batch: random entries and random genes set to zero.

use concord_core::Csr;
use rand::RngExt;

use crate::{TrainConfig, batch::SparseBatch, random::Random};

/// A view of some cells: entries are dropped one by one, then whole genes, drawn once for the batch. Nothing is rescaled.
pub(crate) fn view(matrix: &Csr, cells: &[usize], config: &TrainConfig, random: &mut Random) -> SparseBatch {
    let keeps_gene: Vec<bool> = (0..matrix.cols()).map(|_| !random.random_bool(config.feature_mask_prob)).collect();
    SparseBatch::gather(matrix, cells, |gene| keeps_gene[gene as usize])
        .retain(|| !random.random_bool(config.element_mask_prob))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    fn ones(n_cells: usize, n_genes: usize) -> Csr {
        let indices = (0..n_cells).flat_map(|_| 0..n_genes as u32).collect();
        let indptr = (0..=n_cells).map(|cell| cell * n_genes).collect();
        Csr::new((n_cells, n_genes), indptr, indices, vec![1.0; n_cells * n_genes])
    }

    #[test]
    fn genes_are_dropped_from_all_cells_and_entries_one_by_one() {
        let (n_cells, n_genes) = (200, 500);
        let cells: Vec<usize> = (0..n_cells).collect();
        for (element_mask_prob, feature_mask_prob) in [(0.4, 0.3), (0.1, 0.6), (0.7, 0.0)] {
            let config = TrainConfig { element_mask_prob, feature_mask_prob, ..TrainConfig::default() };
            let batch = view(&ones(n_cells, n_genes), &cells, &config, &mut stream(0, Purpose::Augmentation, &[0]));
            let of_genes: Vec<usize> = (0..n_genes).map(|gene| batch.gene(gene).0.len()).collect();
            let n_dropped = of_genes.iter().filter(|&&n| n == 0).count() as f64 / n_genes as f64;
            assert!((n_dropped - feature_mask_prob).abs() < 0.07, "dropped {n_dropped} of the genes");
            let kept: Vec<f64> = of_genes.iter().filter(|&&n| n > 0).map(|&n| n as f64 / n_cells as f64).collect();
            let mean = kept.iter().sum::<f64>() / kept.len() as f64;
            assert!((mean - (1.0 - element_mask_prob)).abs() < 0.01, "kept {mean} of the entries");
        }
    }
}
