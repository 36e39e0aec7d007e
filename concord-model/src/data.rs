//! What a model is trained on, and what is known of the cells of a batch.

use concord_core::{CoreError, Embedding, KnnGraph, Labels, LogNorm, Metric};
use sha2::{Digest, Sha256};

use crate::{
    Categories, Covariate, ModelError, Note, TrainConfig,
    architecture::Architecture,
    coverage::{Coverage, coverage_scores},
    data_hash,
    options::MinibatchStrategy,
};

/// What goes wrong in a function of the caller.
pub type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// Finds the nearest neighbours of every cell: takes an embedding, their number, and the distance.
pub type FindNeighbors<'a> = &'a dyn Fn(&Embedding, usize, Metric) -> Result<KnnGraph, BoxedError>;

/// What a model is trained on: expression and domains, and whatever else the options ask for.
#[derive(Clone)]
pub struct TrainingData<'a> {
    /// `[n_cells, n_genes]`, the selected genes only.
    pub expression: &'a LogNorm,
    /// Which batch of the experiment each cell comes from ([`Labels::single`] when there is one).
    pub domains: &'a Labels,
    /// The class of each cell, for a classifier; cells without a label are not learned from. See also [`unlabel`].
    pub classes: Option<&'a Labels>,
    /// Covariates by name, for a decoder with `covariate_embedding_dims`.
    pub covariates: Vec<(&'a str, &'a Labels)>,
    /// How much of the cells' variety each domain covers, for the minibatch strategy [`MinibatchStrategy::Coverage`].
    pub coverage: Option<Coverage<'a>>,
    /// An embedding in which neighbours are sought for `p_intra_knn` (`sampler_emb` of the reference), in the place of the
    /// latent code after the warm-up.
    pub sampler_embedding: Option<&'a Embedding>,
    /// How neighbours are found, for `p_intra_knn`.
    pub find_neighbors: Option<FindNeighbors<'a>>,
}

impl<'a> TrainingData<'a> {
    /// Expression and domains, and nothing else.
    pub fn new(expression: &'a LogNorm, domains: &'a Labels) -> Self {
        Self {
            expression,
            domains,
            classes: None,
            covariates: Vec::new(),
            coverage: None,
            sampler_embedding: None,
            find_neighbors: None,
        }
    }
}

/// Takes the label of the cells of one class away: they have no class that is known (`unlabeled_class` of the reference).
///
/// ```
/// use concord_core::Labels;
///
/// let labels = Labels::from_texts(&["B cell", "unknown", "T cell"]);
/// let known = concord_model::unlabel(&labels, "unknown")?;
/// assert_eq!(known.names(), ["B cell", "T cell"]);
/// assert_eq!(known.codes(), [Some(0), None, Some(1)]);
/// # Ok::<(), concord_model::ModelError>(())
/// ```
///
/// # Errors
/// [`ModelError::NoSuchCategory`].
pub fn unlabel(labels: &Labels, class: &str) -> Result<Labels, ModelError> {
    if !labels.names().iter().any(|name| name == class) {
        return Err(no_such_category("class", class, labels.names()));
    }
    let name_of = |cell| labels.name_of(cell).filter(|&name| name != class);
    let codes = (0..labels.n_cells()).map(|cell| name_of(cell).and(labels.codes()[cell])).collect();
    let (codes, names) = Labels::new(codes, labels.names().to_vec()).map(|labels| used(&labels))?;
    Ok(Labels::new(codes, names)?)
}

pub(crate) fn no_such_category(what: &'static str, name: &str, known: &[String]) -> ModelError {
    ModelError::NoSuchCategory { what, name: name.to_owned(), known: known.join(", ") }
}

/// Codes of cells, as many of each kind as there are cells.
#[derive(Debug, Clone, Default)]
pub(crate) struct CellLabels {
    pub(crate) domains: Vec<u32>,
    /// One list for each covariate of the architecture.
    pub(crate) covariates: Vec<Vec<u32>>,
    pub(crate) classes: Vec<Option<u32>>,
}

