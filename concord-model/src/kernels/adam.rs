//! Adam in one pass over parameters, gradients and both moments.

use rayon::prelude::*;

use super::{simd::simd_fn, sparse::weight_gradient};
use crate::batch::SparseBatch;

/// The numbers of one step of Adam (Kingma and Ba, 2015), bias corrections included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamStep {
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    /// Learning rate over the first moment's bias correction.
    step_size: f32,
    /// One over the square root of the second moment's bias correction.
    inverse_sqrt_correction: f32,
}

impl AdamStep {
    /// The step numbered `time`, from 1.
    pub(crate) fn new(beta_1: f64, beta_2: f64, epsilon: f64, learning_rate: f64, time: usize) -> Self {
        let time = i32::try_from(time).unwrap_or(i32::MAX);
        Self {
            beta_1: beta_1 as f32,
            beta_2: beta_2 as f32,
            epsilon: epsilon as f32,
            step_size: (learning_rate / (1.0 - beta_1.powi(time))) as f32,
            inverse_sqrt_correction: (1.0 / (1.0 - beta_2.powi(time)).sqrt()) as f32,
        }
    }
}

simd_fn! {
    pub(crate) fn adam_chunk(
        parameters: &mut [f32], moment_1: &mut [f32], moment_2: &mut [f32], gradient: &[f32], step: AdamStep,
    ) {
        let n = parameters.len();
        let (moment_1, moment_2, gradient) = (&mut moment_1[..n], &mut moment_2[..n], &gradient[..n]);
        let (rest_1, rest_2) = (1.0 - step.beta_1, 1.0 - step.beta_2);
        for i in 0..n {
            let g = gradient[i];
            let m = fma!(step.beta_1, moment_1[i], rest_1 * g);
            let v = fma!(step.beta_2, moment_2[i], rest_2 * g * g);
            moment_1[i] = m;
            moment_2[i] = v;
            parameters[i] -= step.step_size * m / fma!(v.sqrt(), step.inverse_sqrt_correction, step.epsilon);
        }
    }
}

/// As [`adam`] for the weights of a sparse layer, `[n_genes, width]`, whose gradient is the product of the batch with the
/// gradient of the layer's output, `[n_cells, width]`.
///
/// The product is as large as the weights. It is made for some genes at a time and used while it is in the cache: writing
/// it out and reading it again would be half of what a step moves through memory.
pub(crate) fn adam_of_product(
    weights: &mut [f32],
    moment_1: &mut [f32],
    moment_2: &mut [f32],
    (x, gradient): (&SparseBatch, &[f32]),
    step: AdamStep,
) {
    /// With 1,000 hidden units 16 KB of gradient.
    const GENES_AT_ONCE: usize = 4;
    /// Genes of one task.
    const GENES_PER_TASK: usize = 32;
    let width = gradient.len() / x.n_cells();
    let chunk = width * GENES_PER_TASK;
    weights
        .par_chunks_mut(chunk)
        .zip(moment_1.par_chunks_mut(chunk))
        .zip(moment_2.par_chunks_mut(chunk))
        .enumerate()
        .for_each_init(
            || vec![0.0; width * GENES_AT_ONCE],
            |product, (task, ((weights, moment_1), moment_2))| {
                let first = task * GENES_PER_TASK;
                let chunks = weights
                    .chunks_mut(product.len())
                    .zip(moment_1.chunks_mut(product.len()))
                    .zip(moment_2.chunks_mut(product.len()));
                for (index, ((weights, moment_1), moment_2)) in chunks.enumerate() {
                    let product = &mut product[..weights.len()];
                    product.fill(0.0);
                    weight_gradient(product, x, first + index * GENES_AT_ONCE, gradient, width);
                    adam_chunk(weights, moment_1, moment_2, product, step);
                }
            },
        );
}

/// Moves the parameters by one step and updates both moments. All slices have one length.
pub(crate) fn adam(
    parameters: &mut [f32],
    moment_1: &mut [f32],
    moment_2: &mut [f32],
    gradient: &[f32],
    step: AdamStep,
) {
    /// Elements of one task: 64 KiB of each array.
    const CHUNK: usize = 16_384;
    parameters
        .par_chunks_mut(CHUNK)
        .zip(moment_1.par_chunks_mut(CHUNK))
        .zip(moment_2.par_chunks_mut(CHUNK))
        .zip(gradient.par_chunks(CHUNK))
        .for_each(|(((parameters, moment_1), moment_2), gradient)| {
            adam_chunk(parameters, moment_1, moment_2, gradient, step);
        });
}
