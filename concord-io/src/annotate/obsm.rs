use hdf5::{Dataset, Group};
use ndarray::Array2;

use super::Failure;
use crate::IoError;
use crate::h5::{ElementType, Field, H5File, NumberType, read_number_field, record_fields, write_dict, write_matrix};

/// A matrix with numbers of the precision that the file has.
enum Matrix {
    F32(Array2<f32>),
    F64(Array2<f64>),
}

/// Turns embeddings in the form of before anndata 0.7, one record a cell, into a dictionary of arrays: records take no
/// new field.
pub(super) fn group_of_records(file: &H5File, name: &str, dataset: Dataset) -> Result<Group, Failure> {
    let Some(fields) = record_fields(file, &dataset, name)? else {
        return Err(file.unsupported(name, "is no dictionary, so nothing can be added to it").into());
    };
    // All is read before the records are given up.
    let matrices =
        fields.iter().map(|field| read_matrix(file, name, &dataset, field)).collect::<Result<Vec<_>, _>>()?;
    drop(dataset);
    let group = write_dict(file.root(), name)?;
    for (field, matrix) in fields.iter().zip(&matrices) {
        match matrix {
            Matrix::F32(values) => write_matrix(&group, &field.name, values)?,
            Matrix::F64(values) => write_matrix(&group, &field.name, values)?,
        };
    }
    Ok(group)
}

fn read_matrix(file: &H5File, name: &str, dataset: &Dataset, field: &Field) -> Result<Matrix, IoError> {
    let shape = (dataset.size(), field.n_elements);
    let damaged = |error: ndarray::ShapeError| file.corrupt(name, error);
    match &field.element {
        ElementType::Number { number: NumberType::Float16 | NumberType::Float32, .. } => {
            let (values, _) = read_number_field(file, dataset, field)?;
            Array2::from_shape_vec(shape, values).map(Matrix::F32).map_err(damaged)
        }
        ElementType::Number { .. } => {
            let (values, _) = read_number_field(file, dataset, field)?;
            Array2::from_shape_vec(shape, values).map(Matrix::F64).map_err(damaged)
        }
        _ => {
            let detail = format!("its field {} holds no numbers, so nothing can be added to it", field.name);
            Err(file.unsupported(name, detail))
        }
    }
}
