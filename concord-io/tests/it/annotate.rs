use concord_core::{Column, Labels};
use concord_io::{
    Additions, ColumnKind, EntryKind, IoError, MatrixSource, ReadOptions, UnsValue, annotate_h5ad, inspect_h5ad,
    read_h5ad,
};
use ndarray::Array2;

use crate::{Scratch, fixture, layer, read};

fn embedding(n_rows: usize) -> Array2<f32> {
    Array2::from_shape_fn((n_rows, 3), |(row, column)| row as f32 + column as f32 / 8.0)
}

fn additions() -> Additions {
    let labels =
        Labels::new(vec![Some(1), None, Some(0), Some(0), Some(1), Some(1), Some(0)], vec!["n".into(), "ü".into()]);
    let text = |text: &str| Some(text.to_owned());
    Additions {
        layers: vec![],
        obsm: vec![("X_concord".to_owned(), embedding(7)), ("X_umap".to_owned(), embedding(7))],
        varm: vec![],
        obs: vec![
            ("labels".to_owned(), Column::Labels(labels.unwrap())),
            ("floats".to_owned(), Column::Floats(vec![0.1, f64::NAN, 2.0, 3.0, 4.0, 5.0, 6.0])),
            ("integers".to_owned(), Column::Integers((-3..4).collect())),
            ("booleans".to_owned(), Column::Booleans(vec![Some(true); 7])),
            ("some_booleans".to_owned(), Column::Booleans(vec![Some(true), None, None, Some(false), None, None, None])),
            ("texts".to_owned(), Column::Texts(["a", "", "é", "d", "e", "f", "g"].map(text).to_vec())),
        ],
        var: vec![],
        uns: vec![("concord".to_owned(), parameters())],
    }
}

fn parameters() -> UnsValue {
    UnsValue::dict([
        ("seed", UnsValue::from(7)),
        ("rate", 0.5.into()),
        ("domains", true.into()),
        ("version", "1.0 ü".into()),
        ("features", vec!["a".to_owned(), "b".to_owned()].into()),
        ("losses", vec![1.5, 0.5].into()),
        ("layers", vec![1000_i64].into()),
        ("empty", Vec::<f64>::new().into()),
        ("none", Vec::<String>::new().into()),
        ("matrix", embedding(2).into()),
        ("inner", UnsValue::dict([("deep", UnsValue::dict([("er", UnsValue::from("x"))]))])),
    ])
}

#[test]
fn additions_are_read_back_and_the_rest_is_kept() {
    let scratch = Scratch::new();
    let plain = ["sources.h5ad", "columns.h5ad", "columns_0_7.h5ad", "without_x.h5ad"];
    let packed = ["anndata_0_7.h5ad", "anndata_0_8.h5ad", "anndata_0_10.h5ad", "anndata_0_12.h5ad"];
    let inputs = plain.map(|name| (name, fixture(name))).into_iter();
    for (name, input) in inputs.chain(packed.map(|name| (name, scratch.unpack(name)))) {
        let output = scratch.path("out.h5ad");
        let additions = additions();
        annotate_h5ad(&input, &output, &additions).unwrap();
        let source = if name == "without_x.h5ad" { layer("spliced") } else { MatrixSource::X };
        let before = read(&input, source.clone()).unwrap();
        let after = read(&output, source).unwrap();
        assert_eq!(before.counts, after.counts);
        assert_eq!((&before.cells, &before.genes), (&after.cells, &after.genes));
        assert_eq!(before.var, after.var);
        assert_eq!(before.skipped, after.skipped);
        for (name, column) in
            before.obs.iter().filter(|(name, _)| !additions.obs.iter().any(|(added, _)| added == name))
        {
            assert_eq!(format!("{column:?}"), format!("{:?}", after.obs.get(name).unwrap()));
        }
        for (name, column) in &additions.obs {
            // NaN differs from itself, but not as text.
            assert_eq!(format!("{:?}", after.obs.get(name).unwrap()), format!("{column:?}"), "{name}");
        }
        let summary = inspect_h5ad(&output).unwrap();
        let obsm = |name: &str| summary.obsm.iter().find(|entry| entry.name == name).unwrap();
        assert_eq!(obsm("X_concord").shape, [7, 3]);
        assert_eq!(obsm("X_umap").shape, [7, 3], "replaced");
        let uns = summary.uns.iter().find(|entry| entry.name == "concord").unwrap();
        assert_eq!((uns.kind, &uns.shape[..]), (EntryKind::Dict, &[11][..]));
        let mut names = scratch.names();
        names.retain(|name| !packed.contains(&name.as_str()));
        assert_eq!(names, ["out.h5ad"]);
        // For `fixtures/check.py`, which looks at the file with Python.
        if let Some(folder) = std::env::var_os("CONCORD_KEEP") {
            std::fs::copy(&output, std::path::Path::new(&folder).join(name)).unwrap();
        }
    }
}

