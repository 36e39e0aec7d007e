//! The weights of a model in files, under the reference's names and in its layout.
//!
//! Linear layer, normalisation, activation and dropout of each layer are numbered in one sequence, so that the second
//! layer's linear weights are `encoder.4.weight`; they stand as PyTorch has them, `[n_outputs, n_inputs]`. We write
//! safetensors, and the same weights give the same bytes; we read these, and PyTorch's own files.

use std::{collections::BTreeMap, path::Path};

use burn::{
    module::Param,
    nn::Linear,
    store::pytorch_reader::{DType, PytorchReader},
    tensor::{Tensor, TensorData},
};
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};

use crate::{
    Model,
    architecture::Architecture,
    layers::{Block, Norm},
    model::ModelModule,
};

/// A parameter of a module, to be written or read.
enum Slot<'a> {
    /// Weights of a linear layer, which PyTorch has transposed.
    Linear(&'a mut Param<Tensor<2>>),
    /// Any other matrix.
    Matrix(&'a mut Param<Tensor<2>>),
    Vector(&'a mut Param<Tensor<1>>),
}

/// All parameters of a module with the reference's names.
fn slots<'a>(module: &'a mut ModelModule, architecture: &Architecture) -> Vec<(String, Slot<'a>)> {
    let mut slots = Vec::new();
    for (index, block) in module.encoder.blocks.iter_mut().enumerate() {
        add_block(&mut slots, "encoder", ENTRIES_PER_LAYER * index, block);
    }
    let mask = module.encoder.importance_mask.iter_mut();
    slots.extend(mask.map(|mask| ("importance_mask".to_owned(), Slot::Vector(mask))));
    if let Some(decoder) = &mut module.decoder {
        let domains = decoder.domain_embedding.iter_mut();
        slots.extend(domains.map(|embedding| ("domain_embedding.weight".to_owned(), Slot::Matrix(embedding))));
        for (embedding, (covariate, _)) in decoder.covariate_embeddings.iter_mut().zip(architecture.covariates()) {
            let name = format!("covariate_embeddings.{}.weight", covariate.name);
            slots.push((name, Slot::Matrix(embedding)));
        }
        let n_blocks = decoder.blocks.len();
        for (index, block) in decoder.blocks.iter_mut().enumerate() {
            add_block(&mut slots, "decoder", ENTRIES_PER_LAYER * index, block);
        }
        add_linear(&mut slots, "decoder", ENTRIES_PER_LAYER * n_blocks, &mut decoder.last);
    }
    if let Some(classifier) = &mut module.classifier {
        add_block(&mut slots, "classifier", 0, &mut classifier.hidden);
        // Linear layer, normalisation and activation; the classifier has no dropout.
        add_linear(&mut slots, "classifier", 3, &mut classifier.last);
    }
    slots
}

/// Linear layer, normalisation, activation, dropout.
const ENTRIES_PER_LAYER: usize = 4;

fn add_linear<'a>(slots: &mut Vec<(String, Slot<'a>)>, part: &str, entry: usize, linear: &'a mut Linear) {
    slots.push((format!("{part}.{entry}.weight"), Slot::Linear(&mut linear.weight)));
    slots.extend(linear.bias.iter_mut().map(|bias| (format!("{part}.{entry}.bias"), Slot::Vector(bias))));
}

fn add_block<'a>(slots: &mut Vec<(String, Slot<'a>)>, part: &str, entry: usize, block: &'a mut Block) {
    add_linear(slots, part, entry, &mut block.linear);
    let Some(Norm { gamma, beta, running }) = &mut block.norm else { return };
    let mut add = |parameter: &str, vector: &'a mut Param<Tensor<1>>| {
        slots.push((format!("{part}.{}.{parameter}", entry + 1), Slot::Vector(vector)));
    };
    add("weight", gamma);
    add("bias", beta);
    if let Some(running) = running {
        add("running_mean", &mut running.mean);
        add("running_var", &mut running.variance);
    }
}

/// A parameter's name, its shape and the bytes of its values.
pub(crate) type NamedTensor = (String, Vec<usize>, Vec<u8>);

/// All parameters of a module as they stand in a file.
pub(crate) fn tensors(module: &ModelModule, architecture: &Architecture) -> Vec<NamedTensor> {
    // A clone shares the parameters.
    let mut module = module.clone();
    let slots = slots(&mut module, architecture);
    slots
        .into_iter()
        .map(|(name, slot)| match slot {
            Slot::Linear(weight) => bytes_of(name, weight.val().transpose()),
            Slot::Matrix(matrix) => bytes_of(name, matrix.val()),
            Slot::Vector(vector) => bytes_of(name, vector.val()),
        })
        .collect()
}

/// Checks that a model has the parameters of a module.
///
/// # Errors
/// The first that one of the two has not, or has in another shape.
pub(crate) fn check_same_shapes(
    model: &Model,
    module: &ModelModule,
    architecture: &Architecture,
) -> Result<(), String> {
    let shapes = |module: &ModelModule, architecture: &Architecture| -> BTreeMap<String, Vec<usize>> {
        tensors(module, architecture).into_iter().map(|(name, shape, _)| (name, shape)).collect()
    };
    let (found, expected) = (shapes(model.module(), model.architecture()), shapes(module, architecture));
    let differs = |name: &&String| found.get(*name) != expected.get(*name);
    found.keys().chain(expected.keys()).find(differs).map_or(Ok(()), |name| Err(name.clone()))
}

