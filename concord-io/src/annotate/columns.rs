use std::io;

use concord_core::{Column, Labels};

use crate::IoError;
use crate::frame::{OLD_CATEGORIES, column_names, index_name};
use crate::h5::{Appender, Attribute, GroupDraft, H5File, Node, write_array, write_texts};

/// A data frame that is being made anew with more columns.
#[derive(Debug)]
pub(super) struct FrameDraft {
    group: GroupDraft,
    /// What anndata 0.7 kept of categories.
    categories: Option<GroupDraft>,
    order: Vec<String>,
}

impl FrameDraft {
    /// A data frame as it is in a file.
    pub(super) fn of(file: &H5File, table: &str) -> Result<Self, IoError> {
        let Some(Node::Group(group)) = file.node(file.root(), table)? else {
            return Err(file.corrupt(table, "it is no data frame"));
        };
        let index = index_name(file, &group)?;
        let order = column_names(file, &group, &index)?;
        let categories = match file.node(&group, OLD_CATEGORIES)? {
            Some(Node::Group(categories)) => Some(GroupDraft::of(file, &categories)?),
            _ => None,
        };
        Ok(Self { group: GroupDraft::of(file, &group)?, categories, order })
    }

    /// Writes the data frame with these columns more, and returns its address.
    pub(super) fn with_columns(mut self, appender: &mut Appender, columns: &[(String, Column)]) -> io::Result<u64> {
        for (name, column) in columns {
            self.group.set(name, write_column(appender, column)?);
            if !self.order.contains(name) {
                self.order.push(name.clone());
            }
        }
        if let Some(mut categories) = self.categories {
            for (name, _) in columns {
                categories.remove(name);
            }
            self.group.set(OLD_CATEGORIES, categories.write(appender)?);
        }
        self.group.set_attribute(appender, "column-order", Attribute::Texts(&self.order))?;
        self.group.write(appender)
    }
}

/// Writes a new data frame and returns its address.
pub(crate) fn write_frame(appender: &mut Appender, names: &[String], columns: &[(String, Column)]) -> io::Result<u64> {
    let mut group = GroupDraft::new(appender, "dataframe", "0.2.0")?;
    group.set_attribute(appender, "_index", Attribute::Text("_index"))?;
    group.set("_index", write_texts(appender, names)?);
    FrameDraft { group, categories: None, order: Vec::new() }.with_columns(appender, columns)
}

fn write_column(appender: &mut Appender, column: &Column) -> io::Result<u64> {
    match column {
        Column::Labels(labels) => write_labels(appender, labels),
        Column::Floats(values) => write_array(appender, &[values.len()], values.iter().copied()),
        Column::Integers(values) => write_array(appender, &[values.len()], values.iter().copied()),
        Column::Booleans(values) => write_nullable_booleans(appender, values),
        Column::Texts(values) => match values.iter().map(Option::as_deref).collect::<Option<Vec<&str>>>() {
            Some(texts) => write_texts(appender, &texts),
            None => write_labels(appender, &Labels::from_optional_texts(values)),
        },
        other => Err(io::Error::other(format!("a column is of a kind that cannot be written: {other:?}"))),
    }
}

fn write_labels(appender: &mut Appender, labels: &Labels) -> io::Result<u64> {
    let mut column = GroupDraft::new(appender, "categorical", "0.2.0")?;
    column.set_attribute(appender, "ordered", Attribute::Boolean(false))?;
    column.set("categories", write_texts(appender, labels.names())?);
    // The smallest type that has room for all codes, and -1 for cells without a label, as in pandas.
    let shape = [labels.n_cells()];
    let codes = labels.codes().iter().map(|code| code.map_or(-1, i64::from));
    let codes = match labels.n_categories() {
        0..=0x7f => write_array(appender, &shape, codes.map(|code| code as i8)),
        0x80..=0x7fff => write_array(appender, &shape, codes.map(|code| code as i16)),
        _ => write_array(appender, &shape, codes.map(|code| code as i32)),
    };
    column.set("codes", codes?);
    column.write(appender)
}

fn write_nullable_booleans(appender: &mut Appender, values: &[Option<bool>]) -> io::Result<u64> {
    let shape = [values.len()];
    let filled = values.iter().map(|value| value.unwrap_or(false));
    if values.iter().all(Option::is_some) {
        return write_array(appender, &shape, filled);
    }
    let mut column = GroupDraft::new(appender, "nullable-boolean", "0.1.0")?;
    column.set("values", write_array(appender, &shape, filled)?);
    column.set("mask", write_array(appender, &shape, values.iter().map(Option::is_none))?);
    column.write(appender)
}

/// About how many bytes a column takes in a file.
pub(super) fn n_bytes(column: &Column) -> usize {
    match column {
        Column::Labels(labels) => 4 * labels.n_cells(),
        Column::Texts(values) => values.iter().map(|text| 40 + text.as_ref().map_or(0, String::len)).sum(),
        other => 8 * other.len(),
    }
}
