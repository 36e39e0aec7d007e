//! The operations on the CPU: kernels on the buffers of Burn's flex backend.

use burn::{
    backend::Flex,
    tensor::{Bytes, DType, Shape},
};
use burn_flex::{FlexTensor, Layout};

use super::{ConcordOps, Deferred, LEAKY_SLOPE, NORM_EPSILON, SharedBatch};
use crate::kernels;

/// A tensor of flex around a vector.
pub(super) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(Shape::from(shape.to_vec())), DType::F32)
}

/// The values of a tensor that is contiguous.
pub(super) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().expect("parameters, and what to_contiguous made, are contiguous tensors of f32")
}

/// The tensor without gaps, and its only owner where the caller was: what is shared is copied before it is written to.
#[allow(clippy::needless_pass_by_value, reason = "the handle that comes in is gone when this returns")]
fn contiguous(tensor: FlexTensor) -> FlexTensor {
    tensor.to_contiguous()
}

fn dims(tensor: &FlexTensor) -> [usize; 2] {
    let shape = tensor.layout().shape();
    [shape[0], shape[1]]
}

impl ConcordOps for Flex {
    fn sparse_linear(x: SharedBatch, _: Option<Deferred>, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
        let (weight, bias) = (contiguous(weight), contiguous(bias));
        let out = kernels::sparse_linear(&x, values(&weight), values(&bias));
        tensor(out, [x.n_cells(), dims(&weight)[1]])
    }

    fn sparse_linear_backward(
        x: SharedBatch,
        deferred: Option<Deferred>,
        gradient: FlexTensor,
    ) -> (FlexTensor, FlexTensor) {
        let gradient = contiguous(gradient);
        let width = dims(&gradient)[1];
        if let Some(deferred) = deferred {
            let bias = kernels::sum_rows(values(&gradient), width);
            return (deferred.put(x, gradient), tensor(bias, [width]));
        }
        let (weight, bias) = kernels::sparse_linear_backward(&x, values(&gradient), width);
        (tensor(weight, [x.n_genes(), width]), tensor(bias, [width]))
    }

    fn norm_activation(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor) -> (FlexTensor, FlexTensor, FlexTensor) {
        let (mut x, gamma, beta) = (contiguous(x), contiguous(gamma), contiguous(beta));
        let [n_rows, width] = dims(&x);
        let result =
            kernels::norm_activation(x.storage_mut::<f32>(), values(&gamma), values(&beta), NORM_EPSILON, LEAKY_SLOPE);
        (tensor(result.output, [n_rows, width]), x, tensor(result.inverse_sd, [n_rows]))
    }

    fn norm_activation_backward(
        gradient: FlexTensor,
        normalized: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        inverse_sd: FlexTensor,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let (mut gradient, gamma, beta) = (contiguous(gradient), contiguous(gamma), contiguous(beta));
        let (of_gamma, of_beta) = kernels::norm_activation_backward(
            gradient.storage_mut::<f32>(),
            values(&normalized),
            values(&gamma),
            values(&beta),
            values(&inverse_sd),
            LEAKY_SLOPE,
        );
        let width = of_gamma.len();
        (gradient, tensor(of_gamma, [width]), tensor(of_beta, [width]))
    }

    fn nt_xent(view_1: FlexTensor, view_2: FlexTensor, temperature: f32, beta: f32) -> (FlexTensor, FlexTensor) {
        let (view_1, view_2) = (contiguous(view_1), contiguous(view_2));
        let [n_cells, n_latent] = dims(&view_1);
        let (loss, gradient) = kernels::nt_xent(values(&view_1), values(&view_2), n_latent, temperature, beta);
        (tensor(vec![loss], [1]), tensor(gradient, [n_cells, n_latent]))
    }
}
