//! Where the chunks of a dataset are.

mod arrays;
mod extensible_array;
mod fixed_array;

use super::btree1;
use super::btree2::{self, bytes_for};
use super::source::Source;
use super::{ChunkIndex, ChunkRules, Fault};

/// A chunk in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::h5) struct StoredChunk {
    /// The place of its first element in the dataset, by dimension.
    pub(in crate::h5) offset: Vec<u64>,
    pub(in crate::h5) address: u64,
    pub(in crate::h5) n_bytes: u64,
    /// A bit for each filter that this chunk did not go through.
    pub(in crate::h5) skipped_filters: u32,
}

/// The form of a dataset in chunks.
#[derive(Debug)]
pub(in crate::h5) struct Geometry<'g> {
    pub(in crate::h5) shape: &'g [usize],
    /// How long each dimension may become.
    pub(in crate::h5) maxima: &'g [Option<u64>],
    pub(in crate::h5) chunk: &'g [usize],
    /// Size of a chunk before it goes through filters.
    pub(in crate::h5) chunk_bytes: u64,
    pub(in crate::h5) is_filtered: bool,
    pub(in crate::h5) rules: ChunkRules,
}

/// All chunks that were written, in any order.
pub(in crate::h5) fn stored_chunks(
    source: &Source,
    index: &ChunkIndex,
    geometry: &Geometry<'_>,
) -> Result<Vec<StoredChunk>, Fault> {
    match *index {
        ChunkIndex::Nothing => Ok(Vec::new()),
        ChunkIndex::Btree1(tree) => btree1::chunks(source, tree, geometry.shape.len()),
        ChunkIndex::Btree2(tree) => in_tree(source, tree, geometry),
        ChunkIndex::Single { address, filtered } => {
            let (n_bytes, skipped_filters) = filtered.unwrap_or((geometry.chunk_bytes, 0));
            let offset = vec![0; geometry.shape.len()];
            Ok(vec![StoredChunk { offset, address, n_bytes, skipped_filters }])
        }
        ChunkIndex::Implicit(address) => implicit(source, address, geometry),
        ChunkIndex::FixedArray(address) => fixed_array::chunks(source, address, geometry),
        ChunkIndex::ExtensibleArray(address) => extensible_array::chunks(source, address, geometry),
    }
}

/// Chunks that lie one behind the other, all of them.
fn implicit(source: &Source, address: u64, geometry: &Geometry<'_>) -> Result<Vec<StoredChunk>, Fault> {
    let order = geometry.fixed_order()?;
    let n_bytes = geometry.chunk_bytes;
    source.check_range(address, order.n_places.saturating_mul(n_bytes))?;
    let chunk = |place: u64| {
        let address = address + place * n_bytes;
        order.offset_of(place).map(|offset| StoredChunk { offset, address, n_bytes, skipped_filters: 0 })
    };
    Ok((0..order.n_places).filter_map(chunk).collect())
}

fn in_tree(source: &Source, tree: u64, geometry: &Geometry<'_>) -> Result<Vec<StoredChunk>, Fault> {
    let parse = |record: Vec<u8>| {
        let mut cursor = source.cursor(&record);
        let address = cursor.place_of("a chunk")?;
        let (n_bytes, skipped_filters) = if geometry.is_filtered {
            let rest = source.sizes.offset + 4 + 8 * geometry.shape.len();
            (cursor.uint(record.len().saturating_sub(rest))?, cursor.u32()?)
        } else {
            (geometry.chunk_bytes, 0)
        };
        let place = |&length: &usize| Ok(cursor.u64()?.saturating_mul(length as u64));
        let offset = geometry.chunk.iter().map(place).collect::<Result<_, Fault>>()?;
        Ok(StoredChunk { offset, address, n_bytes, skipped_filters })
    };
    let kind = if geometry.is_filtered { 11 } else { 10 };
    btree2::records(source, tree, &[kind])?.into_iter().map(parse).collect()
}

impl Geometry<'_> {
    /// Whether a chunk reaches over an edge of the array.
    fn is_cut(&self, offset: &[u64]) -> bool {
        let ends = offset.iter().zip(self.chunk).map(|(&start, &length)| start.saturating_add(length as u64));
        ends.zip(self.shape).any(|(end, &length)| end > length as u64)
    }

    /// The filters that a chunk did not go through, besides those that the file names for it.
    pub(in crate::h5) fn skipped_filters(&self, chunk: &StoredChunk) -> u32 {
        if self.rules.edges_unfiltered && self.is_cut(&chunk.offset) { u32::MAX } else { chunk.skipped_filters }
    }
}

/// The order in which a list of all chunks has them.
#[derive(Debug)]
struct Order<'g> {
    chunk: &'g [usize],
    /// Lengths of the grid of chunks in this order, and the dimension that each belongs to.
    grid: Vec<(u64, usize)>,
    n_places: u64,
}

impl Geometry<'_> {
    /// Chunks by their place in the largest grid that the dataset may have, the last dimension fastest.
    fn fixed_order(&self) -> Result<Order<'_>, Fault> {
        let dimensions: Vec<usize> = (0..self.shape.len()).collect();
        self.order(&dimensions)
    }

    /// As [`Self::fixed_order`], with the dimension that has no limit slowest.
    fn extensible_order(&self) -> Result<Order<'_>, Fault> {
        let unlimited = self.maxima.iter().position(Option::is_none);
        let others = (0..self.shape.len()).filter(|&dimension| Some(dimension) != unlimited);
        let dimensions: Vec<usize> = unlimited.into_iter().chain(others).collect();
        self.order(&dimensions)
    }

    fn order(&self, dimensions: &[usize]) -> Result<Order<'_>, Fault> {
        let length = |&dimension: &usize| {
            let now = self.shape[dimension] as u64;
            let most = self.maxima.get(dimension).copied().flatten().unwrap_or(now).max(now);
            (most.div_ceil(self.chunk[dimension] as u64), dimension)
        };
        let grid: Vec<(u64, usize)> = dimensions.iter().map(length).collect();
        let n_places = grid.iter().try_fold(1_u64, |n, &(length, _)| n.checked_mul(length));
        let n_places = n_places.ok_or_else(|| Fault::damaged("it has more chunks than can be counted"))?;
        Ok(Order { chunk: self.chunk, grid, n_places })
    }

    /// Bytes of the size of a chunk in the lists of compressed chunks.
    fn size_bytes(&self, source: &Source) -> usize {
        if self.rules.wide_sizes { source.sizes.length } else { (bytes_for(self.chunk_bytes) + 1).min(8) }
    }
}

impl Order<'_> {
    /// The place of the first element of a chunk, `None` when there is no such chunk.
    fn offset_of(&self, place: u64) -> Option<Vec<u64>> {
        if place >= self.n_places {
            return None;
        }
        let (mut rest, mut offset) = (place, vec![0; self.grid.len()]);
        for &(length, dimension) in self.grid.iter().rev() {
            offset[dimension] = rest % length * self.chunk[dimension] as u64;
            rest /= length;
        }
        Some(offset)
    }
}
