use super::source::Source;
use super::{Fault, Header, kind};

const IS_DEFINED: u8 = 0x20;

/// The value of elements that were never written, `element_bytes` long; zeros when the file gives none.
pub(in crate::h5) fn fill_value(source: &Source, header: &Header, element_bytes: usize) -> Result<Vec<u8>, Fault> {
    let given = match header.find(source, kind::FILL)? {
        Some(body) => defined(source, &body)?,
        None => header.find(source, kind::OLD_FILL)?.map(|body| sized(source, &body)).transpose()?,
    };
    match given {
        Some(value) if value.len() == element_bytes => Ok(value),
        Some(value) if !value.is_empty() => Err(Fault::damaged(format!("its fill value has {} bytes", value.len()))),
        _ => Ok(vec![0; element_bytes]),
    }
}

fn defined(source: &Source, body: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    let mut cursor = source.cursor(body);
    let version = cursor.u8()?;
    let is_defined = match version {
        1 | 2 => {
            cursor.skip(2)?;
            cursor.u8()? != 0 || version == 1
        }
        3 => cursor.u8()? & IS_DEFINED != 0,
        _ => return Err(Fault::damaged(format!("its fill value is of version {version}"))),
    };
    if is_defined { sized(source, cursor.rest()).map(Some) } else { Ok(None) }
}

fn sized(source: &Source, body: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut cursor = source.cursor(body);
    let n_bytes = cursor.u32()? as usize;
    Ok(cursor.take(n_bytes)?.to_vec())
}
