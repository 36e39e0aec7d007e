//! Kernels against plain Burn, and both against numbers that the reference printed.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use concord_core::Csr;
use rand::RngExt;

use super::{optimizer::FusedAdam, *};
use crate::random::{Purpose, stream};

fn device() -> Device {
    Device::flex().autodiff()
}

fn random<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<D> {
    let n = shape.iter().product();
    let values = stream(seed, Purpose::Weights, &[]).sample_iter(rand_distr::StandardNormal).take(n);
    Tensor::from_data(TensorData::new(values.collect::<Vec<f32>>(), shape), &device())
}

fn batch(n_cells: usize, n_genes: usize) -> SharedBatch {
    let mut random = stream(9, Purpose::Sampler, &[]);
    let mut matrix = Csr::empty(sprs::CompressedStorage::CSR, n_genes);
    for _ in 0..n_cells {
        let genes: Vec<u32> = (0..n_genes as u32).filter(|_| random.random_bool(0.2)).collect();
        let values: Vec<f32> = genes.iter().map(|_| random.random_range(0.1..3.0)).collect();
        let row = sprs::CsVecI::<f32, u32>::new(n_genes, genes, values);
        matrix = matrix.append_outer_csvec(row.view());
    }
    let cells: Vec<usize> = (0..n_cells).collect();
    Arc::new(crate::batch::SparseBatch::gather(&matrix, &cells, |_| true))
}

fn assert_close<const D: usize>(what: &str, ours: Tensor<D>, expected: Tensor<D>) {
    let scale: f32 = expected.clone().abs().max().into_scalar();
    let difference: f32 = (ours - expected).abs().max().into_scalar();
    assert!(difference <= 2e-6 * scale.max(1e-3), "{what}: differs by {difference} of {scale}");
}

/// Runs both on tensors that want gradients; compares values and gradients.
fn compare<const N: usize>(
    inputs: &[(&str, Tensor<2>); N],
    ours: impl Fn(&[Tensor<2>]) -> Tensor<2>,
    plain: impl Fn(&[Tensor<2>]) -> Tensor<2>,
) {
    let run = |function: &dyn Fn(&[Tensor<2>]) -> Tensor<2>| {
        let leaves: Vec<Tensor<2>> = inputs.iter().map(|(_, input)| input.clone().require_grad()).collect();
        let out = function(&leaves);
        let weights = random(out.dims(), 77);
        let gradients = (out.clone() * weights).sum().backward();
        let gradients: Vec<Tensor<2>> = leaves.iter().map(|leaf| leaf.grad(&gradients).unwrap()).collect();
        (out.inner(), gradients)
    };
    let (out, gradients) = run(&ours);
    let (expected, expected_gradients) = run(&plain);
    assert_close("output", out, expected);
    for (((name, _), ours), expected) in inputs.iter().zip(gradients).zip(expected_gradients) {
        assert_close(name, ours, expected);
    }
}

#[test]
fn sparse_linear_is_the_dense_product() {
    let x = batch(37, 50);
    let inputs = [("weight", random([50, 33], 1)), ("bias", random([1, 33], 2))];
    compare(
        &inputs,
        |leaves| sparse_linear(&x, None, leaves[0].clone(), leaves[1].clone().squeeze_dim(0)),
        |leaves| plain::sparse_linear(&x, leaves[0].clone(), leaves[1].clone().squeeze_dim(0)),
    );
}

#[test]
fn norm_activation_is_norm_then_activation() {
    let inputs = [("x", random([70, 45], 3)), ("gamma", random([1, 45], 4)), ("beta", random([1, 45], 5))];
    let arguments = |leaves: &[Tensor<2>]| {
        (leaves[0].clone(), leaves[1].clone().squeeze_dim::<1>(0), leaves[2].clone().squeeze_dim::<1>(0))
    };
    compare(
        &inputs,
        |leaves| {
            let (x, gamma, beta) = arguments(leaves);
            norm_activation(x, gamma, beta)
        },
        |leaves| {
            let (x, gamma, beta) = arguments(leaves);
            plain::norm_activation(x, gamma, beta)
        },
    );
}

#[test]
fn nt_xent_is_the_plain_formula() {
    for (temperature, beta) in [(0.4, 1.0), (0.4, 0.0), (0.1, 2.5), (1.0, 0.5)] {
        let config = TrainConfig {
            clr_temperature: f64::from(temperature),
            clr_beta: f64::from(beta),
            ..TrainConfig::default()
        };
        let view_2 = random([21, 10], 7).inner();
        let of_device = |tensor: &Tensor<2>| Tensor::from_inner(tensor.clone());
        compare(
            &[("view 1", random([21, 10], 6))],
            |leaves| nt_xent(leaves[0].clone(), view_2.clone(), &config).unsqueeze::<2>(),
            |leaves| plain::nt_xent(leaves[0].clone(), of_device(&view_2), temperature, beta).unsqueeze::<2>(),
        );
    }
}

/// The loss by its definition, in 64-bit floats.
fn nt_xent_by_definition(views: [&[f32]; 2], n_latent: usize, temperature: f64, beta: f64) -> f64 {
    let rows: Vec<Vec<f64>> = views
        .iter()
        .flat_map(|view| view.chunks_exact(n_latent))
        .map(|row| {
            let norm = row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            row.iter().map(|&x| f64::from(x) / norm).collect()
        })
        .collect();
    let log_sum_exp = |values: &[f64]| {
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        max + values.iter().map(|value| (value - max).exp()).sum::<f64>().ln()
    };
    let n = rows.len();
    let loss_of = |i: usize| {
        let logit = |j: usize| rows[i].iter().zip(&rows[j]).map(|(a, b)| a * b).sum::<f64>() / temperature;
        let positive = (i + n / 2) % n;
        let negatives: Vec<f64> = (0..n).filter(|&j| j != i && j != positive).map(logit).collect();
        let weighted: Vec<f64> = negatives.iter().map(|x| beta * x).collect();
        let correction = log_sum_exp(&weighted) - (negatives.len() as f64).ln();
        let mut logits: Vec<f64> = negatives.iter().map(|x| (beta + 1.0) * x - correction).collect();
        logits.push(logit(positive));
        log_sum_exp(&logits) - logit(positive)
    };
    (0..n).map(loss_of).sum::<f64>() / n as f64
}