impl CellLabels {
    /// Those of the given cells. Labels that the model has no use for are not there at all.
    pub(crate) fn select(&self, cells: &[usize]) -> Self {
        fn of<T: Copy>(codes: &[T], cells: &[usize]) -> Vec<T> {
            cells.iter().filter_map(|&cell| codes.get(cell).copied()).collect()
        }
        Self {
            domains: of(&self.domains, cells),
            covariates: self.covariates.iter().map(|codes| of(codes, cells)).collect(),
            classes: of(&self.classes, cells),
        }
    }
}

/// The training data when they have been checked against the options.
pub(crate) struct CheckedData<'a> {
    pub(crate) data: &'a TrainingData<'a>,
    pub(crate) architecture: Architecture,
    pub(crate) labels: CellLabels,
    /// One score for each domain, for the strategy that goes by them.
    pub(crate) coverage: Option<Vec<f64>>,
    pub(crate) notes: Vec<Note>,
}

impl<'a> CheckedData<'a> {
    pub(crate) fn new(data: &'a TrainingData<'a>, config: &TrainConfig) -> Result<Self, ModelError> {
        check_length("domains of the cells", data, data.domains.n_cells())?;
        let mut notes = Note::of_options(config, data.domains);
        let (mut categories, mut labels) = (Categories::default(), CellLabels::default());
        if config.use_decoder {
            (labels.domains, categories.domains) = codes_of("domains", "batch column", data, data.domains)?;
            for (covariate, of_cells) in covariates(data, config)? {
                let (codes, names) = codes_of("covariates of the cells", covariate, data, of_cells)?;
                labels.covariates.push(codes);
                categories.covariates.push(Covariate { name: covariate.to_owned(), categories: names });
            }
        }
        if config.use_classifier {
            (labels.classes, categories.classes) = classes(data, &mut notes)?;
        }
        let architecture = Architecture { config: config.clone(), n_genes: data.expression.n_genes(), categories };
        let by_coverage = config.sampler_domain_minibatch_strategy == MinibatchStrategy::Coverage;
        let coverage = by_coverage.then(|| coverage_scores(data, config)).transpose()?;
        check_neighbors(data, config)?;
        Ok(Self { data, architecture, labels, coverage, notes })
    }
}

impl CheckedData<'_> {
    /// Hash of all that training depends on beside the options.
    pub(crate) fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(data_hash(self.data.expression));
        let mut add = |codes: &mut dyn Iterator<Item = u64>| {
            let bytes: Vec<u8> = codes.flat_map(u64::to_le_bytes).collect();
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        let optional = |code: &Option<u32>| code.map_or(0, |code| u64::from(code) + 1);
        add(&mut self.data.domains.codes().iter().map(optional));
        add(&mut self.labels.classes.iter().map(optional));
        for codes in &self.labels.covariates {
            add(&mut codes.iter().map(|&code| u64::from(code)));
        }
        add(&mut self.coverage.iter().flatten().map(|score| score.to_bits()));
        let embedding = self.data.sampler_embedding.map_or(&[][..], |embedding| embedding.as_slice());
        add(&mut embedding.iter().map(|value| u64::from(value.to_bits())));
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn check_length(what: &'static str, data: &TrainingData<'_>, found: usize) -> Result<(), ModelError> {
    let expected = data.expression.n_cells();
    if expected == found { Ok(()) } else { Err(CoreError::LengthMismatch { what, expected, found }.into()) }
}

/// The covariates that the options name, in their order, which is that of the decoder's inputs.
fn covariates<'a>(data: &TrainingData<'a>, config: &TrainConfig) -> Result<Vec<(&'a str, &'a Labels)>, ModelError> {
    let asked_for = config.covariate_embedding_dims.iter().filter(|dim| dim.dim > 0);
    asked_for
        .map(|dim| {
            let found = data.covariates.iter().find(|(name, _)| *name == dim.covariate);
            let what = || format!("the covariate '{}' of the cells", dim.covariate);
            found.copied().ok_or_else(|| ModelError::MissingInput { option: "covariate-embedding-dims", what: what() })
        })
        .collect()
}

