//! Data frames as anndata wrote them before 0.7: a dataset with one record a row. The names of categories lie elsewhere,
//! under `<column>_categories`.

use concord_core::Column;

use super::Frame;
use super::column::{into_texts, labels, read_plain};
use crate::IoError;
use crate::h5::{Dataset, ElementType, Field, Group, H5File, Node, Records};

pub(super) fn read(file: &H5File, dataset: &Dataset, categories: Option<&Group>) -> Result<Frame, IoError> {
    let table = dataset.name();
    let records = Records::read(file, dataset)?.ok_or_else(|| file.unsupported(table, "is no data frame"))?;
    let fields = records.fields();
    let index = fields.iter().position(|field| field.name == "index" || field.name == "_index").unwrap_or(0);
    let Some(index) = fields.get(index) else { return Err(file.corrupt(table, "it has no fields")) };
    let names = into_texts(read_field(file, &records, index)?);
    let names = names.ok_or_else(|| file.unsupported(table, "its index holds no names"))?;
    let mut frame = Frame::new(names);
    for field in fields.iter().filter(|field| field.name != index.name) {
        let column = read_field(file, &records, field).map_err(|error| error.to_string());
        let column = column.and_then(|column| name_categories(file, column, &field.name, categories));
        frame.add(table, &field.name, column);
    }
    Ok(frame)
}

fn read_field(file: &H5File, records: &Records, field: &Field) -> Result<Column, IoError> {
    match field.element {
        _ if field.n_elements != 1 => Err(file.unsupported(&field.name, "holds several values a row")),
        ElementType::Text => {
            let texts = records.texts(field)?;
            Ok(Column::Texts(texts.into_iter().map(Some).collect()))
        }
        ElementType::Boolean => {
            let (values, _) = records.numbers::<i64>(field)?;
            Ok(Column::Booleans(values.into_iter().map(|value| Some(value != 0)).collect()))
        }
        ElementType::Number { number, .. } => {
            if !number.is_float() {
                let (values, n_unfit) = records.numbers::<i64>(field)?;
                if n_unfit == 0 {
                    return Ok(Column::Integers(values));
                }
            }
            Ok(Column::Floats(records.numbers::<f64>(field)?.0))
        }
        _ => Err(file.unsupported(&field.name, "holds neither numbers, truth values nor texts")),
    }
}

/// Turns whole numbers into labels when the file has names for them.
fn name_categories(file: &H5File, column: Column, name: &str, categories: Option<&Group>) -> Result<Column, String> {
    let Column::Integers(codes) = &column else { return Ok(column) };
    let Some(categories) = categories else { return Ok(column) };
    let node = file.node(categories, &format!("{name}_categories")).map_err(|error| error.to_string())?;
    let Some(Node::Dataset(dataset)) = node else { return Ok(column) };
    let names = if dataset.shape().is_empty() {
        crate::h5::read_texts(file, &dataset, name).map_err(|error| error.to_string())?
    } else {
        into_texts(read_plain(file, &dataset).map_err(|error| error.to_string())?)
    };
    match names {
        Some(names) => labels(codes, names),
        None => Ok(column),
    }
}
