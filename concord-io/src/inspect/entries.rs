use crate::IoError;
use crate::h5::{
    Dataset, ElementType, Group, H5File, Node, attribute_sizes, attribute_text, attribute_texts, element_type,
    record_fields,
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
        Some(Node::Group(group)) => Ok(group.names().into_iter().map(|name| summary(file, &group, name)).collect()),
        Some(Node::Dataset(dataset)) => {
            let fields = record_fields(&dataset).unwrap_or_default();
            let n_rows = dataset.n_elements();
            let entry = |field: crate::h5::Field| EntrySummary {
                name: field.name,
                kind: if matches!(field.element, ElementType::Text) { EntryKind::Texts } else { EntryKind::Numbers },
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
        Ok(Some(Node::Dataset(entry))) => Ok(describe_dataset(&entry)),
        Ok(None) => Ok((EntryKind::Other, Vec::new())),
        Err(error) => Err(error),
    };
    let (kind, shape) = described.unwrap_or((EntryKind::Other, Vec::new()));
    EntrySummary { name, kind, shape }
}

fn describe_dataset(dataset: &Dataset) -> (EntryKind, Vec<usize>) {
    let kind = match element_type(dataset) {
        ElementType::Number { .. } | ElementType::Boolean => EntryKind::Numbers,
        ElementType::Text => EntryKind::Texts,
        ElementType::Record => EntryKind::Records,
        ElementType::Other => EntryKind::Other,
    };
    (kind, dataset.shape().to_vec())
}

fn describe_group(file: &H5File, group: &Group) -> Result<(EntryKind, Vec<usize>), IoError> {
    let mut encoding = attribute_text(file, group, "encoding-type")?;
    if encoding.is_none() {
        encoding = attribute_text(file, group, "h5sparse_format")?;
    }
    Ok(match encoding.as_deref() {
        Some("csr_matrix" | "csc_matrix" | "csr" | "csc") => {
            let shape = match attribute_sizes(file, group, "shape")? {
                Some(shape) => Some(shape),
                None => attribute_sizes(file, group, "h5sparse_shape")?,
            };
            (EntryKind::Sparse, shape.unwrap_or_default())
        }
        Some("dataframe") => {
            let index = crate::frame::index_name(file, group)?;
            let n_rows = match file.node(group, &index)? {
                Some(Node::Dataset(index)) => index.n_elements(),
                _ => 0,
            };
            let n_columns = attribute_texts(file, group, "column-order")?.map_or(0, |names| names.len());
            (EntryKind::Table, vec![n_rows, n_columns])
        }
        Some("dict") | None => (EntryKind::Dict, vec![group.names().len()]),
        Some(_) => (EntryKind::Other, Vec::new()),
    })
}
