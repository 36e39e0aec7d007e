//! The hot loops on the CPU: plain slices in row-major order, rayon over rows, instruction sets chosen at run time.
//!
//! Every function gives the same bits for any number of threads: an element is written by one task alone, and sums
//! over rows are taken in chunks of fixed size and added in order.

#![allow(clippy::needless_range_loop, reason = "loops over several slices at once are what compilers vectorise")]

use rayon::prelude::*;

mod adam;
mod gemm;
mod loss;
mod norm;
mod simd;
mod sparse;

pub(crate) use adam::{AdamStep, adam, adam_of_product};
pub(crate) use loss::nt_xent;
pub(crate) use norm::{norm_activation, norm_activation_backward};
pub(crate) use simd::instruction_set;
pub(crate) use sparse::{sparse_linear, sparse_linear_backward};

/// A vector whose chunks are written by one task each, which finds zeros there: memory is cleared where it is used, and by
/// all threads. The last chunk may be shorter.
pub(crate) fn par_chunks(len: usize, chunk_len: usize, write: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let mut values = Vec::with_capacity(len);
    let chunks = values.spare_capacity_mut()[..len].par_chunks_mut(chunk_len);
    chunks.enumerate().for_each(|(index, chunk)| {
        for value in chunk.iter_mut() {
            value.write(0.0);
        }
        // SAFETY: every value of the chunk was written just now.
        #[allow(unsafe_code)]
        write(index, unsafe { chunk.assume_init_mut() });
    });
    // SAFETY: the chunks were the first `len` values, and all of them were written.
    #[allow(unsafe_code)]
    unsafe {
        values.set_len(len);
    }
    values
}

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
