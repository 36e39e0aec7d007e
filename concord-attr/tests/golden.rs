//! Attributions against captum's, of a toy network: `golden/captum_attributions.py` says how they were made.

mod common;

use common::{Toy, matrix, sparse};
use concord_attr::{
    AttributeConfig, Attribution, Baseline, Method, Sign, Target, attribute, gene_statistics, importance,
};
use concord_core::{Dense, LogNorm};
use ndarray::{Array1, Axis};
use serde_json::Value;

struct Golden {
    network: Toy,
    cells: LogNorm,
    background: LogNorm,
    neurons: Vec<Value>,
}

fn rows(value: &Value) -> Dense {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).expect("a list of lists of numbers");
    matrix(&rows)
}

fn numbers(value: &Value) -> Array1<f32> {
    let numbers: Vec<f64> = serde_json::from_value(value.clone()).expect("a list of numbers");
    numbers.into_iter().map(|number| number as f32).collect()
}

fn golden() -> Golden {
    let json: Value = serde_json::from_str(include_str!("golden/captum_attributions.json")).expect("JSON");
    Golden {
        network: Toy {
            first: rows(&json["first_weights"]).reversed_axes().as_standard_layout().into_owned(),
            first_bias: numbers(&json["first_bias"]),
            second: rows(&json["second_weights"]).reversed_axes().as_standard_layout().into_owned(),
            second_bias: numbers(&json["second_bias"]),
        },
        cells: sparse(&rows(&json["cells"])),
        background: sparse(&rows(&json["background"])),
        neurons: json["neurons"].as_array().expect("a list of neurons").clone(),
    }
}

/// Attributes all neurons, keeping every cell.
fn attributed(golden: &Golden, baseline: &Baseline<'_>, config: &AttributeConfig) -> Attribution {
    let targets: Vec<Target> = (0..3).map(|neuron| Target::neuron(neuron, 3).expect("there are 3")).collect();
    let config = AttributeConfig { keep_cells: true, ..config.clone() };
    attribute(&golden.network, &golden.cells, &targets, baseline, &config).expect("the data fit the network")
}

/// Holds the scores of every cell, and their means, against captum's.
fn check(golden: &Golden, attribution: &Attribution, name: &str, tolerance: f32) {
    let cells = attribution.cells.as_ref().expect("they were asked for");
    for (neuron, expected) in golden.neurons.iter().enumerate() {
        let expected = rows(&expected[name]);
        let error = (&cells[neuron] - &expected).iter().fold(0.0f32, |largest, error| largest.max(error.abs()));
        assert!(error < tolerance, "{name} of neuron {neuron}: {error}");
        let mean = expected.mean_axis(Axis(0)).expect("there are cells");
        let error = (&attribution.scores.column(neuron) - &mean).iter().fold(0.0f32, |largest, e| largest.max(e.abs()));
        assert!(error < tolerance, "mean {name} of neuron {neuron}: {error}");
    }
}

/// What 32-bit floats leave of equality.
const EXACT: f32 = 2e-6;

#[test]
fn gradients_agree_with_captum() {
    let golden = golden();
    for (method, name) in [(Method::Gradient, "gradient"), (Method::GradientTimesInput, "gradient_times_input")] {
        let config = AttributeConfig { method, ..AttributeConfig::default() };
        check(&golden, &attributed(&golden, &Baseline::Zeros, &config), name, EXACT);
    }
    let scores = importance(&golden.network, &golden.cells).expect("the data fit the network");
    let config = AttributeConfig { method: Method::Gradient, ..AttributeConfig::default() };
    let difference = scores - attributed(&golden, &Baseline::Zeros, &config).scores;
    assert!(difference.iter().all(|difference| difference.abs() < EXACT), "{difference}");
}

#[test]
fn absolute_gradients_agree_with_captum() {
    let golden = golden();
    let config = AttributeConfig { method: Method::Gradient, sign: Sign::Absolute, ..AttributeConfig::default() };
    let scores = attributed(&golden, &Baseline::Zeros, &config).scores;
    for (neuron, expected) in golden.neurons.iter().enumerate() {
        let mean = rows(&expected["gradient_absolute"]).mean_axis(Axis(0)).expect("there are cells");
        assert!((&scores.column(neuron) - &mean).iter().all(|error| error.abs() < EXACT));
    }
}

#[test]
fn integrated_gradients_and_their_completeness_agree_with_captum() {
    let golden = golden();
    let config = AttributeConfig { n_steps: 16, ..AttributeConfig::default() };
    let baseline = Baseline::Cells(&golden.background);
    let from_mean = attributed(&golden, &baseline, &config);
    check(&golden, &from_mean, "integrated_gradients", EXACT);
    let mean: Vec<f32> = gene_statistics(&golden.background).mean_expression.iter().map(|&mean| mean as f32).collect();
    assert_eq!(attributed(&golden, &Baseline::Point(&mean), &config), from_mean);
    check(&golden, &attributed(&golden, &Baseline::Zeros, &config), "integrated_gradients_from_zero", EXACT);

    let rough = attributed(&golden, &baseline, &AttributeConfig { n_steps: 2, ..AttributeConfig::default() });
    check(&golden, &rough, "integrated_gradients_of_2_steps", EXACT);
    let deltas = golden.neurons.iter().map(|neuron| numbers(&neuron["delta_of_2_steps"]));
    for (ours, deltas) in rough.completeness.expect("integrated").iter().zip(deltas) {
        let captums = f64::from(deltas.mapv(f32::abs).mean().expect("there are cells"));
        assert!((ours.mean_absolute_error - captums).abs() < f64::from(EXACT), "{ours:?} for {captums}");
        assert!(captums > 100.0 * f64::from(EXACT), "two steps must miss visibly: {captums}");
    }
}

/// Monte Carlo on both sides: agreement within four standard errors of 4,000 draws.
#[test]
fn sampled_methods_agree_with_captum() {
    let golden = golden();
    let drawn = |method| AttributeConfig { method, n_samples: 10_000, noise_sd: 0.3, ..AttributeConfig::default() };
    let expected = attributed(&golden, &Baseline::Cells(&golden.background), &drawn(Method::ExpectedGradients));
    check(&golden, &expected, "expected_gradients", 5e-2);
    check(&golden, &attributed(&golden, &Baseline::Zeros, &drawn(Method::SmoothGrad)), "smooth_grad", 5e-2);
}
