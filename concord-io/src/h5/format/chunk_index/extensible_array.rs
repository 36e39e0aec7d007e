//! Lists of chunks of datasets that can grow in one dimension: a first block, blocks that become larger and larger, and
//! blocks with the places of such blocks.

use super::arrays::Entries;
use super::{Geometry, StoredChunk};
use crate::h5::format::checksum::checked;
use crate::h5::format::{Cursor, Fault, Source};

/// What the front of the list says of its blocks.
struct Array<'s> {
    source: &'s Source,
    /// Bytes of the number of the first entry of a block.
    number_bytes: usize,
    n_first_entries: u64,
    min_block_entries: u64,
    min_pointers: u64,
    page_entries: u64,
    /// Entries up to here may have been written.
    n_entries: u64,
}

/// Blocks of one size.
#[derive(Debug, Clone, Copy)]
struct Run {
    n_blocks: u64,
    block_entries: u64,
}

/// A bit for each page of the blocks of a run that was written, one block behind the other.
#[derive(Debug, Clone, Copy)]
struct Pages<'b> {
    bits: &'b [u8],
    /// The first page of the block.
    first: u64,
}

impl Pages<'_> {
    fn is_written(self, page: u64) -> bool {
        let place = self.first.saturating_add(page);
        self.bits.get((place / 8) as usize).is_some_and(|bits| bits & 0x80 >> (place % 8) != 0)
    }
}

pub(super) fn chunks(source: &Source, address: u64, geometry: &Geometry<'_>) -> Result<Vec<StoredChunk>, Fault> {
    let (offset, length) = (source.sizes.offset, source.sizes.length);
    let front = source.read(address, (16 + offset + 6 * length) as u64)?;
    let mut cursor = source.cursor(checked(&front)?);
    cursor.signature(*b"EAHD")?;
    cursor.skip(2)?;
    let entry_bytes = usize::from(cursor.u8()?);
    let [max_bits, n_first_entries, min_block_entries, min_pointers, page_bits] =
        [cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?].map(u64::from);
    cursor.skip(4 * length)?;
    let written = cursor.length()?;
    cursor.skip(length)?;
    let mut entries = Entries::new(source, geometry, geometry.extensible_order()?, entry_bytes)?;
    let Some(block) = cursor.address()? else { return Ok(Vec::new()) };
    let is_sound =
        min_block_entries.is_power_of_two() && min_pointers.is_power_of_two() && max_bits <= 64 && page_bits < 64;
    if !is_sound || u64::from(min_block_entries.ilog2()) > max_bits {
        return Err(Fault::damaged("a list of chunks has impossible sizes"));
    }
    let array = Array {
        source,
        number_bytes: (max_bits as usize).div_ceil(8),
        n_first_entries,
        min_block_entries,
        min_pointers,
        page_entries: 1 << page_bits,
        n_entries: written.min(entries.n_places()),
    };
    array.read(block, max_bits - u64::from(min_block_entries.ilog2()) + 1, &mut entries)?;
    Ok(entries.chunks)
}

