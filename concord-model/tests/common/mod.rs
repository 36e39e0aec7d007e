//! Small made-up cells, and what the tests of training share.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use concord_core::{Csr, Embedding, Genes, KnnGraph, Labels, LogNorm, Metric};
use concord_model::{BoxedError, Coverage, Model, ModelCard, Normalization, TrainConfig, TrainingData, save};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};

const N_CELLS: usize = 240;
const N_GENES: usize = 24;

/// Cells of three classes in two domains, of four donors.
pub(crate) struct Cells {
    pub(crate) expression: LogNorm,
    pub(crate) genes: Genes,
    pub(crate) domains: Labels,
    pub(crate) classes: Labels,
    /// Two of three cells have theirs.
    pub(crate) known_classes: Labels,
    pub(crate) donors: Labels,
}

impl Cells {
    pub(crate) fn new() -> Self {
        let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(5);
        let class = |cell: usize| cell % 3;
        let domain = |cell: usize| usize::from(cell % 5 >= 3);
        let dense = Array2::from_shape_fn((N_CELLS, N_GENES), |(cell, gene)| {
            // Gene 0 is expressed in the second domain alone, the others by class.
            let probability = match gene {
                0 => 0.8 * domain(cell) as f64,
                _ if gene % 3 == class(cell) => 0.8,
                _ => 0.15,
            };
            if random.random_bool(probability) { random.random_range(0.5..2.5) } else { 0.0 }
        });
        let labels = |names: &[&str], code: &dyn Fn(usize) -> usize| {
            Labels::from_texts(&(0..N_CELLS).map(|cell| names[code(cell)]).collect::<Vec<_>>())
        };
        let classes = labels(&["x", "y", "z"], &class);
        let known = classes.codes().iter().enumerate().map(|(cell, &code)| code.filter(|_| cell % 7 < 5)).collect();
        Self {
            expression: LogNorm::from_logged(Csr::csr_from_dense(dense.view(), 0.0)).unwrap(),
            genes: Genes::new((0..N_GENES).map(|gene| format!("gene {gene}"))),
            domains: labels(&["a", "b"], &domain),
            known_classes: Labels::new(known, classes.names().to_vec()).unwrap(),
            classes,
            donors: labels(&["d1", "d2", "d3", "d4"], &|cell| (cell / 2) % 4),
        }
    }

    pub(crate) fn training_data(&self) -> TrainingData<'_> {
        TrainingData {
            classes: Some(&self.known_classes),
            covariates: vec![("donor", &self.donors)],
            coverage: Some(Coverage::Clusters(&self.classes)),
            find_neighbors: Some(&neighbors),
            ..TrainingData::new(&self.expression, &self.domains)
        }
    }
}

/// A model that trains in no time.
pub(crate) fn small() -> TrainConfig {
    TrainConfig { encoder_dims: vec![16], latent_dim: 4, batch_size: 40, n_epochs: 3, ..TrainConfig::default() }
}

/// The nearest neighbours by Euclidean distance, whatever the metric.
pub(crate) fn neighbors(embedding: &Embedding, k: usize, _: Metric) -> Result<KnnGraph, BoxedError> {
    let n = embedding.n_cells();
    let mut neighbors = Array2::zeros((n, k));
    for cell in 0..n {
        let distance = |other: &usize| -> f32 {
            embedding.point(cell).iter().zip(embedding.point(*other)).map(|(a, b)| (a - b).powi(2)).sum()
        };
        let mut others: Vec<usize> = (0..n).filter(|&other| other != cell).collect();
        others.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        neighbors.row_mut(cell).iter_mut().zip(others).for_each(|(place, other)| *place = other as u32);
    }
    Ok(KnnGraph::new(neighbors, Array2::zeros((n, k)))?)
}

/// The bytes that a model has in a directory.
pub(crate) fn bytes(model: &Model) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let cells = Cells::new();
    let card = ModelCard::new(small(), Normalization::AsIs, &cells.genes, &cells.expression, &[]);
    save(folder.path(), model, &card).unwrap();
    std::fs::read(folder.path().join("model.safetensors")).unwrap()
}

#[track_caller]
pub(crate) fn same_bytes(what: &str, ours: &Model, expected: &Model) {
    assert!(bytes(ours) == bytes(expected), "{what}: other weights");
}

pub(crate) fn with_threads<T: Send>(n_threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap().install(work)
}
