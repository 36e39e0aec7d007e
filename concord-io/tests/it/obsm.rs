use concord_core::Column;
use concord_io::{Additions, IoError, MatrixSource, annotate_h5ad, read_annotation, read_genes, read_obsm};
use ndarray::Array2;

use crate::{Scratch, expected, fixture, texts};

/// Values 0, 1, 2, ... row by row, divided.
fn counted(n_columns: usize, divisor: f32) -> Array2<f32> {
    Array2::from_shape_fn((7, n_columns), |(row, column)| (row * n_columns + column) as f32 / divisor)
}

#[test]
fn arrays_frames_and_records_are_read() {
    assert_eq!(read_obsm(fixture("sources.h5ad"), "X_umap").unwrap(), counted(2, 1.0));
    assert_eq!(read_obsm(fixture("sources.h5ad"), "table").unwrap(), counted(1, 1.0));
    assert_eq!(read_obsm(fixture("records.h5ad"), "X_pca").unwrap(), counted(3, 1.0));
    assert_eq!(read_obsm(fixture("records.h5ad"), "X_tsne").unwrap(), counted(2, 8.0));
}

#[test]
fn what_was_added_is_read_back() {
    let scratch = Scratch::new();
    let output = scratch.path("out.h5ad");
    let mut values = counted(300, 3.0);
    values[[3, 7]] = f32::NAN;
    let additions = Additions { obsm: vec![("X new".to_owned(), values.clone())], ..Additions::default() };
    annotate_h5ad(fixture("sources.h5ad"), &output, &additions).unwrap();
    let found = read_obsm(&output, "X new").unwrap();
    assert!(values.iter().zip(&found).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn names_that_are_not_there_are_answered_with_those_that_are() {
    for name in ["umap", "", "X_umap/", "/X", "table/a", "."] {
        let error = read_obsm(fixture("sources.h5ad"), name).unwrap_err();
        assert!(matches!(error, IoError::MissingObsm { .. }), "{name}: {error}");
        assert!(error.to_string().ends_with(&format!("has no {name} in obsm; it has: X_umap, table")), "{error}");
    }
    assert!(matches!(read_obsm(fixture("records.h5ad"), "pca"), Err(IoError::MissingObsm { .. })));
}

#[test]
fn annotation_and_genes_are_read_without_a_matrix() {
    let annotation = read_annotation(fixture("sources.h5ad")).unwrap();
    assert_eq!(annotation.cells.names(), texts(&expected("sources")["cells"]));
    assert!(matches!(annotation.obs.get("type"), Some(Column::Labels(_))));
    let shapes: Vec<&[usize]> = annotation.obsm.iter().map(|entry| entry.shape.as_slice()).collect();
    assert_eq!(shapes, [[7, 2], [7, 1]]);
    assert!(read_annotation(fixture("without_x.h5ad")).is_ok());

    assert_eq!(
        read_genes(fixture("sources.h5ad"), &MatrixSource::X).unwrap().names(),
        texts(&expected("sources")["genes"])
    );
    assert_eq!(read_genes(fixture("sources.h5ad"), &MatrixSource::Raw).unwrap().len(), 5);
}
