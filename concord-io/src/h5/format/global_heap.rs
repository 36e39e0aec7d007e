use std::collections::HashMap;
use std::ops::Range;

use super::Fault;
use super::source::Source;

/// Signature, version, room, and the length of the whole.
const MIN_BYTES: u64 = 16;

/// Reads objects of any length that elements refer to, such as texts.
#[derive(Debug)]
pub(in crate::h5) struct HeapReader<'s> {
    source: &'s Source,
    collections: Vec<Collection>,
    /// Where each collection stands in the list, by its address.
    places: HashMap<u64, usize>,
    /// The collection that was asked last, which the next object is mostly in.
    last: (u64, usize),
    n_collection_bytes: u64,
}

#[derive(Debug)]
struct Collection {
    bytes: Vec<u8>,
    /// The places of the objects by their index, which counts from 1 without gaps, mostly.
    objects: Vec<Range<usize>>,
}

impl<'s> HeapReader<'s> {
    pub(in crate::h5) fn new(source: &'s Source) -> Self {
        Self { source, collections: Vec::new(), places: HashMap::new(), last: (0, 0), n_collection_bytes: 0 }
    }

    /// The bytes that a reference (a length, an address, an index) leads to; none for one that leads nowhere.
    pub(in crate::h5) fn object(&mut self, reference: &[u8]) -> Result<&[u8], Fault> {
        let mut cursor = self.source.cursor(reference);
        let (length, address, index) = (cursor.u32()? as usize, cursor.address()?, cursor.u32()?);
        let Some(address) = address.filter(|&address| address != 0 && length != 0) else { return Ok(&[]) };
        if self.last.0 != address {
            self.last = (address, self.place_of(address)?);
        }
        let heap = &self.collections[self.last.1];
        let object = heap.objects.get(index as usize).and_then(|object| heap.bytes.get(object.clone()));
        object
            .and_then(|object| object.get(..length))
            .ok_or_else(|| Fault::damaged(format!("the object {index} of the heap at {address} has no {length} bytes")))
    }

    /// Where the collection at an address stands in the list; it is read when it is not there yet.
    fn place_of(&mut self, address: u64) -> Result<usize, Fault> {
        if let Some(&place) = self.places.get(&address) {
            return Ok(place);
        }
        let collection = self.read(address)?;
        self.collections.push(collection);
        self.places.insert(address, self.collections.len() - 1);
        Ok(self.collections.len() - 1)
    }

    fn read(&mut self, address: u64) -> Result<Collection, Fault> {
        let front = self.source.read(address, 8 + self.source.sizes.length as u64)?;
        let mut cursor = self.source.cursor(&front);
        cursor.signature(*b"GCOL")?;
        cursor.skip(4)?;
        let n_bytes = cursor.length()?;
        // Collections do not overlap, so all of them together are no larger than the file.
        self.n_collection_bytes = self.n_collection_bytes.saturating_add(n_bytes);
        if n_bytes < MIN_BYTES || self.n_collection_bytes > self.source.n_bytes() {
            return Err(Fault::damaged(format!("the heap at {address} claims {n_bytes} bytes")));
        }
        let bytes = self.source.read(address, n_bytes)?;
        let objects = self.objects(&bytes)?;
        Ok(Collection { bytes, objects })
    }

    fn objects(&self, bytes: &[u8]) -> Result<Vec<Range<usize>>, Fault> {
        let mut cursor = self.source.cursor(bytes);
        // Fronts of the heap and of objects are padded as objects are.
        let front = (8 + self.source.sizes.length).next_multiple_of(8);
        cursor.skip(front)?;
        let mut objects = Vec::new();
        while cursor.rest().len() >= front {
            let index = usize::from(cursor.u16()?);
            cursor.skip(6)?;
            let n_bytes = cursor.length()? as usize;
            cursor.skip(front - 8 - self.source.sizes.length)?;
            // The object 0 is the room that is left.
            if index == 0 {
                break;
            }
            let start = cursor.place();
            cursor.skip(n_bytes)?;
            if objects.len() <= index {
                objects.resize(index + 1, 0..0);
            }
            objects[index] = start..start + n_bytes;
            let padding = n_bytes.next_multiple_of(8) - n_bytes;
            cursor.skip(padding.min(cursor.rest().len()))?;
        }
        Ok(objects)
    }
}
