//! Data frames: `obs` and `var`, in today's form (a group) and in that of anndata before 0.7 (a dataset of records).

mod column;
mod group;
mod record;

use concord_core::{Column, Table};

use crate::IoError;
use crate::h5::{Group, H5File, Node, full_name};

pub(crate) use group::{OLD_CATEGORIES, column_names, index_name, read as read_group};

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

/// Where a data frame is.
#[derive(Debug)]
pub(crate) struct FramePlace {
    pub(crate) parent: Group,
    pub(crate) name: &'static str,
    /// Where files from before anndata 0.7 keep the names of categories: the group `uns`, or `raw.cat`.
    pub(crate) categories: Option<Group>,
}

/// The size and form of a data frame.
#[derive(Debug)]
pub(crate) struct FrameShape {
    pub(crate) n_rows: usize,
    /// The name of the column that holds the names of the rows.
    pub(crate) index: String,
    /// Whether it is in the form of before anndata 0.7.
    pub(crate) is_records: bool,
}

impl FramePlace {
    /// `obs` or `var`.
    pub(crate) fn top_level(file: &H5File, name: &'static str) -> Result<Self, IoError> {
        Ok(Self { parent: file.root().clone(), name, categories: file.top_group("uns")? })
    }

    /// Reads the data frame.
    pub(crate) fn read(&self, file: &H5File) -> Result<Frame, IoError> {
        match self.node(file)? {
            Node::Group(group) => group::read(file, &group),
            Node::Dataset(dataset) => record::read(file, &dataset, self.categories.as_ref()),
        }
    }

    /// Looks at the data frame without reading it.
    pub(crate) fn shape(&self, file: &H5File) -> Result<FrameShape, IoError> {
        let group = match self.node(file)? {
            Node::Dataset(dataset) => {
                return Ok(FrameShape { n_rows: dataset.n_elements(), index: "index".to_owned(), is_records: true });
            }
            Node::Group(group) => group,
        };
        let index = index_name(file, &group)?;
        let n_rows = match file.node(&group, &index)? {
            Some(Node::Dataset(dataset)) => dataset.n_elements(),
            // An index can be a group too, of categories for example.
            Some(Node::Group(_)) => group::read(file, &group)?.names.len(),
            None => return Err(file.corrupt(self.name, format!("its index '{index}' is missing"))),
        };
        Ok(FrameShape { n_rows, index, is_records: false })
    }

    fn node(&self, file: &H5File) -> Result<Node, IoError> {
        match file.node(&self.parent, self.name)? {
            Some(node) => Ok(node),
            None => Err(IoError::MissingTable {
                path: file.path().to_owned(),
                object: full_name(&self.parent, self.name),
                found: file.root().names(),
            }),
        }
    }
}
