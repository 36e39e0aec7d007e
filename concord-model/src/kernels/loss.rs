//! NT-Xent with hard negatives, loss and gradient at once.

use rayon::prelude::*;

use super::{
    gemm::{View, Write, matmul},
    simd::simd_fn,
};

/// Rows of one task, and of one partial sum of the loss.
const ROWS_PER_TASK: usize = 32;

simd_fn! {
    /// The largest value of a row.
    pub(crate) fn row_max(row: &[f32]) -> f32 {
        let mut lanes = [f32::NEG_INFINITY; 16];
        let chunks = row.chunks_exact(16);
        let rest = chunks.remainder();
        for chunk in chunks {
            for l in 0..16 {
                lanes[l] = if chunk[l] > lanes[l] { chunk[l] } else { lanes[l] };
            }
        }
        lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a })
    }
}

simd_fn! {
    /// Writes `exp(x - shift)` to `e` and `exp(beta (x - shift))` to `w`.
    pub(crate) fn exponentials(logits: &[f32], e: &mut [f32], w: &mut [f32], shift: f32, beta: f32) {
        let n = logits.len();
        let (e, w) = (&mut e[..n], &mut w[..n]);
        #[allow(clippy::float_cmp, reason = "the default, exactly")]
        let is_one = beta == 1.0;
        if is_one {
            for i in 0..n {
                let value = exp!(logits[i] - shift);
                e[i] = value;
                w[i] = value;
            }
        } else {
            for i in 0..n {
                let x = logits[i] - shift;
                e[i] = exp!(x);
                w[i] = exp!(beta * x);
            }
        }
    }
}

simd_fn! {
    /// `(sum e w, sum w)`.
    pub(crate) fn weighted_sums(e: &[f32], w: &[f32]) -> (f32, f32) {
        let n = e.len();
        let w = &w[..n];
        let (mut products, mut weights) = ([0.0f32; 16], [0.0f32; 16]);
        let n_full = n / 16 * 16;
        for start in (0..n_full).step_by(16) {
            for l in 0..16 {
                products[l] = fma!(e[start + l], w[start + l], products[l]);
                weights[l] += w[start + l];
            }
        }
        for i in n_full..n {
            products[i - n_full] += e[i] * w[i];
            weights[i - n_full] += w[i];
        }
        (products.iter().sum(), weights.iter().sum())
    }
}

simd_fn! {
    /// `out = scale * w ((1 + beta) e - beta mean)`: the gradient with respect to the logits of the negatives.
    pub(crate) fn negative_gradient(out: &mut [f32], e: &[f32], w: &[f32], scale: f32, beta: f32, mean: f32) {
        let n = out.len();
        let (e, w) = (&e[..n], &w[..n]);
        for i in 0..n {
            out[i] = scale * w[i] * ((1.0 + beta) * e[i] - beta * mean);
        }
    }
}

