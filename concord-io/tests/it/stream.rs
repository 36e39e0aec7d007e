//! Rows read a few at a time are those of the whole matrix, in every form of storage.

use std::ops::Range;
use std::path::{Path, PathBuf};

use concord_core::{Csr, select_columns, select_rows};
use concord_io::{IoError, MatrixNotes, MatrixSource, MatrixStorage, ReadOptions, RowReader};

use crate::{Scratch, fixture, layer, read};

fn open(path: &Path, source: MatrixSource) -> RowReader {
    RowReader::open(path, &ReadOptions { source }).unwrap()
}

fn rows_of(whole: &Csr, rows: &Range<usize>) -> Csr {
    select_rows(whole, &rows.clone().collect::<Vec<_>>())
}

/// Every layer of counts in two files, with its whole matrix.
fn for_each_layer(check: impl Fn(&str, &PathBuf, &MatrixSource, &Csr)) {
    let scratch = Scratch::new();
    for path in [fixture("matrices.h5ad"), scratch.unpack("filters.h5ad")] {
        let layers = read(&path, MatrixSource::X).unwrap().layers;
        for name in layers.iter().filter(|name| !name.starts_with("bad_")) {
            let whole = read(&path, layer(name)).unwrap().counts;
            check(name, &path, &layer(name), whole.matrix());
        }
    }
}

#[test]
fn blocks_in_order_are_the_matrix() {
    for_each_layer(|name, path, source, whole| {
        let reader = open(path, source.clone());
        assert_eq!((reader.n_cells(), reader.n_genes()), whole.shape(), "{name}");
        for n_rows in [1, 3, 50, 1000] {
            let mut end = 0;
            for block in reader.blocks(n_rows) {
                let block = block.unwrap();
                assert_eq!(block.rows.start, end, "{name}");
                assert_eq!(block.matrix, rows_of(whole, &block.rows), "{name}, {:?}", block.rows);
                end = block.rows.end;
            }
            assert_eq!(end, reader.n_cells(), "{name}");
        }
    });
}

#[test]
fn rows_come_in_any_order_and_ranges_may_overlap() {
    for_each_layer(|name, path, source, whole| {
        let reader = open(path, source.clone());
        for rows in [&[4, 0, 3, 4, 6][..], &[0, 2, 5], &[6], &[], &[1, 1]] {
            assert_eq!(reader.read_rows(rows).unwrap(), select_rows(whole, rows), "{name}, {rows:?}");
        }
        let ranges = [5..7, 0..3, 2..6, 4..4];
        let blocks: Vec<_> = reader.ranges(ranges.clone()).map(Result::unwrap).collect();
        assert_eq!(blocks.len(), ranges.len(), "{name}");
        for (block, rows) in blocks.into_iter().zip(ranges) {
            assert_eq!(block.matrix, rows_of(whole, &rows), "{name}");
            assert_eq!(block.rows, rows, "{name}");
        }
    });
}

#[test]
fn genes_are_selected_by_name_in_the_order_asked_for() {
    for_each_layer(|name, path, source, whole| {
        let genes = open(path, source.clone()).genes().clone();
        let columns = [4, 0, 3];
        let names = columns.map(|column| genes.names()[column].as_str());
        let reader = open(path, source.clone()).select_genes(&names).unwrap();
        assert_eq!(reader.genes().names(), names, "{name}");
        let wanted = select_columns(whole, &columns);
        let rows: Vec<usize> = (0..whole.rows()).rev().collect();
        assert_eq!(reader.read_rows(&rows).unwrap(), select_rows(&wanted, &rows), "{name}");
        let again = reader.select_genes(&names[1..2]).unwrap();
        assert_eq!(again.read_rows(&rows).unwrap(), select_rows(&select_columns(whole, &[0]), &rows), "{name}");
    });
}

#[test]
fn what_is_not_there_is_named() {
    let path = fixture("matrices.h5ad");
    let reader = open(&path, MatrixSource::X);
    assert_eq!(reader.storage(), MatrixStorage::Csr);
    assert!(matches!(reader.read_rows(&[0, 7]), Err(IoError::RowOutOfRange { row: 7, n_cells: 7, .. })));
    let mut blocks = reader.ranges([0..usize::MAX, 0..1]);
    assert!(matches!(blocks.next(), Some(Err(IoError::RowOutOfRange { .. }))));
    assert!(blocks.next().is_none(), "it ends after an error");
    let error = reader.select_genes(&["gène0", "CD3E", "NKG7"]).unwrap_err();
    assert!(matches!(&error, IoError::MissingGenes { genes, .. } if genes == &["CD3E", "NKG7"]), "{error}");
    assert!(error.to_string().contains("X has no gene called CD3E, NKG7; check the names"), "{error}");
    let error = open(&path, MatrixSource::X).select_genes(&["gène0", "gène0"]).unwrap_err();
    assert!(matches!(error, IoError::RepeatedGene { .. }), "{error}");
    let shape = RowReader::open(&path, &ReadOptions { source: layer("bad_shape") });
    assert!(matches!(shape, Err(IoError::ShapeMismatch { .. })));
}

#[test]
fn values_of_any_kind_pass_and_what_was_put_right_is_counted() {
    let path = fixture("matrices.h5ad");
    let negative = open(&path, layer("bad_negative")).read_rows(&[4]).unwrap();
    assert_eq!(negative.get(0, 2), Some(&-1.0));
    let reader = open(&path, layer("csr_unsorted_doubled"));
    let mut blocks = reader.blocks(2);
    assert!(blocks.by_ref().all(|block| block.is_ok()));
    assert_eq!(blocks.notes(), MatrixNotes { n_rounded: 0, n_unsorted: 5, n_duplicates: 1 });
}

#[test]
fn a_reader_is_shared_by_threads() {
    let scratch = Scratch::new();
    let path = scratch.unpack("filters.h5ad");
    for name in ["zstd_csr", "blosc_lz4_bytes", "zstd_csc_int64"] {
        let whole = read(&path, layer(name)).unwrap().counts;
        let reader = open(&path, layer(name));
        std::thread::scope(|scope| {
            for first in 0..4 {
                let (reader, whole) = (&reader, whole.matrix());
                scope.spawn(move || {
                    let rows: Vec<usize> = (first..120).step_by(4).collect();
                    assert_eq!(reader.read_rows(&rows).unwrap(), select_rows(whole, &rows));
                });
            }
        });
    }
}
