//! What encoder, decoder and classifier are built of, and how a batch passes through it.

use burn::{
    module::{Module, Param},
    nn::Linear,
    tensor::{Device, Tensor, TensorData, activation::leaky_relu},
};
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::{
    ops::{self, Deferred, LEAKY_SLOPE, NORM_EPSILON},
    options::NormType,
    random::{Purpose, Random, stream},
};

/// The share of a batch's statistics in the new running ones, as in PyTorch.
const MOMENTUM: f64 = 0.1;

/// One linear layer with its normalisation; the activation, a leaky ReLU (slope 0.1), has no parameters.
#[derive(Module, Debug)]
pub(crate) struct Block {
    pub(crate) linear: Linear,
    pub(crate) norm: Option<Norm>,
}

/// Layer normalisation; or, where there are running statistics, batch normalisation.
#[derive(Module, Debug)]
pub(crate) struct Norm {
    pub(crate) gamma: Param<Tensor<1>>,
    pub(crate) beta: Param<Tensor<1>>,
    pub(crate) running: Option<Running>,
}

/// Means and variances of the units over the batches of training. They are no parameters: nothing wants their gradient.
#[derive(Module, Debug)]
pub(crate) struct Running {
    pub(crate) mean: Param<Tensor<1>>,
    pub(crate) variance: Param<Tensor<1>>,
}

/// Means and unbiased variances of the units over one batch.
#[derive(Debug)]
pub(crate) struct Moments {
    mean: Tensor<1>,
    variance: Tensor<1>,
}

/// One way of a batch through the network.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    /// None in evaluation mode, where nothing is dropped and running statistics are used.
    training: Option<Training>,
    /// Where the gradient of the first weights is left, when the optimiser is to see to it.
    pub(crate) deferred: Option<Deferred>,
}

#[derive(Debug)]
struct Training {
    dropout_prob: f64,
    random: Random,
    moments: Vec<Moments>,
}

impl Pass {
    /// A pass in evaluation mode.
    pub(crate) fn evaluation() -> Self {
        Self::default()
    }

    /// A pass in training mode, with the stream that dropout draws from.
    pub(crate) fn training(dropout_prob: f64, random: Random) -> Self {
        Self { training: Some(Training { dropout_prob, random, moments: Vec::new() }), deferred: None }
    }

    /// Dropout: in training every value is set to zero with its probability, and the others are made up for that.
    pub(crate) fn drop_units(&mut self, x: Tensor<2>) -> Tensor<2> {
        let Some(training) = self.training.as_mut().filter(|training| training.dropout_prob > 0.0) else { return x };
        let [n_rows, width] = x.dims();
        let kept = (1.0 / (1.0 - training.dropout_prob)) as f32;
        let mut factor = || if training.random.random_bool(training.dropout_prob) { 0.0 } else { kept };
        let factors: Vec<f32> = (0..n_rows * width).map(|_| factor()).collect();
        x.clone() * Tensor::from_data(TensorData::new(factors, [n_rows, width]), &x.device())
    }

    /// The statistics of batch normalisations that were passed, in their order.
    pub(crate) fn into_moments(self) -> Vec<Moments> {
        self.training.map_or_else(Vec::new, |training| training.moments)
    }
}

impl Block {
    /// Fresh weights: Kaiming normal (fan in, gain sqrt 2), biases 0, normalisation the identity.
    pub(crate) fn new([n_inputs, width]: [usize; 2], norm: NormType, draws: Draws, device: &Device) -> Self {
        Self { linear: linear([n_inputs, width], draws, device), norm: Norm::new(width, norm, device) }
    }

    pub(crate) fn bias(&self) -> Tensor<1> {
        self.linear.bias.as_ref().expect("every linear layer is made with a bias").val()
    }

    /// Normalisation and activation of the linear layer's output.
    pub(crate) fn activate(&self, x: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        match &self.norm {
            None => leaky_relu(x, f64::from(LEAKY_SLOPE)),
            Some(Norm { gamma, beta, running: None }) => ops::norm_activation(x, gamma.val(), beta.val()),
            Some(Norm { gamma, beta, running: Some(running) }) => {
                let normalized = running.normalize(x, pass);
                let scaled = normalized * gamma.val().unsqueeze::<2>() + beta.val().unsqueeze::<2>();
                leaky_relu(scaled, f64::from(LEAKY_SLOPE))
            }
        }
    }

    /// The whole block.
    pub(crate) fn forward(&self, x: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        self.activate(self.linear.forward(x), pass)
    }
}

impl Norm {
    /// The identity up to scale and shift.
    fn new(width: usize, norm: NormType, device: &Device) -> Option<Self> {
        let vector = |value: f32| Param::from_data(TensorData::new(vec![value; width], [width]), device);
        let fixed = |value: f32| vector(value).set_require_grad(false);
        let running = match norm {
            NormType::None => return None,
            NormType::LayerNorm => None,
            NormType::BatchNorm => Some(Running { mean: fixed(0.0), variance: fixed(1.0) }),
        };
        Some(Self { gamma: vector(1.0), beta: vector(0.0), running })
    }
}