#[test]
fn any_temperature_follows_the_definition() {
    let (view_1, view_2) = (random([8, 5], 1), random([8, 5], 2).inner());
    let values = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect::<Vec<f32>>();
    let views = [values(view_1.clone().inner()), values(view_2.clone())];
    for (temperature, beta) in [(0.4, 1.0), (0.05, 3.0), (0.005, 2.0), (0.002, 0.0)] {
        let config = TrainConfig { clr_temperature: temperature, clr_beta: beta, ..TrainConfig::default() };
        let expected = nt_xent_by_definition([&views[0], &views[1]], 5, temperature, beta);
        let leaf = view_1.clone().require_grad();
        let loss = nt_xent(leaf.clone(), view_2.clone(), &config);
        let gradient = leaf.grad(&loss.backward()).unwrap();
        assert!(gradient.abs().max().into_scalar::<f32>().is_finite());
        let loss = f64::from(loss.into_scalar::<f32>());
        assert!((loss / expected - 1.0).abs() < 1e-5, "{loss} at {temperature}, {beta}, expected {expected}");
    }
}

#[test]
fn fused_adam_is_burns_adam() {
    use burn::optim::{AdamConfig, Optimizer};
    let burns = AdamConfig::new().with_beta_1(0.9).with_beta_2(0.999).with_epsilon(1e-8).build();
    let (mut ours, mut theirs) = (random([40, 30], 1).inner(), random([40, 30], 1).inner());
    let (mut our_state, mut their_state) = (None, None);
    for step in 0..5 {
        let gradient = random([40, 30], 10 + step).inner();
        (ours, our_state) = FusedAdam::default().step(0.01, ours, gradient.clone(), our_state);
        (theirs, their_state) = burns.step(0.01, theirs, gradient, their_state);
        assert_close("parameters", ours.clone(), theirs.clone());
    }
}

#[test]
fn a_deferred_gradient_moves_weights_by_the_same_bits() {
    use burn::optim::Optimizer;
    // More genes than one task has, and no multiple of what is done at once.
    let (x, bias, direction) = (batch(37, 70), random([1, 33], 2), random([37, 33], 3).inner());
    let run = |deferred: Option<Deferred>| {
        let optimizer = FusedAdam::new(deferred.clone().unwrap_or_default());
        let (mut weight, mut state) = (random([70, 33], 1).inner(), None);
        for _ in 0..4 {
            let leaf = Tensor::from_inner(weight).require_grad();
            let out = sparse_linear(&x, deferred.clone(), leaf.clone(), bias.clone().squeeze_dim(0));
            let gradient = leaf.grad(&(out * Tensor::from_inner(direction.clone())).sum().backward()).unwrap();
            assert_eq!(gradient.dims(), [70, 33]);
            let is_zero = gradient.clone().into_data().iter::<f32>().all(|value| value == 0.0);
            assert_eq!(is_zero, deferred.is_some(), "a stand-in, or the gradient");
            (weight, state) = optimizer.step(0.01, leaf.inner(), gradient, state);
        }
        assert!(deferred.is_none_or(|deferred| deferred.take().is_none()), "what was deferred was not used");
        weight.into_data().iter::<f32>().collect::<Vec<f32>>()
    };
    let written_out = run(None);
    assert_ne!(written_out, random([70, 33], 1).into_data().iter::<f32>().collect::<Vec<f32>>());
    assert_eq!(run(Some(Deferred::default())), written_out);
}

#[derive(serde::Deserialize)]
struct Golden {
    z_i: Vec<Vec<f32>>,
    z_j: Vec<Vec<f32>>,
    cases: Vec<GoldenCase>,
}

#[derive(serde::Deserialize)]
struct GoldenCase {
    temperature: f64,
    beta: f64,
    loss: f32,
    grad_z_i: Vec<Vec<f32>>,
}

/// Losses and gradients that the reference printed (`tests/golden/make_ntxent.py`).
#[test]
fn nt_xent_agrees_with_the_reference() {
    let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/ntxent.json")).unwrap();
    let matrix = |rows: &[Vec<f32>]| {
        let shape = [rows.len(), rows[0].len()];
        Tensor::<2>::from_data(TensorData::new(rows.concat(), shape), &device())
    };
    assert_eq!(golden.cases.len(), 6);
    for case in &golden.cases {
        let config = TrainConfig { clr_temperature: case.temperature, clr_beta: case.beta, ..TrainConfig::default() };
        let view_1 = matrix(&golden.z_i).require_grad();
        let loss = nt_xent(view_1.clone(), matrix(&golden.z_j).inner(), &config);
        let gradient = view_1.grad(&loss.backward()).unwrap();
        let value = loss.into_scalar::<f32>();
        assert!((value - case.loss).abs() <= 1e-5, "loss {value}, the reference has {}", case.loss);
        let difference: f32 = (gradient - matrix(&case.grad_z_i).inner()).abs().max().into_scalar();
        assert!(difference <= 1e-5, "gradient differs by {difference}");
    }
}
