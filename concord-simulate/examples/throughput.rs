//! Makes a large simulation block by block and says how fast it is. Memory stays where it is after the first block.
//!
//! `cargo run --release -p concord-simulate --example throughput -- 1000000 2000 poisson`
#![allow(clippy::print_stdout)]

use std::{env, error::Error, time::Instant};

use concord_simulate::{Amount, Batch, BatchEffect, Distribution, SimulateConfig, Simulation};

const ROWS_PER_BLOCK: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
    let (n_cells, n_genes) = (number(1_000_000)?, number(2_000)?);
    let distribution = match arguments.next().as_deref() {
        Some("normal") => Distribution::Normal,
        Some("negative_binomial") => Distribution::NegativeBinomial,
        Some("lognormal") => Distribution::Lognormal,
        _ => Distribution::Poisson,
    };
    let simulation = Simulation::new(&SimulateConfig {
        n_cells: Amount::Total(n_cells),
        n_genes: Amount::Total(n_genes),
        distribution,
        batches: Batch::alike(2, BatchEffect::UniformDropout { level: 0.2 }),
        ..SimulateConfig::default()
    })?;
    let start = Instant::now();
    let mut n_values = 0;
    for first in (0..simulation.n_cells()).step_by(ROWS_PER_BLOCK) {
        n_values += simulation.block(first..simulation.n_cells().min(first + ROWS_PER_BLOCK)).nnz();
    }
    let seconds = start.elapsed().as_secs_f64();
    let rate = simulation.n_cells() as f64 / seconds;
    println!("{distribution}: {} cells, {n_values} values, {seconds:.1} s, {rate:.0} cells/s", simulation.n_cells());
    Ok(())
}
