//! Lists of chunks of datasets that cannot grow.

use super::arrays::Entries;
use super::{Geometry, StoredChunk};
use crate::h5::format::checksum::checked;
use crate::h5::format::{Fault, Source};

pub(super) fn chunks(source: &Source, address: u64, geometry: &Geometry<'_>) -> Result<Vec<StoredChunk>, Fault> {
    let (offset, length) = (source.sizes.offset, source.sizes.length);
    let front = source.read(address, (12 + offset + length) as u64)?;
    let mut cursor = source.cursor(checked(&front)?);
    cursor.signature(*b"FAHD")?;
    cursor.skip(2)?;
    let (entry_bytes, page_bits) = (usize::from(cursor.u8()?), cursor.u8()?);
    let (n_entries, block) = (cursor.length()?, cursor.address()?);
    let mut entries = Entries::new(source, geometry, geometry.fixed_order()?, entry_bytes)?;
    let Some(block) = block else { return Ok(Vec::new()) };
    if page_bits > 32 || n_entries > entries.n_places() {
        return Err(Fault::damaged(format!("a list of chunks has {n_entries} entries")));
    }
    let page_entries = 1 << page_bits;
    if n_entries <= page_entries {
        let n_bytes = (10 + offset) as u64 + n_entries * entry_bytes as u64;
        let block = source.read(block, n_bytes)?;
        let mut cursor = source.cursor(checked(&block)?);
        cursor.signature(*b"FADB")?;
        cursor.skip(2 + offset)?;
        entries.take(&mut cursor, 0, n_entries)?;
    } else {
        pages(source, block, n_entries, page_entries, &mut entries)?;
    }
    Ok(entries.chunks)
}

/// A long list is in pages, of which those without any chunk may never have been written.
fn pages(
    source: &Source,
    block: u64,
    n_entries: u64,
    page_entries: u64,
    entries: &mut Entries<'_>,
) -> Result<(), Fault> {
    let n_pages = n_entries.div_ceil(page_entries);
    let front_bytes = (10 + source.sizes.offset) as u64 + n_pages.div_ceil(8);
    let front = source.read(block, front_bytes)?;
    let mut cursor = source.cursor(checked(&front)?);
    cursor.signature(*b"FADB")?;
    cursor.skip(2 + source.sizes.offset)?;
    let written = cursor.rest();
    let page_bytes = page_entries * entries.entry_bytes as u64 + 4;
    for page in 0..n_pages {
        if written[(page / 8) as usize] & 0x80 >> (page % 8) == 0 {
            continue;
        }
        let first = page * page_entries;
        let n_here = page_entries.min(n_entries - first);
        let place = block.saturating_add(front_bytes).saturating_add(page * page_bytes);
        let bytes = source.read(place, n_here * entries.entry_bytes as u64 + 4)?;
        entries.take(&mut source.cursor(checked(&bytes)?), first, n_here)?;
    }
    Ok(())
}
