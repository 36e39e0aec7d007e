//! A ratio of times for `cargo xtask bench --quick`, which says how large it may be.
//!
//! `umap-cells`: what a cell costs among many, to what it costs among few. On one thread, so that it is the same on any
//! number of cores.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;

use concord_core::{Embedding, KnnGraph};
use concord_embed::{UmapConfig, umap};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};

const FEW: usize = 2_000;
const MANY: usize = 16_000;
const N_EPOCHS: usize = 50;
const N_ROUNDS: usize = 5;
/// Neighbours along the ring; the others are anywhere, so that the graph of many cells hangs together as well as that
/// of few, and its spectrum is found in as many steps.
const N_CLOSE: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let (few, many) = (cells(FEW)?, cells(MANY)?);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let (mut cost_of_few, mut cost_of_many) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..N_ROUNDS {
        // In turn, and the fastest of all: other programs only ever make it slower.
        cost_of_few = cost_of_few.min(pool.install(|| cost(&few))?);
        cost_of_many = cost_of_many.min(pool.install(|| cost(&many))?);
    }
    println!("umap-cells {:.3}", cost_of_many / cost_of_few);
    Ok(())
}

/// Seconds a cell.
fn cost((embedding, graph): &(Embedding, KnnGraph)) -> Result<f64, concord_embed::EmbedError> {
    let config = UmapConfig { n_epochs: Some(N_EPOCHS), ..UmapConfig::default() };
    let start = Instant::now();
    umap(embedding, graph, &config, &mut |_, _| ())?;
    Ok(start.elapsed().as_secs_f64() / embedding.n_cells() as f64)
}

/// Cells on a ring with short cuts. UMAP looks at the graph alone, but for the number of cells.
fn cells(n_cells: usize) -> Result<(Embedding, KnnGraph), Box<dyn Error>> {
    let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(0);
    let k = UmapConfig::default().n_graph_neighbors(n_cells);
    // Every short cut leads into a part of the ring of its own, so that no neighbour is named twice.
    let part = (n_cells - 1 - N_CLOSE) / (k - N_CLOSE);
    let neighbors = Array2::from_shape_fn((n_cells, k), |(cell, rank)| {
        let step = match rank.checked_sub(N_CLOSE) {
            None => rank + 1,
            Some(cut) => 1 + N_CLOSE + cut * part + random.random_range(0..part),
        };
        ((cell + step) % n_cells) as u32
    });
    let distances = Array2::from_shape_fn((n_cells, k), |(_, rank)| 1.0 + 0.05 * rank as f32);
    let embedding = Embedding::new(Array2::from_shape_fn((n_cells, 2), |_| random.random()))?;
    Ok((embedding, KnnGraph::new(neighbors, distances)?))
}
