//! The first layer: a sparse batch times dense weights, and the gradient of the weights.

use rayon::prelude::*;

use super::simd::simd_fn;
use crate::batch::SparseBatch;

/// Rows of one task: large enough to be worth a task, small enough to balance two cores.
const ROWS_PER_TASK: usize = 16;

simd_fn! {
    /// `out += sum_k values[k] * matrix[rows[k], :]`, where `matrix` has as many columns as `out` has entries.
    pub(crate) fn add_rows(out: &mut [f32], matrix: &[f32], rows: &[u32], values: &[f32]) {
        let width = out.len();
        let row = |k: usize| &matrix[rows[k] as usize * width..][..width];
        let n_blocked = rows.len() / 4 * 4;
        // Four rows at a time: `out` is read and written once for four multiplications.
        for k in (0..n_blocked).step_by(4) {
            let (r0, r1, r2, r3) = (row(k), row(k + 1), row(k + 2), row(k + 3));
            let (v0, v1, v2, v3) = (values[k], values[k + 1], values[k + 2], values[k + 3]);
            for i in 0..width {
                let mut sum = out[i];
                sum = fma!(v0, r0[i], sum);
                sum = fma!(v1, r1[i], sum);
                sum = fma!(v2, r2[i], sum);
                out[i] = fma!(v3, r3[i], sum);
            }
        }
        for k in n_blocked..rows.len() {
            let (r, v) = (row(k), values[k]);
            for i in 0..width {
                out[i] = fma!(v, r[i], out[i]);
            }
        }
    }
}

/// `x weight + bias`: `[n_cells, n_genes] x [n_genes, width] + [width]`.
pub(crate) fn sparse_linear(x: &SparseBatch, weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let width = bias.len();
    let mut out = vec![0.0; x.n_cells() * width];
    out.par_chunks_mut(width * ROWS_PER_TASK).enumerate().for_each(|(task, rows)| {
        for (offset, out) in rows.chunks_exact_mut(width).enumerate() {
            let (genes, values) = x.cell(task * ROWS_PER_TASK + offset);
            out.copy_from_slice(bias);
            add_rows(out, weight, genes, values);
        }
    });
    out
}

/// Gradients of weight `[n_genes, width]` and bias `[width]`, given the gradient of the output `[n_cells, width]`.
pub(crate) fn sparse_linear_backward(x: &SparseBatch, gradient: &[f32], width: usize) -> (Vec<f32>, Vec<f32>) {
    let mut weight = vec![0.0; x.n_genes() * width];
    weight.par_chunks_mut(width * ROWS_PER_TASK).enumerate().for_each(|(task, rows)| {
        for (offset, out) in rows.chunks_exact_mut(width).enumerate() {
            let (cells, values) = x.gene(task * ROWS_PER_TASK + offset);
            add_rows(out, gradient, cells, values);
        }
    });
    (weight, super::sum_rows(gradient, width))
}
