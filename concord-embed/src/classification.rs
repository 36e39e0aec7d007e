use concord_core::{Embedding, Labels};

use crate::distances::{Distances, nearest};
use crate::labelled::Labelled;
use crate::neighborhoods::check_k;
use crate::{EmbedError, Metric};

/// How well the labels of a cell's neighbours tell its own: cross-validated k-nearest-neighbour accuracy, 0 to 1.
///
/// The cells are dealt into `n_folds` folds, each with its share of every category; the label of a cell is predicted
/// by the majority of its `k` nearest cells outside its fold (of equally frequent labels the first in category order),
/// and the accuracies of the folds are averaged. Folds are not shuffled: each category's cells are dealt in their order,
/// as scikit-learn's `cross_val_score(KNeighborsClassifier(k, metric=..), .., cv=StratifiedKFold(n_folds))` does, whose
/// number this is. Cells without a label are left out.
///
/// # Errors
/// [`EmbedError::CellMismatch`]; [`EmbedError::TooFewFolds`] for fewer than 2 folds; [`EmbedError::TooManyFolds`] when
/// no category has that many cells; [`EmbedError::TooManyNeighbors`] when fewer than `k` cells are outside a fold.
pub fn knn_accuracy(
    embedding: &Embedding,
    labels: &Labels,
    k: usize,
    metric: Metric,
    n_folds: usize,
) -> Result<f64, EmbedError> {
    let labelled = Labelled::new(embedding, labels)?;
    let fold = stratified_folds(&labelled, n_folds)?;
    let mut fold_sizes = vec![0usize; n_folds];
    for &fold in &fold {
        fold_sizes[fold] += 1;
    }
    let n_cells = labelled.codes.len();
    let n_outside = fold_sizes.iter().map(|size| n_cells - size).min().unwrap_or(0);
    check_k(k, n_cells, n_outside)?;
    let correct = Distances::new(&labelled.points, metric).map_rows(|cell, distances| {
        let neighbors = nearest(distances, k, |other| fold[other] != fold[cell]);
        majority(&neighbors, &labelled) == labelled.codes[cell]
    });
    let mut n_correct = vec![0usize; n_folds];
    for (&fold, _) in fold.iter().zip(&correct).filter(|(_, correct)| **correct) {
        n_correct[fold] += 1;
    }
    let accuracies = n_correct.iter().zip(&fold_sizes).map(|(&correct, &size)| correct as f64 / size.max(1) as f64);
    Ok(accuracies.sum::<f64>() / n_folds as f64)
}

/// The fold of every cell, as `sklearn.model_selection.StratifiedKFold` without shuffling.
///
/// Sorted by category (categories in the order of their first cells), the cells are dealt to the folds in turn; this
/// gives the number of cells of each category in each fold, and the category's cells fill the folds in order.
fn stratified_folds(labelled: &Labelled, n_folds: usize) -> Result<Vec<usize>, EmbedError> {
    if n_folds < 2 {
        return Err(EmbedError::TooFewFolds { n_folds });
    }
    let n_categories = labelled.sizes.len();
    let largest = labelled.sizes.iter().copied().max().unwrap_or(0);
    if largest < n_folds {
        return Err(EmbedError::TooManyFolds { n_folds, largest });
    }
    let mut by_category = vec![Vec::new(); n_categories];
    let mut order = Vec::with_capacity(n_categories);
    for (cell, &code) in labelled.codes.iter().enumerate() {
        if by_category[code].is_empty() {
            order.push(code);
        }
        by_category[code].push(cell);
    }
    let mut fold_of = vec![0; labelled.codes.len()];
    let mut n_dealt = 0;
    for code in order {
        let size = by_category[code].len();
        let mut cells = by_category[code].iter();
        for fold in 0..n_folds {
            let first = (fold + n_folds - n_dealt % n_folds) % n_folds;
            let share = size.saturating_sub(first).div_ceil(n_folds);
            cells.by_ref().take(share).for_each(|&cell| fold_of[cell] = fold);
        }
        n_dealt += size;
    }
    Ok(fold_of)
}

fn majority(neighbors: &[u32], labelled: &Labelled) -> usize {
    let mut votes = vec![0usize; labelled.sizes.len()];
    for &cell in neighbors {
        votes[labelled.codes[cell as usize]] += 1;
    }
    let most = votes.iter().copied().max().unwrap_or(0);
    votes.iter().position(|&count| count == most).unwrap_or(0)
}
