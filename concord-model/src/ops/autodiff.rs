//! The gradients of the operations.

use burn::{
    backend::{
        Autodiff, AutodiffBackend, Backend,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        tensor::FloatTensor,
    },
    tensor::Shape,
};

use super::{ConcordOps, Deferred, SharedBatch};

#[derive(Debug)]
struct SparseLinear;

impl<B: Backend + ConcordOps> Backward<B, 2> for SparseLinear {
    type State = (SharedBatch, Option<Deferred>);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [weight, bias] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let (x, deferred) = ops.state;
        let (of_weight, of_bias) = B::sparse_linear_backward(x, deferred, gradient);
        if let Some(node) = weight {
            gradients.register::<B>(node.id, of_weight);
        }
        if let Some(node) = bias {
            gradients.register::<B>(node.id, of_bias);
        }
    }
}

#[derive(Debug)]
struct NormActivation;

/// What the backward pass of the normalisation needs.
#[derive(Debug, Clone)]
struct NormState<T: Clone + std::fmt::Debug> {
    normalized: T,
    gamma: T,
    beta: T,
    inverse_sd: T,
}

impl<B: Backend + ConcordOps> Backward<B, 3> for NormActivation {
    type State = NormState<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [x, gamma, beta] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let state = ops.state;
        let (of_x, of_gamma, of_beta) =
            B::norm_activation_backward(gradient, state.normalized, state.gamma, state.beta, state.inverse_sd);
        for (node, gradient) in [(x, of_x), (gamma, of_gamma), (beta, of_beta)] {
            if let Some(node) = node {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct NtXent;

impl<B: Backend + ConcordOps> Backward<B, 1> for NtXent {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [view_1] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = view_1 {
            let gradient = B::float_reshape(gradient, Shape::from(vec![1, 1]));
            gradients.register::<B>(node.id, B::float_mul(ops.state, gradient));
        }
    }
}

impl<B: Backend + ConcordOps, C: CheckpointStrategy> ConcordOps for Autodiff<B, C> {
    fn sparse_linear(
        x: SharedBatch,
        deferred: Option<Deferred>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let out = B::sparse_linear(x.clone(), None, weight.primitive().clone(), bias.primitive().clone());
        match SparseLinear.prepare::<C>([weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, deferred), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }

    fn norm_activation(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [x.node(), gamma.node(), beta.node()];
        let (gamma, beta) = (gamma.primitive().clone(), beta.primitive().clone());
        let (out, normalized, inverse_sd) = B::norm_activation(x.into_primitive(), gamma.clone(), beta.clone());
        let constant = <Self as AutodiffBackend>::from_inner;
        let left_behind = (constant(normalized.clone()), constant(inverse_sd.clone()));
        let out = match NormActivation.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(NormState { normalized, gamma, beta, inverse_sd }, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        };
        (out, left_behind.0, left_behind.1)
    }

    fn nt_xent(
        view_1: FloatTensor<Self>,
        view_2: FloatTensor<Self>,
        temperature: f32,
        beta: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (loss, gradient) = B::nt_xent(view_1.primitive().clone(), view_2.primitive().clone(), temperature, beta);
        let constant = <Self as AutodiffBackend>::from_inner(gradient.clone());
        let loss = match NtXent.prepare::<C>([view_1.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(gradient, loss),
            OpsKind::UnTracked(prepared) => prepared.finish(loss),
        };
        (loss, constant)
    }

    fn sparse_linear_backward(
        _: SharedBatch,
        _: Option<Deferred>,
        _: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        unreachable!("{NO_SECOND_DERIVATIVE}")
    }

    fn norm_activation_backward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        unreachable!("{NO_SECOND_DERIVATIVE}")
    }
}

const NO_SECOND_DERIVATIVE: &str = "gradients are taken on the inner backend, and nobody asks for their gradients";
