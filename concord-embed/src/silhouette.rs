use concord_core::{Embedding, Labels};
use ndarray::{Array2, Axis};

use crate::distances::{Distances, normalize_rows};
use crate::labelled::Labelled;
use crate::{EmbedError, Metric};

/// How much nearer a cell is to its own category than to the next: mean silhouette, -1 to 1.
///
/// Of each cell, with `a` the mean distance to its own category and `b` the smallest mean distance to another:
/// `(b - a) / max(a, b)`; 0 where the category has no other cell. Equals `sklearn.metrics.silhouette_score`
/// (Rousseeuw, 1987); CONCORD's benchmarks report `(s + 1) / 2`. Cells without a label are left out. The cosine
/// silhouette takes time linear in the number of cells, the Euclidean one quadratic.
///
/// # Errors
/// [`EmbedError::CellMismatch`]; [`EmbedError::Categories`] unless there are at least 2 categories, and fewer than cells.
pub fn silhouette(embedding: &Embedding, labels: &Labels, metric: Metric) -> Result<f64, EmbedError> {
    let labelled = Labelled::new(embedding, labels)?;
    let n_cells = labelled.codes.len();
    if labelled.sizes.len() < 2 || labelled.sizes.len() >= n_cells {
        return Err(EmbedError::Categories { n_categories: labelled.sizes.len(), n_cells });
    }
    let values = match metric {
        Metric::Euclidean => euclidean_silhouettes(&labelled),
        Metric::Cosine => cosine_silhouettes(&labelled),
    };
    Ok(values.iter().sum::<f64>() / n_cells as f64)
}

fn euclidean_silhouettes(labelled: &Labelled) -> Vec<f64> {
    Distances::new(&labelled.points, Metric::Euclidean).map_rows(|cell, squared| {
        let mut sums = vec![0.0; labelled.sizes.len()];
        for (&code, &squared) in labelled.codes.iter().zip(squared) {
            sums[code] += squared.sqrt();
        }
        silhouette_of(&sums, labelled.codes[cell], &labelled.sizes)
    })
}

/// The mean cosine distance to a category is one minus the product with the mean of its unit vectors.
fn cosine_silhouettes(labelled: &Labelled) -> Vec<f64> {
    let mut points = labelled.points.values().mapv(f64::from);
    normalize_rows(&mut points);
    let mut totals = Array2::<f64>::zeros((labelled.sizes.len(), points.ncols()));
    for (point, &code) in points.rows().into_iter().zip(&labelled.codes) {
        let mut total = totals.index_axis_mut(Axis(0), code);
        total += &point;
    }
    let products = points.dot(&totals.t());
    let silhouette_of_cell = |(cell, &own): (usize, &usize)| {
        let mut sums: Vec<f64> =
            labelled.sizes.iter().zip(products.row(cell)).map(|(&size, product)| size as f64 - product).collect();
        // The distance of a cell to itself is 0, also by rounding and also where its vector is zero.
        sums[own] -= 1.0 - points.row(cell).dot(&points.row(cell));
        silhouette_of(&sums, own, &labelled.sizes)
    };
    labelled.codes.iter().enumerate().map(silhouette_of_cell).collect()
}

/// The silhouette of a cell of category `own`, from the sums of its distances to each category.
fn silhouette_of(sums: &[f64], own: usize, sizes: &[usize]) -> f64 {
    if sizes[own] < 2 {
        return 0.0;
    }
    let within = sums[own] / (sizes[own] - 1) as f64;
    let mean = |(category, (&sum, &size)): (usize, (&f64, &usize))| (category != own).then(|| sum / size as f64);
    let between = sums.iter().zip(sizes).enumerate().filter_map(mean).fold(f64::INFINITY, f64::min);
    let larger = within.max(between);
    // Identical points everywhere: nothing is nearer than anything else.
    if larger > 0.0 { (between - within) / larger } else { 0.0 }
}
