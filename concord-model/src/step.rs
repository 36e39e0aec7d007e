//! One training step: gradients of a batch, and the update that follows.

use std::sync::Arc;

use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Tensor, TensorData},
};
use concord_core::LogNorm;
use serde::{Deserialize, Serialize};

use crate::{
    TrainConfig,
    augment::view,
    batch::SparseBatch,
    classifier::cross_entropy,
    data::CellLabels,
    layers::{Moments, Pass},
    model::ModelModule,
    ops::{Adam, Deferred, SharedBatch, nt_xent},
    options::PenaltyType,
    random::{Purpose, stream},
};

/// What a loss is the sum of; each part with its weight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LossParts {
    /// The contrastive loss of two views.
    pub contrastive: f64,
    /// The decoder's mean squared error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconstruction: Option<f64>,
    /// The classifier's cross entropy; 0 where no cell of a batch has a class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<f64>,
    /// The penalty on the importances of genes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importance: Option<f64>,
}

impl LossParts {
    /// Part by part, by a function of both.
    pub(crate) fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let both = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (None, None) => None,
            (a, b) => Some(f(a.unwrap_or(0.0), b.unwrap_or(0.0))),
        };
        Self {
            contrastive: f(self.contrastive, other.contrastive),
            reconstruction: both(self.reconstruction, other.reconstruction),
            classification: both(self.classification, other.classification),
            importance: both(self.importance, other.importance),
        }
    }

    /// Each part by a function.
    pub(crate) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        self.zip(self, |part, _| f(part))
    }
}

/// Two views of some cells, and what else is known of them.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) view_1: SharedBatch,
    pub(crate) view_2: SharedBatch,
    pub(crate) labels: CellLabels,
}

impl Batch {
    /// Two views that are drawn. `place` is epoch and step, the key of the draws.
    pub(crate) fn augmented(
        data: &LogNorm,
        cells: &[usize],
        labels: CellLabels,
        config: &TrainConfig,
        place: [usize; 2],
    ) -> Self {
        let view_of = |index: usize| {
            let mut random = stream(config.seed, Purpose::Augmentation, &[place[0], place[1], index]);
            Arc::new(view(data.matrix(), cells, config, &mut random))
        };
        let first = || {
            let view = view_of(0);
            // The one that goes backward: here the other thread has something to do meanwhile.
            view.prepare_genes();
            view
        };
        let (view_1, view_2) = rayon::join(first, || view_of(1));
        Self { view_1, view_2, labels }
    }

    /// Twice the cells as they are.
    pub(crate) fn unchanged(data: &LogNorm, cells: &[usize], labels: CellLabels) -> Self {
        let view = Arc::new(SparseBatch::gather(data.matrix(), cells, |_| true));
        Self { view_1: view.clone(), view_2: view, labels }
    }
}

/// What a step has found out, before anything is changed.
pub(crate) struct Gradients {
    of_parameters: GradientsParams,
    /// That of the first weights, where they have none among the others.
    deferred: Deferred,
    /// Statistics for batch normalisation, of the first view and of the second.
    moments: [Vec<Moments>; 2],
    pub(crate) loss: f32,
    pub(crate) parts: LossParts,
}

/// Loss and gradients of one batch. `place` is epoch and step, the key of what dropout draws.
pub(crate) fn gradients(module: &ModelModule, batch: &Batch, config: &TrainConfig, place: [usize; 2]) -> Gradients {
    let pass_of = |view: usize| {
        let random = stream(config.seed, Purpose::Dropout, &[place[0], place[1], view]);
        Pass::training(config.dropout_prob, random)
    };
    let (mut pass_1, mut pass_2) = (pass_of(0), pass_of(1));
    let deferred = Deferred::default();
    pass_1.deferred = Some(deferred.clone());
    let code_1 = module.encoder.forward(&batch.view_1, &mut pass_1);
    // The second view is a constant: its pass is not recorded.
    let code_2 = module.encoder.valid().forward(&batch.view_2, &mut pass_2);
    let (loss, parts) = losses(module, [code_1, code_2], batch, &mut pass_1, config);
    let value = loss.clone().into_scalar::<f32>();
    Gradients {
        of_parameters: GradientsParams::from_grads(loss.backward(), module),
        deferred,
        moments: [pass_1.into_moments(), pass_2.into_moments()],
        loss: value,
        parts,
    }
}

/// Moves the parameters by one step of the optimiser, and the running statistics along.
pub(crate) fn update(
    module: ModelModule,
    optimizer: &mut Adam,
    learning_rate: f64,
    gradients: Gradients,
) -> ModelModule {
    let mut module = optimizer.step(learning_rate, module, gradients.of_parameters, &gradients.deferred);
    for moments in gradients.moments {
        module.update_running(moments);
    }
    module
}

/// Loss and its parts of cells as they are, in evaluation mode.
pub(crate) fn validation_losses(module: &ModelModule, batch: &Batch, config: &TrainConfig) -> (f64, LossParts) {
    let code = module.encoder.forward(&batch.view_1, &mut Pass::evaluation());
    let (loss, parts) = losses(module, [code.clone(), code], batch, &mut Pass::evaluation(), config);
    (f64::from(loss.into_scalar::<f32>()), parts)
}

/// The weighted sum of all losses, `[1]`, and its parts.
fn losses(
    module: &ModelModule,
    [code_1, code_2]: [Tensor<2>; 2],
    batch: &Batch,
    pass: &mut Pass,
    config: &TrainConfig,
) -> (Tensor<1>, LossParts) {
    let value = |loss: &Tensor<1>| f64::from(loss.clone().into_scalar::<f32>());
    let mut loss = nt_xent(code_1.clone(), code_2, config).mul_scalar(config.clr_weight);
    let mut parts = LossParts { contrastive: value(&loss), ..LossParts::default() };
    if let Some(decoder) = &module.decoder {
        let decoded = decoder.forward(code_1.clone(), &batch.labels, pass);
        let error = mean_squared_error(decoded, &batch.view_1).mul_scalar(config.decoder_weight);
        parts.reconstruction = Some(value(&error));
        loss = loss + error;
    }
    if let Some(classifier) = &module.classifier {
        let scores = classifier.forward(code_1, pass);
        parts.classification = Some(0.0);
        if let Some(entropy) = cross_entropy(scores, &batch.labels.classes) {
            let entropy = entropy.mul_scalar(config.classifier_weight);
            parts.classification = Some(value(&entropy));
            loss = loss + entropy;
        }
    }
    if let Some(importances) = module.encoder.importances().filter(|_| config.importance_penalty_weight > 0.0) {
        let penalty = penalty(importances, config.importance_penalty_type).mul_scalar(config.importance_penalty_weight);
        parts.importance = Some(value(&penalty));
        loss = loss + penalty;
    }
    (loss, parts)
}

fn mean_squared_error(decoded: Tensor<2>, target: &SharedBatch) -> Tensor<1> {
    let target = TensorData::new(target.to_dense(), [target.n_cells(), target.n_genes()]);
    let target = Tensor::<2>::from_data(target, &decoded.device());
    (decoded - target).square().mean()
}

/// The mean of the importances, or the root of the mean of their squares.
fn penalty(importances: Tensor<1>, kind: PenaltyType) -> Tensor<1> {
    match kind {
        PenaltyType::L1 => importances.mean(),
        PenaltyType::L2 => importances.square().mean().sqrt(),
    }
}
