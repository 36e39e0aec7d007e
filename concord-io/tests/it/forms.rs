//! One matrix in every form of storage, and whole files of several versions of anndata; see `fixtures/forms.py`.

use concord_core::Column;
use concord_io::{Compression, EntryKind, IoError, MatrixNotes, MatrixSource, inspect_h5ad, read_obsm};
use serde_json::Value;

use crate::{Scratch, expected, expected_csr, expected_rows, layer, read, texts};

const VERSIONS: [&str; 4] = ["anndata_0_7", "anndata_0_8", "anndata_0_10", "anndata_0_12"];

#[test]
fn filters_number_types_and_index_types_read_as_the_same_matrix() {
    let scratch = Scratch::new();
    let path = scratch.unpack("filters.h5ad");
    let counts = expected_csr(&expected("filters")["counts"]);
    let x = read(&path, MatrixSource::X).unwrap();
    assert_eq!(x.counts.matrix(), &counts);
    let good: Vec<_> = x.layers.iter().filter(|name| !name.starts_with("bad_") && *name != "zstd_unwritten").collect();
    assert_eq!(good.len(), 55, "{good:?}");
    for name in good {
        let data = read(&path, layer(name)).unwrap();
        assert_eq!(data.counts, x.counts, "{name}");
        assert_eq!(data.notes, MatrixNotes::default(), "{name}");
    }
}

#[test]
fn chunks_that_were_never_written_are_zero() {
    let scratch = Scratch::new();
    let path = scratch.unpack("filters.h5ad");
    let counts = expected_csr(&expected("filters")["counts"]).to_dense();
    let found = read(&path, layer("zstd_unwritten")).unwrap().counts.matrix().to_dense();
    assert!(found.rows().into_iter().take(60).all(|row| row.iter().all(|&value| value == 0.0)));
    assert!(found.rows().into_iter().skip(60).eq(counts.rows().into_iter().skip(60)));
}

#[test]
fn compressions_are_named_and_unknown_ones_explained() {
    let scratch = Scratch::new();
    let path = scratch.unpack("filters.h5ad");
    let summary = inspect_h5ad(&path).unwrap();
    let compression = |name: &str| {
        let found = summary.matrices.iter().find(|matrix| matrix.source == layer(name));
        found.unwrap().compression
    };
    assert_eq!(compression("blosc_lz4_bits"), Compression::Blosc);
    assert_eq!(compression("zstd_shuffle"), Compression::Zstd);
    assert_eq!(compression("lzf_shuffle"), Compression::Lzf);
    assert_eq!(compression("contiguous_columns"), Compression::None);
    for name in ["bad_blosc2", "bad_bitshuffle"] {
        let error = read(&path, layer(name)).unwrap_err();
        assert!(matches!(&error, IoError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains("which cannot be read; write it with gzip"), "{error}");
    }
}

#[test]
fn files_of_each_version_read_as_there() {
    let scratch = Scratch::new();
    for name in VERSIONS {
        let path = scratch.unpack(&format!("{name}.h5ad"));
        let expected = expected(name);
        let data = read(&path, MatrixSource::X).unwrap();
        assert_eq!(data.counts.matrix(), &expected_csr(&expected["counts"]), "{name}");
        let raw = read(&path, MatrixSource::Raw).unwrap();
        assert_eq!(raw.counts.matrix(), &expected_csr(&expected["raw"]), "{name}");
        assert_eq!(raw.genes.names(), texts(&expected["raw_genes"]), "{name}");
        let layers = expected["layers"].as_object().unwrap();
        assert_eq!(data.layers.len(), layers.len(), "{name}");
        for (key, wanted) in layers {
            let found = read(&path, layer(key)).unwrap();
            assert_eq!(found.counts.matrix(), &expected_csr(wanted), "{name}, {key}");
        }
        let obsm = expected["obsm"].as_object().unwrap();
        assert_eq!(data.obsm.len(), obsm.len(), "{name}");
        for (key, wanted) in obsm {
            let found = read_obsm(&path, key).unwrap();
            let found: Vec<_> = found.rows().into_iter().map(|row| row.to_vec()).collect();
            assert_eq!(found, expected_rows(wanted), "{name}, {key}");
        }
        let obs = expected["obs"].as_object().unwrap();
        assert_eq!((data.obs.names().count(), data.skipped.len()), (obs.len(), 0), "{name}");
        for (key, wanted) in obs {
            assert_eq!(Value::from(values(data.obs.get(key).unwrap())), *wanted, "{name}, {key}");
        }
        for (key, wanted) in expected["ordered"].as_object().unwrap() {
            let Some(Column::Labels(labels)) = data.obs.get(key) else { panic!("{key} is no category") };
            assert_eq!(labels.names(), texts(wanted), "{name}");
        }
    }
}

#[test]
fn everything_else_of_each_version_is_listed() {
    let scratch = Scratch::new();
    for name in VERSIONS {
        let summary = inspect_h5ad(scratch.unpack(&format!("{name}.h5ad"))).unwrap();
        assert!(summary.problems.is_empty(), "{name}: {:?}", summary.problems);
        let kinds = |entries: &[concord_io::EntrySummary]| {
            entries.iter().map(|entry| (entry.name.clone(), entry.kind)).collect::<Vec<_>>()
        };
        let entry = |name: &str, kind| (name.to_owned(), kind);
        assert_eq!(kinds(&summary.varm), [entry("loadings", EntryKind::Numbers)], "{name}");
        assert_eq!(kinds(&summary.obsp), [entry("distances", EntryKind::Sparse)], "{name}");
        let obsm = [("X_pca", EntryKind::Numbers), ("frame", EntryKind::Table)];
        let sparse = [("sparse", EntryKind::Sparse), ("sparse_csc", EntryKind::Sparse)];
        let obsm: Vec<_> = obsm.into_iter().chain(sparse).map(|(name, kind)| entry(name, kind)).collect();
        assert_eq!(kinds(&summary.obsm), obsm, "{name}");
        let uns = kinds(&summary.uns);
        assert!(uns.contains(&entry("nested", EntryKind::Dict)), "{name}: {uns:?}");
        assert!(uns.contains(&entry("records", EntryKind::Records)), "{name}: {uns:?}");
        assert_eq!(uns.iter().any(|(entry, _)| entry == "nothing"), name == "anndata_0_12");
    }
}

/// A column as the JSON files have it: numbers as floats, what is missing as null.
pub(crate) fn values(column: &Column) -> Vec<Value> {
    let float = |value: f64| if value.is_nan() { Value::Null } else { Value::from(value) };
    match column {
        Column::Labels(labels) => (0..labels.n_cells()).map(|row| Value::from(labels.name_of(row))).collect(),
        Column::Integers(values) => values.iter().map(|&value| float(value as f64)).collect(),
        Column::Floats(values) => values.iter().map(|&value| float(value)).collect(),
        Column::Booleans(values) => values.iter().map(|&value| Value::from(value)).collect(),
        Column::Texts(values) => values.iter().map(|value| Value::from(value.clone())).collect(),
        _ => unreachable!("no other kind of column"),
    }
}