/// Codes and names of labels that every cell must have.
fn codes_of(
    what: &'static str,
    name: &str,
    data: &TrainingData<'_>,
    labels: &Labels,
) -> Result<(Vec<u32>, Vec<String>), ModelError> {
    check_length(what, data, labels.n_cells())?;
    let n_missing = labels.n_missing();
    if n_missing > 0 {
        return Err(match name {
            "batch column" => ModelError::MissingDomain { n_missing },
            _ => ModelError::MissingCovariate { covariate: name.to_owned(), n_missing },
        });
    }
    let (codes, names) = used(labels);
    Ok((codes.into_iter().flatten().collect(), names))
}

fn classes(data: &TrainingData<'_>, notes: &mut Vec<Note>) -> Result<(Vec<Option<u32>>, Vec<String>), ModelError> {
    let what = || "the class of the cells".to_owned();
    let labels = data.classes.ok_or_else(|| ModelError::MissingInput { option: "use-classifier", what: what() })?;
    check_length("classes of the cells", data, labels.n_cells())?;
    let (n_cells, n_unlabeled) = (labels.n_cells(), labels.n_missing());
    if n_unlabeled == n_cells {
        return Err(ModelError::NoLabelledCells { n_cells });
    }
    let (codes, names) = used(labels);
    if n_unlabeled > 0 {
        notes.push(Note::UnlabeledCells { n_unlabeled, n_cells });
    }
    if let [class] = &names[..] {
        notes.push(Note::SingleClass { class: class.clone() });
    }
    Ok((codes, names))
}

/// Codes and names without the categories that no cell has.
fn used(labels: &Labels) -> (Vec<Option<u32>>, Vec<String>) {
    let mut names = Vec::new();
    let of_category = labels.sizes().into_iter().zip(labels.names());
    let new_codes: Vec<Option<u32>> = of_category
        .map(|(size, name)| {
            (size > 0).then(|| {
                names.push(name.clone());
                names.len() as u32 - 1
            })
        })
        .collect();
    let codes = labels.codes().iter().map(|code| code.and_then(|code| new_codes[code as usize])).collect();
    (codes, names)
}

/// Number of neighbours that are drawn from, the cell itself among them.
pub(crate) fn n_neighbors(config: &TrainConfig, n_cells: usize) -> usize {
    /// As many at most where nothing is said, as in the reference.
    const DEFAULT_MAXIMUM: usize = 1000;
    config.sampler_knn.unwrap_or_else(|| (n_cells / 10).clamp(2, DEFAULT_MAXIMUM))
}

fn check_neighbors(data: &TrainingData<'_>, config: &TrainConfig) -> Result<(), ModelError> {
    if config.p_intra_knn <= 0.0 {
        return Ok(());
    }
    let n_cells = data.expression.n_cells();
    let n_neighbors = n_neighbors(config, n_cells);
    if n_neighbors > n_cells {
        return Err(ModelError::TooFewNeighbors { n_cells, n_neighbors });
    }
    if data.find_neighbors.is_none() {
        let what = "a way to find neighbours".to_owned();
        return Err(ModelError::MissingInput { option: "p-intra-knn", what });
    }
    match data.sampler_embedding {
        Some(embedding) => check_length("embedding of the cells", data, embedding.n_cells()),
        None if config.knn_warmup_epochs == 0 => {
            let reason = "there is no embedding to seek neighbours in before training; give one, or warm up";
            Err(ModelError::Contradiction { option: "p-intra-knn", other: "knn-warmup-epochs", reason })
        }
        None if config.knn_warmup_epochs >= config.n_epochs => {
            let reason = "training would end before the warm-up does; train for longer";
            Err(ModelError::Contradiction { option: "knn-warmup-epochs", other: "n-epochs", reason })
        }
        None => Ok(()),
    }
}
