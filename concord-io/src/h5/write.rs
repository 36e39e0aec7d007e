//! Objects as anndata 0.8 to 0.12 write them: a dataset or group with the attributes `encoding-type` and
//! `encoding-version`. All functions replace what has the same name.

use std::str::FromStr;

use hdf5::types::{H5Type, VarLenUnicode};
use hdf5::{Dataset, Error, Group, Location, Result};
use ndarray::{Array2, aview1};

/// Writes a matrix of numbers.
pub(crate) fn write_matrix<T: H5Type + Clone>(group: &Group, name: &str, values: &Array2<T>) -> Result<Dataset> {
    remove(group, name)?;
    let values = values.as_standard_layout();
    let dataset = group.new_dataset_builder().with_data(values.view()).create(name)?;
    set_encoding(&dataset, "array", "0.2.0")?;
    Ok(dataset)
}

/// Writes numbers, or truth values as the enumeration that h5py makes of them.
pub(crate) fn write_list<T: H5Type>(group: &Group, name: &str, values: &[T]) -> Result<Dataset> {
    remove(group, name)?;
    let dataset = group.new_dataset_builder().with_data(aview1(values)).create(name)?;
    set_encoding(&dataset, "array", "0.2.0")?;
    Ok(dataset)
}

/// Writes texts of variable length.
pub(crate) fn write_texts<S: AsRef<str>>(group: &Group, name: &str, texts: &[S]) -> Result<Dataset> {
    let texts = texts.iter().map(|text| variable_text(text.as_ref())).collect::<Result<Vec<_>>>()?;
    remove(group, name)?;
    let dataset = group.new_dataset_builder().with_data(aview1(&texts)).create(name)?;
    set_encoding(&dataset, "string-array", "0.2.0")?;
    Ok(dataset)
}

/// Writes one text.
pub(crate) fn write_text(group: &Group, name: &str, text: &str) -> Result<Dataset> {
    let text = variable_text(text)?;
    remove(group, name)?;
    let dataset = group.new_dataset::<VarLenUnicode>().create(name)?;
    dataset.write_scalar(&text)?;
    set_encoding(&dataset, "string", "0.2.0")?;
    Ok(dataset)
}

/// Writes one number or truth value.
pub(crate) fn write_scalar<T: H5Type>(group: &Group, name: &str, value: &T) -> Result<Dataset> {
    remove(group, name)?;
    let dataset = group.new_dataset::<T>().create(name)?;
    dataset.write_scalar(value)?;
    set_encoding(&dataset, "numeric-scalar", "0.2.0")?;
    Ok(dataset)
}

/// Makes an empty dictionary.
pub(crate) fn write_dict(group: &Group, name: &str) -> Result<Group> {
    write_group(group, name, "dict", "0.1.0")
}

/// Makes an empty group of this encoding.
pub(crate) fn write_group(group: &Group, name: &str, encoding: &str, version: &str) -> Result<Group> {
    remove(group, name)?;
    // Without the time of its making, so that the same data give the same bytes.
    let made = group.create_group_builder().with_create_plist(|list| list.obj_track_times(false)).create(name)?;
    set_encoding(&made, encoding, version)?;
    Ok(made)
}

/// Sets an attribute to one text.
fn set_text_attribute(location: &Location, name: &str, text: &str) -> Result<()> {
    let text = variable_text(text)?;
    remove_attribute(location, name)?;
    location.new_attr::<VarLenUnicode>().create(name)?.write_scalar(&text)
}

/// Sets an attribute to a list of texts.
pub(crate) fn set_texts_attribute(location: &Location, name: &str, texts: &[String]) -> Result<()> {
    let texts = texts.iter().map(|text| variable_text(text)).collect::<Result<Vec<_>>>()?;
    remove_attribute(location, name)?;
    location.new_attr_builder().with_data(aview1(&texts)).create(name).map(drop)
}

/// Sets an attribute to a truth value.
pub(crate) fn set_boolean_attribute(location: &Location, name: &str, value: bool) -> Result<()> {
    remove_attribute(location, name)?;
    location.new_attr::<bool>().create(name)?.write_scalar(&value)
}

/// Removes the object of this name, if there is one.
pub(crate) fn remove(group: &Group, name: &str) -> Result<()> {
    if group.link_exists(name) { group.unlink(name) } else { Ok(()) }
}

fn set_encoding(location: &Location, encoding: &str, version: &str) -> Result<()> {
    set_text_attribute(location, "encoding-type", encoding)?;
    set_text_attribute(location, "encoding-version", version)
}

fn remove_attribute(location: &Location, name: &str) -> Result<()> {
    if location.attr_names()?.iter().any(|existing| existing == name) { location.delete_attr(name) } else { Ok(()) }
}

fn variable_text(text: &str) -> Result<VarLenUnicode> {
    VarLenUnicode::from_str(text).map_err(|_| Error::from(format!("the text {text:?} holds a zero character")))
}
