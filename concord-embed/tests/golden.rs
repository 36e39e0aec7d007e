//! The measures and trees against numbers that scikit-learn and scipy printed (`golden/make.py` wrote the file).

// Where the exact value is known, it is what is meant.
#![allow(clippy::float_cmp)]

use concord_core::{CoreError, Embedding, KnnGraph, Labels};
use concord_embed::{
    EmbedError, Merge, Metric, adjusted_rand_index, inverse_simpson, knn_accuracy, neighbor_preservation,
    normalized_mutual_information, silhouette, trustworthiness, ward,
};
use ndarray::{Array2, Axis, array};
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
fn trees_equal_those_of_scipy() -> TestResult {
    let golden = Golden::read()?;
    let points = golden.high.values();
    // Of cells that are there three times each, at heights of zero, only the heights are the same: ties leave a choice.
    let repeated = points.select(Axis(0), &(0..24).map(|row| row / 3).collect::<Vec<_>>());
    for (name, points, has_ties) in [("cells", points, false), ("repeated", &repeated, true)] {
        let theirs = linkage(&golden.json["ward"][name])?;
        let ours = ward(points)?;
        assert_eq!(ours.len(), theirs.len());
        assert!(ours.is_sorted_by_key(|merge| merge.height), "{name}");
        for (place, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            let what = format!("{name}, merge {place}: {ours:?}, expected {theirs:?}");
            assert!((ours.height - theirs.height).abs() <= 1e-12 * theirs.height, "{what}");
            assert!(has_ties || (ours.first, ours.second) == (theirs.first, theirs.second), "{what}");
        }
    }
    Ok(())
}

/// scipy's table, where all numbers are written as floats; the sizes, its last column, are left out.
fn linkage(json: &Value) -> Result<Vec<Merge>, serde_json::Error> {
    let rows: Vec<[f64; 4]> = serde_json::from_value(json.clone())?;
    let merge = |[first, second, height, _]: [f64; 4]| Merge { first: first as usize, second: second as usize, height };
    Ok(rows.into_iter().map(merge).collect())
}

#[test]
fn trees_do_not_depend_on_threads_or_layout() -> TestResult {
    let points = Golden::read()?.high.into_values();
    let expected = ward(&points)?;
    let by_columns = points.t().as_standard_layout().into_owned().reversed_axes();
    assert!(!by_columns.is_standard_layout());
    for n_threads in 1..=3 {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build()?;
        assert_eq!(threads.install(|| ward(&points))?, expected);
        assert_eq!(threads.install(|| ward(&by_columns))?, expected);
    }
    Ok(())
}

#[test]
fn trees_of_few_rows_and_of_none() -> TestResult {
    assert_eq!(ward(&array![[1.0, 2.0]])?, []);
    assert_eq!(ward(&array![[0.0, 0.0], [3.0, 4.0]])?, [Merge { first: 0, second: 1, height: 5.0 }]);
    assert!(ward(&Array2::from_elem((40, 3), 0.1))?.iter().all(|merge| merge.height == 0.0), "rows that are the same");
    assert!(matches!(ward(&Array2::zeros((0, 3))), Err(EmbedError::Core(CoreError::EmptyMatrix { .. }))));
    for value in [f32::NAN, f32::INFINITY] {
        let result = ward(&array![[0.0, 1.0], [value, 2.0]]);
        assert!(matches!(result, Err(EmbedError::Core(CoreError::NotFinite { row: 1, column: 0, .. }))), "{value}");
    }
    let result = ward(&Array2::zeros((20_001, 1)));
    assert_eq!(result, Err(EmbedError::TooManyRows { n_rows: 20_001, largest: 20_000 }));
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
