//! Trees of the first version: of the tables of a group's names, and of chunks.

use super::chunk_index::StoredChunk;
use super::source::{Source, Visited};
use super::{Cursor, Fault};

const OF_GROUP: u8 = 0;
const OF_CHUNKS: u8 = 1;

/// The front of a node: signature, kind, level, number of entries.
const FRONT_BYTES: u64 = 8;

/// The contents of all tables of symbols, in their order, each without what is in front of its first symbol.
pub(super) fn symbol_tables(source: &Source, tree: u64) -> Result<Vec<Vec<u8>>, Fault> {
    let (mut tables, mut visited) = (Vec::new(), Visited::new(source));
    let length = source.sizes.length;
    walk(source, tree, OF_GROUP, length, &mut |_, address| {
        let table = symbol_table(source, address)?;
        visited.enter(address, table.len() as u64)?;
        tables.push(table);
        Ok(())
    })?;
    Ok(tables)
}

fn symbol_table(source: &Source, address: u64) -> Result<Vec<u8>, Fault> {
    let front = source.read(address, 8)?;
    let mut cursor = source.cursor(&front);
    cursor.signature(*b"SNOD")?;
    cursor.skip(2)?;
    let n_symbols = u64::from(cursor.u16()?);
    source.read(address + 8, n_symbols * (24 + 2 * source.sizes.offset as u64))
}

/// All chunks of a dataset of this many dimensions.
pub(super) fn chunks(source: &Source, tree: u64, n_dimensions: usize) -> Result<Vec<StoredChunk>, Fault> {
    let mut chunks = Vec::new();
    walk(source, tree, OF_CHUNKS, 8 + 8 * (n_dimensions + 1), &mut |key, address| {
        let mut cursor = source.cursor(key);
        let (n_bytes, skipped_filters) = (u64::from(cursor.u32()?), cursor.u32()?);
        let offset = (0..n_dimensions).map(|_| cursor.u64()).collect::<Result<_, _>>()?;
        chunks.push(StoredChunk { offset, address, n_bytes, skipped_filters });
        Ok(())
    })?;
    Ok(chunks)
}

/// Goes through a tree and calls `leaf` with each key and address at its bottom.
fn walk(
    source: &Source,
    root: u64,
    kind: u8,
    key_bytes: usize,
    leaf: &mut dyn FnMut(&[u8], u64) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut visited = Visited::new(source);
    // Nodes that are still to be read, the next one last.
    let mut waiting = vec![(root, None)];
    while let Some((address, expected_level)) = waiting.pop() {
        let node = Node::read(source, address, kind, key_bytes)?;
        visited.enter(address, FRONT_BYTES + node.bytes.len() as u64)?;
        if expected_level.is_some_and(|level| level != node.level) {
            return Err(Fault::damaged("a tree has a node at the wrong level"));
        }
        let mut children = Vec::new();
        for entry in node.entries(source, key_bytes) {
            let (key, child) = entry?;
            match node.level {
                0 => leaf(&key, child)?,
                level => children.push((child, Some(level - 1))),
            }
        }
        waiting.extend(children.into_iter().rev());
    }
    Ok(())
}

struct Node {
    level: u8,
    n_entries: usize,
    bytes: Vec<u8>,
}

impl Node {
    fn read(source: &Source, address: u64, kind: u8, key_bytes: usize) -> Result<Self, Fault> {
        let front = source.read(address, FRONT_BYTES)?;
        let mut cursor = source.cursor(&front);
        cursor.signature(*b"TREE")?;
        let (found, level, n_entries) = (cursor.u8()?, cursor.u8()?, usize::from(cursor.u16()?));
        if found != kind {
            return Err(Fault::damaged("a tree is of another kind than it should be"));
        }
        let start = address + FRONT_BYTES + 2 * source.sizes.offset as u64;
        let bytes = source.read(start, (n_entries * (key_bytes + source.sizes.offset)) as u64)?;
        Ok(Self { level, n_entries, bytes })
    }

    /// Each child with the key in front of it.
    fn entries(&self, source: &Source, key_bytes: usize) -> impl Iterator<Item = Result<(Vec<u8>, u64), Fault>> {
        let mut cursor: Cursor<'_> = source.cursor(&self.bytes);
        (0..self.n_entries).map(move |_| Ok((cursor.take(key_bytes)?.to_vec(), cursor.place_of("a child of a tree")?)))
    }
}
