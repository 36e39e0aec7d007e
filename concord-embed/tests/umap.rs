//! UMAP from outside: determinism, shapes, odd input, and quality on real data.

mod common;

use common::{exact_graph, gaussian_groups};
use concord_core::{Embedding, KnnGraph};
use concord_embed::{EmbedError, Initialization, Metric, UmapConfig, neighbor_preservation, trustworthiness, umap};
use ndarray::Array2;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const STARTS: [Initialization; 3] = [Initialization::Spectral, Initialization::Pca, Initialization::Random];

fn picture(embedding: &Embedding, config: &UmapConfig) -> Result<Embedding, Box<dyn std::error::Error>> {
    let k = config.n_graph_neighbors(embedding.n_cells());
    let graph = exact_graph(embedding, k, Metric::Euclidean)?;
    Ok(umap(embedding, &graph, config, &mut |_, _| ())?)
}

fn bytes(embedding: &Embedding) -> Vec<u32> {
    embedding.as_slice().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn the_number_of_threads_does_not_matter() -> TestResult {
    let cells = gaussian_groups(1500, 6, 10)?;
    for initialization in STARTS {
        let config = UmapConfig { n_epochs: Some(60), initialization, ..UmapConfig::default() };
        let with_threads = |n_threads| -> Result<Vec<u32>, String> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().map_err(|e| e.to_string())?;
            pool.install(|| picture(&cells, &config).map(|picture| bytes(&picture)).map_err(|e| e.to_string()))
        };
        let one = with_threads(1)?;
        for n_threads in [2, 3, 7] {
            assert!(with_threads(n_threads)? == one, "{initialization:?}, {n_threads} threads");
        }
    }
    Ok(())
}

#[test]
fn the_seed_matters() -> TestResult {
    let cells = gaussian_groups(200, 3, 4)?;
    let with_seed = |seed| picture(&cells, &UmapConfig { seed, n_epochs: Some(20), ..UmapConfig::default() });
    assert!(bytes(&with_seed(1)?) == bytes(&with_seed(1)?));
    assert!(bytes(&with_seed(1)?) != bytes(&with_seed(2)?));
    Ok(())
}

#[test]
fn every_number_of_dimensions_keeps_neighbors_together() -> TestResult {
    let cells = gaussian_groups(400, 5, 8)?;
    for n_components in [1, 2, 3, 4, 7, 12] {
        let picture = picture(&cells, &UmapConfig { n_components, ..UmapConfig::default() })?;
        assert_eq!(picture.values().dim(), (400, n_components));
        let quality = trustworthiness(&cells, &picture, 15, Metric::Euclidean)?;
        assert!(quality > 0.85, "{n_components} dimensions: trustworthiness {quality}");
    }
    Ok(())
}

