use std::sync::Arc;

use burn::{module::Module, optim::GradientsParams};
use concord_core::{CoreError, Labels, LogNorm};
use serde::{Deserialize, Serialize};

use crate::{
    Device, Encoder, ModelError, TrainConfig,
    augment::view,
    encoder::EncoderModule,
    ops::{FusedAdam, nt_xent},
    random::{Purpose, stream},
    sampler::Sampler,
};

/// What training leaves behind.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The encoder with the weights of the last epoch.
    pub encoder: Encoder,
    /// One entry an epoch.
    pub history: Vec<EpochSummary>,
}

/// One epoch of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochSummary {
    /// Mean of the losses of its batches.
    pub loss: f64,
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

/// Checks whether batches can be drawn from these domains, without training.
///
/// # Errors
/// As [`train`] for a configuration or domains that do not serve.
pub fn check_domains(domains: &Labels, config: &TrainConfig) -> Result<(), ModelError> {
    config.validate()?;
    Sampler::new(domains, config).map(|_| ())
}

/// Trains an encoder by contrastive learning on batches of one domain each.
///
/// `data` is `[n_cells, n_genes]`, the selected genes only; `domains` says for every cell which batch of the experiment it
/// comes from ([`Labels::single`] when there is one). `progress` is called after every step. Follows CONCORD (Zhu et al.,
/// Nature Biotechnology 2025); the same seed gives the same bytes on the CPU, whatever the number of threads.
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
    config.validate()?;
    if domains.n_cells() != data.n_cells() {
        let (expected, found) = (data.n_cells(), domains.n_cells());
        return Err(CoreError::LengthMismatch { what: "domains of the cells", expected, found }.into());
    }
    let sampler = Sampler::new(domains, config)?;
    let training_device = device.as_burn().clone().autodiff();
    let mut module = EncoderModule::new(data.n_genes(), &config.widths(), config.seed, &training_device);
    let mut optimizer = FusedAdam::for_device(&training_device);
    let mut history = Vec::with_capacity(config.n_epochs);

    for epoch in 0..config.n_epochs {
        let batches = sampler.epoch(epoch);
        if batches.is_empty() {
            return Err(ModelError::EmptyEpoch { epoch: epoch + 1, batch_size: config.batch_size });
        }
        let learning_rate = config.learning_rate(epoch);
        let (mut total_loss, mut n_cells) = (0.0, 0);
        for (step, cells) in batches.iter().enumerate() {
            let (gradients, loss) = gradients(&module, data, cells, config, [epoch, step]);
            if !loss.is_finite() {
                return Err(ModelError::Diverged { loss, epoch: epoch + 1, step: step + 1, learning_rate });
            }
            module = optimizer.step(learning_rate, module, gradients);
            total_loss += f64::from(loss);
            n_cells += cells.len();
            let (n_epochs, n_steps) = (config.n_epochs, batches.len());
            progress(TrainProgress { epoch, n_epochs, step, n_steps, n_cells: cells.len(), loss });
        }
        let loss = total_loss / batches.len() as f64;
        history.push(EpochSummary { loss, learning_rate, n_batches: batches.len(), n_cells });
    }
    Ok(Trained { encoder: Encoder::new(module.valid()), history })
}

/// Loss and gradients of one batch; the update is the optimiser's. `place` is epoch and step, the key of the views' draws.
fn gradients(
    module: &EncoderModule,
    data: &LogNorm,
    cells: &[usize],
    config: &TrainConfig,
    place: [usize; 2],
) -> (GradientsParams, f32) {
    let view_of = |index: usize| {
        let mut random = stream(config.seed, Purpose::Augmentation, &[place[0], place[1], index]);
        Arc::new(view(data.matrix(), cells, config, &mut random))
    };
    let (view_1, view_2) = rayon::join(|| view_of(0), || view_of(1));
    let code_1 = module.forward(&view_1);
    // The second view is a constant: its pass is not recorded.
    let code_2 = module.valid().forward(&view_2);
    let loss = nt_xent(code_1, code_2, config).mul_scalar(config.clr_weight);
    let value = loss.clone().into_scalar::<f32>();
    (GradientsParams::from_grads(loss.backward(), module), value)
}
