//! What both kinds of lists of chunks have in common.

use super::{Geometry, Order, StoredChunk};
use crate::h5::format::{Cursor, Fault, Source};

/// The entries of a list, and the chunks found in it so far.
pub(super) struct Entries<'e> {
    geometry: &'e Geometry<'e>,
    order: Order<'e>,
    /// Bytes of an entry.
    pub(super) entry_bytes: usize,
    /// Bytes of the size of a compressed chunk in it.
    size_bytes: usize,
    pub(super) chunks: Vec<StoredChunk>,
}

impl<'e> Entries<'e> {
    /// `entry_bytes` is what the list says; it must be what the chunks need.
    pub(super) fn new(
        source: &Source,
        geometry: &'e Geometry<'e>,
        order: Order<'e>,
        entry_bytes: usize,
    ) -> Result<Self, Fault> {
        let size_bytes = geometry.size_bytes(source);
        if entry_bytes != source.sizes.offset + if geometry.is_filtered { size_bytes + 4 } else { 0 } {
            return Err(Fault::damaged(format!("a list of chunks has entries of {entry_bytes} bytes")));
        }
        Ok(Self { geometry, order, entry_bytes, size_bytes, chunks: Vec::new() })
    }

    /// Number of chunks that the dataset may have now.
    pub(super) fn n_places(&self) -> u64 {
        self.order.n_places
    }

    /// Takes entries from a list; those of chunks that were never written or do not exist are passed over.
    pub(super) fn take(&mut self, cursor: &mut Cursor<'_>, first_place: u64, n_entries: u64) -> Result<(), Fault> {
        for place in first_place..first_place.saturating_add(n_entries) {
            let address = cursor.address()?;
            let (n_bytes, skipped_filters) = if self.geometry.is_filtered {
                (cursor.uint(self.size_bytes)?, cursor.u32()?)
            } else {
                (self.geometry.chunk_bytes, 0)
            };
            if let (Some(address), Some(offset)) = (address, self.order.offset_of(place)) {
                self.chunks.push(StoredChunk { offset, address, n_bytes, skipped_filters });
            }
        }
        Ok(())
    }
}
