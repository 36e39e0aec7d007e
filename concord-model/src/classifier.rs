use burn::{
    module::Module,
    nn::Linear,
    tensor::{Device, Tensor, TensorData, activation::log_softmax},
};

use crate::{
    architecture::Architecture,
    layers::{Block, Draws, Pass, linear},
    random::Purpose,
};

/// From the latent code to a score for each class: one hidden layer of the latent width, then a linear one.
#[derive(Module, Debug)]
pub(crate) struct ClassifierModule {
    pub(crate) hidden: Block,
    pub(crate) last: Linear,
}

impl ClassifierModule {
    /// Weights drawn with a seed, or zeros.
    pub(crate) fn new(architecture: &Architecture, seed: Option<u64>, device: &Device) -> Self {
        let Architecture { config, categories, .. } = architecture;
        let draws = |layer| Draws::new(seed, Purpose::ClassifierWeights, layer);
        Self {
            hidden: Block::new([config.latent_dim; 2], config.norm_type, draws(0), device),
            last: linear([config.latent_dim, categories.classes.len()], draws(1), device),
        }
    }

    /// Scores, `[n_cells, n_classes]`; their softmax is the probability of the classes.
    pub(crate) fn forward(&self, code: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        self.last.forward(self.hidden.forward(code, pass))
    }
}

/// The mean cross entropy over the cells that have a class, `[1]`; none when no cell has one.
pub(crate) fn cross_entropy(scores: Tensor<2>, classes: &[Option<u32>]) -> Option<Tensor<1>> {
    let [n_cells, n_classes] = scores.dims();
    let n_labelled = classes.iter().flatten().count();
    if n_labelled == 0 {
        return None;
    }
    let mut shares = vec![0.0f32; n_cells * n_classes];
    for (row, class) in shares.chunks_exact_mut(n_classes).zip(classes) {
        if let Some(class) = class {
            row[*class as usize] = 1.0 / n_labelled as f32;
        }
    }
    let shares = Tensor::<2>::from_data(TensorData::new(shares, [n_cells, n_classes]), &scores.device());
    Some((log_softmax(scores, 1) * shares).sum().neg())
}
