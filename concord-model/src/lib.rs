//! The CONCORD model: a small encoder trained by contrastive learning on sparse single-cell data.
//!
//! [`train`] takes normalised expression and the domain of every cell, and returns an [`Encoder`]; [`embed`] gives the
//! latent code of cells; [`save`] and [`load`] keep a model in a directory. The model is a [Burn](https://burn.dev)
//! module and runs on Burn's devices; on the CPU the operations that training spends its time in are kernels of this
//! crate, which use that nine of ten input values are zero.
//!
//! Method: Zhu et al., "Revealing a coherent cell-state landscape across single-cell datasets with CONCORD", Nature
//! Biotechnology 2025. Names and defaults of the options are those of the authors' Python package.

mod augment;
mod batch;
mod config;
mod device;
mod encoder;
mod error;
mod kernels;
mod ops;
mod random;
mod sampler;
mod store;
mod train;
mod weights;

pub use config::TrainConfig;
pub use device::Device;
pub use encoder::{Encoder, embed};
pub use error::ModelError;
pub use store::{ModelCard, Provenance, data_hash, load, save};
pub use train::{EpochSummary, TrainProgress, Trained, train};
