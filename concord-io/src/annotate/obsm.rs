use std::io;
use std::path::Path;

use crate::IoError;
use crate::h5::{Appender, Dataset, ElementType, Field, GroupDraft, H5File, Node, NumberType, Records, write_array};
use crate::output::write_error;

/// The dictionary of this name at the top level of a file as it is; empty when there is none.
pub(super) fn dict_of(
    file: &H5File,
    appender: &mut Appender,
    name: &str,
    output: &Path,
) -> Result<GroupDraft, IoError> {
    match file.node(file.root(), name)? {
        Some(Node::Group(group)) => GroupDraft::of(file, &group),
        Some(Node::Dataset(dataset)) => of_records(file, appender, name, &dataset, output),
        None => GroupDraft::dict(appender).map_err(|error| write_error(output, error)),
    }
}

/// Turns embeddings in the form of before anndata 0.7, one record a cell, into a dictionary of arrays: records take no
/// new field.
fn of_records(
    file: &H5File,
    appender: &mut Appender,
    name: &str,
    dataset: &Dataset,
    output: &Path,
) -> Result<GroupDraft, IoError> {
    let records = Records::read(file, dataset)?;
    let records = records.ok_or_else(|| file.unsupported(name, "is no dictionary, so nothing can be added to it"))?;
    let failed = |error: io::Error| write_error(output, error);
    let mut group = GroupDraft::dict(appender).map_err(failed)?;
    for field in records.fields() {
        let shape = [records.n_records(), field.n_elements];
        let address = match number_type(file, name, field)? {
            NumberType::Float16 | NumberType::Float32 => {
                write_array(appender, &shape, records.numbers::<f32>(field)?.0)
            }
            _ => write_array(appender, &shape, records.numbers::<f64>(field)?.0),
        };
        group.set(&field.name, address.map_err(failed)?);
    }
    Ok(group)
}

fn number_type(file: &H5File, name: &str, field: &Field) -> Result<NumberType, IoError> {
    if let ElementType::Number { number, .. } = field.element {
        return Ok(number);
    }
    let detail = format!("its field {} holds no numbers, so nothing can be added to it", field.name);
    Err(file.unsupported(name, detail))
}
