//! The operations that training spends its time in, as an extension of Burn's backends.
//!
//! On the CPU (Burn's flex backend) they run the kernels of this crate on flex's own buffers; `autodiff` gives them
//! their gradients; on every other device `plain` does the same with Burn's operations.

mod autodiff;
mod deferred;
mod flex;
mod optimizer;
mod plain;

use std::sync::Arc;

use burn::{
    backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor},
    tensor::Tensor,
};

pub(crate) use deferred::Deferred;
pub(crate) use optimizer::Adam;

use crate::{TrainConfig, batch::SparseBatch, device::has_kernels};

/// The slope of the leaky ReLU below zero.
pub(crate) const LEAKY_SLOPE: f32 = 0.1;

/// What is added to a variance before its root is taken, as in PyTorch's `LayerNorm`.
pub(crate) const NORM_EPSILON: f32 = 1e-5;

/// A batch that the graph and its gradients share.
pub(crate) type SharedBatch = Arc<SparseBatch>;

/// The fused operations. Those that end in `_backward` are called by the gradients of the others only.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait ConcordOps: Backend {
    /// `x weight + bias`.
    fn sparse_linear(
        x: SharedBatch,
        deferred: Option<Deferred>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Gradients of weight and bias. That of the weight is a stand-in where it is deferred.
    fn sparse_linear_backward(
        x: SharedBatch,
        deferred: Option<Deferred>,
        gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Leaky ReLU of the layer-normalised `x`: the output, the normalised rows, their inverse standard deviations.
    fn norm_activation(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Gradients of `x`, gamma and beta.
    fn norm_activation_backward(
        gradient: FloatTensor<Self>,
        normalized: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        inverse_sd: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The contrastive loss of two views, `[1]`, and its gradient with respect to the first.
    fn nt_xent(
        view_1: FloatTensor<Self>,
        view_2: FloatTensor<Self>,
        temperature: f32,
        beta: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// A sparse batch times weights: `[n_cells, n_genes] x [n_genes, width] + [width]`.
///
/// Where `deferred` is given the gradient of the weights is left to the optimiser; on devices without kernels it is not.
pub(crate) fn sparse_linear(
    x: &SharedBatch,
    deferred: Option<Deferred>,
    weight: Tensor<2>,
    bias: Tensor<1>,
) -> Tensor<2> {
    if has_kernels(&weight.device()) {
        let (weight, bias) = (weight.into_dispatch(), bias.into_dispatch());
        Tensor::from_dispatch(<Dispatch as ConcordOps>::sparse_linear(x.clone(), deferred, weight, bias))
    } else {
        plain::sparse_linear(x, weight, bias)
    }
}

/// Layer normalisation and leaky ReLU of the rows of `x`, `[n_rows, width]`.
pub(crate) fn norm_activation(x: Tensor<2>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<2> {
    if has_kernels(&x.device()) {
        let (x, gamma, beta) = (x.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch());
        Tensor::from_dispatch(<Dispatch as ConcordOps>::norm_activation(x, gamma, beta).0)
    } else {
        plain::norm_activation(x, gamma, beta)
    }
}

/// The contrastive loss of two views of a batch, `[n_cells, n_latent]` each; `view_2` is taken as constant.
pub(crate) fn nt_xent(view_1: Tensor<2>, view_2: Tensor<2>, config: &TrainConfig) -> Tensor<1> {
    let (temperature, beta) = (config.clr_temperature as f32, config.clr_beta as f32);
    if has_kernels(&view_1.device()) {
        let (view_1, view_2) = (view_1.into_dispatch(), view_2.into_dispatch());
        Tensor::from_dispatch(<Dispatch as ConcordOps>::nt_xent(view_1, view_2, temperature, beta).0)
    } else {
        plain::nt_xent(view_1, view_2, temperature, beta)
    }
}

#[cfg(test)]
mod tests;