/// The bytes of a safetensors file with some tensors.
pub(crate) fn to_bytes(tensors: &[NamedTensor]) -> Result<Vec<u8>, SafeTensorError> {
    let mut views = Vec::with_capacity(tensors.len());
    for (name, shape, bytes) in tensors {
        views.push((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?));
    }
    safetensors::serialize(views, Some([("format".to_owned(), "pt".to_owned())].into()))
}

/// Puts the weights of a safetensors file into a module of the same shape.
///
/// # Errors
/// What is wrong with the file, in words.
pub(crate) fn load(module: &mut ModelModule, architecture: &Architecture, bytes: &[u8]) -> Result<(), String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| format!("not a whole safetensors file ({error})"))?;
    fill(module, architecture, &file)
}

/// Puts weights of a file that holds more than one set of them into a module: those whose names begin so.
///
/// # Errors
/// What is wrong with the file, in words.
pub(crate) fn load_prefixed(
    module: &mut ModelModule,
    architecture: &Architecture,
    file: &SafeTensors<'_>,
    prefix: &str,
) -> Result<(), String> {
    fill(module, architecture, &Prefixed { file, prefix })
}

/// The parameters of a file whose names begin in some way.
struct Prefixed<'a> {
    file: &'a SafeTensors<'a>,
    prefix: &'a str,
}

impl Parameters for Prefixed<'_> {
    fn has(&self, name: &str) -> bool {
        self.file.has(&format!("{}{name}", self.prefix))
    }

    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        self.file.read(&format!("{}{name}", self.prefix), shape)
    }
}

/// Puts the weights of a file of `torch.save` into a module of the same shape; other parameters in it are left alone.
///
/// The file is a pickle, which is a program. Burn's reader builds the dictionaries and tensors it describes and calls
/// nothing that it names.
///
/// # Errors
/// What is wrong with the file, in words.
pub(crate) fn load_pytorch(module: &mut ModelModule, architecture: &Architecture, path: &Path) -> Result<(), String> {
    let file = PytorchReader::new(path).map_err(|error| format!("not a readable PyTorch file ({error})"))?;
    fill(module, architecture, &file)
}

/// A file of named parameters, laid out as PyTorch has them.
trait Parameters {
    /// Whether there is a parameter.
    fn has(&self, name: &str) -> bool;

    /// The values of a parameter, which must have the given shape.
    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String>;
}

impl Parameters for SafeTensors<'_> {
    fn has(&self, name: &str) -> bool {
        self.tensor(name).is_ok()
    }

    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let tensor = self.tensor(name).map_err(|_| no_parameter(name))?;
        check(name, (tensor.dtype(), tensor.shape()), (Dtype::F32, shape))?;
        let (values, _) = tensor.data().as_chunks::<4>();
        Ok(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }
}

impl Parameters for PytorchReader {
    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let tensor = self.get(name).ok_or_else(|| no_parameter(name))?;
        check(name, (tensor.dtype(), tensor.shape()), (DType::F32, shape))?;
        let bytes = tensor.read().map_err(|error| error.to_string())?;
        let (values, _) = bytes.as_chunks::<4>();
        // This reader gives the bytes in the machine's own order.
        Ok(values.iter().map(|bytes| f32::from_ne_bytes(*bytes)).collect())
    }
}

fn no_parameter(name: &str) -> String {
    format!("has no parameter {name}")
}

/// Compares type and shape of a parameter, found and expected, before its values are read.
fn check<T: PartialEq + std::fmt::Debug>(
    name: &str,
    found: (T, &[usize]),
    expected: (T, &[usize]),
) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let ((found, found_shape), (expected, shape)) = (found, expected);
    Err(format!("{name} is {found:?} {found_shape:?}, but the configuration asks for {expected:?} {shape:?}"))
}

fn fill(module: &mut ModelModule, architecture: &Architecture, file: &impl Parameters) -> Result<(), String> {
    let n_decoder = module.decoder.as_ref().map_or(usize::MAX, |decoder| decoder.blocks.len() + 1);
    for (part, n_layers) in [("encoder", module.encoder.blocks.len()), ("decoder", n_decoder)] {
        let beyond = format!("{part}.{}.weight", n_layers.saturating_mul(ENTRIES_PER_LAYER));
        if file.has(&beyond) {
            return Err(format!("has a parameter {beyond}, but the configuration asks for {n_layers} layers"));
        }
    }
    for (name, slot) in slots(module, architecture) {
        match slot {
            Slot::Linear(weight) => {
                let [n_inputs, n_outputs] = weight.dims();
                let values = read(file, &name, [n_outputs, n_inputs])?;
                // Gene-major again, and contiguous, as the kernels want it.
                put(weight, Tensor::<2>::from_data(values, &weight.device()).transpose().into_data());
            }
            Slot::Matrix(matrix) => put(matrix, read(file, &name, matrix.dims())?),
            Slot::Vector(vector) => put(vector, read(file, &name, vector.dims())?),
        }
    }
    Ok(())
}

/// Gives a parameter other values; whether it has a gradient stays as it was.
fn put<const D: usize>(parameter: &mut Param<Tensor<D>>, values: TensorData) {
    let value = Tensor::from_data(values, &parameter.device());
    *parameter = parameter.clone().map(|old| value.set_require_grad(old.is_require_grad()));
}

fn bytes_of<const D: usize>(name: String, tensor: Tensor<D>) -> NamedTensor {
    let shape = tensor.dims().to_vec();
    let bytes = tensor.into_data().iter::<f32>().flat_map(f32::to_le_bytes).collect();
    (name, shape, bytes)
}

fn read<const D: usize>(file: &impl Parameters, name: &str, shape: [usize; D]) -> Result<TensorData, String> {
    let values = file.read(name, &shape)?;
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(format!("{name} holds {value}"));
    }
    Ok(TensorData::new(values, shape))
}
