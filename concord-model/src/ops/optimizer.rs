//! Adam in one pass, with the state of Burn's own Adam, so that their checkpoints are the same.

use burn::{
    backend::Flex,
    optim::{AdamConfig, AdamState, AdaptiveMomentumState, LearningRate, ModuleOptimizer, Optimizer},
    tensor::{Device, Tensor},
};

use super::flex::values;
use crate::{
    device::has_kernels,
    kernels::{AdamStep, adam},
};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Adam (Kingma and Ba, 2015) with the reference's constants, fused on the CPU.
#[derive(Clone)]
pub(crate) struct FusedAdam;

impl FusedAdam {
    /// The optimiser of a module on a device: fused where our kernels work, Burn's own elsewhere.
    pub(crate) fn for_device(device: &Device) -> ModuleOptimizer {
        if has_kernels(device) {
            ModuleOptimizer::from(Self)
        } else {
            AdamConfig::new().with_beta_1(BETA_1 as f32).with_beta_2(BETA_2 as f32).with_epsilon(EPSILON as f32).init()
        }
    }
}

impl Optimizer for FusedAdam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let zeros = || Tensor::zeros(grad.dims(), &grad.device());
        let momentum = match state {
            Some(state) => state.momentum,
            None => AdaptiveMomentumState::new(0, zeros(), zeros()),
        };
        let time = momentum.time + 1;
        let primitive = |tensor: Tensor<D>| {
            tensor.try_into_primitive::<Flex>().expect("for_device gives this optimiser to flex alone").to_contiguous()
        };
        let gradient = primitive(grad);
        let [mut parameters, mut moment_1, mut moment_2] =
            [tensor, momentum.moment_1, momentum.moment_2].map(primitive);
        adam(
            parameters.storage_mut::<f32>(),
            moment_1.storage_mut::<f32>(),
            moment_2.storage_mut::<f32>(),
            values(&gradient),
            AdamStep::new(BETA_1, BETA_2, EPSILON, lr, time),
        );
        let [parameters, moment_1, moment_2] = [parameters, moment_1, moment_2].map(Tensor::from_primitive::<Flex>);
        (parameters, Some(AdamState::new(AdaptiveMomentumState::new(time, moment_1, moment_2))))
    }

    fn to_device<const D: usize>(mut state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}
