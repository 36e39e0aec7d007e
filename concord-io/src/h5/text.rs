use hdf5::types::TypeDescriptor;
use hdf5::{Container, Dataset, Datatype, Location};

use super::array::check_size;
use super::ffi;
use super::file::H5File;
use super::types::{ElementType, Field, TextType};
use crate::IoError;

/// Reads all texts of a dataset or attribute, `None` when it holds something else.
pub(crate) fn read_texts(file: &H5File, container: &Container, object: &str) -> Result<Option<Vec<String>>, IoError> {
    let damaged = |error: hdf5::Error| file.corrupt(object, error);
    let ElementType::Text(text) = ffi::element_type(container).map_err(damaged)? else { return Ok(None) };
    let space = container.space().map_err(damaged)?;
    if space.is_null() || space.size() == 0 {
        return Ok(Some(Vec::new()));
    }
    check_size(file, object, &space.shape(), text.n_bytes.unwrap_or(size_of::<usize>()), true)?;
    let texts = match text.n_bytes {
        None => ffi::read_var_texts(container, text.utf8),
        Some(n_bytes) => Datatype::from_descriptor(&fixed_text(n_bytes, text.utf8))
            .and_then(|memory_type| read_fixed(container, &memory_type, n_bytes)),
    };
    texts.map(Some).map_err(damaged)
}

/// Reads one text field of all records of a dataset.
pub(crate) fn read_text_field(
    file: &H5File,
    dataset: &Dataset,
    field: &Field,
    text: TextType,
) -> Result<Vec<String>, IoError> {
    let texts = match text.n_bytes {
        None => ffi::read_var_text_field(dataset, &field.name, text.utf8),
        Some(n_bytes) => ffi::record_of(&field.name, fixed_text(n_bytes, text.utf8))
            .and_then(|memory_type| read_fixed(dataset, &memory_type, n_bytes)),
    };
    texts.map_err(|error| file.corrupt(&format!("{}/{}", dataset.name(), field.name), error))
}

/// An attribute that holds one text, `None` when there is no such attribute or it holds something else.
pub(crate) fn attribute_text(file: &H5File, location: &Location, name: &str) -> Result<Option<String>, IoError> {
    Ok(attribute_texts(file, location, name)?.and_then(|texts| texts.into_iter().next()))
}

/// An attribute that holds texts, `None` when there is no such attribute or it holds something else.
pub(crate) fn attribute_texts(file: &H5File, location: &Location, name: &str) -> Result<Option<Vec<String>>, IoError> {
    let object = format!("attribute {name} of {}", location.name());
    let names = location.attr_names().map_err(|error| file.corrupt(&object, error))?;
    if !names.iter().any(|existing| existing == name) {
        return Ok(None);
    }
    let attribute = location.attr(name).map_err(|error| file.corrupt(&object, error))?;
    // No texts are written as no numbers by h5py.
    if attribute.size() == 0 {
        return Ok(Some(Vec::new()));
    }
    read_texts(file, &attribute, &object)
}

fn fixed_text(n_bytes: usize, utf8: bool) -> TypeDescriptor {
    if utf8 { TypeDescriptor::FixedUnicode(n_bytes) } else { TypeDescriptor::FixedAscii(n_bytes) }
}

fn read_fixed(container: &Container, memory_type: &Datatype, n_bytes: usize) -> hdf5::Result<Vec<String>> {
    let mut bytes = vec![0; container.size() * n_bytes];
    ffi::read_bytes(container, memory_type, &mut bytes)?;
    Ok(bytes.chunks_exact(n_bytes.max(1)).map(until_padding).collect())
}

/// The text in front of the zeros (or spaces) that fill its place.
fn until_padding(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
