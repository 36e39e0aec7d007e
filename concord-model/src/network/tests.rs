#![allow(clippy::unwrap_used)]
use super::*;
use crate::{
    Categories, Device, NormType, TrainConfig,
    architecture::Architecture,
    model::ModelModule,
    random::{Purpose, stream},
};
use burn::module::Param;
use rand::RngExt;

const N_GENES: usize = 7;

/// An encoder with random weights, scales, shifts and statistics, and the first step's output at some cells.
fn model(encoder_dims: &[usize], norm_type: NormType) -> (Model, Dense) {
    let device = Device::cpu();
    let mut random = stream(3, Purpose::Weights, &[9]);
    let config = TrainConfig {
        encoder_dims: encoder_dims.to_vec(),
        latent_dim: 4,
        norm_type,
        use_importance_mask: true,
        ..TrainConfig::default()
    };
    let architecture = Architecture { config, n_genes: N_GENES, categories: Categories::default() };
    let mut module = ModelModule::new(&architecture, Some(1), device.as_burn());
    let mut numbers = |n: usize, low: f32, high: f32| {
        let values: Vec<f32> = (0..n).map(|_| random.random_range(low..high)).collect();
        Param::from_tensor(Tensor::from_floats(&values[..], device.as_burn()))
    };
    module.encoder.importance_mask = Some(numbers(N_GENES, -1.0, 2.0));
    for block in &mut module.encoder.blocks {
        let n = block.linear.weight.dims()[1];
        block.linear.bias = Some(numbers(n, -0.5, 0.5));
        if let Some(norm) = &mut block.norm {
            norm.gamma = numbers(n, 0.5, 1.5);
            norm.beta = numbers(n, -0.5, 0.5);
            if let Some(running) = &mut norm.running {
                running.mean = numbers(n, -0.5, 0.5);
                running.variance = numbers(n, 0.2, 0.8);
            }
        }
    }
    let width = encoder_dims.first().copied().unwrap_or(4);
    let hidden = Array2::from_shape_fn((5, width), |_| random.random_range(-1.0..1.0));
    (Model::new(module, architecture), hidden)
}

#[test]
fn the_first_step_is_that_of_weights_and_bias() {
    // Cell 2 has no genes.
    let (starts, genes) = (vec![0, 2, 4, 4, 6], vec![0, 6, 1, 3, 2, 5]);
    let matrix = concord_core::Csr::new((4, N_GENES), starts, genes, vec![1.0, 0.5, 2.0, 0.25, 1.5, 3.0]);
    let data = LogNorm::from_logged(matrix.clone()).unwrap();
    for dims in [&[6][..], &[6, 5], &[]] {
        let network = model(dims, NormType::LayerNorm).0.network();
        let expected = matrix.to_dense().dot(&network.weights()) + network.bias();
        let found = network.first_step(&data, 1..4).unwrap();
        assert_eq!(found.dim(), (3, expected.ncols()));
        for (found, expected) in found.iter().zip(expected.slice(ndarray::s![1.., ..])) {
            assert!((found - expected).abs() < 1e-5, "{found} instead of {expected}");
        }
    }
}

/// Central differences of all neurons, `[n_cells, n_neurons, n_hidden]`; NaN where an activation has its bend nearby.
fn differences(network: &EncoderNetwork, hidden: &Dense) -> Array3<f32> {
    const STEP: f32 = 5e-3;
    let mut result = Array3::zeros((hidden.nrows(), network.n_neurons(), hidden.ncols()));
    for unit in 0..hidden.ncols() {
        let moved = |by: f32| {
            let mut moved = hidden.clone();
            moved.column_mut(unit).mapv_inplace(|h| h + by);
            network.outputs(moved.view())
        };
        let (before, here, after) = (moved(-STEP), moved(0.0), moved(STEP));
        let (left, right) = ((&here - &before) / STEP, (&after - &here) / STEP);
        let bends = |left: f32, right: f32| (left - right).abs() > 0.015 * (1.0 + left.abs());
        let slope = |left: &f32, right: &f32| if bends(*left, *right) { f32::NAN } else { left.midpoint(*right) };
        let slopes = Zip::from(&left).and(&right).map_collect(slope);
        result.index_axis_mut(Axis(2), unit).assign(&slopes);
    }
    result
}

/// Where both are numbers.
fn largest_difference<'a>(a: impl IntoIterator<Item = &'a f32>, b: impl IntoIterator<Item = &'a f32>) -> f32 {
    a.into_iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

const NORMS: [NormType; 3] = [NormType::LayerNorm, NormType::BatchNorm, NormType::None];

#[test]
fn outputs_are_the_latent_code() {
    let cells = concord_core::Csr::csr_from_dense(
        Array2::from_shape_fn((6, N_GENES), |(i, j)| ((i * j) % 4) as f32).view(),
        0.0,
    );
    let data = concord_core::LogNorm::from_logged(cells).unwrap();
    for norm in NORMS {
        for dims in [&[][..], &[6], &[6, 5, 3]] {
            let (model, _) = model(dims, norm);
            let network = model.network();
            let hidden = data.matrix().to_dense().dot(&network.weights()) + network.bias();
            let code = crate::embed(&model, &data).unwrap();
            let error = largest_difference(&network.outputs(hidden.view()), code.values());
            assert!(error < 1e-5, "{norm:?} {dims:?}: {error}");
        }
    }
}

#[test]
fn gradients_are_the_slopes_of_the_outputs() {
    for norm in NORMS {
        for (dims, entry) in [(vec![6], 6), (vec![6], 5), (vec![6], 4), (vec![6], 1), (vec![6, 5], 11), (vec![], 2)] {
            let (model, hidden) = model(&dims, norm);
            let network = model.network_up_to(entry).unwrap();
            let identity = Array2::eye(network.n_neurons());
            let gradients = network.gradients(hidden.view(), identity.view()).permuted_axes([1, 0, 2]);
            let differences = differences(&network, &hidden);
            let n_bends = differences.iter().filter(|slope| slope.is_nan()).count();
            assert!(n_bends < differences.len() / 2, "{norm:?} {dims:?} up to {entry}: {n_bends} bends");
            let error = largest_difference(&gradients, &differences);
            assert!(error < 3e-2, "{norm:?} {dims:?} up to {entry}: {error}");
        }
    }
}

#[test]
fn the_short_way_to_the_mean_jacobian_gives_the_mean_of_the_gradients() {
    for norm in NORMS {
        for entry in 0..8 {
            let (model, hidden) = model(&[6], norm);
            let network = model.network_up_to(entry).unwrap();
            let identity = Array2::eye(network.n_neurons());
            let mean = network.gradients(hidden.view(), identity.view()).mean_axis(Axis(1)).unwrap();
            let error = largest_difference(&network.mean_jacobian(hidden.view()).unwrap(), &mean);
            assert!(error < 1e-6, "{norm:?} up to {entry}: {error}");
        }
    }
    let (model, _) = model(&[6], NormType::LayerNorm);
    let message = model.network_up_to(8).unwrap_err().to_string();
    assert_eq!(message, "layer 8 does not exist: the encoder's layers are numbered from 0 to 7");
}
