//! Simulated expression with a known truth: clusters, trajectories and trees, and what batches do to them.
//!
//! The model and the names of its parameters are those of the simulation module of the reference (`concord-sc` 1.0.13).
//! [`SimulateConfig`] says what is simulated, and [`Simulation`] makes it:
//!
//! 1. A population of cells in a [`Structure`]: each cell has programs, and each program a level of expression in it.
//! 2. Noise of a [`Distribution`] around these levels.
//! 3. Batches: random parts of the population, each changed by its [`BatchEffect`].
//!
//! Rows are made block by block, so that memory does not grow with the number of cells, and are the same bytes whatever
//! the blocks and threads.
//!
//! ```
//! use concord_simulate::{Amount, Batch, BatchEffect, SimulateConfig, Simulation, Structure, Trajectory};
//!
//! // A loop of 400 cells in three batches, of which every one loses a third of its values.
//! let config = SimulateConfig {
//!     n_cells: Amount::Total(400),
//!     n_genes: Amount::Total(90),
//!     level: 10.0,
//!     dispersion: vec![2.0],
//!     non_neg: true,
//!     to_int: true,
//!     structure: Structure::Trajectory(Trajectory { loop_to: vec![0], ..Trajectory::default() }),
//!     batches: Batch::alike(3, BatchEffect::UniformDropout { level: 0.33 }),
//!     ..SimulateConfig::default()
//! };
//! let simulation = Simulation::new(&config)?;
//! assert_eq!(simulation.batch_sizes(), [133, 133, 133]);
//! for start in (0..simulation.n_cells()).step_by(100) {
//!     let block = simulation.block(start..simulation.n_cells().min(start + 100));
//!     assert_eq!(block.cols(), 90);
//! }
//! let names: Vec<String> = simulation.obs()?.into_iter().map(|(name, _)| name).collect();
//! assert_eq!(names, ["batch", "time"]);
//! # Ok::<(), concord_simulate::SimulateError>(())
//! ```
//!
//! # Departures from the reference
//!
//! - The seed decides all values. In the reference most of the noise comes from numpy's global generator, which the seed
//!   does not reach.
//! - Clusters that share genes do so alone. In the reference the clusters between them, if any, have these genes on too.
//! - Downsampling draws counts of all genes alike. In the reference each gene's last count is taken for one of the next
//!   gene.
//! - Genes are called `Gene_1` and so on for all structures, and come before those of single batches.
//! - A batch may have no effect. A dropout of probability 1 is refused; in the reference it is the default of
//!   `uniform_dropout`.

#![cfg_attr(test, allow(clippy::unwrap_used))]
// Equal floats are meant to be the same bits: a zero is a zero.
#![allow(clippy::float_cmp)]

mod amount;
mod annotation;
mod batch;
mod batch_config;
mod config;
mod distribution;
mod effect;
mod error;
mod members;
mod plan;
mod program;
mod random;
mod simulation;
mod structure;

pub use amount::{Amount, InvalidAmount};
pub use annotation::Columns;
pub use batch_config::BatchConfig;
pub use config::{Batch, SimulateConfig};
pub use distribution::Distribution;
pub use effect::{BatchEffect, EffectKind, EffectSettings, Values};
pub use error::SimulateError;
pub use program::ProgramStructure;
pub use simulation::{Simulation, Stage};
pub use structure::{Clusters, InvalidSharedGenes, SharedGenes, Structure, Trajectory, Tree};
