//! Heaps in which groups and objects keep many names or attributes.

use super::Fault;
use std::cell::{Cell, OnceCell};
use std::collections::HashMap;

use super::btree2::{bytes_for, records};
use super::checksum::checked;
use super::source::Source;

/// Kinds of objects by the upper bits of the first byte of their names.
const MANAGED: u8 = 0;
const HUGE: u8 = 1;
const TINY: u8 = 2;

/// Tables inside tables.
const MAX_DEPTH: usize = 16;

/// A heap: blocks that double in size row by row, and tables of such blocks where rows become too large.
pub(super) struct FractalHeap<'s> {
    source: &'s Source,
    id_bytes: usize,
    offset_bytes: usize,
    length_bytes: usize,
    /// The tree of the objects that are too large for blocks, and what is in it, when it was asked for.
    huge_objects: Option<u64>,
    huge_places: OnceCell<HashMap<u64, (u64, u64)>>,
    /// Objects do not overlap, so all of them together are no larger than the file.
    n_bytes_left: Cell<u64>,
    width: u64,
    start_bytes: u64,
    max_direct_bytes: u64,
    root: Option<u64>,
    /// 0 when the root is a block of objects, else the rows of the table that it is.
    n_root_rows: u64,
}

impl<'s> FractalHeap<'s> {
    pub(super) fn read(source: &'s Source, address: u64) -> Result<Self, Fault> {
        let (offset, length) = (source.sizes.offset, source.sizes.length);
        let front = source.read(address, (26 + 3 * offset + 12 * length) as u64)?;
        let mut cursor = source.cursor(&front);
        cursor.signature(*b"FRHP")?;
        cursor.skip(1)?;
        let (id_bytes, filter_bytes) = (usize::from(cursor.u16()?), cursor.u16()?);
        if filter_bytes != 0 {
            return Err(Fault::unsupported("keeps its names or attributes compressed, which is not read here"));
        }
        checked(&front)?;
        cursor.skip(1)?;
        let max_managed_bytes = u64::from(cursor.u32()?);
        cursor.skip(length)?;
        let huge_objects = cursor.address()?;
        cursor.skip(length + offset + 8 * length)?;
        let (width, start_bytes, max_direct_bytes) = (u64::from(cursor.u16()?), cursor.length()?, cursor.length()?);
        let max_bits = usize::from(cursor.u16()?);
        cursor.skip(2)?;
        let (root, n_root_rows) = (cursor.address()?, u64::from(cursor.u16()?));
        let is_sound = width.is_power_of_two()
            && start_bytes.is_power_of_two()
            && max_direct_bytes.is_power_of_two()
            && start_bytes <= max_direct_bytes
            && width.checked_mul(start_bytes).is_some()
            && (1..=64).contains(&max_bits)
            && id_bytes > 0
            && n_root_rows <= 64;
        if !is_sound {
            return Err(Fault::damaged("the table of a heap cannot be right"));
        }
        let length_bytes = bytes_for(max_managed_bytes).min((max_direct_bytes.ilog2() as usize).div_ceil(8).max(1));
        let offset_bytes = max_bits.div_ceil(8);
        Ok(Self {
            source,
            id_bytes,
            offset_bytes,
            length_bytes,
            huge_objects,
            huge_places: OnceCell::new(),
            n_bytes_left: Cell::new(source.n_bytes()),
            width,
            start_bytes,
            max_direct_bytes,
            root,
            n_root_rows,
        })
    }

    /// The bytes of an object, by its name in the heap.
    pub(super) fn object(&self, id: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut cursor = self.source.cursor(id);
        let first = cursor.u8()?;
        match (first >> 6, first >> 4 & 3) {
            (0, MANAGED) => {
                let (offset, length) = (cursor.uint(self.offset_bytes)?, cursor.uint(self.length_bytes)?);
                self.managed(offset, length)
            }
            (0, HUGE) => self.huge(cursor.rest()),
            (0, TINY) => {
                // Names longer than 16 bytes have 12 bits for the length.
                let length = if self.id_bytes - 1 <= 16 {
                    usize::from(first & 0x0f)
                } else {
                    usize::from(first & 0x0f) << 8 | usize::from(cursor.u8()?)
                };
                Ok(cursor.take(length + 1)?.to_vec())
            }
            _ => Err(Fault::damaged(format!("an object of a heap is of the kind {first}"))),
        }
    }

