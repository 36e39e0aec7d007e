use concord_core::CoreError;
use concord_io::{IoError, MatrixNotes, MatrixSource};

use crate::{expected, expected_rows, fixture, layer, read, rows, texts};

/// Every form of the same matrix, with what is noticed in it.
const SAME: [(&str, MatrixNotes); 21] = {
    const CLEAN: MatrixNotes = MatrixNotes { n_rounded: 0, n_unsorted: 0, n_duplicates: 0 };
    [
        ("csr_gzip_shuffle", CLEAN),
        ("csr_gzip", CLEAN),
        ("csr_lzf", CLEAN),
        ("csr_fletcher", CLEAN),
        ("csr_chunked", CLEAN),
        ("csr_int64", CLEAN),
        ("csr_uint8", CLEAN),
        ("csr_big_endian", CLEAN),
        ("csr_float16", CLEAN),
        ("csc", CLEAN),
        ("csc_int64", CLEAN),
        ("csr_before_0_7", CLEAN),
        // Rows 0, 1, 3 and 5 are back to front, row 4 has one place twice.
        ("csr_unsorted_doubled", MatrixNotes { n_rounded: 0, n_unsorted: 5, n_duplicates: 1 }),
        ("dense", CLEAN),
        ("dense_int16", CLEAN),
        ("dense_by_rows", CLEAN),
        ("dense_by_columns", CLEAN),
        ("dense_lzf", CLEAN),
        ("dense_float16", CLEAN),
        ("dense_fortran", CLEAN),
        ("dense_unwritten_chunks", CLEAN),
    ]
};

#[test]
fn every_form_reads_as_the_same_matrix() {
    let expected = expected("matrices");
    let counts = expected_rows(&expected["counts"]);
    let x = read(fixture("matrices.h5ad"), MatrixSource::X).unwrap();
    assert_eq!(x.cells.names(), texts(&expected["cells"]));
    assert_eq!(x.genes.names(), texts(&expected["genes"]));
    assert_eq!(rows(x.counts.matrix()), counts);
    let good = x.layers.iter().filter(|name| !name.starts_with("bad_")).count();
    assert_eq!(good, SAME.len(), "a layer of the file is not tested");
    for (name, notes) in SAME {
        let data = read(fixture("matrices.h5ad"), layer(name)).unwrap();
        assert_eq!(data.counts, x.counts, "{name}");
        assert_eq!(data.notes, notes, "{name}");
    }
}

#[test]
fn values_that_are_no_counts_are_refused() {
    let error = |name| read(fixture("matrices.h5ad"), layer(name)).unwrap_err();
    assert!(matches!(error("bad_nan"), IoError::Core(CoreError::NotFinite { row: 4, column: 2, .. })));
    assert!(matches!(error("bad_infinite"), IoError::Core(CoreError::NotFinite { row: 4, column: 2, .. })));
    assert!(matches!(error("bad_negative"), IoError::Core(CoreError::Negative { row: 4, column: 2, .. })));
    assert!(matches!(error("bad_shape"), IoError::ShapeMismatch { unit: "genes", expected: 5, found: 4, .. }));
    assert!(matches!(error("bad_texts"), IoError::Unsupported { .. }));
    let empty = read(fixture("empty.h5ad"), MatrixSource::X).unwrap_err();
    assert!(matches!(empty, IoError::Core(CoreError::EmptyMatrix { n_rows: 0, n_columns: 5 })));
}

#[test]
fn rounded_values_are_counted() {
    let data = read(fixture("matrices.h5ad"), layer("bad_rounded")).unwrap();
    // 2^24 + 1 is no 32-bit float, 2^24 + 2 is one.
    assert_eq!(data.notes.n_rounded, 1);
    assert_eq!(data.counts.matrix().get(6, 4), Some(&16_777_218.0));
}

#[test]
fn each_source_has_its_genes() {
    let expected = expected("sources");
    let path = fixture("sources.h5ad");
    let x = read(&path, MatrixSource::X).unwrap();
    assert_eq!(rows(x.counts.matrix()), expected_rows(&expected["log"]));
    assert_eq!(x.genes.names(), texts(&expected["genes"]));
    assert_eq!(x.obsm, ["X_umap", "table"]);
    assert_eq!(x.layers, ["counts"]);
    let counts = read(&path, layer("counts")).unwrap();
    assert_eq!(rows(counts.counts.matrix()), expected_rows(&expected["counts"]));
    let raw = read(&path, MatrixSource::Raw).unwrap();
    assert_eq!(rows(raw.counts.matrix()), expected_rows(&expected["raw_counts"]));
    assert_eq!(raw.genes.names(), texts(&expected["raw_genes"]));
    assert_eq!(raw.var.names().collect::<Vec<_>>(), ["n"]);
}

#[test]
fn results_go_to_other_threads() {
    fn is_send<T: Send + Sync>(_: &T) {}
    let result = read(fixture("sources.h5ad"), MatrixSource::X);
    is_send(&result);
    let threads: Vec<_> = (0..8)
        .map(|_| std::thread::spawn(|| SAME.map(|(name, _)| read(fixture("matrices.h5ad"), layer(name)).unwrap())))
        .collect();
    for thread in threads {
        let all = thread.join().unwrap();
        assert!(all.iter().all(|data| data.counts == all[0].counts));
    }
}
