use concord_core::{Counts, Csr, LogNorm};
use rayon::prelude::*;

use crate::PrepError;
use crate::lookup::Lookup;

/// Cells that are normalised as one piece of work.
const CHUNK_CELLS: usize = 256;

/// How [`normalize`] makes cells comparable.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct NormalizeConfig {
    /// The total that every cell gets [default: the median of the totals of the cells that have any counts]
    #[cfg_attr(feature = "clap", arg(long, value_name = "X"))]
    pub target_sum: Option<f32>,
}

/// Scales every cell to the same total, then takes `ln(1 + x)`, in place.
///
/// Agrees with scanpy's `normalize_total` and `log1p` to the rounding of 32-bit floats. A cell without counts stays
/// without; such cells do not count for the median (in scanpy they do when the matrix is sparse, but not when it is
/// dense). Zeros stay zeros, so the matrix stays sparse.
///
/// # Errors
/// [`PrepError::InvalidOption`] when the target is not a positive number, [`PrepError::NoCounts`] when there is no
/// median because no cell has counts.
///
/// # Examples
/// ```
/// use concord_core::{Counts, Csr};
/// use concord_prep::{NormalizeConfig, normalize};
///
/// let counts = Counts::new(Csr::new((3, 2), vec![0, 1, 2, 4], vec![0, 1, 0, 1], vec![1.0, 4.0, 1.0, 1.0]))?;
/// let expression = normalize(counts, &NormalizeConfig::default())?;
/// // The totals are 1, 4 and 2: every cell is scaled to 2.
/// assert_eq!(expression.matrix().data(), [3.0_f32.ln(), 3.0_f32.ln(), 2.0_f32.ln(), 2.0_f32.ln()]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn normalize(counts: Counts, config: &NormalizeConfig) -> Result<LogNorm, PrepError> {
    let totals = cell_totals(&counts);
    let target = target_sum(&totals, config.target_sum)?;
    let mut matrix = counts.into_matrix();
    scale_and_log(&mut matrix, &totals, target);
    Ok(LogNorm::from_logged(matrix)?)
}

/// As [`normalize`], for counts that are needed afterwards: works on a copy.
///
/// # Errors
/// As [`normalize`].
///
/// # Examples
/// ```
/// use concord_core::{Counts, Csr};
/// use concord_prep::{NormalizeConfig, cell_totals, normalize_copy};
///
/// let counts = Counts::new(Csr::new((2, 2), vec![0, 1, 2], vec![0, 1], vec![1.0, 4.0]))?;
/// let expression = normalize_copy(&counts, &NormalizeConfig { target_sum: Some(2.0) })?;
/// assert_eq!(expression.matrix().data(), [3.0_f32.ln(), 3.0_f32.ln()]);
/// assert_eq!(cell_totals(&counts), [1.0, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn normalize_copy(counts: &Counts, config: &NormalizeConfig) -> Result<LogNorm, PrepError> {
    normalize(counts.clone(), config)
}

/// The median total of the cells that have any counts: what [`normalize`] scales to when no target is given.
///
/// # Errors
/// [`PrepError::NoCounts`].
pub fn median_total(counts: &Counts) -> Result<f32, PrepError> {
    target_sum(&cell_totals(counts), None)
}

/// The total of every cell, `[n_cells]`.
pub fn cell_totals(counts: &Counts) -> Vec<f32> {
    let matrix = counts.matrix();
    let starts = matrix.indptr();
    starts
        .raw_storage()
        .par_windows(2)
        .map(|cell| matrix.data()[cell[0]..cell[1]].iter().map(|&value| f64::from(value)).sum::<f64>() as f32)
        .collect()
}

/// The factor by which a value is divided so that the total of its cell becomes `target`.
pub(crate) fn size_factor(total: f32, target: f32) -> f32 {
    if total > 0.0 { total / target } else { 1.0 }
}

fn target_sum(totals: &[f32], target_sum: Option<f32>) -> Result<f32, PrepError> {
    match target_sum {
        Some(target) if target > 0.0 && target.is_finite() => Ok(target),
        Some(target) => Err(PrepError::InvalidOption {
            option: "target-sum",
            value: target.to_string(),
            expected: "a positive number, such as 10000",
        }),
        None => median_of_positive(totals).ok_or(PrepError::NoCounts { n_cells: totals.len() }),
    }
}

fn median_of_positive(values: &[f32]) -> Option<f32> {
    let mut positive: Vec<f32> = values.iter().copied().filter(|&value| value > 0.0).collect();
    positive.sort_unstable_by(f32::total_cmp);
    let middle = positive.len() / 2;
    match positive.len() {
        0 => None,
        n if n % 2 == 1 => Some(positive[middle]),
        _ => Some(f32::midpoint(positive[middle - 1], positive[middle])),
    }
}

fn scale_and_log(matrix: &mut Csr, totals: &[f32], target: f32) {
    let starts = matrix.indptr().raw_storage().to_vec();
    let mut rest = matrix.data_mut();
    let mut chunks = Vec::with_capacity(totals.len().div_ceil(CHUNK_CELLS));
    for first in (0..totals.len()).step_by(CHUNK_CELLS) {
        let end = (first + CHUNK_CELLS).min(totals.len());
        let (values, behind) = rest.split_at_mut(starts[end] - starts[first]);
        chunks.push((first..end, values));
        rest = behind;
    }
    chunks.into_par_iter().for_each(|(cells, mut values)| {
        for cell in cells {
            let (own, behind) = values.split_at_mut(starts[cell + 1] - starts[cell]);
            let factor = size_factor(totals[cell], target);
            let logged = Lookup::new(|value| (value / factor).ln_1p());
            for value in own {
                *value = logged.get(*value);
            }
            values = behind;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> Counts {
        // 3 0 1
        // 0 0 0
        // 0 2 0
        Counts::new(Csr::new((3, 3), vec![0, 2, 2, 3], vec![0, 2, 1], vec![3.0, 1.0, 2.0])).unwrap()
    }

    #[test]
    fn cells_without_counts_stay_and_do_not_shift_the_median() -> Result<(), PrepError> {
        let expression = normalize(counts(), &NormalizeConfig::default())?;
        // Totals 4, 0, 2: the median of 4 and 2 is 3.
        let expected =
            [(3.0_f32 / (4.0 / 3.0)).ln_1p(), (1.0_f32 / (4.0 / 3.0)).ln_1p(), (2.0_f32 / (2.0 / 3.0)).ln_1p()];
        assert_eq!(expression.matrix().data(), expected);
        assert_eq!(expression.matrix().indices(), counts().matrix().indices());
        Ok(())
    }

    #[test]
    fn a_copy_is_the_same() -> Result<(), PrepError> {
        let config = NormalizeConfig { target_sum: Some(1e4) };
        assert_eq!(normalize_copy(&counts(), &config)?, normalize(counts(), &config)?);
        Ok(())
    }

    #[test]
    fn bad_targets_and_empty_matrices_are_errors() {
        for target in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let result = normalize(counts(), &NormalizeConfig { target_sum: Some(target) });
            assert!(matches!(result, Err(PrepError::InvalidOption { option: "target-sum", .. })));
        }
        let zeros = Counts::new(Csr::new((2, 1), vec![0, 0, 0], vec![], vec![])).unwrap();
        assert_eq!(normalize(zeros, &NormalizeConfig::default()), Err(PrepError::NoCounts { n_cells: 2 }));
    }
}
