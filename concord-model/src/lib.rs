//! The CONCORD model: a small encoder trained by contrastive learning on sparse single-cell data.
//!
//! [`train`] takes normalised expression and the domain of every cell, and returns a [`Model`]; [`train_model`] does so
//! with all that the options may ask for: classes, covariates, clusters, neighbours. [`embed`] gives the latent code of
//! cells, [`classify`] their classes, [`decode`] their expression as it would be in a domain; [`save`] and [`load`] keep a
//! model in a directory; [`resume`] takes training up at a [`Checkpoint`]; [`Model::network`] is the encoder as
//! `concord-attr` takes it apart, with derivatives in closed form. The model is a [Burn](https://burn.dev)
//! module and runs on Burn's devices; on the CPU the operations that training spends its time in are kernels of this
//! crate, which use that nine of ten input values are zero.
//!
//! # Departures from the reference
//! - The same seed, data and machine architecture give the same bytes on the CPU, for any number of threads. The draws are
//!   therefore not those of the Python package; their distributions are.
//! - The cells that do not fill a batch make a smaller one (or join the last, when they are fewer than four), so that every
//!   epoch sees every cell; the reference leaves them out, as [`TrainConfig::drop_partial_batches`] does. This is so while
//!   a batch is of one domain and the strategy proportional; else batches are drawn as in the reference.
//! - Data with fewer cells than one batch, and batches of an experiment with fewer than four cells, are refused; the
//!   reference draws the former with replacement and never trains on the latter.
//! - Weights that do not fit the configuration beside them are refused; the reference leaves them out without a word.
//! - Options that contradict each other are refused, where the reference changes one of them; what is harmless is told in
//!   [`Trained::notes`].
//! - Training stops after [`TrainConfig::patience`] epochs that were no better. The reference's loop notices one epoch
//!   later. The cells left out are the same batches in all epochs, where the reference shuffles them.
//! - Scores of coverage belong to domains by name. The reference's sampler looks them up by number, and finds none of those
//!   that its own function returns.
//! - Neighbours come from the caller, and are exact if theirs are; `use_faiss` and its like do not exist.
//! - The schedule of the learning rate is stepped twice an epoch *as in the reference*, where it looks like a slip.
//!
//! Method: Zhu et al., "Revealing a coherent cell-state landscape across single-cell datasets with CONCORD", Nature
//! Biotechnology 2025. Names and defaults of the options are those of the authors' Python package.

mod architecture;
mod assess;
mod augment;
mod batch;
mod checkpoint;
mod classifier;
mod config;
mod coverage;
mod data;
mod decoder;
mod device;
mod encoder;
mod error;
mod export;
mod keeper;
mod kernels;
mod layers;
mod model;
mod network;
mod note;
mod ops;
mod options;
mod predict;
mod random;
mod reference;
#[cfg(test)]
mod replay;
mod sampler;
mod split;
mod step;
mod store;
mod torch_file;
mod train;
mod trainer;
mod validate;
mod weights;

pub use architecture::{Categories, Covariate};
pub use assess::{ClassAssessment, missing_effect};
pub use checkpoint::{Checkpoint, CheckpointEvery, Checkpoints};
pub use config::TrainConfig;
pub use coverage::{Coverage, domain_coverage};
pub use data::{BoxedError, FindNeighbors, TrainingData, unlabel};
pub use device::{Device, DeviceKind, DeviceName, FoundDevice, devices};
pub use error::ModelError;
pub use export::{export, normalizes_itself};
/// The name of a model where its encoder is all that matters.
pub use model::Model as Encoder;
pub use model::{Model, embed};
pub use network::EncoderNetwork;
pub use note::Note;
pub use options::{CovariateDim, DecoderActivation, MinibatchStrategy, NormType, PenaltyType};
pub use predict::{ClassProbabilities, LearnedEmbedding, classify, decode, learned_embeddings};
pub use step::LossParts;
pub use store::{ModelCard, Normalization, Origin, Provenance, data_hash, load, save};
pub use train::{EpochSummary, Run, TrainProgress, Trained, check_domains, resume, train, train_model};
