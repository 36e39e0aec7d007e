use hdf5::{Dataset, Group};
use ndarray::ArrayView2;

use super::Failure;
use crate::h5::{ElementType, H5File, NumberType, read_number_field, record_fields, write_array, write_dict};

/// Turns embeddings in the form of before anndata 0.7, one record a cell, into a dictionary of arrays: records take no
/// new field.
pub(super) fn group_of_records(file: &H5File, name: &str, dataset: Dataset) -> Result<Group, Failure> {
    let fields = record_fields(file, &dataset, name)?.unwrap_or_default();
    let n_rows = dataset.size();
    let mut arrays = Vec::new();
    for field in &fields {
        let shape = (n_rows, field.n_elements);
        match &field.element {
            ElementType::Number { number: NumberType::Float16 | NumberType::Float32, .. } => {
                arrays.push((shape, Values::F32(read_number_field(file, &dataset, field)?.0)));
            }
            ElementType::Number { .. } => {
                arrays.push((shape, Values::F64(read_number_field(file, &dataset, field)?.0)))
            }
            _ => {
                let detail = format!("its field {} holds no numbers, so nothing can be added to it", field.name);
                return Err(file.unsupported(name, detail).into());
            }
        }
    }
    if fields.is_empty() {
        return Err(file.unsupported(name, "is no dictionary, so nothing can be added to it").into());
    }
    drop(dataset);
    let group = write_dict(file.root(), name)?;
    for (field, (shape, values)) in fields.iter().zip(&arrays) {
        match values {
            Values::F32(values) => write_array(&group, &field.name, view(*shape, values)?)?,
            Values::F64(values) => write_array(&group, &field.name, view(*shape, values)?)?,
        };
    }
    Ok(group)
}

enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

fn view<T>(shape: (usize, usize), values: &[T]) -> hdf5::Result<ArrayView2<'_, T>> {
    ArrayView2::from_shape(shape, values).map_err(|error| hdf5::Error::from(error.to_string()))
}
