//! What is simulated against the formulas, against the reference, and against itself in other blocks.
#![allow(clippy::unwrap_used, missing_docs)]
// Where the exact value is known, it is what is meant.
#![allow(clippy::float_cmp)]

mod annotation;
mod blocks;
mod effects;
mod golden;
mod refused;
mod structures;

use concord_simulate::{Amount, Batch, BatchEffect, Clusters, ProgramStructure, SimulateConfig, Simulation, Structure};

/// Mean, variance, fourth central moment and share of zeros of some values.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
struct Moments {
    mean: f64,
    variance: f64,
    fourth: f64,
    zeros: f64,
}

impl Moments {
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let central = |power| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / n;
        let zeros = values.iter().filter(|&&value| value == 0.0).count() as f64 / n;
        Self { mean, variance: central(2), fourth: central(4), zeros }
    }

    /// Five standard errors of the mean, the variance and the share of zeros of `n` independent values.
    fn errors(&self, n: f64) -> (f64, f64, f64) {
        let zeros = self.zeros * (1.0 - self.zeros) / n;
        let variance = (self.fourth - self.variance.powi(2)).max(0.0) / n;
        (5.0 * (self.variance / n).sqrt(), 5.0 * variance.sqrt(), 5.0 * zeros.sqrt())
    }

    /// Mean and variance must be these, as far as a sample can tell.
    #[track_caller]
    fn check(values: &[f64], mean: f64, variance: f64) {
        let found = Self::of(values);
        let errors = found.errors(values.len() as f64);
        assert!((found.mean - mean).abs() <= errors.0 + 1e-6, "mean {}, expected {mean}", found.mean);
        assert!(
            (found.variance - variance).abs() <= errors.1 + 1e-6,
            "variance {}, expected {variance}",
            found.variance
        );
    }
}

/// One cluster in one batch, every value of which has the same expectation.
fn flat(level: f64) -> SimulateConfig {
    SimulateConfig {
        n_cells: Amount::Total(2_000),
        n_genes: Amount::Total(50),
        level,
        program_structure: ProgramStructure::Uniform,
        structure: Structure::Clusters(Clusters {
            n_states: 1,
            global_non_specific_gene_fraction: 0.0,
            ..Clusters::default()
        }),
        batches: Batch::alike(1, BatchEffect::None),
        ..SimulateConfig::default()
    }
}

fn simulation(config: &SimulateConfig) -> Simulation {
    Simulation::new(config).unwrap()
}

/// All final values, one row after the other.
fn values(config: &SimulateConfig) -> Vec<f64> {
    let simulation = simulation(config);
    simulation.block(0..simulation.n_cells()).to_dense().iter().map(|&value| f64::from(value)).collect()
}
