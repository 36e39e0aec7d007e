//! Layer normalisation and leaky ReLU in one pass.

use rayon::prelude::*;

use super::simd::simd_fn;

const ROWS_PER_TASK: usize = 16;

simd_fn! {
    /// Mean and (biased) variance, in two passes.
    pub(crate) fn mean_and_variance(x: &[f32]) -> (f32, f32) {
        let n = x.len() as f32;
        let mut lanes = [0.0f32; 16];
        let chunks = x.chunks_exact(16);
        let rest = chunks.remainder();
        for chunk in chunks {
            for l in 0..16 {
                lanes[l] += chunk[l];
            }
        }
        let mean = (lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()) / n;
        let mut lanes = [0.0f32; 16];
        for chunk in x.chunks_exact(16) {
            for l in 0..16 {
                let d = chunk[l] - mean;
                lanes[l] = fma!(d, d, lanes[l]);
            }
        }
        let mut sum: f32 = lanes.iter().sum();
        for value in rest {
            let d = value - mean;
            sum += d * d;
        }
        (mean, sum / n)
    }
}

simd_fn! {
    /// One row: `x` becomes the normalised row, `out` its activation.
    pub(crate) fn norm_activation_row(
        x: &mut [f32], out: &mut [f32], gamma: &[f32], beta: &[f32], mean: f32, inverse_sd: f32, slope: f32,
    ) {
        let n = x.len();
        let (out, gamma, beta) = (&mut out[..n], &gamma[..n], &beta[..n]);
        for i in 0..n {
            let normalized = (x[i] - mean) * inverse_sd;
            x[i] = normalized;
            let y = fma!(normalized, gamma[i], beta[i]);
            out[i] = if y >= 0.0 { y } else { slope * y };
        }
    }
}

simd_fn! {
    /// One row: `gradient` (of the activation) becomes the gradient of the input; those of gamma and beta are added up.
    pub(crate) fn norm_activation_row_backward(
        gradient: &mut [f32], normalized: &[f32], gamma: &[f32], beta: &[f32], inverse_sd: f32, slope: f32,
        gamma_gradient: &mut [f32], beta_gradient: &mut [f32],
    ) {
        let n = gradient.len();
        let (normalized, gamma, beta) = (&normalized[..n], &gamma[..n], &beta[..n]);
        let (gamma_gradient, beta_gradient) = (&mut gamma_gradient[..n], &mut beta_gradient[..n]);
        let (mut sums, mut products) = ([0.0f32; 16], [0.0f32; 16]);
        let mut element = |i: usize, lane: usize| {
            // The sign of the pre-activation is found again, which is cheaper than keeping it.
            let y = fma!(normalized[i], gamma[i], beta[i]);
            let g = if y >= 0.0 { gradient[i] } else { slope * gradient[i] };
            gamma_gradient[i] = fma!(g, normalized[i], gamma_gradient[i]);
            beta_gradient[i] += g;
            let scaled = g * gamma[i];
            gradient[i] = scaled;
            sums[lane] += scaled;
            products[lane] = fma!(scaled, normalized[i], products[lane]);
        };
        let n_full = n / 16 * 16;
        for start in (0..n_full).step_by(16) {
            for lane in 0..16 {
                element(start + lane, lane);
            }
        }
        for i in n_full..n {
            element(i, i - n_full);
        }
        let mean = sums.iter().sum::<f32>() / n as f32;
        let slope_mean = products.iter().sum::<f32>() / n as f32;
        for i in 0..n {
            gradient[i] = inverse_sd * (gradient[i] - mean - normalized[i] * slope_mean);
        }
    }
}

/// What the forward pass leaves behind.
pub(crate) struct NormActivation {
    /// The activations, `[n_rows, width]`.
    pub(crate) output: Vec<f32>,
    /// One over the standard deviation of each row.
    pub(crate) inverse_sd: Vec<f32>,
}

/// Leaky ReLU of the layer-normalised rows of `x`, which becomes the normalised matrix. `width` is gamma's length.
pub(crate) fn norm_activation(x: &mut [f32], gamma: &[f32], beta: &[f32], epsilon: f32, slope: f32) -> NormActivation {
    let width = gamma.len();
    let mut output = vec![0.0; x.len()];
    let mut inverse_sd = vec![0.0; x.len() / width];
    x.par_chunks_mut(width * ROWS_PER_TASK)
        .zip(output.par_chunks_mut(width * ROWS_PER_TASK))
        .zip(inverse_sd.par_chunks_mut(ROWS_PER_TASK))
        .for_each(|((x, output), inverse_sd)| {
            let rows = x.chunks_exact_mut(width).zip(output.chunks_exact_mut(width));
            for ((x, output), inverse_sd) in rows.zip(inverse_sd) {
                let (mean, variance) = mean_and_variance(x);
                *inverse_sd = 1.0 / (variance + epsilon).sqrt();
                norm_activation_row(x, output, gamma, beta, mean, *inverse_sd, slope);
            }
        });
    NormActivation { output, inverse_sd }
}

/// The gradient of [`norm_activation`]: `gradient` becomes that of the input; returned are those of gamma and beta.
pub(crate) fn norm_activation_backward(
    gradient: &mut [f32],
    normalized: &[f32],
    gamma: &[f32],
    beta: &[f32],
    inverse_sd: &[f32],
    slope: f32,
) -> (Vec<f32>, Vec<f32>) {
    /// Partial sums are taken over this many rows, whatever the number of threads, so that the bits do not depend on it.
    const ROWS_PER_SUM: usize = 64;
    let width = gamma.len();
    let partial_sums: Vec<(Vec<f32>, Vec<f32>)> = gradient
        .par_chunks_mut(width * ROWS_PER_SUM)
        .zip(normalized.par_chunks(width * ROWS_PER_SUM))
        .zip(inverse_sd.par_chunks(ROWS_PER_SUM))
        .map(|((gradient, normalized), inverse_sd)| {
            let (mut of_gamma, mut of_beta) = (vec![0.0; width], vec![0.0; width]);
            let rows = gradient.chunks_exact_mut(width).zip(normalized.chunks_exact(width));
            for ((gradient, normalized), &inverse_sd) in rows.zip(inverse_sd) {
                norm_activation_row_backward(
                    gradient,
                    normalized,
                    gamma,
                    beta,
                    inverse_sd,
                    slope,
                    &mut of_gamma,
                    &mut of_beta,
                );
            }
            (of_gamma, of_beta)
        })
        .collect();
    let (mut of_gamma, mut of_beta) = (vec![0.0; width], vec![0.0; width]);
    for (gamma_part, beta_part) in &partial_sums {
        for i in 0..width {
            of_gamma[i] += gamma_part[i];
            of_beta[i] += beta_part[i];
        }
    }
    (of_gamma, of_beta)
}
