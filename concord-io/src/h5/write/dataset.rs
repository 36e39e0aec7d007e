//! Arrays as anndata 0.8 to 0.12 write them. Each function returns the address of a header, for a group to give it a name.

use std::io;

use super::appender::Appender;
use super::attributes::encoding;
use super::encode::{Stored, encoded, put_elements, text_datatype};
use super::heap::{check_text, put_texts};
use super::message::{HeaderDraft, dataspace, layout_of_piece};
use crate::h5::format::kind;

/// Room is taken late and a fill value written when one is set: what the library does with arrays in one piece.
pub(super) const FILL_OF_PIECE: [u8; 2] = [3, 0x0a];

/// Writes an array of numbers or truth values of this shape.
pub(crate) fn write_array<T: Stored>(
    appender: &mut Appender,
    shape: &[usize],
    values: impl IntoIterator<Item = T>,
) -> io::Result<u64> {
    let place = put_elements(appender, values)?;
    let attributes = encoding(appender, "array", "0.2.0")?;
    in_one_piece(appender, shape, &T::datatype(), place, &attributes)
}

/// Writes texts.
pub(crate) fn write_texts<S: AsRef<str>>(appender: &mut Appender, texts: &[S]) -> io::Result<u64> {
    texts.iter().try_for_each(|text| check_text(text.as_ref()))?;
    let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_ref().as_bytes()).collect();
    let references = put_texts(appender, &texts)?;
    let place = (appender.put_aligned(&references)?, references.len() as u64);
    let attributes = encoding(appender, "string-array", "0.2.0")?;
    in_one_piece(appender, &[texts.len()], &text_datatype(), place, &attributes)
}

/// Writes one number or truth value.
pub(crate) fn write_scalar<T: Stored>(appender: &mut Appender, value: T) -> io::Result<u64> {
    let bytes = encoded([value]);
    let place = (appender.put_aligned(&bytes)?, bytes.len() as u64);
    let attributes = encoding(appender, "numeric-scalar", "0.2.0")?;
    in_one_piece(appender, &[], &T::datatype(), place, &attributes)
}

/// Writes one text.
pub(crate) fn write_text(appender: &mut Appender, text: &str) -> io::Result<u64> {
    check_text(text)?;
    let reference = put_texts(appender, &[text])?;
    let place = (appender.put_aligned(&reference)?, reference.len() as u64);
    let attributes = encoding(appender, "string", "0.2.0")?;
    in_one_piece(appender, &[], &text_datatype(), place, &attributes)
}

/// The header of an array whose bytes (their address and number) are there already.
fn in_one_piece(
    appender: &mut Appender,
    shape: &[usize],
    datatype: &[u8],
    (address, n_bytes): (u64, u64),
    attributes: &[Vec<u8>],
) -> io::Result<u64> {
    let layout = layout_of_piece(address, n_bytes);
    put_header(appender, shape, datatype, &FILL_OF_PIECE, &layout, None, attributes)
}

/// Writes the header of a dataset.
pub(super) fn put_header(
    appender: &mut Appender,
    shape: &[usize],
    datatype: &[u8],
    fill: &[u8],
    layout: &[u8],
    filters: Option<&[u8]>,
    attributes: &[Vec<u8>],
) -> io::Result<u64> {
    let mut header = HeaderDraft::default();
    header.add(kind::DATASPACE, &dataspace(shape))?;
    header.add(kind::DATATYPE, datatype)?;
    header.add(kind::FILL, fill)?;
    header.add(kind::LAYOUT, layout)?;
    if let Some(filters) = filters {
        header.add(kind::FILTERS, filters)?;
    }
    header.add_attributes(attributes.iter().map(Vec::as_slice))?;
    appender.put_aligned(&header.into_bytes()?)
}
