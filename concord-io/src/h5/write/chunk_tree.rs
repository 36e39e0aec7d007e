use std::io;

use super::appender::Appender;
use super::message::NOWHERE;

/// A chunk of a list that was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrittenChunk {
    /// The number of its first element.
    pub(super) first: u64,
    pub(super) address: u64,
    pub(super) n_bytes: u32,
}

/// A child of a node: the key in front of it, and its address.
pub(super) type Child = (Vec<u8>, u64);

/// Writes the tree by which chunks of a one-dimensional array are found, and returns its address.
///
/// `n_elements` ends the array, rounded up to whole chunks.
pub(super) fn put_chunk_tree(appender: &mut Appender, chunks: &[WrittenChunk], n_elements: u64) -> io::Result<u64> {
    let children = chunks.iter().map(|chunk| (key(chunk.n_bytes, &[chunk.first]), chunk.address)).collect();
    put_tree(appender, children, &key(0, &[n_elements]))
}

/// Writes a tree of chunks in the order of their keys, and returns its address.
pub(super) fn put_tree(appender: &mut Appender, mut children: Vec<Child>, last_key: &[u8]) -> io::Result<u64> {
    let mut level = 0;
    loop {
        let nodes = put_level(appender, level, &children, last_key)?;
        if let [(_, root)] = nodes[..] {
            return Ok(root);
        }
        (children, level) = (nodes, level + 1);
    }
}

/// The size of a chunk, the filters that it did not go through, and where it begins in each dimension and in an element.
pub(super) fn key(n_bytes: u32, first: &[u64]) -> Vec<u8> {
    let mut key = n_bytes.to_le_bytes().to_vec();
    key.extend([0; 4]);
    key.extend(first.iter().flat_map(|place| place.to_le_bytes()));
    key.extend([0; 8]);
    key
}

/// Writes the nodes of a level side by side; each knows its neighbours.
fn put_level(appender: &mut Appender, level: u8, children: &[Child], last_key: &[u8]) -> io::Result<Vec<Child>> {
    let n_most = 2 * usize::from(appender.tree_rank);
    let node_bytes = (24 + (n_most + 1) * last_key.len() + n_most * 8) as u64;
    let start = appender.align()?;
    let groups: Vec<&[Child]> = if children.is_empty() { vec![&[]] } else { children.chunks(n_most).collect() };
    let address = |index: usize| start + index as u64 * node_bytes;
    let mut nodes = Vec::with_capacity(groups.len());
    for (index, group) in groups.iter().enumerate() {
        let mut bytes = b"TREE".to_vec();
        bytes.extend([1, level]);
        bytes.extend((group.len() as u16).to_le_bytes());
        let left = if index == 0 { NOWHERE } else { address(index - 1) };
        let right = if index + 1 == groups.len() { NOWHERE } else { address(index + 1) };
        bytes.extend([left, right].iter().flat_map(|sibling| sibling.to_le_bytes()));
        for (key, child) in *group {
            bytes.extend(key);
            bytes.extend(child.to_le_bytes());
        }
        // The key behind the last child is the first one of the next node.
        let behind = groups.get(index + 1).and_then(|group| group.first()).map_or(last_key, |(key, _)| key);
        bytes.extend(behind);
        bytes.resize(node_bytes as usize, 0);
        appender.put(&bytes)?;
        let first_key = group.first().map_or(last_key, |(key, _)| key).to_vec();
        nodes.push((first_key, address(index)));
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::Arc;

    use super::*;
    use crate::h5::format::chunk_index::{Geometry, stored_chunks};
    use crate::h5::format::{ChunkIndex, ChunkRules, OpenFile, Sizes, Source};

    /// Nodes of few entries make a deep tree of few chunks.
    #[test]
    fn trees_of_any_depth_are_read_back() -> io::Result<()> {
        for (rank, n_chunks) in [(32, 1), (32, 64), (32, 65), (1, 2), (1, 3), (1, 100), (3, 1000)] {
            let file = tempfile::NamedTempFile::new()?;
            let mut appender = Appender::new(file.reopen()?);
            appender.tree_rank = rank;
            let chunk = |index: u32| WrittenChunk { first: u64::from(index) * 10, address: 8, n_bytes: index + 1 };
            let written: Vec<WrittenChunk> = (0..n_chunks).map(chunk).collect();
            let tree = put_chunk_tree(&mut appender, &written, u64::from(n_chunks) * 10)?;
            appender.finish(tree)?;

            let n_bytes = file.as_file().metadata()?.len();
            let source = Source::new(
                Arc::new(OpenFile::new(File::open(file.path())?, true)),
                0,
                n_bytes,
                Sizes { offset: 8, length: 8 },
            );
            let geometry = Geometry {
                shape: &[10 * n_chunks as usize],
                maxima: &[None],
                chunk: &[10],
                chunk_bytes: 40,
                is_filtered: true,
                rules: ChunkRules::default(),
            };
            let found = stored_chunks(&source, &ChunkIndex::Btree1(tree), &geometry);
            let found = found.map_err(|fault| io::Error::other(format!("{fault:?}")))?;
            assert_eq!(found.len(), written.len());
            for (found, written) in found.iter().zip(&written) {
                assert_eq!((found.offset[0], found.n_bytes), (written.first, u64::from(written.n_bytes)));
            }
        }
        Ok(())
    }
}
