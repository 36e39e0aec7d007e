//! Trees of the second version: of names, attributes, large objects of heaps, and chunks.

use super::checksum::checked;
use super::source::{Source, Visited};
use super::{Cursor, Fault};

/// Signature, version and kind in front of a node, and the checksum behind.
const AROUND_BYTES: usize = 10;

/// What must be known of a tree to read its nodes.
struct Tree {
    kind: u8,
    record_bytes: usize,
    node_bytes: usize,
    /// Bytes of the number of records of a node.
    count_bytes: usize,
    /// By level: bytes of the number of records below a node.
    total_bytes: Vec<usize>,
}

/// All records of a tree of one of these kinds.
pub(super) fn records(source: &Source, address: u64, kinds: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let front = source.read(address, (22 + source.sizes.offset + source.sizes.length) as u64)?;
    let mut cursor = source.cursor(checked(&front)?);
    cursor.signature(*b"BTHD")?;
    cursor.skip(1)?;
    let kind = cursor.u8()?;
    if !kinds.contains(&kind) {
        return Err(Fault::damaged(format!("a tree is of the kind {kind}, not of {kinds:?}")));
    }
    let (node_bytes, record_bytes, depth) = (cursor.u32()? as usize, usize::from(cursor.u16()?), cursor.u16()?);
    cursor.skip(2)?;
    let (root, n_records) = (cursor.address()?, usize::from(cursor.u16()?));
    let tree = Tree::new(source, kind, node_bytes, record_bytes, usize::from(depth))?;
    let mut found = Vec::new();
    if let Some(root) = root {
        tree.walk(source, root, n_records, usize::from(depth), &mut Visited::new(source), &mut found)?;
    }
    Ok(found)
}

impl Tree {
    /// The sizes of counts follow from how many records fit into nodes at most.
    fn new(source: &Source, kind: u8, node_bytes: usize, record_bytes: usize, depth: usize) -> Result<Self, Fault> {
        let damaged =
            || Fault::damaged(format!("a tree has nodes of {node_bytes} and records of {record_bytes} bytes"));
        // No tree that fits into a file is deeper.
        if record_bytes == 0 || depth > 32 || node_bytes as u64 > source.n_bytes() {
            return Err(damaged());
        }
        let room = node_bytes.checked_sub(AROUND_BYTES).filter(|&room| room >= record_bytes).ok_or_else(damaged)?;
        let mut most = (room / record_bytes) as u64;
        let count_bytes = bytes_for(most);
        let mut total_bytes = vec![0];
        for level in 1..=depth {
            let pointer_bytes = source.sizes.offset + count_bytes + total_bytes[level - 1];
            let here = room.checked_sub(pointer_bytes).ok_or_else(damaged)? / (record_bytes + pointer_bytes);
            most = (here as u64 + 1).saturating_mul(most).saturating_add(here as u64);
            total_bytes.push(bytes_for(most));
        }
        Ok(Self { kind, record_bytes, node_bytes, count_bytes, total_bytes })
    }

    fn walk(
        &self,
        source: &Source,
        address: u64,
        n_records: usize,
        level: usize,
        visited: &mut Visited,
        found: &mut Vec<Vec<u8>>,
    ) -> Result<(), Fault> {
        let pointer_bytes = match level {
            0 => 0,
            _ => source.sizes.offset + self.count_bytes + self.total_bytes[level - 1],
        };
        let n_pointers = if level == 0 { 0 } else { n_records + 1 };
        let n_bytes = AROUND_BYTES + n_records * self.record_bytes + n_pointers * pointer_bytes;
        if n_bytes > self.node_bytes {
            return Err(Fault::damaged(format!("a node of a tree claims {n_records} records")));
        }
        visited.enter(address, n_bytes as u64)?;
        let node = source.read(address, n_bytes as u64)?;
        let mut cursor = source.cursor(checked(&node)?);
        cursor.signature(if level == 0 { *b"BTLF" } else { *b"BTIN" })?;
        cursor.skip(1)?;
        if cursor.u8()? != self.kind {
            return Err(Fault::damaged("a node is of another kind than its tree"));
        }
        let mut records =
            (0..n_records).map(|_| cursor.take(self.record_bytes)).collect::<Result<Vec<_>, _>>()?.into_iter();
        for _ in 0..n_pointers {
            let (child, n_below) = self.pointer(&mut cursor, level)?;
            self.walk(source, child, n_below, level - 1, visited, found)?;
            found.extend(records.next().map(<[u8]>::to_vec));
        }
        found.extend(records.map(<[u8]>::to_vec));
        Ok(())
    }

    fn pointer(&self, cursor: &mut Cursor<'_>, level: usize) -> Result<(u64, usize), Fault> {
        let child = cursor.place_of("a node of a tree")?;
        let n_below = cursor.uint(self.count_bytes)? as usize;
        cursor.skip(self.total_bytes[level - 1])?;
        Ok((child, n_below))
    }
}

/// How many bytes numbers up to this one take.
pub(super) fn bytes_for(most: u64) -> usize {
    (most.max(1).ilog2() / 8 + 1) as usize
}
