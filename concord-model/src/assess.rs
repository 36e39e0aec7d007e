//! How far predictions can be trusted: classes against true ones, codes against genes that are missing.

use concord_core::{CoreError, Embedding, Labels, LogNorm};
use rand::seq::SliceRandom;
use serde::Serialize;

use crate::{
    ClassProbabilities, Model, ModelError, Trained, TrainingData, classify, embed,
    random::{Purpose, stream},
};

/// Predicted classes held against true ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassAssessment {
    /// The true classes, the rows of `counts`.
    #[serde(rename = "true")]
    pub truth: Vec<String>,
    /// The model's classes, the columns of `counts` but the last.
    pub predicted: Vec<String>,
    /// Numbers of cells; the last column has those whose class is not certain enough.
    pub counts: Vec<Vec<usize>>,
    /// Cells whose true class the model knows; those of other classes cannot be right.
    pub n_known: usize,
    /// Those of them whose class is not certain enough.
    pub n_unknown: usize,
    /// Those of them whose class was predicted.
    pub n_right: usize,
    /// Expected calibration error, of the same cells: the mean difference between the probability of the most probable
    /// class and how often that class is right, in ten bins of probability; 0 is honest.
    ///
    /// Source: Guo et al., "On calibration of modern neural networks", ICML 2017.
    pub calibration_error: f64,
}

impl ClassAssessment {
    /// The share of cells of known classes that are right; 0 when there are none.
    pub fn accuracy(&self) -> f64 {
        self.n_right as f64 / self.n_known.max(1) as f64
    }
}

impl ClassProbabilities {
    /// Holds the most probable classes against the true ones; those less probable than `threshold` count as unknown.
    ///
    /// Of cells that the model was trained on this tells little. Cells without a true class are left out.
    ///
    /// # Errors
    /// [`ModelError::Core`] when there is not one label for each cell.
    pub fn assess(&self, truth: &Labels, threshold: f32) -> Result<ClassAssessment, ModelError> {
        let (expected, found) = (self.values().nrows(), truth.n_cells());
        if expected != found {
            return Err(CoreError::LengthMismatch { what: "true classes", expected, found }.into());
        }
        let labels = self.labels(threshold);
        let n_classes = self.classes().len();
        let class_of = |name: &String| self.classes().iter().position(|class| class == name);
        let known: Vec<Option<usize>> = truth.names().iter().map(class_of).collect();
        let mut counts = vec![vec![0; n_classes + 1]; truth.n_categories()];
        let (mut n_known, mut n_unknown, mut n_right, mut bins) = (0, 0, 0, [Bin::default(); N_BINS]);
        for (cell, (truth, predicted)) in truth.codes().iter().zip(labels.codes()).enumerate() {
            let Some(truth) = truth.map(|code| code as usize) else { continue };
            counts[truth][predicted.map_or(n_classes, |code| code as usize)] += 1;
            let Some(class) = known[truth] else { continue };
            n_known += 1;
            match predicted {
                None => n_unknown += 1,
                Some(predicted) => n_right += usize::from(*predicted as usize == class),
            }
            let row = self.values().row(cell);
            let best = row.fold(0.0_f32, |best, &probability| best.max(probability));
            let bin = ((best * N_BINS as f32) as usize).min(N_BINS - 1);
            bins[bin].add(best, row[class] >= best);
        }
        let gaps: f64 = bins.iter().map(Bin::gap).sum();
        Ok(ClassAssessment {
            truth: truth.names().to_vec(),
            predicted: self.classes().to_vec(),
            counts,
            n_known,
            n_unknown,
            n_right,
            calibration_error: gaps / n_known.max(1) as f64,
        })
    }
}

impl Trained {
    /// How good the classifier is on the cells that were left out of training; none without a classifier, or where all
    /// cells with a class were trained on.
    ///
    /// `data` is what the model was trained on.
    ///
    /// # Errors
    /// As [`classify`].
    pub fn assess_held_out(&self, data: &TrainingData<'_>) -> Result<Option<ClassAssessment>, ModelError> {
        let Some(classes) = data.classes.filter(|_| !self.encoder.categories().classes.is_empty()) else {
            return Ok(None);
        };
        let has_class = |cell: &usize| classes.codes().get(*cell).is_some_and(Option::is_some);
        let cells: Vec<usize> = self.held_out.iter().copied().filter(has_class).collect();
        if cells.is_empty() {
            return Ok(None);
        }
        let probabilities = classify(&self.encoder, &data.expression.select_cells(&cells))?;
        probabilities.assess(&classes.select(&cells), 0.0).map(Some)
    }
}

