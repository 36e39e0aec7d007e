use concord_core::{Column, Labels};
use hdf5::Group;

use super::Failure;
use crate::frame::{OLD_CATEGORIES, column_names, index_name};
use crate::h5::{
    H5File, Node, remove, set_boolean_attribute, set_texts_attribute, write_group, write_list, write_texts,
};

/// Adds columns to a data frame and lists them in its `column-order`.
pub(super) fn add_columns(file: &H5File, table: &str, columns: &[(String, Column)]) -> Result<(), Failure> {
    if columns.is_empty() {
        return Ok(());
    }
    let Some(Node::Group(group)) = file.node(file.root(), table)? else {
        return Err(file.corrupt(table, "it is no data frame").into());
    };
    let index = index_name(file, &group)?;
    let mut order = column_names(file, &group, &index)?;
    for (name, column) in columns {
        if let Some(Node::Group(categories)) = file.node(&group, OLD_CATEGORIES)? {
            remove(&categories, name)?;
        }
        write_column(&group, name, column)?;
        if !order.contains(name) {
            order.push(name.clone());
        }
    }
    Ok(set_texts_attribute(&group, "column-order", &order)?)
}

fn write_column(group: &Group, name: &str, column: &Column) -> hdf5::Result<()> {
    match column {
        Column::Labels(labels) => write_labels(group, name, labels),
        Column::Floats(values) => write_list(group, name, values).map(drop),
        Column::Integers(values) => write_list(group, name, values).map(drop),
        Column::Booleans(values) => write_nullable_booleans(group, name, values),
        Column::Texts(values) => match values.iter().map(Option::as_deref).collect::<Option<Vec<&str>>>() {
            Some(texts) => write_texts(group, name, &texts).map(drop),
            None => write_labels(group, name, &labels_of(values)),
        },
        other => Err(hdf5::Error::from(format!("the column {name} is of a new kind: {other:?}"))),
    }
}

/// Labels of texts of which some are missing.
fn labels_of(values: &[Option<String>]) -> Labels {
    let present: Vec<&str> = values.iter().flatten().map(String::as_str).collect();
    let labels = Labels::from_texts(&present);
    let mut codes = labels.codes().iter().copied();
    let codes = values.iter().map(|value| value.as_ref().and_then(|_| codes.next().flatten())).collect();
    // The codes are those of `labels`, so there is a name for each.
    Labels::new(codes, labels.names().to_vec()).unwrap_or(labels)
}

fn write_labels(group: &Group, name: &str, labels: &Labels) -> hdf5::Result<()> {
    let column = write_group(group, name, "categorical", "0.2.0")?;
    set_boolean_attribute(&column, "ordered", false)?;
    write_texts(&column, "categories", labels.names())?;
    // The smallest type that has room for all codes, and -1 for cells without a label, as in pandas.
    let codes = labels.codes().iter().map(|code| code.map_or(-1, i64::from));
    match labels.n_categories() {
        0..=0x7f => write_list(&column, "codes", &codes.map(|code| code as i8).collect::<Vec<_>>()),
        0x80..=0x7fff => write_list(&column, "codes", &codes.map(|code| code as i16).collect::<Vec<_>>()),
        _ => write_list(&column, "codes", &codes.map(|code| code as i32).collect::<Vec<_>>()),
    }
    .map(drop)
}

fn write_nullable_booleans(group: &Group, name: &str, values: &[Option<bool>]) -> hdf5::Result<()> {
    if let Some(values) = values.iter().copied().collect::<Option<Vec<bool>>>() {
        return write_list(group, name, &values).map(drop);
    }
    let column = write_group(group, name, "nullable-boolean", "0.1.0")?;
    let missing: Vec<bool> = values.iter().map(Option::is_none).collect();
    let values: Vec<bool> = values.iter().map(|value| value.unwrap_or(false)).collect();
    write_list(&column, "values", &values)?;
    write_list(&column, "mask", &missing).map(drop)
}