/// The loss over both views of a batch, and its gradient with respect to the first view's codes.
///
/// `view_1` and `view_2` are `[n_cells, n_latent]`. Rows are compared by cosine over `temperature`; of the 2 n rows each
/// has its other view as the positive and the remaining 2 n - 2 as negatives, which count the more the closer they are
/// (`beta`; 0 weighs them alike). Returns the mean cross entropy and the gradient `[n_cells, n_latent]`; `view_2` is
/// constant.
pub(crate) fn nt_xent(view_1: &[f32], view_2: &[f32], n_latent: usize, temperature: f32, beta: f32) -> (f32, Vec<f32>) {
    let n_cells = view_1.len() / n_latent;
    let n_rows = 2 * n_cells;
    let (directions, norms) = directions(view_1, view_2, n_latent);
    let scaled: Vec<f32> = directions.iter().map(|value| value / temperature).collect();
    let mut logits = vec![0.0; n_rows * n_rows];
    matmul(&mut logits, Write::Replace, View::new(&directions, n_latent), View::new(&scaled, n_latent).t());

    let losses: Vec<f64> = logits
        .par_chunks_mut(n_rows * ROWS_PER_TASK)
        .enumerate()
        .map_init(
            || (vec![0.0; n_rows], vec![0.0; n_rows]),
            |(e, w), (task, rows)| {
                let rows = rows.chunks_exact_mut(n_rows).enumerate();
                rows.map(|(offset, row)| row_loss(row, task * ROWS_PER_TASK + offset, beta, e, w)).sum()
            },
        )
        .collect();
    let loss = losses.iter().sum::<f64>() / n_rows as f64;

    // A logit belongs to two rows, so the gradient comes from the row and from the column of each cell.
    let gradient_of_logits = View::new(&logits, n_rows);
    let mut gradient = vec![0.0; n_cells * n_latent];
    matmul(&mut gradient, Write::Replace, gradient_of_logits.rows(n_cells), View::new(&scaled, n_latent));
    let columns = View::new(&logits, n_rows).t().rows(n_cells);
    matmul(&mut gradient, Write::Add, columns, View::new(&scaled, n_latent));
    let rows = gradient.par_chunks_exact_mut(n_latent).zip(directions.par_chunks_exact(n_latent)).zip(&norms);
    rows.with_min_len(ROWS_PER_TASK).for_each(|((gradient, direction), norm)| {
        let along: f32 = direction.iter().zip(gradient.iter()).map(|(a, b)| a * b).sum();
        for (gradient, direction) in gradient.iter_mut().zip(direction) {
            *gradient = (*gradient - direction * along) / norm;
        }
    });
    (loss as f32, gradient)
}

/// The rows of both views, each of length one, and the lengths that they had.
fn directions(view_1: &[f32], view_2: &[f32], n_latent: usize) -> (Vec<f32>, Vec<f32>) {
    /// A row shorter than this is not blown up further (the reference's epsilon).
    const SHORTEST: f32 = 1e-12;
    let mut directions = [view_1, view_2].concat();
    let rows = directions.par_chunks_exact_mut(n_latent).with_min_len(ROWS_PER_TASK);
    let norms = rows.map(|row| {
        let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt().max(SHORTEST);
        for value in row.iter_mut() {
            *value /= norm;
        }
        norm
    });
    let norms = norms.collect();
    (directions, norms)
}

/// The loss of one anchor; its logits become the gradient of the mean loss with respect to them.
fn row_loss(row: &mut [f32], anchor: usize, beta: f32, e: &mut [f32], w: &mut [f32]) -> f64 {
    let n_rows = row.len();
    let positive = (anchor + n_rows / 2) % n_rows;
    let positive_logit = f64::from(row[positive]);
    for excluded in [anchor, positive] {
        row[excluded] = f32::NEG_INFINITY;
    }
    // Subtracting the largest logit of a negative keeps the exponentials of those that matter in range at any temperature.
    let shift = row_max(row);
    exponentials(row, e, w, shift, beta);
    for excluded in [anchor, positive] {
        e[excluded] = 0.0;
        w[excluded] = 0.0;
    }
    let (products, weights) = weighted_sums(e, w);
    // The adjusted logits of the negatives add up to sum exp((1 + beta) n) / mean exp(beta n); this is its logarithm.
    let negatives = f64::from(shift) + (f64::from(products) / f64::from(weights) * (n_rows - 2) as f64).ln();
    let excess = negatives - positive_logit;
    // The share of the negatives in the softmax, 1 / (1 + exp(-excess)).
    let share = 1.0 / (1.0 + (-excess).exp());
    let scale = share / f64::from(products) / n_rows as f64;
    negative_gradient(row, e, w, scale as f32, beta, products / weights);
    row[positive] = (-share / n_rows as f64) as f32;
    // ln(1 + exp(excess)), without overflow.
    excess.max(0.0) + (-excess.abs()).exp().ln_1p()
}
