use concord_core::Labels;

use crate::EmbedError;
use crate::labelled::check_labels;

/// How well two groupings of the same cells agree, corrected for chance: 1 for the same grouping, about 0 for random ones.
///
/// Equals `sklearn.metrics.adjusted_rand_score` (Hubert and Arabie, 1985). The names of the categories do not matter.
/// Cells without a label in one of the two are left out.
///
/// # Errors
/// [`EmbedError::CellMismatch`]; [`EmbedError::NoLabels`] when no cell has both labels.
///
/// # Examples
/// ```
/// use concord_core::Labels;
/// use concord_embed::adjusted_rand_index;
///
/// let types = Labels::from_texts(&["B", "B", "T", "T"]);
/// let clusters = Labels::from_texts(&["1", "1", "0", "0"]);
/// assert_eq!(adjusted_rand_index(&types, &clusters)?, 1.0);
/// # Ok::<(), concord_embed::EmbedError>(())
/// ```
pub fn adjusted_rand_index(first: &Labels, second: &Labels) -> Result<f64, EmbedError> {
    let table = Contingency::new(first, second)?;
    let pairs = |counts: &[usize]| counts.iter().map(|&count| count as f64 * (count as f64 - 1.0) / 2.0).sum::<f64>();
    let (together, in_first, in_second) = (pairs(&table.cells), pairs(&table.rows), pairs(&table.columns));
    let all = pairs(&[table.n_cells]);
    let expected = if all > 0.0 { in_first * in_second / all } else { 0.0 };
    let largest = f64::midpoint(in_first, in_second);
    // Both groupings trivial (one category, or one a cell): they agree.
    if largest > expected { Ok((together - expected) / (largest - expected)) } else { Ok(1.0) }
}

/// The information that two groupings of the same cells share, 0 to 1.
///
/// Mutual information over the arithmetic mean of the two entropies: equals
/// `sklearn.metrics.normalized_mutual_info_score`. Cells without a label in one of the two are left out.
///
/// # Errors
/// As [`adjusted_rand_index`].
pub fn normalized_mutual_information(first: &Labels, second: &Labels) -> Result<f64, EmbedError> {
    let table = Contingency::new(first, second)?;
    let n = table.n_cells as f64;
    let entropy = |counts: &[usize]| {
        let shares = counts.iter().filter(|&&count| count > 0).map(|&count| count as f64 / n);
        -shares.map(|share| share * share.ln()).sum::<f64>()
    };
    let (in_first, in_second) = (entropy(&table.rows), entropy(&table.columns));
    let n_trivial = [&table.rows, &table.columns].iter().filter(|c| c.iter().filter(|&&n| n > 0).count() < 2).count();
    match n_trivial {
        2 => Ok(1.0),
        1 => Ok(0.0),
        _ => {
            let mutual = in_first + in_second - entropy(&table.cells);
            Ok((mutual / f64::midpoint(in_first, in_second)).clamp(0.0, 1.0))
        }
    }
}

/// Numbers of cells by category of one grouping (rows) and of the other (columns).
struct Contingency {
    cells: Vec<usize>,
    rows: Vec<usize>,
    columns: Vec<usize>,
    n_cells: usize,
}

impl Contingency {
    fn new(first: &Labels, second: &Labels) -> Result<Self, EmbedError> {
        check_labels(first.n_cells(), second)?;
        let n_columns = second.n_categories();
        let mut table = Self {
            cells: vec![0; first.n_categories() * n_columns],
            rows: vec![0; first.n_categories()],
            columns: vec![0; n_columns],
            n_cells: 0,
        };
        for (&row, &column) in first.codes().iter().zip(second.codes()) {
            if let (Some(row), Some(column)) = (row, column) {
                let (row, column) = (row as usize, column as usize);
                table.cells[row * n_columns + column] += 1;
                table.rows[row] += 1;
                table.columns[column] += 1;
                table.n_cells += 1;
            }
        }
        if table.n_cells == 0 { Err(EmbedError::NoLabels) } else { Ok(table) }
    }
}
