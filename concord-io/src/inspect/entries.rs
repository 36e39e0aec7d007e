use hdf5::{Dataset, Group};

use crate::IoError;
use crate::h5::{
    ElementType, H5File, Node, attribute_text, attribute_texts, element_type, read_shape_attribute, record_fields,
};

/// An entry of `obsm`, `varm`, `obsp` or `uns`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntrySummary {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its lengths: rows and columns of a matrix; rows and columns of a data frame; the number of entries of a dictionary;
    /// none for a single value.
    pub shape: Vec<usize>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryKind {
    /// Numbers or truth values.
    Numbers,
    /// Texts.
    Texts,
    /// A sparse matrix.
    Sparse,
    /// A data frame.
    Table,
    /// Records: several named values a row.
    Records,
    /// A dictionary.
    Dict,
    /// Anything else; kept when the file is annotated.
    Other,
}

/// The entries of a dictionary at the top level of a file; none when there is no such dictionary.
pub(crate) fn summaries(file: &H5File, name: &str) -> Result<Vec<EntrySummary>, IoError> {
    match file.node(file.root(), name)? {
        None => Ok(Vec::new()),
        Some(Node::Group(group)) => {
            let names = file.names(&group)?;
            Ok(names.into_iter().map(|name| summary(file, &group, name)).collect())
        }
        Some(Node::Dataset(dataset)) => {
            let fields = record_fields(file, &dataset, name)?.unwrap_or_default();
            let n_rows = dataset.size();
            let entry = |field: crate::h5::Field| EntrySummary {
                name: field.name,
                kind: if matches!(field.element, ElementType::Text(_)) { EntryKind::Texts } else { EntryKind::Numbers },
                shape: vec![n_rows, field.n_elements],
            };
            Ok(fields.into_iter().map(entry).collect())
        }
    }
}

/// What cannot be understood, or not even opened, is listed all the same.
fn summary(file: &H5File, group: &Group, name: String) -> EntrySummary {
    let described = match file.node(group, &name) {
        Ok(Some(Node::Group(entry))) => describe_group(file, &entry),
        Ok(Some(Node::Dataset(entry))) => describe_dataset(file, &entry, &name),
        Ok(None) => Ok((EntryKind::Other, Vec::new())),
        Err(error) => Err(error),
    };
    let (kind, shape) = described.unwrap_or((EntryKind::Other, Vec::new()));
    EntrySummary { name, kind, shape }
}

fn describe_dataset(file: &H5File, dataset: &Dataset, name: &str) -> Result<(EntryKind, Vec<usize>), IoError> {
    let kind = match element_type(file, dataset, name)? {
        ElementType::Number { .. } | ElementType::Boolean => EntryKind::Numbers,
        ElementType::Text(_) => EntryKind::Texts,
        ElementType::Record(_) => EntryKind::Records,
        ElementType::Other => EntryKind::Other,
    };
    Ok((kind, dataset.shape()))
}

fn describe_group(file: &H5File, group: &Group) -> Result<(EntryKind, Vec<usize>), IoError> {
    let mut encoding = attribute_text(file, group, "encoding-type")?;
    if encoding.is_none() {
        encoding = attribute_text(file, group, "h5sparse_format")?;
    }
    Ok(match encoding.as_deref() {
        Some("csr_matrix" | "csc_matrix" | "csr" | "csc") => {
            let shape = match read_shape_attribute(file, group, "shape")? {
                Some(shape) => Some(shape),
                None => read_shape_attribute(file, group, "h5sparse_shape")?,
            };
            (EntryKind::Sparse, shape.unwrap_or_default())
        }
        Some("dataframe") => {
            let index = crate::frame::index_name(file, group)?;
            let n_rows = match file.node(group, &index)? {
                Some(Node::Dataset(index)) => index.size(),
                _ => 0,
            };
            let n_columns = attribute_texts(file, group, "column-order")?.map_or(0, |names| names.len());
            (EntryKind::Table, vec![n_rows, n_columns])
        }
        Some("dict") | None => (EntryKind::Dict, vec![file.names(group)?.len()]),
        Some(_) => (EntryKind::Other, Vec::new()),
    })
}
