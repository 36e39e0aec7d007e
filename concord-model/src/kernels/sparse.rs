//! The first layer: a sparse batch times dense weights, and the gradient of the weights.

use super::{par_chunks, simd::simd_fn};
use crate::batch::SparseBatch;

/// Rows of one task: large enough to be worth a task, small enough to balance two cores.
const ROWS_PER_TASK: usize = 16;

simd_fn! {
    /// `out += sum_k values[k] * matrix[rows[k], :]`, where `matrix` has as many columns as `out` has entries.
    pub(crate) fn add_rows(out: &mut [f32], matrix: &[f32], rows: &[u32], values: &[f32]) {
        let width = out.len();
        let row = |k: usize| &matrix[rows[k] as usize * width..][..width];
        let n_blocked = rows.len() / 8 * 8;
        // Eight rows at a time: `out` is read and written once for eight multiplications.
        for k in (0..n_blocked).step_by(8) {
            let r: [&[f32]; 8] = std::array::from_fn(|j| row(k + j));
            let v: [f32; 8] = std::array::from_fn(|j| values[k + j]);
            for i in 0..width {
                let mut sum = out[i];
                for j in 0..8 {
                    sum = fma!(v[j], r[j][i], sum);
                }
                out[i] = sum;
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
    par_chunks(x.n_cells() * width, width * ROWS_PER_TASK, |task, rows| {
        for (offset, out) in rows.chunks_exact_mut(width).enumerate() {
            let (genes, values) = x.cell(task * ROWS_PER_TASK + offset);
            out.copy_from_slice(bias);
            add_rows(out, weight, genes, values);
        }
    })
}

/// Gradients of weight `[n_genes, width]` and bias `[width]`, given the gradient of the output `[n_cells, width]`.
pub(crate) fn sparse_linear_backward(x: &SparseBatch, gradient: &[f32], width: usize) -> (Vec<f32>, Vec<f32>) {
    let weight = par_chunks(x.n_genes() * width, width * ROWS_PER_TASK, |task, rows| {
        weight_gradient(rows, x, task * ROWS_PER_TASK, gradient, width);
    });
    (weight, super::sum_rows(gradient, width))
}

/// Adds the gradient of the weights of some genes, from the gene `first` on, `[n_genes, width]`.
pub(crate) fn weight_gradient(out: &mut [f32], x: &SparseBatch, first: usize, gradient: &[f32], width: usize) {
    for (gene, out) in (first..).zip(out.chunks_exact_mut(width)) {
        let (cells, values) = x.gene(gene);
        add_rows(out, gradient, cells, values);
    }
}