#[test]
fn progress_counts_every_epoch() -> TestResult {
    let cells = gaussian_groups(50, 2, 3)?;
    let graph = exact_graph(&cells, 14, Metric::Euclidean)?;
    let config = UmapConfig { n_neighbors: 15, n_epochs: Some(7), ..UmapConfig::default() };
    let mut seen = Vec::new();
    umap(&cells, &graph, &config, &mut |epoch, n_epochs| seen.push((epoch, n_epochs)))?;
    assert_eq!(seen, (1..=7).map(|epoch| (epoch, 7)).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn odd_input_gives_a_finite_picture() -> TestResult {
    let same = Embedding::new(Array2::from_elem((40, 5), 1.5))?;
    let mut pairs = gaussian_groups(60, 3, 4)?.into_values();
    for cell in (0..60).step_by(2) {
        let (first, second) = (pairs.row(cell).to_owned(), cell + 1);
        pairs.row_mut(second).assign(&first);
    }
    let few = |n_cells| gaussian_groups(n_cells, 1, 3);
    for cells in [same, Embedding::new(pairs)?, few(1)?, few(2)?, few(3)?, few(4)?, few(17)?] {
        for initialization in STARTS {
            let config = UmapConfig { initialization, n_epochs: Some(30), ..UmapConfig::default() };
            let picture = picture(&cells, &config)?;
            assert_eq!(picture.values().dim(), (cells.n_cells(), 2), "{initialization:?}");
        }
    }
    Ok(())
}

#[test]
fn separate_parts_stay_apart() -> TestResult {
    // Groups 100 apart and fewer neighbours than a group has cells: the graph falls into as many parts.
    for n_groups in [2, 4, 9] {
        let mut cells = gaussian_groups(n_groups * 30, n_groups, 4)?.into_values();
        for (cell, mut point) in cells.rows_mut().into_iter().enumerate() {
            point[0] += 100.0 * (cell % n_groups) as f32;
        }
        let cells = Embedding::new(cells)?;
        let config = UmapConfig { n_neighbors: 10, ..UmapConfig::default() };
        let picture = picture(&cells, &config)?;
        let kept = neighbor_preservation(&cells, &picture, 25, Metric::Euclidean)?;
        assert!(kept > 0.85, "{n_groups} groups: {kept}");
    }
    Ok(())
}

#[test]
fn options_and_graphs_that_do_not_fit_are_errors() -> TestResult {
    let cells = gaussian_groups(50, 2, 3)?;
    let graph = exact_graph(&cells, 14, Metric::Euclidean)?;
    let run = |config: UmapConfig| umap(&cells, &graph, &config, &mut |_, _| ());
    let base = || UmapConfig { n_neighbors: 15, n_epochs: Some(2), ..UmapConfig::default() };
    assert!(run(base()).is_ok());
    let error = run(UmapConfig { n_neighbors: 20, ..base() });
    assert_eq!(error, Err(EmbedError::GraphTooSmall { n_neighbors: 20, needed: 19, found: 14 }));
    for config in [
        UmapConfig { n_components: 0, ..base() },
        UmapConfig { n_components: 65, ..base() },
        UmapConfig { n_neighbors: 1, ..base() },
        UmapConfig { min_dist: 1.1, ..base() },
        UmapConfig { min_dist: -0.1, ..base() },
        UmapConfig { spread: 0.0, ..base() },
        UmapConfig { spread: f64::NAN, ..base() },
        UmapConfig { learning_rate: 0.0, ..base() },
        UmapConfig { repulsion_strength: f64::INFINITY, ..base() },
    ] {
        assert!(matches!(run(config.clone()), Err(EmbedError::InvalidOption { .. })), "{config:?}");
    }
    let message = run(UmapConfig { min_dist: -0.1, ..base() }).err().map(|error| error.to_string());
    assert_eq!(message.as_deref(), Some("--umap-min-dist -0.1 is out of range: from 0 to --umap-spread"));
    let other = gaussian_groups(51, 2, 3)?;
    let error = umap(&other, &graph, &base(), &mut |_, _| ());
    assert!(matches!(error, Err(EmbedError::CellMismatch { expected: 51, found: 50, .. })));
    let empty = KnnGraph::new(Array2::zeros((50, 0)), Array2::zeros((50, 0)))?;
    assert!(matches!(umap(&cells, &empty, &base(), &mut |_, _| ()), Err(EmbedError::GraphTooSmall { .. })));
    Ok(())
}

/// On the reference's latent code of 2,638 cells, `umap-learn` 0.5.12 (`n_neighbors` 30, `min_dist` 0.1, seeds 0 to 2,
/// 15 neighbours) has trustworthiness 0.9788 to 0.9794 and preservation 0.453 to 0.458 with Euclidean distances, 0.9798
/// to 0.9804 and 0.465 to 0.471 with cosine distances.
#[test]
fn quality_is_that_of_umap_learn() -> TestResult {
    let Some(latent) = common::reference_embedding()? else { return Ok(()) };
    for (metric, least_trust, least_kept) in [(Metric::Euclidean, 0.978, 0.452), (Metric::Cosine, 0.979, 0.464)] {
        let graph = exact_graph(&latent, 29, metric)?;
        for initialization in STARTS {
            let config = UmapConfig { initialization, ..UmapConfig::default() };
            let picture = umap(&latent, &graph, &config, &mut |_, _| ())?;
            let trust = trustworthiness(&latent, &picture, 15, metric)?;
            let kept = neighbor_preservation(&latent, &picture, 15, metric)?;
            assert!(trust >= least_trust, "{metric:?}, {initialization:?}: trustworthiness {trust}");
            assert!(kept >= least_kept, "{metric:?}, {initialization:?}: preservation {kept}");
        }
    }
    Ok(())
}
