use super::{Cursor, Fault};

/// The library allows no more filters than this.
const MAX_FILTERS: u8 = 32;

/// Filters with smaller numbers are the library's own, and have no name in the second version.
const FIRST_NAMED: u16 = 256;

/// The numbers of the filters that chunks go through when they are written, in this order.
pub(in crate::h5) fn filters(cursor: &mut Cursor<'_>) -> Result<Vec<u16>, Fault> {
    let (version, n_filters) = (cursor.u8()?, cursor.u8()?);
    if !(1..=2).contains(&version) || n_filters > MAX_FILTERS {
        return Err(Fault::damaged(format!("it has {n_filters} filters in version {version}")));
    }
    cursor.skip(if version == 1 { 6 } else { 0 })?;
    (0..n_filters).map(|_| filter(cursor, version)).collect()
}

fn filter(cursor: &mut Cursor<'_>, version: u8) -> Result<u16, Fault> {
    let number = cursor.u16()?;
    let has_name = version == 1 || number >= FIRST_NAMED;
    let name_bytes = if has_name { usize::from(cursor.u16()?) } else { 0 };
    cursor.skip(2)?;
    let n_values = usize::from(cursor.u16()?);
    cursor.skip(if version == 1 { name_bytes.next_multiple_of(8) } else { name_bytes })?;
    cursor.skip(4 * n_values)?;
    cursor.skip(if version == 1 && n_values % 2 == 1 { 4 } else { 0 })?;
    Ok(number)
}
