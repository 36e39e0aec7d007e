//! Datasets of records (compound types): how anndata wrote data frames and `obsm` before version 0.7.

use hdf5::Dataset;
use hdf5::types::{FloatSize, IntSize, TypeDescriptor};

use super::array::check_size;
use super::decode::Element;
use super::ffi;
use super::file::H5File;
use super::types::{ElementType, Field, NumberType};
use crate::IoError;

/// The fields of a dataset of records, `None` when it holds something else.
pub(crate) fn record_fields(file: &H5File, dataset: &Dataset, object: &str) -> Result<Option<Vec<Field>>, IoError> {
    let damaged = |error: hdf5::Error| file.corrupt(object, error);
    let ElementType::Record(fields) = ffi::element_type(dataset).map_err(damaged)? else { return Ok(None) };
    let record_size = dataset.dtype().map_err(damaged)?.size();
    let compressed = !ffi::filter_numbers(dataset).map_err(damaged)?.is_empty();
    check_size(file, object, &dataset.shape(), record_size, compressed)?;
    Ok(Some(fields))
}

/// Reads a field of numbers or truth values of all records: `n_records * n_elements` values, and how many of them the type
/// cannot hold.
pub(crate) fn read_number_field<T: Element>(
    file: &H5File,
    dataset: &Dataset,
    field: &Field,
) -> Result<(Vec<T>, usize), IoError> {
    let object = format!("{}/{}", dataset.name().trim_start_matches('/'), field.name);
    let (number, element) = match &field.element {
        ElementType::Number { number: NumberType::Float16, .. } => {
            (NumberType::Float32, descriptor(NumberType::Float32))
        }
        ElementType::Number { number, .. } => (*number, descriptor(*number)),
        ElementType::Boolean => (NumberType::Int8, TypeDescriptor::Boolean),
        _ => return Err(file.unsupported(&object, "holds no numbers")),
    };
    let element = match field.n_elements {
        1 => element,
        n_elements => TypeDescriptor::FixedArray(Box::new(element), n_elements),
    };
    let n_values = dataset.size() * field.n_elements;
    let mut bytes = vec![0; n_values * number.size()];
    let memory_type = ffi::record_of(&field.name, element);
    memory_type
        .and_then(|memory_type| ffi::read_bytes(dataset, &memory_type, &mut bytes))
        .map_err(|error| file.corrupt(&object, error))?;
    let mut values = vec![T::default(); n_values];
    let n_unfit = T::decode(number, &bytes, &mut values);
    Ok((values, n_unfit))
}

fn descriptor(number: NumberType) -> TypeDescriptor {
    match number {
        NumberType::Int8 => TypeDescriptor::Integer(IntSize::U1),
        NumberType::Int16 => TypeDescriptor::Integer(IntSize::U2),
        NumberType::Int32 => TypeDescriptor::Integer(IntSize::U4),
        NumberType::Int64 => TypeDescriptor::Integer(IntSize::U8),
        NumberType::UInt8 => TypeDescriptor::Unsigned(IntSize::U1),
        NumberType::UInt16 => TypeDescriptor::Unsigned(IntSize::U2),
        NumberType::UInt32 => TypeDescriptor::Unsigned(IntSize::U4),
        NumberType::UInt64 => TypeDescriptor::Unsigned(IntSize::U8),
        NumberType::Float16 | NumberType::Float32 => TypeDescriptor::Float(FloatSize::U4),
        NumberType::Float64 => TypeDescriptor::Float(FloatSize::U8),
    }
}
