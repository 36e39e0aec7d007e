use std::fmt;

use concord_core::{Counts, Csr};
use rayon::prelude::*;

/// Above this a value is no logarithm of an expression: a count of a million has the natural logarithm 13.8.
pub const LARGEST_LOGGED: f32 = 15.0;

/// Cells' totals that differ by less than this share of their mean were made equal by a normalisation.
const EQUAL_TOTALS: f64 = 1e-3;

/// What an expression matrix seems to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum MatrixState {
    /// Whole numbers: raw counts.
    Counts,
    /// Numbers with fractions on a linear scale: normalised (or corrected) counts.
    Normalized,
    /// Logarithms of normalised counts.
    Logged,
}

impl MatrixState {
    /// The name in running text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Normalized => "normalised",
            Self::Logged => "logged",
        }
    }
}

impl fmt::Display for MatrixState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Guesses what a matrix holds from its values.
///
/// Whole numbers only: [`MatrixState::Counts`]. Else, when all cells that express anything have the same total
/// (within 0.1 %): [`MatrixState::Normalized`]. Else, when no value is above 15 (a logarithm of a million is 13.8):
/// [`MatrixState::Logged`]. Else, [`MatrixState::Normalized`]. The guess can be wrong for normalised values that are
/// all small and of which genes have been removed since.
///
/// ```
/// use concord_core::{Counts, Csr};
/// use concord_prep::{MatrixState, matrix_state};
///
/// let logged = Counts::new(Csr::new((2, 2), vec![0, 2, 3], vec![0, 1, 1], vec![0.69, 1.79, 2.4]))?;
/// assert_eq!(matrix_state(&logged), MatrixState::Logged);
/// # Ok::<(), concord_core::CoreError>(())
/// ```
pub fn matrix_state(counts: &Counts) -> MatrixState {
    let matrix = counts.matrix();
    let whole = matrix.data().par_chunks(1 << 16).all(|values| values.iter().all(|value| value.trunc() == *value));
    if whole {
        MatrixState::Counts
    } else if totals_are_equal(matrix) {
        MatrixState::Normalized
    } else if matrix.data().par_chunks(1 << 16).all(|values| values.iter().all(|value| *value <= LARGEST_LOGGED)) {
        MatrixState::Logged
    } else {
        MatrixState::Normalized
    }
}

fn totals_are_equal(matrix: &Csr) -> bool {
    let mut totals = matrix
        .outer_iterator()
        .map(|cell| cell.data().iter().map(|&value| f64::from(value)).sum::<f64>())
        .filter(|&total| total > 0.0);
    let Some(first) = totals.next() else { return false };
    let mut n_others = 0;
    let equal = totals.all(|total| {
        n_others += 1;
        (total - first).abs() <= EQUAL_TOTALS * first
    });
    equal && n_others > 0
}

#[cfg(test)]
mod tests {
    use concord_core::CoreError;

    use super::*;

    fn state(values: Vec<f32>) -> Result<MatrixState, CoreError> {
        Counts::new(Csr::new((2, 2), vec![0, 2, 4], vec![0, 1, 0, 1], values)).map(|counts| matrix_state(&counts))
    }

    #[test]
    fn states_are_told_apart() -> Result<(), CoreError> {
        assert_eq!(state(vec![1.0, 0.0, 300.0, 2.0])?, MatrixState::Counts);
        assert_eq!(state(vec![0.5, 0.5, 0.25, 0.75])?, MatrixState::Normalized);
        assert_eq!(state(vec![0.5, 20.5, 100.0, 1.0])?, MatrixState::Normalized);
        assert_eq!(state(vec![0.5, 2.5, 1.0, 1.0])?, MatrixState::Logged);
        Ok(())
    }

    #[test]
    fn nothing_but_zeros_are_counts() -> Result<(), CoreError> {
        let counts = Counts::new(Csr::new((2, 2), vec![0, 0, 0], vec![], vec![]))?;
        assert_eq!(matrix_state(&counts), MatrixState::Counts);
        Ok(())
    }
}