impl Array<'_> {
    /// Blocks double their number and their size in turns.
    fn run(&self, index: u64) -> Run {
        let block_entries = self.min_block_entries.checked_shl(index.div_ceil(2) as u32).unwrap_or(u64::MAX);
        Run { n_blocks: 1 << (index / 2), block_entries }
    }

    fn read(&self, address: u64, n_runs: u64, entries: &mut Entries<'_>) -> Result<(), Fault> {
        let offset = self.source.sizes.offset as u64;
        let n_direct_runs = (2 * u64::from(self.min_pointers.ilog2())).min(n_runs);
        let n_blocks: u64 = (0..n_direct_runs).map(|index| self.run(index).n_blocks).sum();
        let n_pointers = n_blocks + (n_runs - n_direct_runs);
        let n_bytes = 10 + offset + self.n_first_entries * entries.entry_bytes as u64 + n_pointers * offset;
        let block = self.source.read(address, n_bytes)?;
        let mut cursor = self.source.cursor(checked(&block)?);
        cursor.signature(*b"EAIB")?;
        cursor.skip(2 + offset as usize)?;
        entries.take(&mut cursor, 0, self.n_first_entries)?;
        let mut first = self.n_first_entries;
        for index in 0..n_runs {
            if first >= self.n_entries {
                return Ok(());
            }
            let run = self.run(index);
            if index < n_direct_runs {
                first = self.blocks(&mut cursor, run, first, None, entries)?;
            } else {
                if let Some(secondary) = cursor.address()? {
                    self.secondary(secondary, run, first, entries)?;
                }
                first = first.saturating_add(run.n_blocks.saturating_mul(run.block_entries));
            }
        }
        Ok(())
    }

    /// Reads the blocks of a run, whose addresses come next. Returns the number of the entry behind them.
    fn blocks(
        &self,
        cursor: &mut Cursor<'_>,
        run: Run,
        first: u64,
        written_pages: Option<&[u8]>,
        entries: &mut Entries<'_>,
    ) -> Result<u64, Fault> {
        let n_pages = run.block_entries / self.page_entries;
        let mut first = first;
        for block in 0..run.n_blocks {
            let address = cursor.address()?;
            if let Some(address) = address.filter(|_| first < self.n_entries) {
                let written = written_pages.map(|bits| Pages { bits, first: block * n_pages });
                self.block(address, run.block_entries, first, written, entries)?;
            }
            first = first.saturating_add(run.block_entries);
        }
        Ok(first)
    }

    fn secondary(&self, address: u64, run: Run, first: u64, entries: &mut Entries<'_>) -> Result<(), Fault> {
        let offset = self.source.sizes.offset as u64;
        let is_paged = run.block_entries > self.page_entries;
        let bitmap_bytes = if is_paged { (run.block_entries / self.page_entries).div_ceil(8) } else { 0 };
        let n_bitmap_bytes = run.n_blocks.saturating_mul(bitmap_bytes);
        let n_bytes = (10 + offset + self.number_bytes as u64).saturating_add(n_bitmap_bytes);
        let block = self.source.read(address, n_bytes.saturating_add(run.n_blocks.saturating_mul(offset)))?;
        let mut cursor = self.source.cursor(checked(&block)?);
        cursor.signature(*b"EASB")?;
        cursor.skip(2 + offset as usize + self.number_bytes)?;
        let bits = cursor.take(n_bitmap_bytes as usize)?;
        self.blocks(&mut cursor, run, first, is_paged.then_some(bits), entries).map(drop)
    }

    /// Reads a block of entries, in one piece or in pages.
    fn block(
        &self,
        address: u64,
        n_entries: u64,
        first: u64,
        written_pages: Option<Pages<'_>>,
        entries: &mut Entries<'_>,
    ) -> Result<(), Fault> {
        let front_bytes = (10 + self.source.sizes.offset + self.number_bytes) as u64;
        let entry_bytes = entries.entry_bytes as u64;
        if n_entries <= self.page_entries {
            let block = self.source.read(address, front_bytes.saturating_add(n_entries.saturating_mul(entry_bytes)))?;
            let mut cursor = self.source.cursor(checked(&block)?);
            cursor.signature(*b"EADB")?;
            cursor.skip(front_bytes as usize - 8)?;
            return entries.take(&mut cursor, first, n_entries);
        }
        let front = self.source.read(address, front_bytes)?;
        self.source.cursor(checked(&front)?).signature(*b"EADB")?;
        let page_bytes = self.page_entries.saturating_mul(entry_bytes).saturating_add(4);
        for page in 0..n_entries / self.page_entries {
            let first = first.saturating_add(page * self.page_entries);
            if first >= self.n_entries {
                break;
            }
            if written_pages.is_some_and(|pages| pages.is_written(page)) {
                let place = address.saturating_add(front_bytes).saturating_add(page.saturating_mul(page_bytes));
                let bytes = self.source.read(place, page_bytes)?;
                entries.take(&mut self.source.cursor(checked(&bytes)?), first, self.page_entries)?;
            }
        }
        Ok(())
    }
}
