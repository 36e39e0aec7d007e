//! Goes through a matrix of any size in blocks of rows, and then reads rows at random:
//!
//! ```text
//! cargo run --release -p concord-io --example stream -- atlas.h5ad [LAYER] [GENE ...]
//! ```
//!
//! With `/usr/bin/time -v` in front it shows the peak of memory.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;

use concord_io::{MatrixSource, ReadOptions, RowReader};

const ROWS_PER_BLOCK: usize = 4096;
const N_RANDOM: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: stream FILE.h5ad [LAYER] [GENE ...]")?;
    let source = match arguments.next().as_deref() {
        None | Some("X") => MatrixSource::X,
        Some("raw") => MatrixSource::Raw,
        Some(layer) => MatrixSource::Layer(layer.to_owned()),
    };
    let genes: Vec<String> = arguments.collect();
    let start = Instant::now();
    let mut reader = RowReader::open(&path, &ReadOptions { source })?;
    if !genes.is_empty() {
        reader = reader.select_genes(&genes)?;
    }
    println!("{} x {}, {}: open after {:.2?}", reader.n_cells(), reader.n_genes(), reader.storage(), start.elapsed());

    let start = Instant::now();
    let (mut total, mut n_entries) = (0.0, 0);
    for block in reader.blocks(ROWS_PER_BLOCK) {
        let block = block?;
        total += block.matrix.data().iter().map(|&value| f64::from(value)).sum::<f64>();
        n_entries += block.matrix.nnz();
    }
    println!("{n_entries} entries, sum {total}: streamed in {:.2?}", start.elapsed());

    // Rows all over the matrix, in no order.
    let rows: Vec<usize> = (1..=N_RANDOM).map(|draw| draw * 736_878_787 % reader.n_cells()).collect();
    let start = Instant::now();
    let batch = reader.read_rows(&rows)?;
    println!("{N_RANDOM} rows at random, {} entries: {:.2?}", batch.nnz(), start.elapsed());
    Ok(())
}
