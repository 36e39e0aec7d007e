//! `concord simulate`: data with a known truth.

mod structure;
mod write;

use std::path::PathBuf;

use clap::Args;
use concord_simulate::{BatchConfig, SimulateConfig, Simulation, Stage};
use serde_json::{Value, json};

use crate::{Session, error::CliError, output_files, record::Recorder};
use structure::StructureArgs;

const EXAMPLES: &str = "\
Cells are simulated in three steps. A population has states with programs of genes; noise is added; batches are random \
parts of the population (a cell can be in several), and each has an effect. Names and defaults are those of the simulation \
in the authors' Python package, whose values are normal numbers, some of them negative. The other commands take counts: \
see the examples.

The file says what is true: obs has the batch and the cluster, time or branch of each cell, var the program of each gene. \
The same options and seed give the same values, for any number of threads. Memory does not grow with the number of cells, \
but for their names and columns.

Examples:
  concord simulate -o clusters.h5ad --distribution poisson --level 4 --batch-distribution poisson
  concord simulate -o loop.h5ad --structure trajectory --loop-to 0 \\
    --level 10 --dispersion 3 --non-neg --to-int
  concord simulate -o tree.h5ad --structure tree --distribution negative_binomial --level 5 \\
    --dispersion 2 --batch-effect downsampling --batch-level 1,0.3
  concord simulate -o three.h5ad --distribution poisson --level 4 --n-batches 3 \\
    --batch-effect none,uniform_dropout,scaling_factor --batch-level 1,0.2,3
  concord simulate -o large.h5ad --n-cells 1000000 --n-genes 2000 --n-states 20 \\
    --distribution poisson --batch-distribution poisson";

/// Options of `concord simulate`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct SimulateArgs {
    /// Where to write the simulated data
    #[arg(long, short, value_name = "OUT.h5ad")]
    out: PathBuf,
    /// Write the same cells before the effects of their batches to a file too
    #[arg(long, value_name = "FILE.h5ad")]
    pre_batch_out: Option<PathBuf>,
    /// Write the same cells without noise and effects to a file too
    #[arg(long, value_name = "FILE.h5ad")]
    no_noise_out: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Population")]
    config: SimulateConfig,
    #[command(flatten, next_help_heading = "Population")]
    structure: StructureArgs,
    #[command(flatten, next_help_heading = "Batches")]
    batches: BatchConfig,
}

impl SimulateArgs {
    fn simulation(&self) -> Result<Simulation, CliError> {
        let (structure, batches) = (self.structure.0.clone(), self.batches.batches()?);
        Ok(Simulation::new(&SimulateConfig { structure, batches, ..self.config.clone() })?)
    }

    /// The files with the stage of the values that each has.
    fn outputs(&self) -> Vec<(Stage, &PathBuf)> {
        let files = [
            (Stage::Final, Some(&self.out)),
            (Stage::WithNoise, self.pre_batch_out.as_ref()),
            (Stage::NoNoise, self.no_noise_out.as_ref()),
        ];
        files.into_iter().filter_map(|(stage, file)| file.map(|file| (stage, file))).collect()
    }
}

/// Runs the command.
pub(crate) fn run(args: &SimulateArgs, session: &Session) -> Result<(), CliError> {
    let simulation = args.simulation()?;
    let outputs = args.outputs();
    let files: Vec<_> = outputs.iter().map(|(_, file)| file.as_path()).collect();
    output_files::check(&files, &[])?;
    let mut recorder = Recorder::new(&session.terminal);
    if simulation.has_negative_values() {
        session.terminal.line(
            "values may be negative, as in the reference; for commands that take counts add --non-neg --to-int, or choose \
             --distribution poisson or negative_binomial",
        );
    }
    for (stage, file) in outputs {
        recorder.step("simulate", || write::write(&simulation, stage, file, &session.terminal))?;
    }
    if session.json {
        super::print_json(&summary(args, &simulation, &recorder));
    }
    Ok(())
}

fn summary(args: &SimulateArgs, simulation: &Simulation, recorder: &Recorder<'_>) -> Value {
    json!({
        "file": args.out,
        "pre_batch_file": args.pre_batch_out,
        "no_noise_file": args.no_noise_out,
        "n_cells": simulation.n_cells(),
        "n_genes": simulation.n_genes(),
        "n_cells_of_batches": simulation.batch_sizes(),
        "n_cells_of_population": simulation.n_cells_of_population(),
        "config": simulation.config(),
        "seconds": recorder.seconds(),
        "peak_memory_bytes": recorder.peak_memory_bytes(),
    })
}
