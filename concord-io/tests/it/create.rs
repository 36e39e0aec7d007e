//! New files. Those that are kept (`CONCORD_KEEP`) are read with Python by `fixtures/check.py`.

use concord_core::{Cells, Column, Csr, Genes, Labels, select_rows};
use concord_io::{
    Additions, H5adWriter, IoError, Layer, MatrixSource, NumberType, ReadOptions, RowReader, UnsValue,
    WriteCompression, WriteOptions, inspect_h5ad, read_obsm, write_h5ad,
};
use ndarray::Array2;
use serde_json::{Value, json};

use crate::{Scratch, layer, read};

/// Every third place has a value, other ones in each row.
fn matrix(n_rows: usize, n_columns: usize) -> Csr {
    let value = |row: usize, column: usize| {
        if (row + column).is_multiple_of(3) { (row % 7 + column % 5 + 1) as f32 } else { 0.0 }
    };
    let dense = Array2::from_shape_fn((n_rows, n_columns), |(row, column)| value(row, column));
    Csr::csr_from_dense(dense.view(), 0.0)
}

fn rows_of(matrix: &Csr, start: usize, end: usize) -> Csr {
    select_rows(matrix, &(start..end).collect::<Vec<_>>())
}

fn names(prefix: &str, n: usize) -> Vec<String> {
    (0..n).map(|place| format!("{prefix}{place}")).collect()
}

fn additions(matrix: &Csr) -> Additions {
    let labels = Labels::new(vec![Some(1), None, Some(0), Some(0), Some(1)], vec!["n".into(), "ü".into()]).unwrap();
    Additions {
        obsm: vec![("X_concord".to_owned(), Array2::from_shape_fn((5, 2), |(row, column)| (row * 2 + column) as f32))],
        varm: vec![("loadings".to_owned(), Array2::zeros((4, 1)))],
        obs: vec![
            ("kind".to_owned(), Column::Labels(labels)),
            ("total".to_owned(), Column::Floats(vec![0.5, f64::NAN, 2.0, 3.0, 4.0])),
            ("sample".to_owned(), Column::Texts(["a", "", "é", "d", "e"].map(|text| Some(text.to_owned())).to_vec())),
        ],
        var: vec![("n_cells".to_owned(), Column::Integers(vec![3, 2, 1, 0]))],
        layers: vec![
            ("sparse".to_owned(), Layer::Sparse(matrix.clone())),
            ("dense".to_owned(), Layer::Dense(matrix.to_dense())),
        ],
        uns: vec![("made".to_owned(), UnsValue::dict([("by", UnsValue::from("a test")), ("n", 3.into())]))],
    }
}

/// What Python must find, as in the JSON files of the fixtures.
fn described(matrix: &Csr) -> Value {
    let listed = json!({
        "shape": [matrix.rows(), matrix.cols()],
        "indptr": matrix.proper_indptr().to_vec(),
        "indices": matrix.indices(),
        "data": matrix.data(),
    });
    json!({
        "cells": names("cell", 5),
        "genes": names("gene", 4),
        "counts": listed,
        "layers": { "sparse": listed, "dense": listed },
        "obsm": { "X_concord": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0], [8.0, 9.0]] },
        "varm": { "loadings": [[0.0], [0.0], [0.0], [0.0]] },
        "obs": {
            "kind": ["ü", null, "n", "n", "ü"],
            "total": [0.5, null, 2.0, 3.0, 4.0],
            "sample": ["a", "", "é", "d", "e"],
        },
        "var": { "n_cells": [3, 2, 1, 0] },
        "uns": { "made": { "by": "a test", "n": 3 } },
    })
}

#[test]
fn a_new_file_holds_what_was_put_into_it() {
    let scratch = Scratch::new();
    let matrix = matrix(5, 4);
    let additions = additions(&matrix);
    for (name, compression) in [("created_gzip", WriteCompression::Gzip(9)), ("created_plain", WriteCompression::None)]
    {
        let path = scratch.path(&format!("{name}.h5ad"));
        let genes = Genes::new(names("gene", 4));
        let mut writer = H5adWriter::create(&path, &genes, &WriteOptions { compression }).unwrap();
        for (start, end) in [(0, 2), (2, 2), (2, 5)] {
            writer.append(&rows_of(&matrix, start, end)).unwrap();
        }
        assert_eq!(writer.n_cells(), 5);
        writer.finish(&Cells::new(names("cell", 5)), &additions).unwrap();

        let data = read(&path, MatrixSource::X).unwrap();
        assert_eq!((data.counts.matrix(), &data.genes), (&matrix, &genes));
        assert_eq!(data.cells.names(), names("cell", 5));
        for source in ["sparse", "dense"] {
            assert_eq!(read(&path, layer(source)).unwrap().counts.matrix(), &matrix, "{source}");
        }
        for (column, expected) in additions.obs.iter().chain(&additions.var) {
            let found = data.obs.get(column).or(data.var.get(column)).unwrap();
            assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{column}");
        }
        assert_eq!(read_obsm(&path, "X_concord").unwrap(), additions.obsm[0].1);
        if let Some(folder) = std::env::var_os("CONCORD_KEEP").map(std::path::PathBuf::from) {
            std::fs::copy(&path, folder.join(format!("{name}.h5ad"))).unwrap();
            std::fs::write(folder.join(format!("{name}.json")), described(&matrix).to_string()).unwrap();
        }
    }
    assert_eq!(scratch.names().len(), 2, "{:?}", scratch.names());
}

