//! The measures against numbers that scikit-learn printed (`golden/make.py` wrote the file).

// Where the exact value is known, it is what is meant.
#![allow(clippy::float_cmp)]

use concord_core::{Embedding, KnnGraph, Labels};
use concord_embed::{
    EmbedError, Metric, adjusted_rand_index, inverse_simpson, knn_accuracy, neighbor_preservation,
    normalized_mutual_information, silhouette, trustworthiness,
};
use ndarray::Array2;
use serde_json::Value;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const METRICS: [(&str, Metric); 2] = [("euclidean", Metric::Euclidean), ("cosine", Metric::Cosine)];

struct Golden {
    json: Value,
    high: Embedding,
    low: Embedding,
    labels: Labels,
    clusters: Labels,
}

impl Golden {
    fn read() -> Result<Self, Box<dyn std::error::Error>> {
        let json: Value = serde_json::from_str(include_str!("golden/metrics.json"))?;
        Ok(Self {
            high: Embedding::new(matrix(&json["high"])?)?,
            low: Embedding::new(matrix(&json["low"])?)?,
            labels: labels(&json["labels"])?,
            clusters: labels(&json["clusters"])?,
            json,
        })
    }

    fn number(&self, path: &str) -> f64 {
        self.json.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    #[track_caller]
    fn check(&self, path: &str, ours: f64) {
        let theirs = self.number(path);
        assert!((ours - theirs).abs() < 1e-7, "{path}: {ours}, expected {theirs}");
    }
}

fn matrix(json: &Value) -> Result<Array2<f32>, Box<dyn std::error::Error>> {
    let rows: Vec<Vec<f32>> = serde_json::from_value(json.clone())?;
    let n_columns = rows.first().map_or(0, Vec::len);
    Ok(Array2::from_shape_vec((rows.len(), n_columns), rows.concat())?)
}

fn labels(json: &Value) -> Result<Labels, Box<dyn std::error::Error>> {
    let texts: Vec<Option<String>> = serde_json::from_value(json.clone())?;
    let present: Vec<&String> = texts.iter().flatten().collect();
    let names = Labels::from_texts(&present).names().to_vec();
    let code = |text: &Option<String>| text.as_ref().and_then(|text| names.binary_search(text).ok().map(|c| c as u32));
    Ok(Labels::new(texts.iter().map(code).collect(), names.clone())?)
}

#[test]
fn neighborhood_measures_equal_sklearn() -> TestResult {
    let golden = Golden::read()?;
    for (name, metric) in METRICS {
        for k in [1, 5, 15] {
            let ours = trustworthiness(&golden.high, &golden.low, k, metric)?;
            golden.check(&format!("/{name}/trustworthiness/{k}"), ours);
        }
        let ours = neighbor_preservation(&golden.high, &golden.low, 10, metric)?;
        golden.check(&format!("/{name}/neighbor_preservation_10"), ours);
    }
    Ok(())
}

#[test]
fn label_measures_equal_sklearn() -> TestResult {
    let golden = Golden::read()?;
    assert!(golden.labels.n_missing() > 0, "the golden data has cells without labels");
    for (name, metric) in METRICS {
        golden.check(&format!("/{name}/silhouette"), silhouette(&golden.high, &golden.labels, metric)?);
        for k in [1, 5, 15] {
            let ours = knn_accuracy(&golden.high, &golden.labels, k, metric, 5)?;
            golden.check(&format!("/{name}/knn_accuracy/{k}"), ours);
        }
        let neighbors: Vec<Vec<u32>> = serde_json::from_value(golden.json[name]["neighbors_10"].clone())?;
        let neighbors = Array2::from_shape_vec((neighbors.len(), 10), neighbors.concat())?;
        let graph = KnnGraph::new(neighbors.clone(), Array2::zeros(neighbors.dim()))?;
        golden.check(&format!("/{name}/inverse_simpson_10"), inverse_simpson(&graph, &golden.clusters)?);
    }
    Ok(())
}

#[test]
fn agreement_of_groupings_equals_sklearn() -> TestResult {
    let golden = Golden::read()?;
    let (labels, clusters) = (&golden.labels, &golden.clusters);
    golden.check("/adjusted_rand_index", adjusted_rand_index(labels, clusters)?);
    golden.check("/normalized_mutual_information", normalized_mutual_information(labels, clusters)?);
    assert_eq!(adjusted_rand_index(labels, clusters)?, adjusted_rand_index(clusters, labels)?);
    assert!((normalized_mutual_information(labels, labels)? - 1.0).abs() < 1e-12);
    Ok(())
}

#[test]
fn input_that_cannot_be_measured_is_an_error() -> TestResult {
    let golden = Golden::read()?;
    let (high, low) = (&golden.high, &golden.low);
    let n_cells = high.n_cells();
    let too_many = |result| matches!(result, Err(EmbedError::TooManyNeighbors { .. }));
    for k in [0, n_cells / 2, n_cells] {
        assert!(too_many(trustworthiness(high, low, k, Metric::Euclidean)), "k = {k}");
    }
    for k in [0, n_cells] {
        assert!(too_many(neighbor_preservation(high, low, k, Metric::Cosine)), "k = {k}");
        assert!(too_many(knn_accuracy(high, &golden.labels, k, Metric::Cosine, 5)), "k = {k}");
    }
    let other = Embedding::new(Array2::zeros((3, 2)))?;
    assert!(matches!(trustworthiness(high, &other, 1, Metric::Cosine), Err(EmbedError::CellMismatch { .. })));
    assert!(matches!(silhouette(&other, &golden.labels, Metric::Cosine), Err(EmbedError::CellMismatch { .. })));
    let unlabelled = Labels::new(vec![None; n_cells], vec!["a".into()])?;
    assert_eq!(silhouette(high, &unlabelled, Metric::Cosine), Err(EmbedError::NoLabels));
    assert_eq!(adjusted_rand_index(&unlabelled, &golden.labels), Err(EmbedError::NoLabels));
    let single = Labels::single(n_cells, "all");
    assert!(matches!(silhouette(high, &single, Metric::Euclidean), Err(EmbedError::Categories { .. })));
    let folds = |n_folds| knn_accuracy(high, &golden.labels, 5, Metric::Euclidean, n_folds);
    assert!(matches!(folds(1), Err(EmbedError::TooFewFolds { n_folds: 1 })));
    assert!(matches!(folds(n_cells), Err(EmbedError::TooManyFolds { .. })));
    Ok(())
}

#[test]
fn identical_cells_have_finite_measures() -> TestResult {
    for point in [0.0, 2.0] {
        let same = Embedding::new(Array2::from_elem((12, 3), point))?;
        let labels = Labels::from_texts(&["a", "b", "a", "b", "a", "b", "a", "b", "a", "b", "a", "b"]);
        for (_, metric) in METRICS {
            assert_eq!(trustworthiness(&same, &same, 3, Metric::Euclidean)?, 1.0);
            assert!(silhouette(&same, &labels, metric)?.abs() < 1e-12);
            assert!((0.0..=1.0).contains(&knn_accuracy(&same, &labels, 3, metric, 2)?));
        }
    }
    Ok(())
}