#[test]
fn what_was_there_is_replaced() {
    let scratch = Scratch::new();
    let output = scratch.path("out.h5ad");
    for name in ["columns.h5ad", "columns_0_7.h5ad"] {
        let column = Column::Integers((0..7).collect());
        let replaced = Additions { obs: vec![("zeta".to_owned(), column.clone())], ..Additions::default() };
        annotate_h5ad(fixture(name), &output, &replaced).unwrap();
        let data = read(&output, MatrixSource::X).unwrap();
        assert_eq!(data.obs.get("zeta"), Some(&column));
        assert_eq!(data.obs.names().next(), Some("zeta"), "it keeps its place");
    }
}

#[test]
fn a_file_can_be_annotated_again_and_in_place() {
    let scratch = Scratch::new();
    let path = scratch.path("twice.h5ad");
    std::fs::copy(fixture("sources.h5ad"), &path).unwrap();
    for round in 0..3 {
        let values = Array2::from_elem((7, 2), round as f32);
        let additions = Additions {
            obsm: vec![("X_concord".to_owned(), values)],
            var: vec![("round".to_owned(), Column::Integers(vec![round; 3]))],
            ..Additions::default()
        };
        annotate_h5ad(&path, &path, &additions).unwrap();
    }
    let data = read(&path, layer("counts")).unwrap();
    assert_eq!(data.var.get("round"), Some(&Column::Integers(vec![2; 3])));
    assert_eq!(data.obsm, ["X_concord", "X_umap", "table"]);
}

#[test]
fn missing_texts_become_categories() {
    let scratch = Scratch::new();
    let output = scratch.path("out.h5ad");
    let texts = [Some("b"), None, Some("a"), None, Some("b"), None, None].map(|text| text.map(str::to_owned)).to_vec();
    let additions = Additions { obs: vec![("some".to_owned(), Column::Texts(texts))], ..Additions::default() };
    annotate_h5ad(fixture("sources.h5ad"), &output, &additions).unwrap();
    let summary = inspect_h5ad(&output).unwrap();
    let some = summary.obs.iter().find(|column| column.name == "some").unwrap();
    assert_eq!(some.kind, ColumnKind::Categories(vec![("a".to_owned(), 1), ("b".to_owned(), 2)]));
    assert_eq!(some.n_missing, 4);
}

#[test]
fn embeddings_are_added_to_records() {
    let scratch = Scratch::new();
    let output = scratch.path("out.h5ad");
    let additions = Additions { obsm: vec![("X_concord".to_owned(), embedding(7))], ..Additions::default() };
    annotate_h5ad(fixture("records.h5ad"), &output, &additions).unwrap();
    let before = read_h5ad(fixture("records.h5ad"), &ReadOptions::default()).unwrap();
    let after = read_h5ad(&output, &ReadOptions::default()).unwrap();
    assert_eq!((before.obs, before.counts), (after.obs, after.counts));
    assert_eq!(after.obsm, ["X_concord", "X_pca", "X_tsne"]);

    let column = Additions { obs: vec![("x".to_owned(), Column::Integers(vec![0; 7]))], ..Additions::default() };
    let error = annotate_h5ad(fixture("records.h5ad"), &output, &column).unwrap_err();
    assert!(matches!(&error, IoError::Unsupported { object, .. } if object == "obs"), "{error}");
}

#[test]
fn what_cannot_be_added_changes_nothing() {
    let scratch = Scratch::new();
    let output = scratch.file("out.h5ad", b"what was there before");
    let obsm =
        |name: &str, n_rows| Additions { obsm: vec![(name.to_owned(), embedding(n_rows))], ..Additions::default() };
    let obs = |name: &str, column| Additions { obs: vec![(name.to_owned(), column)], ..Additions::default() };
    let doubled = Labels::new(vec![Some(0); 7], vec!["a".into(), "a".into()]).unwrap();
    let cases = [
        obsm("X", 6),
        obsm("", 7),
        obsm("a/b", 7),
        obs("_index", Column::Integers(vec![0; 7])),
        obs("ok", Column::Integers(vec![0; 8])),
        obs("ok", Column::Labels(doubled)),
        Additions { uns: vec![("a".to_owned(), UnsValue::dict([("b/c", UnsValue::from(1))]))], ..Additions::default() },
    ];
    for additions in cases {
        let error = annotate_h5ad(fixture("sources.h5ad"), &output, &additions).unwrap_err();
        assert!(matches!(error, IoError::InvalidAddition { .. }), "{error}");
    }
    // Found only when it is written, after the copy was made.
    let zero = obs("ok", Column::Texts(vec![Some("a\0b".to_owned()); 7]));
    let error = annotate_h5ad(fixture("sources.h5ad"), &output, &zero).unwrap_err();
    assert!(matches!(error, IoError::InvalidAddition { .. }), "{error}");
    let nowhere = annotate_h5ad(fixture("sources.h5ad"), scratch.path("no/where.h5ad"), &obsm("X", 7)).unwrap_err();
    assert!(matches!(nowhere, IoError::Write { .. }), "{nowhere}");
    assert_eq!(std::fs::read(&output).unwrap(), b"what was there before");
    assert_eq!(scratch.names(), ["out.h5ad"]);
}
