use super::array::swapped;
use super::decode::Element;
use super::file::H5File;
use super::format::{RawAttribute, attributes};
use super::object::Object;
use super::text::texts_of;
use super::types::ElementType;
use crate::IoError;

/// An attribute that holds one text, `None` when there is no such attribute or it holds something else.
pub(crate) fn attribute_text(file: &H5File, object: &Object, name: &str) -> Result<Option<String>, IoError> {
    Ok(attribute_texts(file, object, name)?.and_then(|texts| texts.into_iter().next()))
}

/// An attribute that holds texts, `None` when there is no such attribute or it holds something else.
pub(crate) fn attribute_texts(file: &H5File, object: &Object, name: &str) -> Result<Option<Vec<String>>, IoError> {
    let Some(attribute) = attribute(file, object, name)? else { return Ok(None) };
    // No texts are written as no numbers by h5py.
    if attribute.bytes.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let texts = texts_of(file.source(), &attribute.datatype, &attribute.bytes);
    texts.map_err(|fault| file.fault(&attribute_name(object, name), fault))
}

/// An attribute that holds sizes, `None` when there is no such attribute.
pub(crate) fn attribute_sizes(file: &H5File, object: &Object, name: &str) -> Result<Option<Vec<usize>>, IoError> {
    let Some(attribute) = attribute(file, object, name)? else { return Ok(None) };
    let damaged = |detail| file.corrupt(&attribute_name(object, name), detail);
    let number = ElementType::of(&attribute.datatype).number();
    let (number, is_swapped) = number.ok_or_else(|| damaged("it holds no numbers"))?;
    let bytes = if is_swapped { swapped(&attribute.bytes, number) } else { attribute.bytes };
    let mut values = vec![0; bytes.len() / number.size()];
    match usize::decode(number, &bytes, &mut values) {
        0 => Ok(Some(values)),
        _ => Err(damaged("it holds numbers that are no sizes")),
    }
}

fn attribute(file: &H5File, object: &Object, name: &str) -> Result<Option<RawAttribute>, IoError> {
    let all = attributes(file.source(), object.header());
    let all = all.map_err(|fault| file.fault(&attribute_name(object, name), fault))?;
    Ok(all.into_iter().find(|attribute| attribute.name == name))
}

fn attribute_name(object: &Object, name: &str) -> String {
    format!("attribute {name} of /{}", object.name())
}
