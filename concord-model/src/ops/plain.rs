//! The same operations in plain Burn, for devices without our kernels, and for the tests that hold the two together.

use burn::tensor::{Tensor, TensorData, activation::leaky_relu};

use super::{LEAKY_SLOPE, NORM_EPSILON, SharedBatch};

/// As [`super::sparse_linear`], with the batch made dense on the device.
pub(super) fn sparse_linear(x: &SharedBatch, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    let data = TensorData::new(x.to_dense(), [x.n_cells(), x.n_genes()]);
    let x = Tensor::<2>::from_data(data, &weight.device());
    x.matmul(weight) + bias.unsqueeze::<2>()
}

/// As [`super::norm_activation`].
pub(super) fn norm_activation(x: Tensor<2>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<2> {
    let centered = x.clone() - x.mean_dim(1);
    let variance = centered.clone().square().mean_dim(1);
    let normalized = centered / variance.add_scalar(NORM_EPSILON).sqrt();
    let scaled = normalized * gamma.unsqueeze::<2>() + beta.unsqueeze::<2>();
    leaky_relu(scaled, f64::from(LEAKY_SLOPE))
}

/// As [`super::nt_xent`].
pub(super) fn nt_xent(view_1: Tensor<2>, view_2: Tensor<2>, temperature: f32, beta: f32) -> Tensor<1> {
    let device = view_1.device();
    let n_cells = view_1.dims()[0];
    let n_rows = 2 * n_cells;
    let (positives, negatives) = masks(n_cells);
    let mask = |values| Tensor::<2>::from_data(TensorData::new(values, [n_rows, n_rows]), &device);
    let (positives, negatives) = (mask(positives), mask(negatives));

    let codes = Tensor::cat(vec![view_1, view_2], 0);
    let norms = codes.clone().square().sum_dim(1).sqrt().clamp_min(1e-12);
    let directions = codes / norms;
    let logits = directions.clone().matmul(directions.transpose()).div_scalar(temperature);
    let positive = (logits.clone() * positives).sum_dim(1);
    // Subtracting the largest logit of a negative keeps the exponentials of those that matter in range.
    let excluded = negatives.clone().sub_scalar(1.0).mul_scalar(4.0 / temperature);
    let shift = (logits.clone() + excluded.clone()).max_dim(1).detach();
    let shifted = logits + excluded - shift.clone();
    let e = shifted.clone().exp() * negatives.clone();
    let w = shifted.mul_scalar(beta).exp() * negatives;
    let weights = w.clone().sum_dim(1).div_scalar((n_rows - 2) as f32);
    let excess = ((e * w).sum_dim(1) / weights).log() + shift - positive;
    // ln(1 + exp(excess)), without overflow.
    (excess.clone().clamp_min(0.0) + excess.abs().neg().exp().add_scalar(1.0).log()).mean()
}

/// Ones at each row's positive, and at its negatives, `[2 n_cells, 2 n_cells]` each.
fn masks(n_cells: usize) -> (Vec<f32>, Vec<f32>) {
    let n_rows = 2 * n_cells;
    let mut positives = vec![0.0; n_rows * n_rows];
    let mut negatives = vec![1.0; n_rows * n_rows];
    for row in 0..n_rows {
        let positive = (row + n_cells) % n_rows;
        positives[row * n_rows + positive] = 1.0;
        negatives[row * n_rows + positive] = 0.0;
        negatives[row * n_rows + row] = 0.0;
    }
    (positives, negatives)
}