impl Running {
    /// Every unit with mean 0 and variance 1: over the batch in training, by the running statistics in evaluation.
    fn normalize(&self, x: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        let Some(training) = &mut pass.training else {
            let sd = self.variance.val().add_scalar(NORM_EPSILON).sqrt();
            return (x - self.mean.val().unsqueeze::<2>()) / sd.unsqueeze::<2>();
        };
        let n_rows = x.dims()[0] as f32;
        let mean = x.clone().mean_dim(0);
        let centered = x - mean.clone();
        let variance = centered.clone().square().mean_dim(0);
        let plain = |tensor: Tensor<2>| tensor.without_autodiff().squeeze_dim::<1>(0);
        let unbiased = plain(variance.clone()).mul_scalar(n_rows / (n_rows - 1.0).max(1.0));
        training.moments.push(Moments { mean: plain(mean), variance: unbiased });
        centered / variance.add_scalar(NORM_EPSILON).sqrt()
    }

    /// Takes the statistics of a batch in.
    pub(crate) fn update(&mut self, moments: Moments) {
        for (running, of_batch) in [(&mut self.mean, moments.mean), (&mut self.variance, moments.variance)] {
            let old = running.val();
            let is_autodiff = old.is_autodiff();
            let new = old.without_autodiff().mul_scalar(1.0 - MOMENTUM) + of_batch.mul_scalar(MOMENTUM);
            let new = if is_autodiff { Tensor::from_inner(new) } else { new };
            *running = running.clone().map(|_| new);
        }
    }
}

/// Where fresh weights come from: a stream of random numbers, or nowhere, for weights that will be read from a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draws {
    seed: Option<u64>,
    purpose: Purpose,
    index: usize,
}

impl Draws {
    pub(crate) fn new(seed: Option<u64>, purpose: Purpose, index: usize) -> Self {
        Self { seed, purpose, index }
    }

    /// A matrix of normal numbers; zeros without a seed.
    ///
    /// They are drawn from our own generator, because Burn draws the weights of a module when they are first used.
    pub(crate) fn normal_matrix(self, shape: [usize; 2], sd: f64, device: &Device) -> Param<Tensor<2>> {
        let n = shape[0] * shape[1];
        let drawn = |seed| {
            let normal = stream(seed, self.purpose, &[self.index]).sample_iter::<f64, _>(StandardNormal);
            normal.take(n).map(|value| (value * sd) as f32).collect()
        };
        let values: Vec<f32> = self.seed.map_or_else(|| vec![0.0; n], drawn);
        Param::from_data(TensorData::new(values, shape), device)
    }
}

/// A linear layer with Kaiming normal weights and biases of zero.
pub(crate) fn linear([n_inputs, width]: [usize; 2], draws: Draws, device: &Device) -> Linear {
    let weight = draws.normal_matrix([n_inputs, width], (2.0 / n_inputs as f64).sqrt(), device);
    Linear { weight, bias: Some(Param::from_data(TensorData::new(vec![0.0f32; width], [width]), device)) }
}

/// Blocks one after another, from `n_inputs` through the given widths; the weights of each have a stream of their own.
pub(crate) fn blocks(
    n_inputs: usize,
    widths: &[usize],
    norm: NormType,
    draws: impl Fn(usize) -> Draws,
    device: &Device,
) -> Vec<Block> {
    let inputs = [n_inputs].into_iter().chain(widths.iter().copied());
    let layers = inputs.zip(widths).enumerate();
    layers.map(|(index, (n_inputs, &width))| Block::new([n_inputs, width], norm, draws(index), device)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_dropped_in_training_alone_and_the_others_make_up_for_them() {
        let ones = || Tensor::<2>::from_data(TensorData::new(vec![1.0f32; 60_000], [200, 300]), &Device::flex());
        let values = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect::<Vec<f32>>();
        for dropout_prob in [0.1, 0.5] {
            let mut pass = Pass::training(dropout_prob, stream(0, Purpose::Dropout, &[0]));
            let (kept, dropped): (Vec<f32>, Vec<f32>) =
                values(pass.drop_units(ones())).into_iter().partition(|&value| value > 0.0);
            let share = dropped.len() as f64 / 60_000.0;
            assert!((share - dropout_prob).abs() < 0.01, "{share} of the units were dropped");
            assert!(kept.iter().all(|&value| (f64::from(value) * (1.0 - dropout_prob) - 1.0).abs() < 1e-6));
        }
        assert!(values(Pass::evaluation().drop_units(ones())).iter().all(|value| (value - 1.0).abs() < 1e-6));
    }
}
