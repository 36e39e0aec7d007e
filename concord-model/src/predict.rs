//! What a trained model says of cells, beside their latent code.

use concord_core::{CoreError, Dense, Labels, LogNorm};
use ndarray::{Array2, s};

use burn::tensor::activation::softmax;

use crate::{
    Model, ModelError,
    data::{CellLabels, no_such_category},
    layers::Pass,
};

/// The probability of every class for every cell.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassProbabilities {
    classes: Vec<String>,
    values: Dense,
}

impl ClassProbabilities {
    /// The classes, in the order of the columns.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The probabilities, `[n_cells, n_classes]`; the rows sum to 1.
    pub fn values(&self) -> &Dense {
        &self.values
    }

    /// The most probable class of every cell; none where its probability is below `threshold` (0: always one).
    pub fn labels(&self, threshold: f32) -> Labels {
        let most_probable = |row: ndarray::ArrayView1<'_, f32>| {
            let best = row.iter().copied().enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best });
            best.filter(|&(_, probability)| probability >= threshold).map(|(class, _)| class as u32)
        };
        let codes = self.values.rows().into_iter().map(most_probable).collect();
        // A column is a class, so that no code is out of range.
        Labels::new(codes, self.classes.clone()).unwrap_or_else(|_| Labels::single(0, ""))
    }
}

/// The probabilities of the classes that the model was trained to tell apart.
///
/// The columns of `data` are the model's input genes in its order.
///
/// # Errors
/// [`ModelError::NoHead`] when the model has no classifier, [`ModelError::GeneCount`] when the data have another number
/// of genes.
pub fn classify(model: &Model, data: &LogNorm) -> Result<ClassProbabilities, ModelError> {
    let missing = ModelError::NoHead { head: "classifier", option: "use-classifier" };
    let classifier = model.module().classifier.as_ref().ok_or(missing)?;
    let classes = model.categories().classes.clone();
    let mut values = Array2::zeros((data.n_cells(), classes.len()));
    for (cells, code) in model.codes(data)? {
        let scores = classifier.forward(code, &mut Pass::evaluation());
        let probabilities = softmax(scores, 1).into_data();
        values.slice_mut(s![cells, ..]).iter_mut().zip(probabilities.iter::<f32>()).for_each(|(to, from)| *to = from);
    }
    Ok(ClassProbabilities { classes, values })
}

/// Expression as the decoder gives it back, `[n_cells, n_genes]`, denoised, and as it would be in given domains.
///
/// `domains` says for every cell the domain in which it is decoded: its own, or [`Labels::single`] for one and the same.
/// `covariates` are those that the model was trained with, by name.
///
/// # Errors
/// [`ModelError::NoHead`] when the model has no decoder, [`ModelError::NoSuchCategory`] for a domain or category that the
/// model was not trained with, [`ModelError::MissingInput`] when a covariate is not given, [`ModelError::GeneCount`].
pub fn decode(
    model: &Model,
    data: &LogNorm,
    domains: &Labels,
    covariates: &[(&str, &Labels)],
) -> Result<Dense, ModelError> {
    let missing = ModelError::NoHead { head: "decoder", option: "use-decoder" };
    let decoder = model.module().decoder.as_ref().ok_or(missing)?;
    let labels = codes(model, data.n_cells(), domains, covariates)?;
    let mut values = Array2::zeros((data.n_cells(), data.n_genes()));
    for (cells, code) in model.codes(data)? {
        let labels = labels.select(&cells.clone().collect::<Vec<_>>());
        let decoded = decoder.forward(code, &labels, &mut Pass::evaluation()).into_data();
        values.slice_mut(s![cells, ..]).iter_mut().zip(decoded.iter::<f32>()).for_each(|(to, from)| *to = from);
    }
    Ok(values)
}

/// The codes that the model has for the cells' domains and covariates.
fn codes(
    model: &Model,
    n_cells: usize,
    domains: &Labels,
    covariates: &[(&str, &Labels)],
) -> Result<CellLabels, ModelError> {
    let mut labels = CellLabels::default();
    if !model.categories().domains.is_empty() {
        labels.domains = known_codes("domain", domains, &model.categories().domains, n_cells)?;
    }
    for (covariate, _) in model.architecture().covariates() {
        let given = covariates.iter().find(|(name, _)| *name == covariate.name).map(|(_, labels)| labels);
        let what = || format!("the covariate '{}' of the cells", covariate.name);
        let given =
            given.ok_or_else(|| ModelError::MissingInput { option: "covariate-embedding-dims", what: what() })?;
        labels.covariates.push(known_codes("category of a covariate", given, &covariate.categories, n_cells)?);
    }
    Ok(labels)
}

fn known_codes(what: &'static str, labels: &Labels, known: &[String], n_cells: usize) -> Result<Vec<u32>, ModelError> {
    if labels.n_cells() != n_cells {
        let (expected, found) = (n_cells, labels.n_cells());
        return Err(CoreError::LengthMismatch { what: "labels of the cells to be decoded", expected, found }.into());
    }
    let code_of_name = |name: &String| known.iter().position(|known| known == name).map(|code| code as u32);
    let known_codes: Vec<Option<u32>> = labels.names().iter().map(code_of_name).collect();
    let code_of = |code: &Option<u32>| {
        let code = code.ok_or(ModelError::MissingDomain { n_missing: labels.n_missing() })? as usize;
        known_codes[code].ok_or_else(|| no_such_category(what, &labels.names()[code], known))
    };
    labels.codes().iter().map(code_of).collect()
}

/// What the decoder has learned of the domains, or of a covariate.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnedEmbedding {
    /// The covariate's name; none for the domains.
    pub covariate: Option<String>,
    /// The categories, one a row.
    pub categories: Vec<String>,
    /// `[n_categories, width]`
    pub values: Dense,
}

/// The embeddings of domains and covariates, in the order of the decoder's inputs; none without a decoder.
pub fn learned_embeddings(model: &Model) -> Vec<LearnedEmbedding> {
    let Some(decoder) = &model.module().decoder else { return Vec::new() };
    let values = |embedding: burn::tensor::Tensor<2>| {
        let [n_categories, width] = embedding.dims();
        let values: Vec<f32> = embedding.into_data().iter::<f32>().collect();
        Dense::from_shape_vec((n_categories, width), values).unwrap_or_default()
    };
    let domains = decoder.domain_embedding.iter().map(|embedding| LearnedEmbedding {
        covariate: None,
        categories: model.categories().domains.clone(),
        values: values(embedding.val()),
    });
    let covariates = decoder.covariate_embeddings.iter().zip(model.architecture().covariates());
    let covariates = covariates.map(|(embedding, (covariate, _))| LearnedEmbedding {
        covariate: Some(covariate.name.clone()),
        categories: covariate.categories.clone(),
        values: values(embedding.val()),
    });
    domains.chain(covariates).collect()
}
