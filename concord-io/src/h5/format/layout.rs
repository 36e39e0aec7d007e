use super::{Cursor, Fault};

/// Where the elements of a dataset are.
#[derive(Debug, Clone)]
pub(in crate::h5) enum Layout {
    /// Here.
    Compact(Vec<u8>),
    /// In one piece; nowhere if nothing was written.
    Contiguous(Option<u64>),
    /// In chunks of this shape.
    Chunked { chunk: Vec<usize>, index: ChunkIndex, rules: ChunkRules },
}

/// What files of later versions do otherwise with chunks.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::h5) struct ChunkRules {
    /// Chunks that an edge of the array cuts go through no filters.
    pub(in crate::h5) edges_unfiltered: bool,
    /// Lists of compressed chunks have sizes as wide as any length of the file, since HDF5 2.0.
    pub(in crate::h5) wide_sizes: bool,
}

/// How chunks are found.
#[derive(Debug, Clone)]
pub(in crate::h5) enum ChunkIndex {
    /// No chunk was written.
    Nothing,
    Btree1(u64),
    Single {
        address: u64,
        filtered: Option<(u64, u32)>,
    },
    Implicit(u64),
    FixedArray(u64),
    ExtensibleArray(u64),
    Btree2(u64),
}

const EDGES_UNFILTERED: u8 = 1;
const SINGLE_IS_FILTERED: u8 = 2;

impl Layout {
    pub(in crate::h5) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        match cursor.u8()? {
            1 | 2 => old(cursor),
            3 => {
                let class = cursor.u8()?;
                if class == 2 { chunked_by_tree(cursor) } else { in_one_piece(cursor, class) }
            }
            version @ (4 | 5) => {
                let class = cursor.u8()?;
                if class == 2 { chunked(cursor, version == 5) } else { in_one_piece(cursor, class) }
            }
            version => Err(Fault::unsupported(format!("keeps its data by rules of version {version}, not known here"))),
        }
    }
}

fn in_one_piece(cursor: &mut Cursor<'_>, class: u8) -> Result<Layout, Fault> {
    match class {
        0 => {
            let n_bytes = usize::from(cursor.u16()?);
            Ok(Layout::Compact(cursor.take(n_bytes)?.to_vec()))
        }
        1 => Ok(Layout::Contiguous(cursor.address()?)),
        3 => Err(Fault::unsupported("is a view of other datasets; copy it into the file (h5repack does)")),
        _ => Err(Fault::damaged(format!("it is kept in the way {class}"))),
    }
}

fn old(cursor: &mut Cursor<'_>) -> Result<Layout, Fault> {
    let (n_dimensions, class) = (usize::from(cursor.u8()?), cursor.u8()?);
    cursor.skip(5)?;
    let address = if class == 0 { None } else { cursor.address()? };
    let lengths = cursor.lengths(n_dimensions)?;
    match class {
        0 => {
            let n_bytes = cursor.u32()? as usize;
            Ok(Layout::Compact(cursor.take(n_bytes)?.to_vec()))
        }
        1 => Ok(Layout::Contiguous(address)),
        2 => of_tree(lengths, address),
        _ => Err(Fault::damaged(format!("it is kept in the way {class}"))),
    }
}

fn chunked_by_tree(cursor: &mut Cursor<'_>) -> Result<Layout, Fault> {
    let n_dimensions = usize::from(cursor.u8()?);
    let address = cursor.address()?;
    let lengths = cursor.lengths(n_dimensions)?;
    of_tree(lengths, address)
}

fn of_tree(lengths: Vec<usize>, address: Option<u64>) -> Result<Layout, Fault> {
    let chunk = without_element_size(lengths)?;
    Ok(Layout::Chunked {
        chunk,
        index: address.map_or(ChunkIndex::Nothing, ChunkIndex::Btree1),
        rules: ChunkRules::default(),
    })
}

/// The last length is that of an element.
fn without_element_size(mut lengths: Vec<usize>) -> Result<Vec<usize>, Fault> {
    lengths.pop();
    if lengths.is_empty() || lengths.contains(&0) {
        return Err(Fault::damaged(format!("its chunks have the shape {lengths:?}")));
    }
    Ok(lengths)
}

fn chunked(cursor: &mut Cursor<'_>, wide_sizes: bool) -> Result<Layout, Fault> {
    let (flags, n_dimensions, length_bytes) = (cursor.u8()?, cursor.u8()?, usize::from(cursor.u8()?));
    let lengths = (0..n_dimensions).map(|_| cursor.uint(length_bytes).map(|length| length as usize));
    let chunk = without_element_size(lengths.collect::<Result<_, _>>()?)?;
    let rules = ChunkRules { edges_unfiltered: flags & EDGES_UNFILTERED != 0, wide_sizes };
    let kind = cursor.u8()?;
    let mut filtered = None;
    match kind {
        1 if flags & SINGLE_IS_FILTERED != 0 => filtered = Some((cursor.length()?, cursor.u32()?)),
        1 | 2 => (),
        3 => cursor.skip(1)?,
        4 => cursor.skip(5)?,
        5 => cursor.skip(6)?,
        _ => return Err(Fault::unsupported(format!("finds its chunks in the way {kind}, not known here"))),
    }
    let Some(address) = cursor.address()? else {
        return Ok(Layout::Chunked { chunk, index: ChunkIndex::Nothing, rules });
    };
    let index = match kind {
        1 => ChunkIndex::Single { address, filtered },
        2 => ChunkIndex::Implicit(address),
        3 => ChunkIndex::FixedArray(address),
        4 => ChunkIndex::ExtensibleArray(address),
        _ => ChunkIndex::Btree2(address),
    };
    Ok(Layout::Chunked { chunk, index, rules })
}
