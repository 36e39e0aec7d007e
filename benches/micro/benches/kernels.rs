//! The kernels of `concord-model` for the CPU, at the sizes of a training step, beside the dense product that the
//! sparse one replaces. Their sources are compiled into this benchmark, since nothing outside that crate may call them;
//! they do without Burn.

#[allow(dead_code, unused_imports, reason = "what is not measured")]
#[path = "../../../concord-model/src/batch.rs"]
mod batch;
#[allow(dead_code, unused_imports, reason = "what is not measured")]
#[path = "../../../concord-model/src/kernels/mod.rs"]
mod kernels;

use std::hint::black_box;

use batch::SparseBatch;
use concord_micro::counts;
use criterion::{BatchSize, Criterion};
use kernels::{AdamStep, adam, norm_activation, nt_xent, sparse_linear, sparse_linear_backward};
use ndarray::Array2;

const N_CELLS: usize = 256;
const N_GENES: usize = 2_000;
const WIDTH: usize = 1_000;
const N_LATENT: usize = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let cells: Vec<usize> = (0..N_CELLS).collect();
    let batch = SparseBatch::gather(counts(N_CELLS, N_GENES)?.matrix(), &cells, |_| true);
    let dense = Array2::from_shape_vec((N_CELLS, N_GENES), batch.to_dense())?;
    let weight = Array2::from_shape_fn((N_GENES, WIDTH), |(i, j)| wave(i * WIDTH + j));
    let gradient: Vec<f32> = (0..N_CELLS * WIDTH).map(wave).collect();
    let bias = vec![0.1; WIDTH];
    let weights: Vec<f32> = weight.iter().copied().collect();

    let mut group = criterion.benchmark_group("first layer");
    group.bench_function("dense product", |bencher| bencher.iter(|| black_box(dense.dot(&weight))));
    group.bench_function("sparse", |bencher| bencher.iter(|| black_box(sparse_linear(&batch, &weights, &bias))));
    group.bench_function("sparse, backward", |bencher| {
        bencher.iter(|| black_box(sparse_linear_backward(&batch, &gradient, WIDTH)));
    });
    group.finish();

    let mut group = criterion.benchmark_group("step");
    let (gamma, beta) = (vec![1.0; WIDTH], vec![0.0; WIDTH]);
    group.bench_function("norm and activation", |bencher| {
        let run = |mut x: Vec<f32>| black_box(norm_activation(&mut x, &gamma, &beta, 1e-5, 0.01));
        bencher.iter_batched(|| gradient.clone(), run, BatchSize::LargeInput);
    });
    let codes = &gradient[..N_CELLS * N_LATENT];
    let others: Vec<f32> = codes.iter().map(|code| code + 0.1).collect();
    group.bench_function("loss with gradient", |bencher| {
        bencher.iter(|| black_box(nt_xent(codes, &others, N_LATENT, 0.4, 1.0)));
    });
    let (mut parameters, mut moment_1, mut moment_2) =
        (weights.clone(), vec![0.0; weights.len()], vec![0.0; weights.len()]);
    group.bench_function("Adam", |bencher| {
        let step = AdamStep::new(0.9, 0.999, 1e-8, 0.01, 1);
        bencher.iter(|| adam(&mut parameters, &mut moment_1, &mut moment_2, &weights, step));
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}

fn wave(i: usize) -> f32 {
    (i as f32 * 0.37).sin()
}
