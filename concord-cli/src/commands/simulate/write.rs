//! Writing of simulated cells, block by block.

use std::path::Path;

use concord_io::{Additions, H5adWriter, UnsValue, WriteOptions};
use concord_simulate::{Simulation, Stage};
use serde_json::json;

use crate::{error::CliError, terminal::Terminal};

/// Values of a block, zeros included: some ten MB, which is enough for all threads.
const N_VALUES_IN_BLOCK: usize = 4_000_000;
/// Rows of a block, however few genes they have.
const MOST_ROWS: usize = 16_384;

/// Writes all cells as they are at this stage, and says so in a few words.
pub(super) fn write(
    simulation: &Simulation,
    stage: Stage,
    file: &Path,
    terminal: &Terminal,
) -> Result<((), String), CliError> {
    let (n_cells, n_genes) = (simulation.n_cells(), simulation.n_genes());
    let n_rows = (N_VALUES_IN_BLOCK / n_genes).clamp(1, MOST_ROWS);
    let mut writer = H5adWriter::create(file, &simulation.gene_names(), &WriteOptions::default())?;
    let bar = terminal.bar("simulate", n_cells);
    for start in (0..n_cells).step_by(n_rows) {
        let rows = start..n_cells.min(start + n_rows);
        bar.set_position(rows.end as u64);
        writer.append(&simulation.block_at(stage, rows))?;
    }
    bar.finish_and_clear();
    writer.finish(&simulation.cell_names(), &additions(simulation, stage)?)?;
    let sizes: Vec<String> = simulation.batch_sizes().iter().map(ToString::to_string).collect();
    let batches = if sizes.len() > 10 { format!("{} batches", sizes.len()) } else { sizes.join(" + ") };
    Ok(((), format!("{n_cells} cells ({batches}) x {n_genes} genes in {}", file.display())))
}

/// What is true of the cells and genes, and how they were made.
fn additions(simulation: &Simulation, stage: Stage) -> Result<Additions, CliError> {
    let about = UnsValue::dict([
        ("version", UnsValue::from(env!("CARGO_PKG_VERSION"))),
        ("config", UnsValue::Text(json!(simulation.config()).to_string())),
        ("stage", UnsValue::from(stage.name())),
    ]);
    Ok(Additions {
        obs: simulation.obs()?,
        var: simulation.var()?,
        uns: vec![("simulation".to_owned(), about)],
        ..Additions::default()
    })
}
