//! Adam in one pass, with the state of Burn's own Adam, so that their checkpoints are the same.

use burn::{
    backend::Flex,
    optim::{AdamConfig, AdamState, AdaptiveMomentumState, GradientsParams, LearningRate, ModuleOptimizer, Optimizer},
    tensor::{Bytes, Device, Tensor},
};

use burn_flex::FlexTensor;

use super::{
    deferred::{Deferred, Product},
    flex::values,
};
use crate::{
    device::has_kernels,
    kernels::{AdamStep, adam, adam_of_product},
    model::ModelModule,
};

const NOT_FLEX: &str = "this optimiser is given to flex alone";

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Adam (Kingma and Ba, 2015) with the reference's constants, for all parameters of a module.
pub(crate) struct Adam {
    parameters: ModuleOptimizer,
    /// What the fused optimiser looks at in a step.
    deferred: Deferred,
}

impl Adam {
    /// The optimiser of a module on a device: fused where our kernels work, Burn's own elsewhere.
    pub(crate) fn new(device: &Device) -> Self {
        let deferred = Deferred::default();
        let parameters = if has_kernels(device) {
            ModuleOptimizer::from(FusedAdam::new(deferred.clone()))
        } else {
            AdamConfig::new().with_beta_1(BETA_1 as f32).with_beta_2(BETA_2 as f32).with_epsilon(EPSILON as f32).init()
        };
        Self { parameters, deferred }
    }

    /// Moves the parameters by one step. `deferred` has the gradient of the first weights, if the others do not.
    ///
    /// # Panics
    /// If no parameter has the stand-in for what was deferred: its step would be lost.
    pub(crate) fn step(
        &mut self,
        learning_rate: LearningRate,
        module: ModelModule,
        gradients: GradientsParams,
        deferred: &Deferred,
    ) -> ModelModule {
        deferred.move_to(&self.deferred);
        let module = self.parameters.step(learning_rate, module, gradients);
        assert!(self.deferred.take().is_none(), "a gradient was deferred that no parameter waited for");
        module
    }

    /// The moments of all parameters.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        self.parameters.into_bytes().map(|bytes| bytes.to_vec()).map_err(|error| error.to_string())
    }

    /// The optimiser with the moments that [`Self::to_bytes`] gave.
    pub(crate) fn from_bytes(device: &Device, bytes: Vec<u8>) -> Result<Self, String> {
        let Self { parameters, deferred } = Self::new(device);
        let parameters = parameters.from_bytes(Bytes::from_bytes_vec(bytes)).map_err(|error| error.to_string())?;
        Ok(Self { parameters, deferred })
    }
}

/// One parameter's Adam in one pass.
#[derive(Clone, Default)]
pub(crate) struct FusedAdam {
    deferred: Deferred,
}

impl FusedAdam {
    /// An optimiser that looks there for what gradients stand for.
    pub(super) fn new(deferred: Deferred) -> Self {
        Self { deferred }
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
        let primitive = |tensor: Tensor<D>| tensor.try_into_primitive::<Flex>().expect(NOT_FLEX).to_contiguous();
        let gradient = grad.try_into_primitive::<Flex>().expect(NOT_FLEX);
        let [mut parameters, mut moment_1, mut moment_2] =
            [tensor, momentum.moment_1, momentum.moment_2].map(primitive);
        let step = AdamStep::new(BETA_1, BETA_2, EPSILON, lr, time);
        let [of_parameters, of_moment_1, of_moment_2] =
            [&mut parameters, &mut moment_1, &mut moment_2].map(FlexTensor::storage_mut::<f32>);
        match self.deferred.take_for(&gradient) {
            Some(Product { batch, gradient }) => {
                adam_of_product(of_parameters, of_moment_1, of_moment_2, (&batch, values(&gradient)), step);
            }
            None => adam(of_parameters, of_moment_1, of_moment_2, values(&gradient.to_contiguous()), step),
        }
        let [parameters, moment_1, moment_2] = [parameters, moment_1, moment_2].map(Tensor::from_primitive::<Flex>);
        (parameters, Some(AdamState::new(AdaptiveMomentumState::new(time, moment_1, moment_2))))
    }

    fn to_device<const D: usize>(mut state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}
