//! The weights of an encoder in files, under the reference's names and in its layout.
//!
//! Linear layer, normalisation, activation and dropout of each layer are numbered in one sequence, so that the second
//! layer's linear weights are `encoder.4.weight`; they stand as PyTorch has them, `[n_outputs, n_inputs]`. We write
//! safetensors, and the same weights give the same bytes; we read these, and PyTorch's own files.

use std::path::Path;

use burn::{
    module::Param,
    store::pytorch_reader::{DType, PytorchReader},
    tensor::{Device, Tensor, TensorData},
};
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};

use crate::encoder::{EncoderModule, Layer};

/// The bytes of a safetensors file with the weights of a module.
pub(crate) fn to_bytes(module: &EncoderModule) -> Result<Vec<u8>, SafeTensorError> {
    let mut tensors = Vec::new();
    for (index, layer) in module.layers.iter().enumerate() {
        let names = Names::new(index);
        tensors.push(bytes_of(names.weight, layer.linear.weight.val().transpose()));
        tensors.push(bytes_of(names.gamma, layer.norm.gamma.val()));
        for (name, bias) in [(names.bias, &layer.linear.bias), (names.beta, &layer.norm.beta)] {
            tensors.extend(bias.as_ref().map(|bias| bytes_of(name, bias.val())));
        }
    }
    let mut views = Vec::with_capacity(tensors.len());
    for (name, shape, bytes) in &tensors {
        views.push((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?));
    }
    safetensors::serialize(views, Some([("format".to_owned(), "pt".to_owned())].into()))
}

/// Puts the weights of a safetensors file into a module of the same shape.
///
/// # Errors
/// What is wrong with the file, in words.
pub(crate) fn load(module: &mut EncoderModule, bytes: &[u8], device: &Device) -> Result<(), String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| format!("not a whole safetensors file ({error})"))?;
    fill(module, &file, device)
}

/// Puts the weights of a file of `torch.save` into a module of the same shape; other parameters in it are left alone.
///
/// The file is a pickle, which is a program. Burn's reader builds the dictionaries and tensors it describes and calls
/// nothing that it names.
///
/// # Errors
/// What is wrong with the file, in words.
pub(crate) fn load_pytorch(module: &mut EncoderModule, path: &Path, device: &Device) -> Result<(), String> {
    let file = PytorchReader::new(path).map_err(|error| format!("not a readable PyTorch file ({error})"))?;
    fill(module, &file, device)
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

fn fill(module: &mut EncoderModule, file: &impl Parameters, device: &Device) -> Result<(), String> {
    let n_layers = module.layers.len();
    let beyond = Names::new(n_layers).weight;
    if file.has(&beyond) {
        return Err(format!("has a parameter {beyond}, but the configuration asks for {n_layers} layers"));
    }
    for (index, layer) in module.layers.iter_mut().enumerate() {
        let names = Names::new(index);
        let Layer { linear, norm } = layer;
        let [n_inputs, n_outputs] = linear.weight.dims();
        let weight = read(file, &names.weight, [n_outputs, n_inputs], device)?;
        // Gene-major again, and contiguous, as the kernels want it.
        linear.weight = Param::from_data(weight.transpose().into_data(), device);
        linear.bias = Some(Param::from_tensor(read(file, &names.bias, [n_outputs], device)?));
        norm.gamma = Param::from_tensor(read(file, &names.gamma, [n_outputs], device)?);
        norm.beta = Some(Param::from_tensor(read(file, &names.beta, [n_outputs], device)?));
    }
    Ok(())
}

/// The reference's names of a layer's parameters.
struct Names {
    weight: String,
    bias: String,
    gamma: String,
    beta: String,
}

impl Names {
    fn new(layer: usize) -> Self {
        let name = |entry: usize, parameter: &str| format!("encoder.{}.{parameter}", 4 * layer + entry);
        Self { weight: name(0, "weight"), bias: name(0, "bias"), gamma: name(1, "weight"), beta: name(1, "bias") }
    }
}

fn bytes_of<const D: usize>(name: String, tensor: Tensor<D>) -> (String, Vec<usize>, Vec<u8>) {
    let shape = tensor.dims().to_vec();
    let bytes = tensor.into_data().iter::<f32>().flat_map(f32::to_le_bytes).collect();
    (name, shape, bytes)
}

fn read<const D: usize>(
    file: &impl Parameters,
    name: &str,
    shape: [usize; D],
    device: &Device,
) -> Result<Tensor<D>, String> {
    let values = file.read(name, &shape)?;
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(format!("{name} holds {value}"));
    }
    Ok(Tensor::from_data(TensorData::new(values, shape), device))
}
