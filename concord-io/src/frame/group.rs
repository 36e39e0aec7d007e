//! Data frames as anndata writes them since 0.7: a group with a dataset, or a group, for each column.

use concord_core::Column;

use super::Frame;
use super::column::{into_texts, labels, read_booleans, read_plain, with_missing};
use crate::IoError;
use crate::h5::{Dataset, Group, H5File, Node, NumericArray, attribute_text, attribute_texts, full_name};

/// Where anndata 0.7 kept the categories of a frame's columns.
pub(crate) const OLD_CATEGORIES: &str = "__categories";

pub(crate) fn read(file: &H5File, group: &Group) -> Result<Frame, IoError> {
    let table = group.name();
    let index = index_name(file, group)?;
    let names = match file.node(group, &index)? {
        Some(node) => into_texts(read_node(file, group, &index, node)?),
        None => return Err(file.corrupt(table, format!("its index '{index}' is missing"))),
    };
    let names = names.ok_or_else(|| file.unsupported(&full_name(group, &index), "is no column of names"))?;
    let mut frame = Frame::new(names);
    for name in column_names(file, group, &index)? {
        let column = read_column(file, group, &name).map_err(|error| reason(&error));
        frame.add(table, &name, column);
    }
    Ok(frame)
}

/// The name of the column that holds the names of the rows.
pub(crate) fn index_name(file: &H5File, group: &Group) -> Result<String, IoError> {
    if let Some(name) = attribute_text(file, group, "_index")? {
        return Ok(name);
    }
    let usual = ["_index", "index"].into_iter().find(|name| group.has(name));
    Ok(usual.unwrap_or("_index").to_owned())
}

/// The columns in their order: the one the file gives, or else the one of the file.
pub(crate) fn column_names(file: &H5File, group: &Group, index: &str) -> Result<Vec<String>, IoError> {
    if let Some(names) = attribute_texts(file, group, "column-order")? {
        return Ok(names);
    }
    Ok(group.names().into_iter().filter(|name| name != index && name != OLD_CATEGORIES).collect())
}

fn read_column(file: &H5File, group: &Group, name: &str) -> Result<Column, IoError> {
    match file.node(group, name)? {
        Some(node) => read_node(file, group, name, node),
        None => Err(file.corrupt(&full_name(group, name), "it is listed but missing")),
    }
}

fn read_node(file: &H5File, group: &Group, name: &str, node: Node) -> Result<Column, IoError> {
    match node {
        Node::Group(column) => read_encoded(file, &column, true),
        Node::Dataset(codes) => match old_categories(file, group, name)? {
            Some(categories) => read_categories(file, &codes, categories),
            None => read_plain(file, &codes),
        },
    }
}

fn old_categories(file: &H5File, group: &Group, name: &str) -> Result<Option<Node>, IoError> {
    match file.node(group, OLD_CATEGORIES)? {
        Some(Node::Group(categories)) => file.node(&categories, name),
        _ => Ok(None),
    }
}

/// A column that is a group of its own: categories, or values with a mask of missing ones. Names of categories are no
/// categories themselves.
fn read_encoded(file: &H5File, group: &Group, may_be_categories: bool) -> Result<Column, IoError> {
    let object = group.name();
    let encoding = attribute_text(file, group, "encoding-type")?;
    let part = |name: &str| match file.node(group, name)? {
        Some(node) => Ok(node),
        None => Err(file.corrupt(object, format!("its {name} are missing"))),
    };
    let dataset = |name: &str| match part(name)? {
        Node::Dataset(dataset) => Ok(dataset),
        Node::Group(_) => Err(file.unsupported(object, format!("its {name} are a group"))),
    };
    match encoding.as_deref() {
        Some("categorical") if may_be_categories => read_categories(file, &dataset("codes")?, part("categories")?),
        Some("nullable-integer" | "nullable-boolean" | "nullable-string-array" | "nullable-float") => {
            let values = read_plain(file, &dataset("values")?)?;
            let missing = read_booleans(file, &dataset("mask")?)?;
            if missing.len() != values.len() {
                return Err(file.corrupt(object, "its values and its mask differ in length"));
            }
            Ok(with_missing(values, &missing))
        }
        Some(other) => Err(file.unsupported(object, format!("is a {other}, which is no column known here"))),
        None => Err(file.unsupported(object, "is a group without encoding-type")),
    }
}

fn read_categories(file: &H5File, codes: &Dataset, categories: Node) -> Result<Column, IoError> {
    let object = codes.name();
    let categories = match categories {
        // A scalar is what anndata 0.7 made of a single category.
        Node::Dataset(dataset) if dataset.shape().is_empty() => crate::h5::read_texts(file, &dataset, object)?
            .map(|texts| Column::Texts(texts.into_iter().map(Some).collect())),
        Node::Dataset(dataset) => Some(read_plain(file, &dataset)?),
        Node::Group(group) => Some(read_encoded(file, &group, false)?),
    };
    let names = categories.and_then(into_texts);
    let names = names.ok_or_else(|| file.unsupported(object, "its categories have no names"))?;
    let (codes, _) = NumericArray::open(file, codes, object)?.read::<i64>()?;
    labels(&codes, names).map_err(|detail| file.corrupt(object, detail))
}

/// An error about one column without the name of the file, which the reader of the list knows.
fn reason(error: &IoError) -> String {
    match error {
        IoError::Corrupt { detail, .. } | IoError::Unsupported { detail, .. } => detail.clone(),
        other => other.to_string(),
    }
}
