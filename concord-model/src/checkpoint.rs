//! A run of training in one file, so that it can go on later as if nothing had happened.
//!
//! The file is in the safetensors format: weights, the optimiser's state, and as metadata the place in the run, with a
//! checksum over all of it. It is written beside its place and renamed, so that there is always a whole one.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use burn::{
    module::{Module, ModuleMapper, Param, ParamId},
    tensor::{Device as BurnDevice, Tensor},
};
use concord_core::{Dense, Embedding};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    EpochSummary, ModelError, TrainConfig,
    architecture::Architecture,
    model::ModelModule,
    ops::Adam,
    store::{format_error, write_beside},
    trainer::{Best, State, Sums},
    weights::{self, NamedTensor},
};

/// The version of the layout of a checkpoint.
const FORMAT_VERSION: u32 = 1;
const LAST: &str = "last/";
const BEST: &str = "best/";
const OPTIMIZER: &str = "optimizer";
const WARMUP_EMBEDDING: &str = "warmup_embedding";

/// Where checkpoints go, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoints {
    /// The file, which each checkpoint replaces.
    pub path: PathBuf,
    /// None: only when training is stopped.
    pub every: Option<CheckpointEvery>,
}

/// How often a checkpoint is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckpointEvery {
    /// After so many epochs.
    Epochs(usize),
    /// After so many steps, counted over all epochs.
    Steps(usize),
}

impl CheckpointEvery {
    /// Whether this is the time, after so many steps in all or at the end of so many epochs.
    pub(crate) fn is_due(self, place: Self) -> bool {
        match (self, place) {
            (Self::Epochs(every), Self::Epochs(n)) | (Self::Steps(every), Self::Steps(n)) => {
                n > 0 && n.is_multiple_of(every.max(1))
            }
            _ => false,
        }
    }
}

/// A run of training that can be taken up again; see [`resume`](crate::resume).
#[derive(Debug, Clone)]
pub struct Checkpoint {
    path: PathBuf,
    bytes: Vec<u8>,
    place: Place,
}

/// Everything but tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Place {
    format_version: u32,
    config: TrainConfig,
    /// Hash of the data that it is trained on.
    data_sha256: String,
    epoch: usize,
    step: usize,
    n_steps_in_all: usize,
    sums: Sums,
    history: Vec<EpochSummary>,
    /// Epoch and loss.
    best: Option<(usize, f64)>,
}

impl Checkpoint {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`ModelError::Io`] or [`ModelError::Format`] with the file's path.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let bytes = fs::read(path).map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
        let place = place(&bytes).map_err(|detail| format_error(path, &detail))?;
        place.config.validate()?;
        Ok(Self { path: path.to_owned(), bytes, place })
    }

    /// The options of the run.
    pub fn config(&self) -> &TrainConfig {
        &self.place.config
    }

    /// The epochs that are complete.
    pub fn n_epochs(&self) -> usize {
        self.place.epoch
    }

    /// The steps of the epoch under way that are done.
    pub fn n_steps(&self) -> usize {
        self.place.step
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that this is a checkpoint of the same data.
    pub(crate) fn check_data(&self, data_sha256: &str) -> Result<(), ModelError> {
        if self.place.data_sha256 == data_sha256 {
            return Ok(());
        }
        let path = self.path.clone();
        Err(ModelError::OtherData { path })
    }

    /// The state of the run, on a device with gradients.
    pub(crate) fn state(self, architecture: &Architecture, device: &BurnDevice) -> Result<State, ModelError> {
        let path = self.path.clone();
        self.to_state(architecture, device).map_err(|detail| format_error(&path, &detail))
    }

    fn to_state(&self, architecture: &Architecture, device: &BurnDevice) -> Result<State, String> {
        let file = SafeTensors::deserialize(&self.bytes).map_err(|error| error.to_string())?;
        let inner = device.clone().without_autodiff();
        let module = |prefix: &str| {
            let mut module = ModelModule::new(architecture, None, &inner);
            weights::load_prefixed(&mut module, architecture, &file, prefix).map(|()| module)
        };
        let place = self.place.clone();
        let best = place.best.map(|(epoch, loss)| Ok::<_, String>(Best { epoch, loss, module: module(BEST)? }));
        let warmup_embedding = file.tensor(WARMUP_EMBEDDING).ok().map(|tensor| embedding(&tensor));
        let optimizer = file.tensor(OPTIMIZER).map_err(|error| error.to_string())?;
        Ok(State {
            module: numbered(module(LAST)?.train()),
            optimizer: Adam::from_bytes(device, optimizer.data().to_vec())?,
            epoch: place.epoch,
            step: place.step,
            n_steps_in_all: place.n_steps_in_all,
            sums: place.sums,
            history: place.history,
            best: best.transpose()?,
            warmup_embedding: warmup_embedding.transpose()?,
        })
    }
}

