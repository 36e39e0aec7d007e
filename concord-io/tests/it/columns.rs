use concord_core::{Column, Table};
use concord_io::{MatrixSource, category_colors};
use serde_json::Value;

use crate::{expected, expected_rows, fixture, read, rows, texts};

/// A column as the JSON files have it.
fn as_json(column: &Column) -> (&'static str, Option<Vec<String>>, Vec<Value>) {
    let float = |value: &f64| match value {
        value if value.is_nan() => Value::from("nan"),
        value if value.is_infinite() => Value::from("inf"),
        value => Value::from(*value),
    };
    match column {
        Column::Labels(labels) => {
            let codes = labels.codes().iter().map(|code| Value::from(*code)).collect();
            ("labels", Some(labels.names().to_vec()), codes)
        }
        Column::Integers(values) => ("integers", None, values.iter().map(|&value| Value::from(value)).collect()),
        Column::Floats(values) => ("floats", None, values.iter().map(float).collect()),
        Column::Booleans(values) => ("booleans", None, values.iter().map(|&value| Value::from(value)).collect()),
        Column::Texts(values) => ("texts", None, values.iter().map(|value| Value::from(value.clone())).collect()),
        _ => unreachable!("no other kind of column"),
    }
}

/// Floats are texts in the JSON files, so that NaN can be told and no digit is lost.
fn from_json(kind: &str, values: &Value) -> Vec<Value> {
    let float = |value: &Value| match value {
        Value::String(text) if text == "nan" || text == "inf" => value.clone(),
        Value::String(text) => Value::from(text.parse::<f64>().unwrap()),
        Value::Null => Value::from("nan"),
        number => Value::from(number.as_f64().unwrap()),
    };
    let values = values.as_array().unwrap();
    if kind == "floats" { values.iter().map(float).collect() } else { values.clone() }
}

fn check_columns(table: &Table, expected: &Value) {
    let expected = expected.as_object().unwrap();
    assert_eq!(table.names().count(), expected.len());
    for (name, wanted) in expected {
        let (kind, names, values) = as_json(table.get(name).unwrap_or_else(|| panic!("{name} is missing")));
        assert_eq!(kind, wanted["kind"], "{name}");
        assert_eq!(names, wanted.get("names").map(texts), "{name}");
        assert_eq!(values, from_json(kind, &wanted["values"]), "{name}");
    }
}

#[test]
fn columns_are_what_python_wrote() {
    for name in ["columns", "columns_0_7", "records"] {
        let expected = expected(name);
        let data = read(fixture(&format!("{name}.h5ad")), MatrixSource::X).unwrap();
        assert_eq!(data.cells.names(), texts(&expected["cells"]), "{name}");
        assert_eq!(data.genes.names(), texts(&expected["genes"]), "{name}");
        assert_eq!(rows(data.counts.matrix()), expected_rows(&expected["counts"]), "{name}");
        check_columns(&data.obs, &expected["obs"]);
        let skipped: Vec<_> = data.skipped.iter().map(|column| column.name.clone()).collect();
        assert_eq!(skipped, texts(&expected["skipped"]), "{name}");
    }
}

#[test]
fn columns_keep_their_order() {
    let data = read(fixture("columns.h5ad"), MatrixSource::X).unwrap();
    let first: Vec<_> = data.obs.names().take(3).collect();
    assert_eq!(first, ["zeta", "ordered", "one_category"]);
}

#[test]
fn records_have_raw_and_obsm() {
    let expected = expected("records");
    let data = read(fixture("records.h5ad"), MatrixSource::Raw).unwrap();
    assert_eq!(data.genes.names(), texts(&expected["raw_genes"]));
    assert_eq!(rows(data.counts.matrix()), expected_rows(&expected["raw_counts"]));
    assert_eq!(data.obsm, ["X_pca", "X_tsne"]);
}

#[test]
fn colors_are_found() {
    let colors = category_colors(fixture("sources.h5ad"), "type").unwrap();
    assert_eq!(colors, Some(texts(&expected("sources")["colors"])));
    assert_eq!(category_colors(fixture("sources.h5ad"), "other").unwrap(), None);
    assert_eq!(category_colors(fixture("columns.h5ad"), "type").unwrap(), None);
}
