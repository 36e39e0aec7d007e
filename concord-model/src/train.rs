use std::sync::atomic::AtomicBool;

use concord_core::{Labels, LogNorm};
use serde::{Deserialize, Serialize};

use crate::{
    Checkpoint, Checkpoints, Device, LossParts, Model, ModelError, Note, TrainConfig, TrainingData, data::CheckedData,
    sampler::Sampler, trainer::Trainer,
};

/// What training leaves behind.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The model with the weights of the last epoch; or, with `train_frac` below 1, of the best one.
    pub encoder: Model,
    /// One entry an epoch.
    pub history: Vec<EpochSummary>,
    /// The epoch, from 0, whose weights these are.
    pub best_epoch: usize,
    /// The cells that were left out of training, ascending; none with `train_frac` 1.
    pub held_out: Vec<usize>,
    /// What the options brought about and a user may not expect.
    pub notes: Vec<Note>,
}

/// One epoch of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochSummary {
    /// Mean of the losses of its batches.
    pub loss: f64,
    /// What it is the sum of.
    #[serde(default)]
    pub parts: LossParts,
    /// Mean loss of the cells left out, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// The learning rate, constant within the epoch.
    pub learning_rate: f64,
    /// Number of batches.
    pub n_batches: usize,
    /// Number of cells in them.
    pub n_cells: usize,
}

/// Where training stands, told after every step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainProgress {
    /// The epoch, from 0.
    pub epoch: usize,
    /// Number of epochs.
    pub n_epochs: usize,
    /// The step within the epoch, from 0.
    pub step: usize,
    /// Number of steps of this epoch.
    pub n_steps: usize,
    /// Cells of this step's batch.
    pub n_cells: usize,
    /// Loss of this step.
    pub loss: f32,
}

/// What goes on beside training.
pub struct Run<'a> {
    /// Called after every step.
    pub progress: &'a mut dyn FnMut(TrainProgress),
    /// A model of the same shape, and of the same categories where it has weights for them, whose weights training starts
    /// with (`pretrained_model` of the reference).
    pub pretrained: Option<&'a Model>,
    /// Looked at after every step: when it is true, a checkpoint is written (where `checkpoints` says) and training ends
    /// with [`ModelError::Interrupted`].
    pub stop: Option<&'a AtomicBool>,
    /// Where checkpoints are written, and how often.
    pub checkpoints: Option<Checkpoints>,
}

impl<'a> Run<'a> {
    /// Nothing but the progress.
    pub fn new(progress: &'a mut dyn FnMut(TrainProgress)) -> Self {
        Self { progress, pretrained: None, stop: None, checkpoints: None }
    }
}

/// Checks whether batches can be drawn from these domains, without training.
///
/// # Errors
/// As [`train`] for a configuration or domains that do not serve.
pub fn check_domains(domains: &Labels, config: &TrainConfig) -> Result<(), ModelError> {
    config.validate()?;
    // What each domain covers is not known here, and decides nothing that could be refused.
    Sampler::new(domains, None, None, config).map(|_| ())
}

/// Trains an encoder by contrastive learning on batches of one domain each.
///
/// `data` is `[n_cells, n_genes]`, the selected genes only; `domains` says for every cell which batch of the experiment it
/// comes from ([`Labels::single`] when there is one). `progress` is called after every step. Follows CONCORD (Zhu et al.,
/// Nature Biotechnology 2025); the same seed gives the same bytes on the CPU, whatever the number of threads. Options that
/// need more of the data than this are for [`train_model`]. Called from a thread of rayon's pool (`use_current_thread` of
/// its `ThreadPoolBuilder`), a step takes about a tenth less.
///
/// # Errors
/// [`ModelError::Option`] for a configuration out of range, [`ModelError::TooFewCells`], [`ModelError::SmallDomain`] or
/// [`ModelError::MissingDomain`] for data that cannot be sampled, [`ModelError::Diverged`] when the loss stops being a number.
///
/// # Examples
/// ```
/// use concord_core::{Csr, Labels, LogNorm};
/// use concord_model::{Device, TrainConfig, embed, train};
///
/// // Eight cells of two kinds, which express other genes.
/// let indices = (0..8).flat_map(|cell| if cell % 2 == 0 { [0, 1] } else { [2, 3] }).collect();
/// let matrix = Csr::new((8, 4), (0..=8).map(|cell| 2 * cell).collect(), indices, vec![1.0; 16]);
/// let data = LogNorm::from_logged(matrix)?;
///
/// let config = TrainConfig {
///     encoder_dims: vec![16],
///     latent_dim: 4,
///     batch_size: 8,
///     n_epochs: 3,
///     ..TrainConfig::default()
/// };
/// let trained = train(&data, &Labels::single(8, "all"), &config, &Device::cpu(), &mut |_| ())?;
/// assert_eq!(trained.history.len(), 3);
/// let embedding = embed(&trained.encoder, &data)?;
/// assert_eq!((embedding.n_cells(), embedding.n_dimensions()), (8, 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn train(
    data: &LogNorm,
    domains: &Labels,
    config: &TrainConfig,
    device: &Device,
    progress: &mut dyn FnMut(TrainProgress),
) -> Result<Trained, ModelError> {
    train_model(&TrainingData::new(data, domains), config, device, &mut Run::new(progress))
}

/// Trains an encoder and, where the options ask for them, a decoder and a classifier with it.
///
/// The same as [`train`] for data of which more is known.
///
/// # Errors
/// As [`train`], and [`ModelError::Contradiction`] or [`ModelError::MissingInput`] when options do not go together or ask
/// for data that are not there; [`ModelError::OtherShape`] or [`ModelError::OtherCategories`] when the model to start from
/// is of another shape or knows other categories (the Python package does not keep those of covariates, which such a model
/// knows by numbers); [`ModelError::Interrupted`] when training was stopped.
pub fn train_model(
    data: &TrainingData<'_>,
    config: &TrainConfig,
    device: &Device,
    run: &mut Run<'_>,
) -> Result<Trained, ModelError> {
    config.validate()?;
    let data = CheckedData::new(data, config)?;
    let trainer = Trainer::new(&data, device)?;
    let state = trainer.start(run.pretrained)?;
    trainer.run(state, run, None)
}

/// Takes training up where a checkpoint left it.
///
/// The data must be the same; the options are those of the checkpoint. The result is the same, byte for byte, as that of
/// a run that was not interrupted, its history included. Further checkpoints are written where `run` says.
///
/// # Errors
/// As [`train_model`]; [`ModelError::OtherData`] when the checkpoint is of a run on other data.
pub fn resume(
    data: &TrainingData<'_>,
    checkpoint: Checkpoint,
    device: &Device,
    run: &mut Run<'_>,
) -> Result<Trained, ModelError> {
    let data = CheckedData::new(data, checkpoint.config())?;
    checkpoint.check_data(&data.sha256())?;
    let trainer = Trainer::new(&data, device)?;
    let path = checkpoint.path().to_owned();
    let state = trainer.restore(checkpoint)?;
    trainer.run(state, run, Some(path))
}