/// Cells of like probability are held together to see how many of them are right.
const N_BINS: usize = 10;

#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    probability: f64,
    n_right: usize,
}

impl Bin {
    fn add(&mut self, probability: f32, is_right: bool) {
        self.probability += f64::from(probability);
        self.n_right += usize::from(is_right);
    }

    fn gap(&self) -> f64 {
        (self.probability - self.n_right as f64).abs()
    }
}

/// For every cell, how far its code moves (one minus the cosine) when as large a share of the genes that are there is
/// taken away as is missing already: the mean of four draws of genes.
///
/// `found` are the positions of the model's genes that the data really have; the others are zero in `data`, and `latent`
/// is the code that cells have so, `[n_cells, n_latent]`; returned is one number a cell. Near 0, the code hardly depends on
/// genes like those that are missing; near 1, it is mostly made of what is left by chance. An estimate of ours; the
/// reference refuses data with missing genes.
///
/// # Errors
/// As [`embed`]; [`ModelError::Core`] for a code of other cells, or when a position is none of the genes.
///
/// # Examples
/// ```
/// # use concord_core::{Csr, Labels, LogNorm};
/// # use concord_model::{Device, TrainConfig, embed, train};
/// use concord_model::missing_effect;
///
/// # let indices = (0..8).flat_map(|cell| if cell % 2 == 0 { [0, 1] } else { [2, 3] }).collect();
/// # let matrix = Csr::new((8, 4), (0..=8).map(|cell| 2 * cell).collect(), indices, vec![1.0; 16]);
/// # let data = LogNorm::from_logged(matrix)?;
/// # let config = TrainConfig { encoder_dims: vec![16], latent_dim: 4, batch_size: 8, n_epochs: 1, ..TrainConfig::default() };
/// # let model = train(&data, &Labels::single(8, "all"), &config, &Device::cpu(), &mut |_| ())?.encoder;
/// let latent = embed(&model, &data)?;
/// // Gene 3 of 4 is not in the data.
/// let effects = missing_effect(&model, &data, &latent, &[0, 1, 2])?;
/// assert_eq!(effects.len(), data.n_cells());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn missing_effect(
    model: &Model,
    data: &LogNorm,
    latent: &Embedding,
    found: &[usize],
) -> Result<Vec<f64>, ModelError> {
    const N_DRAWS: usize = 4;
    let same_length = |what, expected, found| {
        if expected == found { Ok(()) } else { Err(CoreError::LengthMismatch { what, expected, found }) }
    };
    if data.n_genes() != model.n_genes() {
        return Err(ModelError::GeneCount { expected: model.n_genes(), found: data.n_genes() });
    }
    same_length("codes of the cells", data.n_cells(), latent.n_cells())?;
    let n_known = found.iter().filter(|&&gene| gene < data.n_genes()).count();
    same_length("positions of genes that the data have", found.len(), n_known)?;
    let share = 1.0 - found.len() as f64 / data.n_genes().max(1) as f64;
    let n_taken = ((share * found.len() as f64).round() as usize).max(1).min(found.len());
    let mut effects = vec![0.0; data.n_cells()];
    for draw in 0..N_DRAWS {
        let mut genes = found.to_vec();
        genes.shuffle(&mut stream(0, Purpose::MissingGenes, &[draw]));
        let moved = embed(model, &without(data, &genes[..n_taken])?)?;
        for (cell, effect) in effects.iter_mut().enumerate() {
            *effect += (1.0 - cosine(latent.point(cell), moved.point(cell))) / N_DRAWS as f64;
        }
    }
    Ok(effects)
}

/// The same with some genes set to zero.
fn without(data: &LogNorm, genes: &[usize]) -> Result<LogNorm, ModelError> {
    let mut is_taken = vec![false; data.n_genes()];
    for &gene in genes {
        is_taken[gene] = true;
    }
    let mut matrix = data.matrix().clone();
    let indices = data.matrix().indices();
    for (value, &gene) in matrix.data_mut().iter_mut().zip(indices) {
        if is_taken[gene as usize] {
            *value = 0.0;
        }
    }
    Ok(LogNorm::from_logged(matrix)?)
}

/// 1 when one of them is nowhere, and has no direction that could be another.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 { (dot(a, b) / norms).min(1.0) } else { 1.0 }
}
