//! Data frames: `obs` and `var`, in today's form (a group) and in that of anndata before 0.7 (a dataset of records).

mod column;
mod group;
mod record;

use concord_core::{Column, Table};
use hdf5::Group;

use crate::IoError;
use crate::h5::{H5File, Node};

pub(crate) use group::{OLD_CATEGORIES, column_names, index_name};

/// A column that is in the file but has a form this crate cannot interpret. Writing in place keeps it as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedColumn {
    /// The data frame: `obs`, `var` or `raw/var`.
    pub table: String,
    /// The column.
    pub name: String,
    /// Why it was skipped.
    pub reason: String,
}

/// A data frame: the names of its rows, and its columns.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) names: Vec<String>,
    pub(crate) table: Table,
    pub(crate) skipped: Vec<SkippedColumn>,
}

impl Frame {
    fn new(names: Vec<String>) -> Self {
        let table = Table::new(names.len());
        Self { names, table, skipped: Vec::new() }
    }

    /// Takes a column, or notes why there is none.
    fn add(&mut self, table: &str, name: &str, column: Result<Column, String>) {
        let inserted = column.and_then(|column| self.table.insert(name, column).map_err(|error| error.to_string()));
        if let Err(reason) = inserted {
            self.skipped.push(SkippedColumn { table: table.to_owned(), name: name.to_owned(), reason });
        }
    }
}

/// Reads the data frame of this name, `None` when there is none. `categories` is where files from before anndata 0.7 keep
/// the names of categories: the group `uns`, or `raw.cat`.
pub(crate) fn read_frame(
    file: &H5File,
    parent: &Group,
    name: &str,
    categories: Option<&Group>,
) -> Result<Option<Frame>, IoError> {
    Ok(match file.node(parent, name)? {
        None => None,
        Some(Node::Group(group)) => Some(group::read(file, &group)?),
        Some(Node::Dataset(dataset)) => Some(record::read(file, &dataset, categories)?),
    })
}

/// The size and form of a data frame at the top level, without its contents.
#[derive(Debug)]
pub(crate) struct FrameShape {
    pub(crate) n_rows: usize,
    /// The name of the column that holds the names of the rows.
    pub(crate) index: String,
    /// Whether it is in the form of before anndata 0.7.
    pub(crate) is_records: bool,
}

/// Looks at the data frame of this name at the top level of a file.
pub(crate) fn frame_shape(file: &H5File, name: &str) -> Result<FrameShape, IoError> {
    match file.node(file.root(), name)? {
        Some(Node::Dataset(dataset)) => {
            Ok(FrameShape { n_rows: dataset.size(), index: "index".to_owned(), is_records: true })
        }
        Some(Node::Group(group)) => {
            let index = index_name(file, &group)?;
            match file.node(&group, &index)? {
                Some(Node::Dataset(dataset)) => Ok(FrameShape { n_rows: dataset.size(), index, is_records: false }),
                // An index can be a group too, of categories for example.
                Some(Node::Group(_)) => {
                    let n_rows = group::read(file, &group)?.names.len();
                    Ok(FrameShape { n_rows, index, is_records: false })
                }
                None => Err(file.corrupt(name, format!("its index '{index}' is missing"))),
            }
        }
        None => {
            let (path, object) = (file.path().to_owned(), name.to_owned());
            Err(IoError::MissingTable { path, object, found: file.names(file.root())? })
        }
    }
}