/// More chunks than a node of their tree has room for, written and read in blocks of other sizes.
#[test]
fn a_long_matrix_is_streamed_in_and_out() {
    let scratch = Scratch::new();
    let path = scratch.path("long.h5ad");
    let (n_cells, n_genes) = (20_000, 330);
    let all = matrix(n_cells, n_genes);
    let mut writer = H5adWriter::create(&path, &Genes::new(names("g", n_genes)), &WriteOptions::default()).unwrap();
    let mut start = 0;
    for n_rows in [1, 6999, 13_000] {
        writer.append(&rows_of(&all, start, start + n_rows)).unwrap();
        start += n_rows;
    }
    writer.finish(&Cells::new(names("c", n_cells)), &Additions::default()).unwrap();

    let summary = inspect_h5ad(&path).unwrap();
    assert_eq!((summary.matrices[0].n_stored, summary.matrices[0].number), (all.nnz(), NumberType::Float32));
    let reader = RowReader::open(&path, &ReadOptions::default()).unwrap();
    for block in reader.blocks(777) {
        let block = block.unwrap();
        assert_eq!(block.matrix, rows_of(&all, block.rows.start, block.rows.end));
    }
}

#[test]
fn the_same_content_is_the_same_bytes_for_any_number_of_threads() {
    let scratch = Scratch::new();
    let all = matrix(3000, 200);
    let (cells, genes) = (Cells::new(names("c", 3000)), Genes::new(names("g", 200)));
    let written = |n_threads: usize| {
        let path = scratch.path(&format!("{n_threads}.h5ad"));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| write_h5ad(&path, &all, &cells, &genes, &Additions::default())).unwrap();
        std::fs::read(path).unwrap()
    };
    let expected = written(1);
    assert!(written(2) == expected && written(3) == expected);
}

#[test]
fn a_file_that_is_not_finished_is_not_there() {
    let scratch = Scratch::new();
    let path = scratch.file("out.h5ad", b"what was there before");
    let genes = Genes::new(names("gene", 4));
    let begun = || H5adWriter::create(&path, &genes, &WriteOptions::default()).unwrap();
    drop(begun());
    let error = begun().append(&matrix(2, 3)).unwrap_err();
    assert!(error.to_string().contains("has 3 columns, but the file has 4 genes"), "{error}");
    let mut writer = begun();
    writer.append(&matrix(2, 4)).unwrap();
    let error = writer.finish(&Cells::new(["a"]), &Additions::default()).unwrap_err();
    assert!(error.to_string().contains("has 1 names, but 2 cells were written"), "{error}");
    let mut writer = begun();
    writer.append(&matrix(2, 4)).unwrap();
    let wrong = Additions { layers: vec![("l".to_owned(), Layer::Sparse(matrix(2, 3)))], ..Additions::default() };
    let error = writer.finish(&Cells::new(["a", "b"]), &wrong).unwrap_err();
    assert!(matches!(&error, IoError::InvalidAddition { object, .. } if object == "layers/l"), "{error}");
    assert!(H5adWriter::create(scratch.path("no/where.h5ad"), &genes, &WriteOptions::default()).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"what was there before");
    assert_eq!(scratch.names(), ["out.h5ad"]);
}

#[test]
fn a_file_without_cells_can_be_written() {
    let scratch = Scratch::new();
    let path = scratch.path("none.h5ad");
    let empty = Csr::new((0, 2), vec![0], vec![], vec![]);
    write_h5ad(&path, &empty, &Cells::new(Vec::<String>::new()), &Genes::new(["a", "b"]), &Additions::default())
        .unwrap();
    let summary = inspect_h5ad(&path).unwrap();
    assert_eq!((summary.n_cells, summary.n_genes, summary.problems.len()), (0, 2, 0));
}
