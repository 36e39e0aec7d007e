use concord_core::{KnnGraph, Labels};

use crate::EmbedError;
use crate::labelled::check_labels;

/// How well categories mix: mean inverse Simpson index of the labels of each cell's neighbours.
///
/// With `p` the shares of the categories among the neighbours of a cell (the cell itself not among them), the index is
/// `1 / sum p^2`: the effective number of categories, from 1 (one only) to the number of categories (evenly mixed).
/// Neighbours count alike, however near. Cells without a label are left out, as centres and as neighbours.
///
/// # Errors
/// [`EmbedError::CellMismatch`]; [`EmbedError::NoLabels`] when no labelled cell has a labelled neighbour.
///
/// # Examples
/// ```
/// use concord_core::{KnnGraph, Labels};
/// use concord_embed::inverse_simpson;
/// use ndarray::array;
///
/// let graph = KnnGraph::new(array![[1, 2], [0, 2], [0, 1]], array![[1.0, 2.0], [1.0, 3.0], [2.0, 3.0]])?;
/// let batches = Labels::from_texts(&["ctrl", "ctrl", "stim"]);
/// assert_eq!(inverse_simpson(&graph, &batches)?, (2.0 + 2.0 + 1.0) / 3.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inverse_simpson(graph: &KnnGraph, labels: &Labels) -> Result<f64, EmbedError> {
    check_labels(graph.n_cells(), labels)?;
    let codes = labels.codes();
    let mut counts = vec![0usize; labels.n_categories()];
    let (mut sum, mut n_measured) = (0.0, 0usize);
    for (neighbors, own) in graph.neighbors().rows().into_iter().zip(codes) {
        counts.fill(0);
        neighbors.iter().filter_map(|&cell| codes[cell as usize]).for_each(|code| counts[code as usize] += 1);
        let n_neighbors: usize = counts.iter().sum();
        if own.is_none() || n_neighbors == 0 {
            continue;
        }
        let squares: usize = counts.iter().map(|count| count * count).sum();
        sum += (n_neighbors * n_neighbors) as f64 / squares as f64;
        n_measured += 1;
    }
    if n_measured == 0 { Err(EmbedError::NoLabels) } else { Ok(sum / n_measured as f64) }
}
