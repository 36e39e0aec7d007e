//! The hot loops on the CPU: plain slices in row-major order, rayon over rows, instruction sets chosen at run time.
//!
//! Every function gives the same bits for any number of threads: an element is written by one task alone, and sums
//! over rows are taken in chunks of fixed size and added in order.

#![allow(clippy::needless_range_loop, reason = "loops over several slices at once are what compilers vectorise")]

mod adam;
mod gemm;
mod loss;
mod norm;
mod simd;
mod sparse;

pub(crate) use adam::{AdamStep, adam};
pub(crate) use loss::nt_xent;
pub(crate) use norm::{norm_activation, norm_activation_backward};
pub(crate) use simd::instruction_set;
pub(crate) use sparse::{sparse_linear, sparse_linear_backward};

/// Sums the rows of a matrix with `n_columns` columns.
pub(crate) fn sum_rows(matrix: &[f32], n_columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0; n_columns];
    for row in matrix.chunks_exact(n_columns) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums
}
