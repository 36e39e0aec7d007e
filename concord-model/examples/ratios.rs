//! Ratios of times for `cargo xtask bench --quick`, which says how large they may be.
//!
//! `train-cells`: a training step where there are many cells, to one where there are few. `train-step`: a training step,
//! to the three products of dense matrices that it would need without the zeros: a product for each of the two views, and
//! one for the gradient. On one thread, so that they are the same on any number of cores.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use concord_core::{Csr, Labels, LogNorm};
use concord_model::{Device, ModelError, TrainConfig, train};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const N_GENES: usize = 2_000;
const DENSITY: f64 = 0.07;
/// Both are full batches.
const FEW: usize = 8 * 256;
const MANY: usize = 80 * 256;
const N_ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let (few, many) = (cells(FEW)?, cells(MANY)?);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let (mut step_of_few, mut step_of_many, mut products) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    for _ in 0..N_ROUNDS {
        // In turn, and the fastest of all: other programs only ever make it slower.
        step_of_few = step_of_few.min(pool.install(|| step(&few, 10))?);
        step_of_many = step_of_many.min(pool.install(|| step(&many, 1))?);
        products = products.min(pool.install(dense_products));
    }
    println!("train-cells {:.3}", step_of_many / step_of_few);
    println!("train-step {:.3}", step_of_few / products);
    Ok(())
}

/// The median seconds of a step.
fn step(data: &LogNorm, n_epochs: usize) -> Result<f64, ModelError> {
    let config = TrainConfig { n_epochs, ..TrainConfig::default() };
    let mut times = Vec::new();
    let mut last = Instant::now();
    train(data, &Labels::single(data.n_cells(), "all"), &config, &Device::cpu(), &mut |_| {
        times.push(last.elapsed().as_secs_f64());
        last = Instant::now();
    })?;
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// The seconds of the products of dense matrices that a step stands for.
fn dense_products() -> f64 {
    let config = TrainConfig::default();
    let (batch_size, width) = (config.batch_size, config.encoder_dims[0]);
    let input = Array2::from_shape_fn((batch_size, N_GENES), |(i, j)| (i * 7 + j) as f32 % 5.0);
    let weights = Array2::from_shape_fn((N_GENES, width), |(i, j)| (i * 3 + j) as f32 % 7.0 - 3.0);
    let start = Instant::now();
    let output = black_box(&input).dot(black_box(&weights));
    black_box(black_box(&input).dot(black_box(&weights)));
    black_box(black_box(&input).t().dot(&output));
    start.elapsed().as_secs_f64()
}

fn cells(n_cells: usize) -> Result<LogNorm, Box<dyn Error>> {
    let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(0);
    let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for _ in 0..n_cells {
        indices.extend((0..N_GENES as u32).filter(|_| random.random_bool(DENSITY)));
        values.resize_with(indices.len(), || random.random_range(0.2..3.2));
        indptr.push(indices.len());
    }
    Ok(LogNorm::from_logged(Csr::new((n_cells, N_GENES), indptr, indices, values))?)
}
