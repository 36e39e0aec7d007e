use std::io;

use super::appender::Appender;
use super::encode::{Stored, encoded, text_datatype};
use super::heap::{check_text, put_text, put_texts};
use super::message::dataspace;

/// Names and texts are in UTF-8.
const UTF8: u8 = 1;

/// The value of an attribute.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attribute<'a> {
    Text(&'a str),
    Texts(&'a [String]),
    Boolean(bool),
    /// A shape.
    Sizes(&'a [usize]),
}

/// The body of the message of an attribute.
pub(super) fn message(appender: &mut Appender, name: &str, value: Attribute<'_>) -> io::Result<Vec<u8>> {
    let (datatype, shape, bytes) = match value {
        Attribute::Text(text) => {
            check_text(text)?;
            (text_datatype(), dataspace(&[]), put_text(appender, text.as_bytes())?)
        }
        Attribute::Texts(texts) => {
            texts.iter().try_for_each(|text| check_text(text))?;
            (text_datatype(), dataspace(&[texts.len()]), put_texts(appender, texts)?)
        }
        Attribute::Boolean(value) => (bool::datatype(), dataspace(&[]), encoded([value])),
        Attribute::Sizes(sizes) => {
            (i64::datatype(), dataspace(&[sizes.len()]), encoded(sizes.iter().map(|&size| size as i64)))
        }
    };
    Ok(assembled(name, &datatype, &shape, &bytes))
}

/// The body of the message of an attribute of this type and shape.
pub(super) fn assembled(name: &str, datatype: &[u8], shape: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 0];
    for length in [name.len() + 1, datatype.len(), shape.len()] {
        body.extend((length as u16).to_le_bytes());
    }
    body.push(UTF8);
    body.extend(name.as_bytes());
    body.push(0);
    body.extend([datatype, shape, bytes].concat());
    body
}

/// The attributes that say what an object is, since anndata 0.8.
pub(super) fn encoding(appender: &mut Appender, encoding: &str, version: &str) -> io::Result<[Vec<u8>; 2]> {
    Ok([
        message(appender, "encoding-type", Attribute::Text(encoding))?,
        message(appender, "encoding-version", Attribute::Text(version))?,
    ])
}
