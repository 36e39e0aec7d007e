use std::path::PathBuf;

use concord_core::CoreError;
use thiserror::Error;

use crate::DeviceName;

/// What can go wrong in training, projecting, saving and loading a model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// An option has a value that makes no sense.
    #[error("--{option} {value} is out of range: {expected}")]
    Option {
        /// The option's name, as on the command line.
        option: &'static str,
        /// Its value.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
    /// Two options that cannot both be followed.
    #[error("--{option} does not go with --{other} as it is: {reason}")]
    Contradiction {
        /// One option's name, as on the command line.
        option: &'static str,
        /// The other's.
        other: &'static str,
        /// Why, and what to do.
        reason: &'static str,
    },
    /// An option asks for data that were not given.
    #[error("--{option} needs {what}: give them, or leave the option out")]
    MissingInput {
        /// The option's name, as on the command line.
        option: &'static str,
        /// What is missing.
        what: String,
    },
    /// Fewer cells than one batch holds.
    #[error("{n_cells} cells are fewer than one batch of {batch_size}: lower the batch size or add cells")]
    TooFewCells {
        /// Number of cells.
        n_cells: usize,
        /// Cells of one batch.
        batch_size: usize,
    },
    /// A domain is too small to make a batch of its own.
    #[error(
        "batch '{domain}' has {n_cells} cells, and a batch needs at least {minimum}: drop these cells or merge the \
         batch with another"
    )]
    SmallDomain {
        /// The domain's name.
        domain: String,
        /// Its number of cells.
        n_cells: usize,
        /// The smallest number that works.
        minimum: usize,
    },
    /// All batches of an epoch were too small.
    #[error(
        "epoch {epoch} has no batch of at least 4 cells: raise --batch-size ({batch_size}) or leave out --drop-partial-batches"
    )]
    EmptyEpoch {
        /// Epoch, from 1.
        epoch: usize,
        /// Cells of one batch.
        batch_size: usize,
    },
    /// Cells without a domain.
    #[error("{n_missing} cells have no value in the batch column: drop these cells or fill the column")]
    MissingDomain {
        /// How many.
        n_missing: usize,
    },
    /// Cells without a category of a covariate that has an embedding.
    #[error("{n_missing} cells have no value in the covariate '{covariate}': drop these cells or fill the column")]
    MissingCovariate {
        /// The covariate.
        covariate: String,
        /// How many.
        n_missing: usize,
    },
    /// A classifier without a single cell to learn from.
    #[error(
        "none of the {n_cells} cells has a class: a classifier needs labelled cells, so leave --use-classifier out"
    )]
    NoLabelledCells {
        /// Number of cells.
        n_cells: usize,
    },
    /// A name that is none of the known ones.
    #[error("there is no {what} '{name}': known are {known}")]
    NoSuchCategory {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Fewer cells than neighbours.
    #[error("{n_neighbors} neighbours cannot be drawn from {n_cells} cells: lower --sampler-knn")]
    TooFewNeighbors {
        /// Number of cells.
        n_cells: usize,
        /// Number of neighbours asked for, the cell itself among them.
        n_neighbors: usize,
    },
    /// Too few cells are left out to tell how good the model is.
    #[error(
        "of {n_cells} cells --train-frac {train_frac} leaves {n_left} out, and validation needs at least {minimum}: lower \
         --train-frac"
    )]
    TooFewForValidation {
        /// Number of cells.
        n_cells: usize,
        /// The share to train on.
        train_frac: f64,
        /// Cells left out.
        n_left: usize,
        /// The smallest number that works.
        minimum: usize,
    },
    /// The search for neighbours failed.
    #[error("the neighbours of the cells cannot be found: {0}")]
    Neighbors(#[source] crate::data::BoxedError),
    /// Scores by which no batch can be given to any domain.
    #[error(
        "coverage scores must be at least 0 and one of them above, these are {scores:?}: lower --enrichment-threshold"
    )]
    NoCoverage {
        /// The scores.
        scores: Vec<f64>,
    },
    /// A text that names no device.
    #[error(
        "there is no device '{name}': known are cpu, libtorch, wgpu, vulkan, metal, cuda, with a number for those after the \
         first, as in cuda:1"
    )]
    UnknownDevice {
        /// The text.
        name: String,
    },
    /// A device whose cargo feature is off.
    #[error(
        "this build has no {device}: build it with --features {feature}, as docs/devices.md tells, or use --device cpu"
    )]
    DeviceNotBuilt {
        /// The device.
        device: DeviceName,
        /// The feature.
        feature: &'static str,
    },
    /// A device that this machine does not have.
    #[error("this machine has no {device} ({n_found} of its kind were found): `concord devices` lists what there is")]
    NoSuchDevice {
        /// The device.
        device: DeviceName,
        /// How many there are of its kind.
        n_found: usize,
    },
    /// A model to start from that is not of the shape that the options ask for.
    #[error(
        "the model to start from has another {parameter} than the options ask for: give the options of its training"
    )]
    OtherShape {
        /// The parameter.
        parameter: String,
    },
    /// A covariate has a name that PyTorch keeps for itself, or may.
    #[error(
        "the Python package may not load a model with a covariate named '{covariate}': PyTorch keeps some names for itself \
         (those of its attributes, with an underscore in front, with a dot); rename the column, and train again"
    )]
    CovariateName {
        /// The name.
        covariate: String,
    },
    /// A model to start from means other categories by the numbers that its weights go by.
    #[error(
        "the model to start from knows the {what} {model}, and the data have {data}: what it learned of the one would be \
         taken for the other. Give the data the same {what}, or start without a model"
    )]
    OtherCategories {
        /// Batches, classes, or the categories of a covariate.
        what: String,
        /// Those of the model.
        model: String,
        /// Those of the data.
        data: String,
    },
    /// The loss stopped being a number.
    #[error(
        "the loss became {loss} in epoch {epoch}, step {step}: lower the learning rate (it was {learning_rate}){}",
        kept(checkpoint.as_ref())
    )]
    Diverged {
        /// The loss.
        loss: f32,
        /// Epoch, from 1.
        epoch: usize,
        /// Step within the epoch, from 1.
        step: usize,
        /// The learning rate of that epoch.
        learning_rate: f64,
        /// The last checkpoint, from before this, if there is one.
        checkpoint: Option<PathBuf>,
    },
    /// A weight stopped being a number.
    #[error(
        "the weights became infinite in epoch {epoch}, step {step}: lower the learning rate (it was {learning_rate}){}",
        kept(checkpoint.as_ref())
    )]
    WeightsDiverged {
        /// Epoch, from 1.
        epoch: usize,
        /// Step within the epoch, from 1.
        step: usize,
        /// The learning rate of that epoch.
        learning_rate: f64,
        /// The last checkpoint, from before this, if there is one.
        checkpoint: Option<PathBuf>,
    },
    /// Training was stopped by its caller.
    #[error("training was stopped in epoch {epoch}, after step {step}{}", kept(checkpoint.as_ref()))]
    Interrupted {
        /// Epoch, from 1.
        epoch: usize,
        /// Step within the epoch, from 1.
        step: usize,
        /// The checkpoint from which it can go on, if one was asked for.
        checkpoint: Option<PathBuf>,
    },
    /// A checkpoint of a run on other data.
    #[error(
        "{path}: this run was begun on other data (expression, batches, classes or covariates): give the same again"
    )]
    OtherData {
        /// The checkpoint.
        path: PathBuf,
    },
    /// Data of another width than the model's.
    #[error("the model takes {expected} genes, the data have {found}: select the model's input genes first")]
    GeneCount {
        /// Number of the model's input genes.
        expected: usize,
        /// Number of columns given.
        found: usize,
    },
    /// A question to a part that the model does not have.
    #[error("the model has no {head}: train one with --{option}")]
    NoHead {
        /// The part.
        head: &'static str,
        /// The option that asks for it.
        option: &'static str,
    },
    /// An entry of the flat sequence of layers that the encoder does not have.
    #[error("layer {layer} does not exist: the encoder's layers are numbered from 0 to {}", .n_layers - 1)]
    NoSuchLayer {
        /// The number asked for.
        layer: usize,
        /// How many there are.
        n_layers: usize,
    },
    /// A file of a model directory cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of a model directory does not hold what it should.
    #[error("{path}: {detail}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// Data that do not fit together.
    #[error(transparent)]
    Core(#[from] CoreError),
}

/// Where a message says that a run can go on from.
fn kept(checkpoint: Option<&PathBuf>) -> String {
    checkpoint.map_or_else(String::new, |path| format!("; the last checkpoint is kept in {}", path.display()))
}
