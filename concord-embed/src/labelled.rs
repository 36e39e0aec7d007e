use concord_core::{Embedding, Labels};
use ndarray::Axis;

use crate::EmbedError;

/// The cells that have a label, with codes that leave no category empty.
pub(crate) struct Labelled {
    /// Points of the labelled cells, in their order.
    pub(crate) points: Embedding,
    /// Category of each of them.
    pub(crate) codes: Vec<usize>,
    /// Number of cells of each category, none of them 0.
    pub(crate) sizes: Vec<usize>,
}

impl Labelled {
    pub(crate) fn new(embedding: &Embedding, labels: &Labels) -> Result<Self, EmbedError> {
        check_labels(embedding.n_cells(), labels)?;
        let (cells, codes): (Vec<usize>, Vec<u32>) =
            labels.codes().iter().enumerate().filter_map(|(cell, &code)| Some((cell, code?))).unzip();
        if cells.is_empty() {
            return Err(EmbedError::NoLabels);
        }
        let (codes, sizes) = compact(&codes, labels);
        let points = Embedding::new(embedding.values().select(Axis(0), &cells))?;
        Ok(Self { points, codes, sizes })
    }
}

/// Renumbers the codes so that categories without cells vanish, order kept.
fn compact(codes: &[u32], labels: &Labels) -> (Vec<usize>, Vec<usize>) {
    let mut position = vec![0; labels.n_categories()];
    let mut sizes = Vec::new();
    for (category, size) in labels.sizes().into_iter().enumerate().filter(|&(_, size)| size > 0) {
        position[category] = sizes.len();
        sizes.push(size);
    }
    (codes.iter().map(|&code| position[code as usize]).collect(), sizes)
}

pub(crate) fn check_labels(n_cells: usize, labels: &Labels) -> Result<(), EmbedError> {
    if labels.n_cells() == n_cells {
        return Ok(());
    }
    Err(EmbedError::CellMismatch { what: "labels", expected: n_cells, found: labels.n_cells() })
}
