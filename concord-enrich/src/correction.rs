/// Adjusts p-values for the number of tests: false discovery rates after [Benjamini and Hochberg (1995)][paper].
///
/// The smallest rate at which the test would still be called significant, in the order of the input. A NaN is no test:
/// it stays NaN and does not count.
///
/// [paper]: https://doi.org/10.1111/j.2517-6161.1995.tb02031.x
///
/// # Examples
/// ```
/// let adjusted = concord_enrich::benjamini_hochberg(&[0.01, 0.5, 0.02, 0.03]);
/// assert_eq!(adjusted, [0.04, 0.5, 0.04, 0.04]);
/// ```
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).filter(|&test| !p_values[test].is_nan()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let n_tests = order.len() as f64;
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let mut smallest = 1.0_f64;
    for (place, &test) in order.iter().enumerate().rev() {
        smallest = smallest.min(p_values[test] / ((place + 1) as f64 / n_tests));
        adjusted[test] = smallest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_test_and_no_number_are_no_trouble() {
        assert!(benjamini_hochberg(&[]).is_empty());
        let adjusted = benjamini_hochberg(&[0.2, f64::NAN, 0.04]);
        assert!((adjusted[0] - 0.2).abs() < 1e-15 && adjusted[1].is_nan() && (adjusted[2] - 0.08).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn adjusted_values_follow_the_definition(p_values in prop::collection::vec(0.0..=1.0_f64, 1..60)) {
            let adjusted = benjamini_hochberg(&p_values);
            let n_up_to = |limit: f64| p_values.iter().filter(|&&p| p <= limit).count() as f64;
            let rate = |&limit: &f64| limit * p_values.len() as f64 / n_up_to(limit);
            for (&p, &q) in p_values.iter().zip(&adjusted) {
                // The best of all limits that would include this test.
                let expected = p_values.iter().filter(|&&limit| limit >= p).map(rate).fold(1.0, f64::min);
                prop_assert!((q - expected).abs() < 1e-12);
            }
            let mut pairs: Vec<(f64, f64)> = p_values.iter().copied().zip(adjusted).collect();
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            prop_assert!(pairs.windows(2).all(|pair| pair[0].1 <= pair[1].1), "the order stays");
            prop_assert!(pairs.iter().all(|&(p, q)| q >= p * (1.0 - 1e-15) && q <= 1.0));
        }
    }
}