    fn managed(&self, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
        let nowhere = || Fault::damaged("an object lies outside of its heap");
        let mut address = self.root.ok_or_else(nowhere)?;
        let (mut n_rows, mut within) = (self.n_root_rows, offset);
        for _ in 0..MAX_DEPTH {
            if n_rows == 0 {
                return self.read_object(address.checked_add(within).ok_or_else(nowhere)?, length);
            }
            let (row, row_start) = self.row_of(within);
            let block_bytes = self.block_bytes(row);
            let (column, rest) = ((within - row_start) / block_bytes, (within - row_start) % block_bytes);
            if row >= n_rows {
                return Err(nowhere());
            }
            address = self.child(address, row * self.width + column)?;
            n_rows = if block_bytes <= self.max_direct_bytes { 0 } else { self.n_rows(block_bytes) };
            within = rest;
        }
        Err(Fault::damaged("the tables of a heap have no end"))
    }

    /// The row that a place lies in, and the place where the row begins.
    fn row_of(&self, place: u64) -> (u64, u64) {
        let first_row = self.width * self.start_bytes;
        if place < first_row {
            return (0, 0);
        }
        // Each row from the second on is as large as all before it.
        let row = u64::from((place / first_row).ilog2()) + 1;
        (row, first_row << (row - 1))
    }

    fn block_bytes(&self, row: u64) -> u64 {
        self.start_bytes << row.saturating_sub(1)
    }

    /// The rows of a table for this many bytes.
    fn n_rows(&self, n_bytes: u64) -> u64 {
        u64::from((n_bytes / (self.start_bytes * self.width)).max(1).ilog2()) + 1
    }

    /// The address in an entry of a table.
    fn child(&self, table: u64, entry: u64) -> Result<u64, Fault> {
        let front = (5 + self.source.sizes.offset + self.offset_bytes) as u64;
        let signature = self.source.read(table, 4)?;
        self.source.cursor(&signature).signature(*b"FHIB")?;
        let place =
            entry.checked_mul(self.source.sizes.offset as u64).and_then(|place| place.checked_add(table + front));
        let place = place.ok_or_else(|| Fault::damaged("the table of a heap is too large"))?;
        let entry = self.source.read(place, self.source.sizes.offset as u64)?;
        self.source.cursor(&entry).place_of("a block of a heap")
    }

    fn read_object(&self, address: u64, n_bytes: u64) -> Result<Vec<u8>, Fault> {
        let left = self.n_bytes_left.get().checked_sub(n_bytes);
        self.n_bytes_left.set(left.ok_or_else(|| Fault::damaged("the objects of a heap are larger than the file"))?);
        self.source.read(address, n_bytes)
    }

    /// Objects too large for blocks, which lie by themselves; their names are numbers in a tree, or their places.
    fn huge(&self, id: &[u8]) -> Result<Vec<u8>, Fault> {
        let (offset, length) = (self.source.sizes.offset, self.source.sizes.length);
        if self.id_bytes > offset + length {
            let mut cursor = self.source.cursor(id);
            return self.read_object(cursor.place_of("a large object")?, cursor.length()?);
        }
        let number = self.source.cursor(id).uint(id.len().min(length))?;
        if self.huge_places.get().is_none() {
            let _ = self.huge_places.set(self.read_huge_places()?);
        }
        let place = self.huge_places.get().and_then(|places| places.get(&number));
        let &(address, n_bytes) =
            place.ok_or_else(|| Fault::damaged(format!("a heap has no large object {number}")))?;
        self.read_object(address, n_bytes)
    }

    /// Where the large objects are, and how long, by their numbers.
    fn read_huge_places(&self) -> Result<HashMap<u64, (u64, u64)>, Fault> {
        let tree = self.huge_objects.ok_or_else(|| Fault::damaged("a heap has no large objects"))?;
        let place = |record: Vec<u8>| {
            let mut cursor = self.source.cursor(&record);
            let place = (cursor.place_of("a large object")?, cursor.length()?);
            Ok((cursor.length()?, place))
        };
        records(self.source, tree, &[1])?.into_iter().map(place).collect()
    }
}
