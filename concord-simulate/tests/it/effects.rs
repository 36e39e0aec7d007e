//! What each effect makes of values, against the formulas.

use concord_simulate::{Batch, BatchEffect, Distribution, EffectKind, EffectSettings, SimulateConfig, Stage, Values};

use crate::{Moments, flat, simulation, values};

/// One batch with this effect on values with mean 4 and variance 0.25, or other ones.
fn with(effect: BatchEffect) -> SimulateConfig {
    SimulateConfig { dispersion: vec![0.5], batches: Batch::alike(1, effect), ..flat(4.0) }
}

fn counts(effect: BatchEffect) -> SimulateConfig {
    SimulateConfig { distribution: Distribution::Poisson, ..with(effect) }
}

#[test]
fn no_effect_changes_nothing() {
    let simulation = simulation(&with(BatchEffect::None));
    let rows = 0..simulation.n_cells();
    assert_eq!(simulation.block(rows.clone()), simulation.block_at(Stage::WithNoise, rows));
}

#[test]
fn inflated_variance_and_scaled_values() {
    // The product of independent numbers.
    let variance = 16.0 * 0.09 + 0.25 + 0.25 * 0.09;
    Moments::check(&values(&with(BatchEffect::VarianceInflation { level: 0.3 })), 4.0, variance);
    Moments::check(&values(&with(BatchEffect::ScalingFactor { level: 0.5 })), 2.0, 0.0625);
}

#[test]
fn added_values_of_a_distribution() {
    let added = |distribution, dispersion| {
        let values = Values { distribution, level: 2.0, dispersion };
        crate::values(&with(BatchEffect::BatchSpecificDistribution { values }))
    };
    Moments::check(&added(Distribution::Normal, 1.5), 6.0, 0.25 + 2.25);
    Moments::check(&added(Distribution::Poisson, 1.5), 6.0, 0.25 + 2.0);
    Moments::check(&added(Distribution::NegativeBinomial, 0.5), 6.0, 0.25 + 2.0 + 8.0);
    let mean = 2.0 * 0.02_f64.exp();
    Moments::check(&added(Distribution::Lognormal, 0.2), 4.0 + mean, 0.25 + mean * mean * 0.04_f64.exp_m1());
}

#[test]
fn dropout_at_the_rates_of_the_formulas() {
    let lost = Moments::of(&values(&with(BatchEffect::UniformDropout { level: 0.35 })));
    let error = 5.0 * (0.35 * 0.65 / 1e5_f64).sqrt();
    assert!((lost.zeros - 0.35).abs() < error, "{}", lost.zeros);

    // Of x, normal with mean 4 and variance 1/4, exp(-a x^2) has this expectation.
    let (level, variance) = (0.05, 0.25);
    let spread: f64 = 1.0 + 2.0 * level * variance;
    let rate = 1.0 - (-level * 16.0 / spread).exp() / spread.sqrt();
    let lost = Moments::of(&values(&with(BatchEffect::ValueDependentDropout { level })));
    let error = 5.0 * (rate * (1.0 - rate) / 1e5).sqrt();
    assert!((lost.zeros - rate).abs() < error, "{} instead of {rate}", lost.zeros);

    // Of values that are not lost, none has changed; of negative ones, none is left.
    let config = SimulateConfig { dispersion: vec![4.0], ..with(BatchEffect::ValueDependentDropout { level }) };
    let simulation = simulation(&config);
    let rows = 0..simulation.n_cells();
    let before = simulation.dense_block_at(Stage::WithNoise, rows.clone());
    let after = simulation.dense_block_at(Stage::Final, rows);
    assert!(before.iter().any(|&value| value < 0.0));
    assert!(before.iter().zip(&after).all(|(&before, &after)| after == 0.0 || (after == before && after > 0.0)));
}

#[test]
fn a_share_of_each_cells_counts() {
    let level = 0.3;
    let simulation = simulation(&counts(BatchEffect::Downsampling { level }));
    let rows = 0..simulation.n_cells();
    let before = simulation.dense_block_at(Stage::WithNoise, rows.clone());
    let after = simulation.dense_block_at(Stage::Final, rows);
    for (before, after) in before.rows().into_iter().zip(after.rows()) {
        assert_eq!(f64::from(after.sum()), (f64::from(before.sum()) * level).floor());
        assert!(before.iter().zip(after).all(|(before, after)| after <= before));
    }
    // Thinned Poisson counts are Poisson counts but for the fixed total, and the fraction of a count that is cut off.
    let after: Vec<f64> = after.iter().map(|&value| f64::from(value)).collect();
    let found = Moments::of(&after);
    assert!((found.mean - 1.2 + 0.5 / 50.0).abs() < 0.012, "{}", found.mean);
    assert!((found.variance - found.mean).abs() < 0.05 * found.mean, "{found:?}");
}

#[test]
fn some_genes_are_shifted() {
    let added = Values { distribution: Distribution::Normal, level: -2.0, dispersion: 0.0 };
    let effect = BatchEffect::BatchSpecificExpression { values: added, feature_frac: 0.21 };
    let simulation = simulation(&with(effect));
    let var = simulation.var().unwrap();
    let Some((_, concord_core::Column::Booleans(is_shifted))) =
        var.iter().find(|column| column.0 == "shifted_in_batch_1")
    else {
        panic!("{var:?}")
    };
    assert_eq!(is_shifted.iter().filter(|&&is_shifted| is_shifted == Some(true)).count(), 10);
    let rows = 0..simulation.n_cells();
    let change =
        simulation.dense_block_at(Stage::Final, rows.clone()) - simulation.dense_block_at(Stage::WithNoise, rows);
    for (column, &is_shifted) in change.columns().into_iter().zip(is_shifted) {
        let expected = if is_shifted == Some(true) { -2.0 } else { 0.0 };
        assert!(column.iter().all(|change| (change - expected).abs() < 1e-5));
    }
}

#[test]
fn genes_of_one_batch_are_silent_in_others() {
    let settings = EffectSettings { level: 3.0, feature_frac: 0.2, ..EffectSettings::default() };
    let effect = EffectKind::BatchSpecificFeatures.with(&settings);
    let simulation = simulation(&SimulateConfig { batches: Batch::alike(2, effect), ..with(effect) });
    assert_eq!(simulation.n_genes(), 70);
    let all = simulation.dense_block_at(Stage::Final, 0..2_000).mapv(f64::from);
    for (batch, other) in [(0, 1), (1, 0)] {
        let own = |which: usize| {
            let columns = 50 + 10 * which..60 + 10 * which;
            let rows = 1_000 * batch..1_000 * (batch + 1);
            rows.flat_map(|row| columns.clone().map(move |column| (row, column)))
                .map(|at| all[at])
                .collect::<Vec<f64>>()
        };
        Moments::check(&own(batch), 3.0, 0.01);
        assert!(own(other).iter().all(|&value| value == 0.0));
    }
}

#[test]
fn promises_about_values_hold_after_effects() {
    let added = Values { distribution: Distribution::Normal, level: -3.0, dispersion: 1.0 };
    let effect = BatchEffect::BatchSpecificDistribution { values: added };
    assert!(simulation(&with(effect)).has_negative_values());
    let config = SimulateConfig { non_neg: true, to_int: true, ..with(effect) };
    assert!(!simulation(&config).has_negative_values());
    assert!(values(&config).iter().all(|&value| value >= 0.0 && value.fract() == 0.0));
    assert!(!simulation(&counts(BatchEffect::UniformDropout { level: 0.1 })).has_negative_values());
    assert!(simulation(&counts(effect)).has_negative_values());
}
