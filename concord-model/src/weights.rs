//! The weights of an encoder as a safetensors file, under the reference's names and in its layout.
//!
//! Linear layer, normalisation, activation and dropout of each layer are numbered in one sequence, so that the second
//! layer's linear weights are `encoder.4.weight`; they stand as PyTorch has them, `[n_outputs, n_inputs]`. The same
//! weights give the same bytes.

use burn::{
    module::Param,
    tensor::{Device, Tensor, TensorData},
};
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};

use crate::encoder::{EncoderModule, Layer};

/// The bytes of a file with the weights of a module.
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

/// Puts the weights of a file into a module of the same shape.
///
/// # Errors
/// What is wrong with the file, in words.
pub(crate) fn load(module: &mut EncoderModule, bytes: &[u8], device: &Device) -> Result<(), String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| format!("not a whole safetensors file ({error})"))?;
    for (index, layer) in module.layers.iter_mut().enumerate() {
        let names = Names::new(index);
        let Layer { linear, norm } = layer;
        let [n_inputs, n_outputs] = linear.weight.dims();
        let weight = read(&file, &names.weight, [n_outputs, n_inputs], device)?;
        // Gene-major again, and contiguous, as the kernels want it.
        linear.weight = Param::from_data(weight.transpose().into_data(), device);
        linear.bias = Some(Param::from_tensor(read(&file, &names.bias, [n_outputs], device)?));
        norm.gamma = Param::from_tensor(read(&file, &names.gamma, [n_outputs], device)?);
        norm.beta = Some(Param::from_tensor(read(&file, &names.beta, [n_outputs], device)?));
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
    file: &SafeTensors<'_>,
    name: &str,
    shape: [usize; D],
    device: &Device,
) -> Result<Tensor<D>, String> {
    let tensor = file.tensor(name).map_err(|_| format!("has no parameter {name}"))?;
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        return Err(format!(
            "{name} is {:?} {:?}, but the configuration asks for {:?} {shape:?}",
            tensor.dtype(),
            tensor.shape(),
            Dtype::F32
        ));
    }
    let (values, _) = tensor.data().as_chunks::<4>();
    let values: Vec<f32> = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(format!("{name} holds {value}"));
    }
    Ok(Tensor::from_data(TensorData::new(values, shape), device))
}
