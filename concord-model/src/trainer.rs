//! The loop over epochs and steps.

use std::path::PathBuf;

use burn::module::Module;
use concord_core::{Embedding, KnnGraph, LogNorm};
use serde::{Deserialize, Serialize};

use crate::{
    Checkpoint, Device, EpochSummary, LossParts, Model, ModelError, Run, TrainConfig, TrainProgress, Trained,
    architecture::Architecture,
    checkpoint::numbered,
    data::{CheckedData, n_neighbors},
    embed,
    keeper::Keeper,
    model::ModelModule,
    ops::Adam,
    sampler::Sampler,
    split::Split,
    step::{Batch, gradients, update, validation_losses},
    weights,
};

/// What does not change in the course of training.
pub(crate) struct Trainer<'a> {
    data: &'a CheckedData<'a>,
    sampler: Sampler,
    split: Option<Split>,
    /// The device with gradients.
    device: burn::tensor::Device,
}

/// What changes: all that is needed to go on later.
pub(crate) struct State {
    pub(crate) module: ModelModule,
    pub(crate) optimizer: Adam,
    /// The epoch, and the step within it, that come next.
    pub(crate) epoch: usize,
    pub(crate) step: usize,
    /// Steps that are done, over all epochs.
    pub(crate) n_steps_in_all: usize,
    pub(crate) sums: Sums,
    pub(crate) history: Vec<EpochSummary>,
    /// The best epoch so far, where there are cells to tell.
    pub(crate) best: Option<Best>,
    /// The latent code at the end of the warm-up.
    pub(crate) warmup_embedding: Option<Embedding>,
}

/// What the steps of an epoch add up to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sums {
    pub(crate) loss: f64,
    pub(crate) parts: Option<LossParts>,
    pub(crate) n_cells: usize,
}

/// An epoch whose weights are kept.
pub(crate) struct Best {
    pub(crate) epoch: usize,
    pub(crate) loss: f64,
    /// Without gradients.
    pub(crate) module: ModelModule,
}

impl<'a> Trainer<'a> {
    pub(crate) fn new(data: &'a CheckedData<'a>, device: &Device) -> Result<Self, ModelError> {
        let config = &data.architecture.config;
        let split = Split::new(data.data.expression.n_cells(), config)?;
        let cells = split.as_ref().map(|split| &split.training[..]);
        let sampler = Sampler::new(data.data.domains, cells, data.coverage.as_deref(), config)?;
        Ok(Self { data, sampler, split, device: device.as_burn().clone().autodiff() })
    }

    fn architecture(&self) -> &Architecture {
        &self.data.architecture
    }

    fn config(&self) -> &TrainConfig {
        &self.data.architecture.config
    }

    fn expression(&self) -> &LogNorm {
        self.data.data.expression
    }

    /// Fresh weights, or those of another model, and nothing done.
    pub(crate) fn start(&self, pretrained: Option<&Model>) -> Result<State, ModelError> {
        let fresh = ModelModule::new(self.architecture(), Some(self.config().seed), &self.device);
        let module = match pretrained {
            None => fresh,
            Some(model) => {
                weights::check_same_shapes(model, &fresh, self.architecture())
                    .map_err(|parameter| ModelError::OtherShape { parameter })?;
                check_same_categories(model.architecture(), self.architecture())?;
                model.module().clone().to_device(&self.device.clone().without_autodiff()).train()
            }
        };
        Ok(State {
            module: numbered(module),
            optimizer: Adam::new(&self.device),
            epoch: 0,
            step: 0,
            n_steps_in_all: 0,
            sums: Sums::default(),
            history: Vec::with_capacity(self.config().n_epochs),
            best: None,
            warmup_embedding: None,
        })
    }

    /// The state that a checkpoint holds.
    pub(crate) fn restore(&self, checkpoint: Checkpoint) -> Result<State, ModelError> {
        checkpoint.state(self.architecture(), &self.device)
    }

    /// Trains from where the state stands to the end. `last_checkpoint` is the file that it was read from.
    pub(crate) fn run(
        &self,
        mut state: State,
        run: &mut Run<'_>,
        last_checkpoint: Option<PathBuf>,
    ) -> Result<Trained, ModelError> {
        let mut keeper = Keeper::new(self.data, run.stop, run.checkpoints.clone(), last_checkpoint)?;
        let mut neighbors = None;
        while state.epoch < self.config().n_epochs && !self.has_stopped(&state) {
            if neighbors.is_none() {
                neighbors = self.neighbors(&mut state)?;
            }
            let batches = self.sampler.epoch(state.epoch, neighbors.as_ref());
            if batches.is_empty() {
                let (epoch, batch_size) = (state.epoch + 1, self.config().batch_size);
                return Err(ModelError::EmptyEpoch { epoch, batch_size });
            }
            while state.step < batches.len() {
                state = self.step(state, &batches, run, &keeper)?;
                keeper.after_step(&state)?;
            }
            self.finish_epoch(&mut state, batches.len(), &keeper)?;
            keeper.after_epoch(&state)?;
        }
        keeper.check_weights(&state)?;
        Ok(self.finish(state))
    }

    /// One step.
    fn step(
        &self,
        mut state: State,
        batches: &[Vec<usize>],
        run: &mut Run<'_>,
        keeper: &Keeper<'_>,
    ) -> Result<State, ModelError> {
        let (config, epoch, step) = (self.config(), state.epoch, state.step);
        let (cells, place) = (&batches[step], [epoch, step]);
        let labels = self.data.labels.select(cells);
        let batch = Batch::augmented(self.expression(), cells, labels, config, place);
        let gradients = gradients(&state.module, &batch, config, place);
        let (loss, parts) = (gradients.loss, gradients.parts);
        let learning_rate = config.learning_rate(epoch);
        if !loss.is_finite() {
            return Err(keeper.diverged(loss, &state));
        }
        state.module = update(state.module, &mut state.optimizer, learning_rate, gradients);
        state.step += 1;
        state.n_steps_in_all += 1;
        state.sums.add(loss, parts, cells.len());
        let (n_epochs, n_steps) = (config.n_epochs, batches.len());
        (run.progress)(TrainProgress { epoch, n_epochs, step, n_steps, n_cells: cells.len(), loss });
        Ok(state)
    }