/// Writes a checkpoint in the place of the one before.
pub(crate) fn write(
    path: &Path,
    state: &State,
    architecture: &Architecture,
    data_sha256: &str,
) -> Result<(), ModelError> {
    let place = Place {
        format_version: FORMAT_VERSION,
        config: architecture.config.clone(),
        data_sha256: data_sha256.to_owned(),
        epoch: state.epoch,
        step: state.step,
        n_steps_in_all: state.n_steps_in_all,
        sums: state.sums.clone(),
        history: state.history.clone(),
        best: state.best.as_ref().map(|best| (best.epoch, best.loss)),
    };
    let error = |error: &dyn std::fmt::Display| format_error(path, error);
    let text = serde_json::to_string(&place).map_err(|problem| error(&problem))?;
    let mut tensors = prefixed(LAST, weights::tensors(&state.module, architecture));
    if let Some(best) = &state.best {
        tensors.extend(prefixed(BEST, weights::tensors(&best.module, architecture)));
    }
    if let Some(embedding) = &state.warmup_embedding {
        let bytes = embedding.as_slice().iter().flat_map(|value| value.to_le_bytes()).collect();
        let shape = vec![embedding.n_cells(), embedding.n_dimensions()];
        tensors.push((WARMUP_EMBEDDING.to_owned(), shape, bytes));
    }
    let optimizer = state.optimizer.to_bytes().map_err(|problem| error(&problem))?;
    let bytes = to_bytes(tensors, optimizer, text).map_err(|problem| error(&problem))?;
    write_beside(path, &bytes)
}

fn prefixed(prefix: &str, tensors: Vec<NamedTensor>) -> Vec<NamedTensor> {
    tensors.into_iter().map(|(name, shape, bytes)| (format!("{prefix}{name}"), shape, bytes)).collect()
}

fn to_bytes(mut tensors: Vec<NamedTensor>, optimizer: Vec<u8>, place: String) -> Result<Vec<u8>, String> {
    let shape = vec![optimizer.len()];
    tensors.push((OPTIMIZER.to_owned(), shape, optimizer));
    tensors.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    let sha256 = checksum(&place, tensors.iter().map(|(name, _, bytes)| (name.as_str(), &bytes[..])));
    let metadata = HashMap::from([("place".to_owned(), place), ("sha256".to_owned(), sha256)]);
    let mut views = Vec::with_capacity(tensors.len());
    for (name, shape, bytes) in &tensors {
        let dtype = if name == OPTIMIZER { Dtype::U8 } else { Dtype::F32 };
        views.push((name, TensorView::new(dtype, shape.clone(), bytes).map_err(|error| error.to_string())?));
    }
    safetensors::serialize(views, Some(metadata)).map_err(|error| error.to_string())
}

/// Over the place and all tensors in the order of their names.
fn checksum<'a>(place: &str, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    hash.update(place);
    for (name, bytes) in tensors {
        hash.update(name);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The place in the run that the bytes of a checkpoint tell, when they are whole.
fn place(bytes: &[u8]) -> Result<Place, String> {
    let not_whole = |problem: &dyn std::fmt::Display| format!("not a whole checkpoint ({problem})");
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| not_whole(&error))?;
    let file = SafeTensors::deserialize(bytes).map_err(|error| not_whole(&error))?;
    let metadata = metadata.metadata().as_ref();
    let entry = |name: &str| metadata.and_then(|metadata| metadata.get(name)).ok_or(not_whole(&"no metadata"));
    let (place, sha256) = (entry("place")?, entry("sha256")?);
    let mut tensors = file.tensors();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    if checksum(place, tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.data()))) != *sha256 {
        return Err(not_whole(&"the checksum differs"));
    }
    let place: Place = serde_json::from_str(place).map_err(|error| not_whole(&error))?;
    if place.format_version != FORMAT_VERSION {
        let version = place.format_version;
        return Err(format!(
            "format version {version} is not known here (this program reads version {FORMAT_VERSION})"
        ));
    }
    Ok(place)
}

fn embedding(tensor: &TensorView<'_>) -> Result<Embedding, String> {
    let (values, _) = tensor.data().as_chunks::<4>();
    let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let &[n_cells, n_dimensions] = tensor.shape() else { return Err("an embedding is a matrix".to_owned()) };
    let values = Dense::from_shape_vec((n_cells, n_dimensions), values).map_err(|error| error.to_string())?;
    Embedding::new(values).map_err(|error| error.to_string())
}

/// Gives the parameters the numbers 0, 1, 2 and so on, by which the optimiser knows them, so that it knows them again.
pub(crate) fn numbered(module: ModelModule) -> ModelModule {
    struct Numbers(u64);
    impl ModuleMapper for Numbers {
        fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (_, tensor, mapper) = parameter.consume();
            let id = ParamId::from(self.0);
            self.0 += 1;
            Param::from_mapped_value(id, tensor, mapper)
        }
    }
    module.map(&mut Numbers(0))
}
