//! The kernels of `concord-model` for the CPU, at the sizes of a training step, beside the dense product that the
//! sparse one replaces, and beside what the machine can do: a copy of large arrays, and a product of large matrices.
//! Rates are in bytes or in operations (a multiplication, an addition) a second. Their sources are compiled into this
//! benchmark, since nothing outside that crate may call them; they do without Burn.

#[allow(dead_code, unused_imports, reason = "what is not measured")]
#[path = "../../../concord-model/src/batch.rs"]
mod batch;
#[allow(dead_code, unused_imports, reason = "what is not measured")]
#[path = "../../../concord-model/src/kernels/mod.rs"]
mod kernels;

use std::hint::black_box;

use batch::SparseBatch;
use concord_micro::counts;
use criterion::{BatchSize, Criterion, Throughput};
use kernels::{AdamStep, adam, adam_of_product, norm_activation, nt_xent, sparse_linear, sparse_linear_backward};
use ndarray::Array2;
use rayon::prelude::*;

/// As in the program: temporaries of megabytes are not given back to the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const N_CELLS: usize = 256;
const N_GENES: usize = 2_000;
const WIDTH: usize = 1_000;
const N_LATENT: usize = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // As in the program, the thread that calls is one of those that compute.
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global()?;
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    machine(&mut criterion);
    let cells: Vec<usize> = (0..N_CELLS).collect();
    let batch = SparseBatch::gather(counts(N_CELLS, N_GENES)?.matrix(), &cells, |_| true);
    let dense = Array2::from_shape_vec((N_CELLS, N_GENES), batch.to_dense())?;
    let weight = Array2::from_shape_fn((N_GENES, WIDTH), |(i, j)| wave(i * WIDTH + j));
    let gradient: Vec<f32> = (0..N_CELLS * WIDTH).map(wave).collect();
    let bias = vec![0.1; WIDTH];
    let weights: Vec<f32> = weight.iter().copied().collect();

    let operations = |n: usize| Throughput::Elements(2 * n as u64);
    let n_entries: usize = (0..N_CELLS).map(|cell| batch.cell(cell).0.len()).sum();
    println!("{n_entries} entries in the batch, {} a cell", n_entries / N_CELLS);
    let mut group = criterion.benchmark_group("first layer");
    group.throughput(operations(N_CELLS * N_GENES * WIDTH));
    group.bench_function("dense product", |bencher| bencher.iter(|| black_box(dense.dot(&weight))));
    group.throughput(operations(n_entries * WIDTH));
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
    // Two products of all pairs of codes of both views: their likeness, and its gradient.
    group.throughput(operations(2 * (2 * N_CELLS).pow(2) * N_LATENT));
    let codes = &gradient[..N_CELLS * N_LATENT];
    let others: Vec<f32> = codes.iter().map(|code| code + 0.1).collect();
    group.bench_function("loss with gradient", |bencher| {
        bencher.iter(|| black_box(nt_xent(codes, &others, N_LATENT, 0.4, 1.0)));
    });
    let (mut parameters, mut moment_1, mut moment_2) =
        (weights.clone(), vec![0.0; weights.len()], vec![0.0; weights.len()]);
    let step = AdamStep::new(0.9, 0.999, 1e-8, 0.01, 1);
    // Four arrays are read, three of them written.
    group.throughput(Throughput::Bytes(7 * 4 * weights.len() as u64));
    group.bench_function("Adam", |bencher| {
        bencher.iter(|| adam(&mut parameters, &mut moment_1, &mut moment_2, &weights, step));
    });
    group.throughput(Throughput::Bytes(6 * 4 * weights.len() as u64));
    group.bench_function("backward and Adam in one", |bencher| {
        bencher.iter(|| {
            adam_of_product(&mut parameters, &mut moment_1, &mut moment_2, (&batch, &gradient), step);
        });
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// What memory and arithmetic of this machine give at best.
fn machine(criterion: &mut Criterion) {
    const COPIED: usize = 1 << 24;
    const SIDE: usize = 1024;
    const CHUNK: usize = 1 << 16;
    let mut group = criterion.benchmark_group("machine");
    let (from, mut to) = (vec![1.0f32; COPIED], vec![0.0f32; COPIED]);
    group.throughput(Throughput::Bytes(2 * 4 * COPIED as u64));
    group.bench_function("copy", |bencher| {
        bencher.iter(|| {
            to.par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK)).for_each(|(to, from)| to.copy_from_slice(from));
            black_box(&to);
        });
    });
    let matrix: Vec<f32> = (0..SIDE * SIDE).map(wave).collect();
    group.throughput(Throughput::Elements(2 * (SIDE as u64).pow(3)));
    let mut product = vec![0.0; SIDE * SIDE];
    group.bench_function("product", |bencher| {
        bencher.iter(|| {
            square(&mut product, &matrix, SIDE);
            black_box(&product);
        });
    });
    group.finish();
}

/// The square of a square matrix.
#[allow(unsafe_code)]
fn square(out: &mut [f32], matrix: &[f32], side: usize) {
    assert!(out.len() == side * side && matrix.len() == side * side);
    let (stride, parallel) = (side as isize, gemm::Parallelism::Rayon(0));
    let (out, matrix) = (out.as_mut_ptr(), matrix.as_ptr());
    // SAFETY: all three are `side` rows of `side` values, as was asserted, and `out` is borrowed exclusively.
    unsafe {
        gemm::gemm(
            side, side, side, out, 1, stride, false, matrix, 1, stride, matrix, 1, stride, 0.0, 1.0, false, false, false,
            parallel,
        );
    }
}

fn wave(i: usize) -> f32 {
    (i as f32 * 0.37).sin()
}
