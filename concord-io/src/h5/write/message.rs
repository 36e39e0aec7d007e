//! Object headers and their messages, in the version that HDF5 1.8 and all later ones read.

use std::io;

use crate::h5::format::{kind, lookup3};

/// An address that leads nowhere.
pub(super) const NOWHERE: u64 = u64::MAX;

/// Bytes of the messages of a header come as four bytes.
const LENGTH_OF_FOUR_BYTES: u8 = 2;

/// Messages of an object header that is being made.
#[derive(Debug, Default)]
pub(super) struct HeaderDraft {
    messages: Vec<u8>,
}

impl HeaderDraft {
    pub(super) fn add(&mut self, kind: u16, body: &[u8]) -> io::Result<()> {
        let n_bytes = u16::try_from(body.len())
            .map_err(|_| {
            let detail = "an attribute, such as the list of columns, is longer than 64 kB; add fewer columns, or make them a matrix";
            io::Error::new(io::ErrorKind::InvalidInput, detail)
        })?;
        self.messages.push(kind as u8);
        self.messages.extend(n_bytes.to_le_bytes());
        self.messages.push(0);
        self.messages.extend(body);
        Ok(())
    }

    /// Adds attributes, each as the whole body of its message.
    pub(super) fn add_attributes<'b>(&mut self, bodies: impl IntoIterator<Item = &'b [u8]>) -> io::Result<()> {
        // Says that there is no heap of attributes; without it the attributes in the header are not counted.
        let mut info = vec![0, 0];
        info.extend([NOWHERE, NOWHERE].iter().flat_map(|address| address.to_le_bytes()));
        self.add(kind::ATTRIBUTE_INFO, &info)?;
        bodies.into_iter().try_for_each(|body| self.add(kind::ATTRIBUTE, body))
    }

    pub(super) fn into_bytes(self) -> io::Result<Vec<u8>> {
        let n_bytes = u32::try_from(self.messages.len()).map_err(|_| io::Error::other("a group has too many names"))?;
        let mut bytes = b"OHDR".to_vec();
        bytes.extend([2, LENGTH_OF_FOUR_BYTES]);
        bytes.extend(n_bytes.to_le_bytes());
        bytes.extend(self.messages);
        bytes.extend(lookup3(&bytes).to_le_bytes());
        Ok(bytes)
    }
}

/// That an array lies in one piece; an empty one nowhere.
pub(super) fn layout_of_piece(address: u64, n_bytes: u64) -> Vec<u8> {
    let mut body = vec![3, 1];
    body.extend(if n_bytes == 0 { NOWHERE } else { address }.to_le_bytes());
    body.extend(n_bytes.to_le_bytes());
    body
}

/// That an array lies in chunks of this shape, found by a tree; the size of an element counts as one more length.
pub(super) fn layout_of_chunks(tree: u64, chunk_shape: &[usize], element_bytes: usize) -> io::Result<Vec<u8>> {
    let mut body = vec![3, 2, chunk_shape.len() as u8 + 1];
    body.extend(tree.to_le_bytes());
    for &length in chunk_shape.iter().chain([&element_bytes]) {
        body.extend(u32::try_from(length).map_err(io::Error::other)?.to_le_bytes());
    }
    Ok(body)
}

/// The shape of an array.
pub(super) fn dataspace(shape: &[usize]) -> Vec<u8> {
    let mut body = vec![2, shape.len() as u8, 0, u8::from(!shape.is_empty())];
    body.extend(shape.iter().flat_map(|&length| (length as u64).to_le_bytes()));
    body
}
