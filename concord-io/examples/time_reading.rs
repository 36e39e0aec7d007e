//! Measures how long a file takes to read, to be held against Python's `anndata.read_h5ad(path).X`:
//!
//! ```text
//! cargo run --release -p concord-io --example time_reading -- pbmc3k.h5ad
//! ```
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;

use concord_io::{ReadOptions, inspect_h5ad, read_h5ad};

const N_ROUNDS: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: time_reading FILE.h5ad")?;
    report("read_h5ad", || read_h5ad(&path, &ReadOptions::default()).map(drop))?;
    report("inspect_h5ad", || inspect_h5ad(&path).map(drop))?;
    Ok(())
}

fn report(name: &str, run: impl Fn() -> Result<(), concord_io::IoError>) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..N_ROUNDS {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!("{name}: {:.1} ms at best, {:.1} ms at the median of {N_ROUNDS}", times[0], times[N_ROUNDS / 2]);
    Ok(())
}
