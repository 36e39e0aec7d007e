//! Opens an h5ad file of any size, lists what is in it, streams its matrix, and writes a copy with a matrix about cells added:
//!
//! ```text
//! cargo run --release -p concord-io --example list_and_add -- pbmc3k.h5ad pbmc3k_more.h5ad
//! ```
#![allow(clippy::print_stdout)]

use std::error::Error;

use concord_io::{Additions, ColumnKind, ReadOptions, RowReader, UnsValue, annotate_h5ad, inspect_h5ad};
use ndarray::Array2;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: list_and_add INPUT.h5ad OUTPUT.h5ad".into());
    };
    list(&input)?;

    // One number a cell: how many molecules were counted in it.
    let reader = RowReader::open(&input, &ReadOptions::default())?;
    let mut totals: Vec<f32> = Vec::with_capacity(reader.n_cells());
    for block in reader.blocks(4096) {
        totals.extend(block?.matrix.outer_iterator().map(|row| row.data().iter().sum::<f32>()));
    }
    drop(reader);
    let additions = Additions {
        obsm: vec![("X_total".to_owned(), Array2::from_shape_vec((totals.len(), 1), totals)?)],
        uns: vec![("list_and_add".to_owned(), UnsValue::dict([("input", UnsValue::from(input.as_str()))]))],
        ..Additions::default()
    };
    annotate_h5ad(&input, &output, &additions)?;
    println!("wrote {output}");
    Ok(())
}

fn list(path: &str) -> Result<(), Box<dyn Error>> {
    let summary = inspect_h5ad(path)?;
    println!("{path}: {} cells x {} genes", summary.n_cells, summary.n_genes);
    for matrix in &summary.matrices {
        let (sample, state) = (&matrix.sample, matrix.sample.state());
        println!(
            "  {}: {} x {}, {}, {}, {}, {state:?}, max {}",
            matrix.source,
            matrix.n_cells,
            matrix.n_genes,
            matrix.storage,
            matrix.number,
            matrix.compression,
            sample.max
        );
    }
    for column in &summary.obs {
        match &column.kind {
            ColumnKind::Categories(sizes) => println!("  obs/{}: {sizes:?}, {} missing", column.name, column.n_missing),
            kind => println!("  obs/{}: {kind:?}", column.name),
        }
    }
    for (place, entries) in
        [("obsm", &summary.obsm), ("varm", &summary.varm), ("obsp", &summary.obsp), ("uns", &summary.uns)]
    {
        for entry in entries {
            println!("  {place}/{}: {:?} {:?}", entry.name, entry.kind, entry.shape);
        }
    }
    for skipped in &summary.skipped {
        println!("  {}/{} is kept but not understood: {}", skipped.table, skipped.name, skipped.reason);
    }
    for problem in &summary.problems {
        println!("  {problem}");
    }
    Ok(())
}
