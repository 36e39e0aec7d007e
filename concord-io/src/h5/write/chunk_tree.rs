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
type Child = (Vec<u8>, u64);

/// Writes the tree by which chunks of a one-dimensional array are found, and returns its address.
///
/// `n_elements` ends the array, rounded up to whole chunks.
pub(super) fn put_chunk_tree(appender: &mut Appender, chunks: &[WrittenChunk], n_elements: u64) -> io::Result<u64> {
    let mut children: Vec<Child> =
        chunks.iter().map(|chunk| (key(chunk.n_bytes, chunk.first), chunk.address)).collect();
    let last_key = key(0, n_elements);
    let mut level = 0;
    loop {
        let nodes = put_level(appender, level, &children, &last_key)?;
        if let [(_, root)] = nodes[..] {
            return Ok(root);
        }
        (children, level) = (nodes, level + 1);
    }
}

/// The size of a chunk, the filters that it did not go through, and where it begins in each dimension and in an element.
fn key(n_bytes: u32, first: u64) -> Vec<u8> {
    let mut key = n_bytes.to_le_bytes().to_vec();
    key.extend([0; 4]);
    key.extend(first.to_le_bytes());
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
