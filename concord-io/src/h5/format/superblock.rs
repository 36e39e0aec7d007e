use std::io;
use std::sync::Arc;

use super::checksum::checked;
use super::source::{OpenFile, Source};
use super::{Cursor, Fault, Sizes};

/// What the beginning of a file says about all of it.
#[derive(Debug, Clone)]
pub(in crate::h5) struct Superblock {
    pub(in crate::h5) version: u8,
    /// Where the object header of the top-level group is.
    pub(in crate::h5) root: u64,
    /// Where the data end, as an address; what lies behind belongs to nothing.
    pub(in crate::h5) end: u64,
    /// Where the object header of the file's own settings is, if there is one.
    pub(in crate::h5) extension: Option<u64>,
    /// Its own bytes.
    pub(in crate::h5) bytes: Vec<u8>,
}

/// More than any superblock has.
const MAX_BYTES: u64 = 128;

const EIGHT: Sizes = Sizes { offset: 8, length: 8 };

impl Superblock {
    /// Reads the superblock that begins at `place` of a file of `n_bytes`.
    pub(in crate::h5) fn read(file: &Arc<OpenFile>, place: u64, n_bytes: u64) -> Result<(Self, Source), Fault> {
        let front = Source::new(file.clone(), place, n_bytes, EIGHT);
        let bytes = front.read_up_to(0, MAX_BYTES)?;
        let version = *bytes.get(8).ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let (sizes, base, superblock) = match version {
            0 | 1 => old(&bytes, version)?,
            2 | 3 => new(&bytes, version)?,
            _ => {
                return Err(Fault::unsupported(format!(
                    "has a superblock of version {version}, which is newer than known here"
                )));
            }
        };
        // Addresses count from where the superblock is, the end of the file from where it was when it was written.
        let end =
            superblock.end.checked_sub(base).ok_or_else(|| Fault::damaged("its end lies before its beginning"))?;
        if end.checked_add(place).is_none_or(|end| end > n_bytes) {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok((Self { end, ..superblock }, Source::new(file.clone(), place, n_bytes, sizes)))
    }
}

fn sizes(cursor: &mut Cursor<'_>) -> Result<Sizes, Fault> {
    let (offset, length) = (usize::from(cursor.u8()?), usize::from(cursor.u8()?));
    if [offset, length].iter().all(|size| [2, 4, 8].contains(size)) {
        return Ok(Sizes { offset, length });
    }
    Err(Fault::damaged(format!("its addresses have {offset} bytes and its lengths {length}")))
}

/// Versions 0 and 1, which most files have.
fn old(bytes: &[u8], version: u8) -> Result<(Sizes, u64, Superblock), Fault> {
    let mut cursor = Cursor::new(bytes, EIGHT);
    cursor.skip(13)?;
    let sizes = sizes(&mut cursor)?;
    let mut cursor = Cursor::new(bytes, sizes);
    cursor.skip(if version == 0 { 24 } else { 28 })?;
    let base = cursor.address()?.unwrap_or(0);
    cursor.address()?;
    let end = cursor.place_of("the end of the file")?;
    cursor.address()?;
    // The entry of the top-level group: the place of its name, and its header.
    cursor.address()?;
    let root = cursor.place_of("the top-level group")?;
    cursor.skip(24)?;
    let bytes = bytes[..cursor.place()].to_vec();
    Ok((sizes, base, Superblock { version, root, end, extension: None, bytes }))
}

fn new(bytes: &[u8], version: u8) -> Result<(Sizes, u64, Superblock), Fault> {
    let mut cursor = Cursor::new(bytes, EIGHT);
    cursor.skip(9)?;
    let sizes = sizes(&mut cursor)?;
    let mut cursor = Cursor::new(bytes, sizes);
    cursor.skip(12)?;
    let base = cursor.address()?.unwrap_or(0);
    let extension = cursor.address()?;
    let end = cursor.place_of("the end of the file")?;
    let root = cursor.place_of("the top-level group")?;
    cursor.skip(4)?;
    checked(&bytes[..cursor.place()])?;
    let bytes = bytes[..cursor.place()].to_vec();
    Ok((sizes, base, Superblock { version, root, end, extension, bytes }))
}
