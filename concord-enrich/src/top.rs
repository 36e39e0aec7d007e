use crate::EnrichError;

/// The positions, ascending, of the scores above a quantile of all scores: the top of a ranking.
///
/// The quantile is interpolated linearly between two scores, as pandas and numpy do. With 0.95, about one score of twenty
/// is above; fewer when scores are equal, none when all are.
///
/// # Errors
/// [`EnrichError::InvalidOption`] when the quantile is not from 0 to 1.
///
/// # Examples
/// ```
/// let importance = [0.9, 0.1, 0.4, 0.8, 0.2];
/// assert_eq!(concord_enrich::above_quantile(&importance, 0.5)?, [0, 3]);
/// # Ok::<(), concord_enrich::EnrichError>(())
/// ```
pub fn above_quantile(scores: &[f64], quantile: f64) -> Result<Vec<usize>, EnrichError> {
    if !(0.0..=1.0).contains(&quantile) {
        return Err(EnrichError::InvalidOption { option: "quantile", value: quantile, expected: "from 0 to 1" });
    }
    if scores.is_empty() {
        return Ok(Vec::new());
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = quantile * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    let limit = below + (above - below) * place.fract();
    Ok((0..scores.len()).filter(|&position| scores[position] > limit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// pandas 2: `Series([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]).quantile(...)` is 7.5, 4, 3 and 5.
    #[test]
    fn quantiles_are_those_of_pandas() -> Result<(), EnrichError> {
        let scores = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0];
        assert_eq!(above_quantile(&scores, 0.95)?, [5]);
        assert_eq!(above_quantile(&scores, 0.5)?, [4, 5, 7, 8, 10]);
        assert_eq!(above_quantile(&scores, 0.3)?, [2, 4, 5, 7, 8, 10]);
        assert_eq!(above_quantile(&scores, 0.8)?, [5, 7]);
        Ok(())
    }

    #[test]
    fn nothing_is_above_equal_scores() -> Result<(), EnrichError> {
        assert!(above_quantile(&[2.0; 9], 0.5)?.is_empty() && above_quantile(&[], 0.5)?.is_empty());
        assert!(above_quantile(&[1.0], 1.5).is_err() && above_quantile(&[1.0], f64::NAN).is_err());
        Ok(())
    }
}