    /// Sums the epoch up, and looks at the cells left out.
    fn finish_epoch(&self, state: &mut State, n_batches: usize, keeper: &Keeper<'_>) -> Result<(), ModelError> {
        let validation_loss = self.split.as_ref().map(|split| self.validate(state, split));
        if let Some(loss) = validation_loss.filter(|loss| !loss.is_finite()) {
            return Err(keeper.diverged(loss as f32, state));
        }
        let Sums { loss, parts, n_cells } = std::mem::take(&mut state.sums);
        let mean = |sum: f64| sum / n_batches as f64;
        state.history.push(EpochSummary {
            loss: mean(loss),
            parts: parts.unwrap_or_default().map(mean),
            validation_loss,
            learning_rate: self.config().learning_rate(state.epoch),
            n_batches,
            n_cells,
        });
        if let Some(loss) = validation_loss.filter(|&loss| state.best.as_ref().is_none_or(|best| loss < best.loss)) {
            state.best = Some(Best { epoch: state.epoch, loss, module: state.module.valid() });
        }
        state.epoch += 1;
        state.step = 0;
        Ok(())
    }

    /// The mean loss of the cells left out.
    fn validate(&self, state: &State, split: &Split) -> f64 {
        let module = state.module.valid();
        let loss = |cells: &Vec<usize>| {
            let batch = Batch::unchanged(self.expression(), cells, self.data.labels.select(cells));
            validation_losses(&module, &batch, self.config()).0
        };
        split.validation.iter().map(loss).sum::<f64>() / split.validation.len() as f64
    }

    /// Whether the last epochs were no better than the best one.
    fn has_stopped(&self, state: &State) -> bool {
        let n_epochs_since = state.best.as_ref().map_or(0, |best| state.epoch - best.epoch - 1);
        n_epochs_since >= self.config().patience
    }

    /// The neighbours of all cells, as soon as there is an embedding to seek them in.
    fn neighbors(&self, state: &mut State) -> Result<Option<KnnGraph>, ModelError> {
        let config = self.config();
        let Some(find) = self.data.data.find_neighbors.filter(|_| config.p_intra_knn > 0.0) else { return Ok(None) };
        let n_others = n_neighbors(config, self.expression().n_cells()) - 1;
        let embedding = match (self.data.data.sampler_embedding, &mut state.warmup_embedding) {
            (Some(embedding), _) => embedding,
            (None, Some(embedding)) => embedding,
            (None, None) if state.epoch < config.knn_warmup_epochs => return Ok(None),
            (None, empty) => {
                let model = Model::new(state.module.valid(), self.architecture().clone());
                empty.insert(embed(&model, self.expression())?)
            }
        };
        let graph = find(embedding, n_others, config.dist_metric).map_err(ModelError::Neighbors)?;
        check_graph(&graph, self.expression().n_cells()).map(|()| Some(graph))
    }

    fn finish(&self, state: State) -> Trained {
        let last_epoch = state.history.len().saturating_sub(1);
        let (best_epoch, module) =
            state.best.map_or_else(|| (last_epoch, state.module.valid()), |best| (best.epoch, best.module));
        Trained {
            encoder: Model::new(module, self.architecture().clone()),
            history: state.history,
            best_epoch,
            held_out: self.split.as_ref().map(Split::held_out).unwrap_or_default(),
            notes: self.data.notes.clone(),
        }
    }
}

/// Weights go by the numbers of categories, so that the same numbers must mean the same.
///
/// Both have the same shapes: where a category is a weight, there are as many on either side.
fn check_same_categories(model: &Architecture, data: &Architecture) -> Result<(), ModelError> {
    let same = |what: String, model: &[String], data: &[String]| {
        let named = |names: &[String]| names.join(", ");
        if model == data {
            Ok(())
        } else {
            Err(ModelError::OtherCategories { what, model: named(model), data: named(data) })
        }
    };
    // Without an embedding of batches no weight goes by them.
    if data.config.domain_embedding_dim > 0 {
        same("batches".to_owned(), &model.categories.domains, &data.categories.domains)?;
    }
    same("classes".to_owned(), &model.categories.classes, &data.categories.classes)?;
    let names = |architecture: &Architecture| {
        architecture.covariates().map(|(covariate, _)| covariate.name.clone()).collect::<Vec<_>>()
    };
    same("covariates".to_owned(), &names(model), &names(data))?;
    model.covariates().zip(data.covariates()).try_for_each(|((model, _), (data, _))| {
        same(format!("categories of {}", model.name), &model.categories, &data.categories)
    })
}

fn check_graph(graph: &KnnGraph, expected: usize) -> Result<(), ModelError> {
    let found = graph.n_cells();
    let what = "neighbours of the cells";
    if found == expected {
        Ok(())
    } else {
        Err(concord_core::CoreError::LengthMismatch { what, expected, found }.into())
    }
}

impl Sums {
    fn add(&mut self, loss: f32, parts: LossParts, n_cells: usize) {
        self.loss += f64::from(loss);
        self.parts = Some(self.parts.map_or(parts, |sums| sums.zip(parts, |sum, part| sum + part)));
        self.n_cells += n_cells;
    }
}
