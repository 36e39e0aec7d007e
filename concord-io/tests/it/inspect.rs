use concord_io::{
    ColumnKind, Compression, EntryKind, MatrixSource, MatrixStorage, NumberType, SampleState, Summary, inspect_h5ad,
};

use crate::{fixture, layer};

fn inspect(name: &str) -> Summary {
    inspect_h5ad(fixture(name)).unwrap()
}

#[test]
fn matrices_are_told_apart() {
    let summary = inspect("sources.h5ad");
    assert_eq!((summary.n_cells, summary.n_genes), (7, 3));
    let seen: Vec<_> = summary
        .matrices
        .iter()
        .map(|matrix| (matrix.source.clone(), matrix.n_genes, matrix.storage, matrix.sample.state()))
        .collect();
    assert_eq!(
        seen,
        [
            (MatrixSource::X, 3, MatrixStorage::Dense, SampleState::Normalized),
            (MatrixSource::Raw, 5, MatrixStorage::Csc, SampleState::Counts),
            (layer("counts"), 3, MatrixStorage::Csr, SampleState::Counts),
        ]
    );
    assert_eq!(summary.matrices[1].sample.max, 9.0);
    assert_eq!(summary.encoding_version.as_deref(), Some("0.1.0"));
}

#[test]
fn storage_and_states_are_named() {
    let summary = inspect("matrices.h5ad");
    let of = |name: &str| summary.matrices.iter().find(|matrix| matrix.source == layer(name)).unwrap();
    assert_eq!((of("csr_lzf").compression, of("csr_lzf").number), (Compression::Lzf, NumberType::Float32));
    assert_eq!((of("csr_uint8").compression, of("csr_uint8").number), (Compression::Gzip, NumberType::UInt8));
    assert_eq!((of("dense").compression, of("dense").n_stored), (Compression::None, 35));
    assert_eq!(of("csr_big_endian").number, NumberType::Float64);
    assert_eq!(of("csr_float16").number, NumberType::Float16);
    assert_eq!(of("bad_nan").sample.state(), SampleState::NotFinite);
    assert_eq!(of("bad_negative").sample.state(), SampleState::Negative);
    assert_eq!(summary.problems.len(), 1, "{:?}", summary.problems);
    assert!(summary.problems[0].contains("layers/bad_texts"), "{:?}", summary.problems);
}

#[test]
fn columns_are_summed_up() {
    let summary = inspect("columns.h5ad");
    let of = |name: &str| summary.obs.iter().find(|column| column.name == name).unwrap();
    let sizes = [("c", 1), ("b", 3), ("a", 2), ("unused", 0)].map(|(name, size)| (name.to_owned(), size));
    assert_eq!((&of("zeta").kind, of("zeta").n_missing), (&ColumnKind::Categories(sizes.to_vec()), 1));
    assert_eq!(of("integers").kind, ColumnKind::Integers { range: Some((-3, 3)) });
    let floats = of("floats");
    assert_eq!((&floats.kind, floats.n_missing), (&ColumnKind::Floats { range: Some((-2.0, f64::INFINITY)) }, 1));
    assert_eq!(of("booleans").kind, ColumnKind::Booleans { n_true: 4 });
    assert_eq!(of("nullable_booleans").n_missing, 2);
    assert_eq!(of("texts").kind, ColumnKind::Texts { n_distinct: 7 });
    assert_eq!(of("nullable_texts").n_missing, 2);
    assert_eq!((summary.skipped[0].table.as_str(), summary.skipped[0].name.as_str()), ("obs", "not understood"));
}

#[test]
fn entries_have_kinds_and_shapes() {
    let summary = inspect("sources.h5ad");
    let seen = |entries: &[concord_io::EntrySummary]| -> Vec<(String, EntryKind, Vec<usize>)> {
        entries.iter().map(|entry| (entry.name.clone(), entry.kind, entry.shape.clone())).collect()
    };
    let entry = |name: &str, kind, shape: &[usize]| (name.to_owned(), kind, shape.to_vec());
    assert_eq!(
        seen(&summary.obsm),
        [entry("X_umap", EntryKind::Numbers, &[7, 2]), entry("table", EntryKind::Table, &[7, 1])]
    );
    assert_eq!(seen(&summary.varm), [entry("PCs", EntryKind::Numbers, &[3, 2])]);
    assert_eq!(seen(&summary.obsp), [entry("connectivities", EntryKind::Sparse, &[7, 7])]);
    let uns = [entry("nested", EntryKind::Dict, &[2]), entry("type_colors", EntryKind::Texts, &[2])];
    assert_eq!(seen(&summary.uns), uns);
    assert_eq!(seen(&inspect("records.h5ad").obsm)[0], entry("X_pca", EntryKind::Numbers, &[7, 3]));
}

#[test]
fn a_file_without_x_is_listed() {
    let summary = inspect("without_x.h5ad");
    let sources: Vec<_> = summary.matrices.iter().map(|matrix| matrix.source.clone()).collect();
    assert_eq!(sources, [layer("spliced"), layer("unspliced")]);
    assert_eq!(inspect("empty.h5ad").matrices[0].sample.state(), SampleState::Zeros);
}
