//! Every kind of value that each version of anndata writes, and one matrix in every storage; see `fixtures/kinds.py`.

use concord_core::Column;
use concord_io::{MatrixSource, inspect_h5ad, read_obsm};
use serde_json::Value;

use crate::{Scratch, expected, expected_csr, layer, read, texts};

const VERSIONS: [&str; 4] = ["kinds_0_7", "kinds_0_8", "kinds_0_10", "kinds_0_12"];

#[test]
fn matrices_of_every_kind_read_as_in_python() {
    let scratch = Scratch::new();
    for name in VERSIONS {
        let (path, expected) = (scratch.unpack(&format!("{name}.h5ad")), expected(name));
        let data = read(&path, MatrixSource::X).unwrap();
        assert_eq!(data.counts.matrix(), &expected_csr(&expected["counts"]), "{name}");
        assert_eq!(
            (data.cells.names(), data.genes.names()),
            (&*texts(&expected["cells"]), &*texts(&expected["genes"]))
        );
        let raw = read(&path, MatrixSource::Raw).unwrap();
        assert_eq!(raw.counts.matrix(), &expected_csr(&expected["raw"]), "{name}");
        assert_eq!(raw.genes.names(), texts(&expected["raw_genes"]), "{name}");
        for (key, wanted) in expected["layers"].as_object().unwrap() {
            let found = read(&path, layer(key)).unwrap_or_else(|error| panic!("{name}, {key}: {error}"));
            assert_eq!(found.counts.matrix(), &expected_csr(wanted), "{name}, {key}");
            // 2^24 + 1 and 2^53 + 2; a float32 holds 2^24 + 2.
            let n_rounded = if key.starts_with("large") { 2 } else { 0 };
            assert_eq!(found.notes.n_rounded, n_rounded, "{name}, {key}");
        }
    }
}

#[test]
fn columns_of_every_kind_read_as_in_python() {
    let scratch = Scratch::new();
    for name in VERSIONS {
        let (path, expected) = (scratch.unpack(&format!("{name}.h5ad")), expected(name));
        let data = read(&path, MatrixSource::X).unwrap();
        assert!(data.skipped.is_empty(), "{name}: {:?}", data.skipped);
        let raw = read(&path, MatrixSource::Raw).unwrap();
        for (key, table) in [("obs", &data.obs), ("var", &data.var), ("raw_var", &raw.var)] {
            let wanted = expected[key].as_object().unwrap();
            assert_eq!(table.names().collect::<Vec<_>>().len(), wanted.len(), "{name}, {key}");
            for (column, wanted) in wanted {
                let place = format!("{key}/{column}");
                check_column(
                    table.get(column).unwrap(),
                    wanted,
                    &expected["categories"][&place],
                    &format!("{name}, {place}"),
                );
            }
        }
    }
}

fn check_column(column: &Column, wanted: &Value, categories: &Value, place: &str) {
    let wanted = wanted.as_array().unwrap();
    assert_eq!(column.len(), wanted.len(), "{place}");
    assert_eq!(matches!(column, Column::Labels(_)), !categories.is_null(), "{place}");
    if let Column::Labels(labels) = column {
        let names: Vec<_> = categories["names"].as_array().unwrap().iter().map(as_label).collect();
        assert_eq!(labels.names(), names, "{place}");
    }
    for (row, wanted) in wanted.iter().enumerate() {
        let same = match column {
            Column::Labels(labels) => {
                labels.name_of(row).map(str::to_owned) == (!wanted.is_null()).then(|| as_label(wanted))
            }
            Column::Integers(values) => wanted.as_i64() == Some(values[row]),
            Column::Floats(values) if values[row].is_nan() => wanted.is_null(),
            Column::Floats(values) => wanted.as_f64() == Some(values[row]),
            Column::Booleans(values) => wanted.as_bool() == values[row],
            Column::Texts(values) => wanted.as_str() == values[row].as_deref(),
            _ => false,
        };
        assert!(same, "{place}, row {row} of {column:?} is not {wanted}");
    }
}

/// Categories that are no texts become texts as Python writes them.
fn as_label(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

#[test]
fn one_matrix_in_every_storage_is_the_same() {
    let scratch = Scratch::new();
    let counts = expected_csr(&expected("storage")["counts"]).to_dense();
    for name in ["storage_earliest", "storage_v110", "storage_latest"] {
        let path = scratch.unpack(&format!("{name}.h5ad"));
        let x = read(&path, MatrixSource::X).unwrap();
        assert_eq!(x.layers.len(), 34, "{name}");
        for key in &x.layers {
            let data = read(&path, layer(key)).unwrap_or_else(|error| panic!("{name}, {key}: {error}"));
            // Zeros that are stored stay so.
            assert_eq!(data.counts.matrix().to_dense(), counts, "{name}, {key}");
            let (messy, zeros) = (key.ends_with("_messy"), key.ends_with("_stored_zeros"));
            let found = (data.notes.n_unsorted > 0, data.notes.n_duplicates > 0);
            assert_eq!(found, (messy || zeros, messy), "{name}, {key}");
        }
    }
}

#[test]
fn every_kind_of_array_is_listed_and_flat_ones_are_read() {
    let scratch = Scratch::new();
    for name in VERSIONS {
        let (path, expected) = (scratch.unpack(&format!("{name}.h5ad")), expected(name));
        let summary = inspect_h5ad(&path).unwrap();
        assert!(summary.problems.is_empty(), "{name}: {:?}", summary.problems);
        for (found, key) in [(&summary.obsm, "obsm"), (&summary.varm, "varm"), (&summary.obsp, "obsp")] {
            let names: Vec<_> = found.iter().map(|entry| entry.name.clone()).collect();
            let wanted: Vec<_> = expected[key].as_object().unwrap().keys().cloned().collect();
            assert_eq!(names, wanted, "{name}, {key}");
        }
        let uns: Vec<_> = summary.uns.iter().map(|entry| entry.name.clone()).collect();
        assert_eq!(uns, expected["uns"].as_object().unwrap().keys().cloned().collect::<Vec<_>>(), "{name}");
        for key in ["integers", "float16"] {
            let found = read_obsm(&path, key).unwrap();
            let rows: Vec<_> = found.rows().into_iter().map(|row| row.to_vec()).collect();
            assert_eq!(rows, crate::expected_rows(&expected["obsm"][key]), "{name}, {key}");
        }
    }
}
