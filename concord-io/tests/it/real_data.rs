//! Real files, where they are at hand.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use concord_core::Column;
use concord_io::{MatrixSource, SampleState, inspect_h5ad, match_genes};

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

/// By real ids, in the matrix and in raw, whose genes are others.
#[test]
fn genes_of_pbmc3k_are_found_by_their_ids_with_other_versions() {
    let Some(path) = shared("pbmc3k_processed.h5ad") else { return };
    let (variable, all) = (read(&path, MatrixSource::X).unwrap(), read(&path, MatrixSource::Raw).unwrap());
    let Some(Column::Texts(ids)) = variable.var.get("gene_ids") else { panic!("no gene_ids") };
    let features: Vec<String> = ids.iter().map(|id| format!("{}.3", id.as_deref().unwrap())).collect();
    for data in [&variable, &all] {
        let matching = match_genes(&features, &data.genes, &data.var).unwrap();
        let ways: Vec<(String, usize)> = matching.n_by_way().into_iter().map(|(way, n)| (way.to_string(), n)).collect();
        assert_eq!(ways, [("column gene_ids (other version)".to_owned(), 1838)]);
        let positions = matching.positions().unwrap();
        assert_eq!(data.genes.select(&positions), variable.genes);
        let kinds: Vec<String> = matching.searched.iter().map(|list| list.kinds.to_string()).collect();
        assert_eq!(kinds, ["gene symbols", "Ensembl ids"]);
    }
}

/// Two data sets by other laboratories, named by other versions of the annotation.
#[test]
fn of_the_genes_of_kang_those_are_found_that_are_in_pbmc3k() {
    let (Some(kang), Some(pbmc3k)) = (shared("kang_ifnb_2k.h5ad"), shared("pbmc3k_counts.h5ad")) else { return };
    let features = read(&kang, MatrixSource::X).unwrap().genes.names().to_vec();
    let data = read(&pbmc3k, MatrixSource::X).unwrap();
    let matching = match_genes(&features, &data.genes, &data.var).unwrap();
    let known: HashSet<&String> = data.genes.names().iter().collect();
    let missing: Vec<&str> = features.iter().filter(|name| !known.contains(name)).map(String::as_str).collect();
    assert_eq!(matching.missing(), missing);
    assert_eq!(matching.n_by_way().values().sum::<usize>(), features.len() - missing.len());
    assert!(!missing.is_empty() && matching.n_by_way().keys().all(|way| way.is_exact_name()));
}
