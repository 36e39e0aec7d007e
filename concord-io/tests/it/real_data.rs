//! Real files, where they are at hand.

use std::path::{Path, PathBuf};

use concord_io::{MatrixSource, SampleState, inspect_h5ad};

use crate::read;

/// A file of the shared data, or `None` (said loudly) when there is no shared data here.
fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CONCORD_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let path = folder.join("data").join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there; set CONCORD_SHARED", path.display());
    None
}

#[test]
fn pbmc3k_has_its_counts() {
    let Some(path) = shared("pbmc3k_counts.h5ad") else { return };
    let data = read(&path, MatrixSource::X).unwrap();
    assert_eq!((data.counts.n_cells(), data.counts.n_genes()), (2638, 13714));
    // The column was computed by scanpy before two thousand rare genes were dropped, so it is a bound.
    let Some(concord_core::Column::Floats(n_counts)) = data.obs.get("n_counts") else { panic!("no n_counts") };
    for (row, &total) in data.counts.matrix().outer_iterator().zip(n_counts) {
        let sum: f32 = row.data().iter().sum();
        assert!(f64::from(sum) <= total && f64::from(sum) > 0.97 * total);
    }
    assert_eq!(inspect_h5ad(&path).unwrap().matrices[0].sample.state(), SampleState::Counts);
}

#[test]
fn processed_pbmc3k_has_raw() {
    let Some(path) = shared("pbmc3k_processed.h5ad") else { return };
    assert_eq!(read(&path, MatrixSource::X).unwrap().counts.n_genes(), 1838);
    assert_eq!(read(&path, MatrixSource::Raw).unwrap().counts.n_genes(), 13714);
}
