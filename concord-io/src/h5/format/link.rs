use super::btree1::symbol_tables;
use super::btree2::records;
use super::fractal_heap::FractalHeap;
use super::source::Source;
use super::{Cursor, Fault, Header, kind, until_zero};

/// Flags of link messages.
const NAME_BYTES: u8 = 3;
const HAS_ORDER: u8 = 0x04;
const HAS_TYPE: u8 = 0x08;
const HAS_CHARACTERS: u8 = 0x10;

/// Flag of the description of a group's links.
const GROUP_HAS_ORDER: u8 = 1;

const HEAP_ID_BYTES: usize = 7;
const SYMBOL_BYTES: usize = 16;

/// In the cache of a symbol: it is a path.
const IS_SOFT: u32 = 2;

/// A name in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::h5) struct Link {
    pub(in crate::h5) name: String,
    pub(in crate::h5) target: LinkTarget,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::h5) enum LinkTarget {
    /// The object whose header is at this address.
    Hard(u64),
    /// Another path.
    Soft(String),
    /// Something else, such as an object of another file: its kind and its own bytes.
    Other(u8, Vec<u8>),
}

/// All links of a group of either form, by name. `None` when the object is no group.
pub(in crate::h5) fn links(source: &Source, header: &Header) -> Result<Option<Vec<Link>>, Fault> {
    let mut links = if let Some(table) = header.find(source, kind::SYMBOL_TABLE)? {
        old_links(source, &table)?
    } else if header.has(kind::LINK_INFO) || header.has(kind::LINK) {
        new_links(source, header)?
    } else {
        return Ok(None);
    };
    links.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = links.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(Fault::damaged(format!("the name '{}' stands twice in it", pair[0].name)));
    }
    Ok(Some(links))
}

fn new_links(source: &Source, header: &Header) -> Result<Vec<Link>, Fault> {
    let inside = header.of_kind(kind::LINK).map(|message| parse(&mut source.cursor(&message.content(source)?)));
    let mut links = inside.collect::<Result<Vec<_>, _>>()?;
    let Some(info) = header.find(source, kind::LINK_INFO)? else { return Ok(links) };
    let mut cursor = source.cursor(&info);
    cursor.skip(1)?;
    let flags = cursor.u8()?;
    cursor.skip(if flags & GROUP_HAS_ORDER != 0 { 8 } else { 0 })?;
    if let (Some(heap), Some(names)) = (cursor.address()?, cursor.address()?) {
        let heap = FractalHeap::read(source, heap)?;
        for record in records(source, names, &[5])? {
            let id = record.get(4..4 + HEAP_ID_BYTES).ok_or_else(|| Fault::damaged("a name is cut short"))?;
            links.push(parse(&mut source.cursor(&heap.object(id)?))?);
        }
    }
    Ok(links)
}

fn parse(cursor: &mut Cursor<'_>) -> Result<Link, Fault> {
    cursor.skip(1)?;
    let flags = cursor.u8()?;
    let kind = if flags & HAS_TYPE != 0 { cursor.u8()? } else { 0 };
    cursor.skip(if flags & HAS_ORDER != 0 { 8 } else { 0 } + usize::from(flags & HAS_CHARACTERS != 0))?;
    let n_bytes = cursor.uint(1 << (flags & NAME_BYTES))? as usize;
    let name = String::from_utf8_lossy(cursor.take(n_bytes)?).into_owned();
    let target = match kind {
        0 => LinkTarget::Hard(cursor.place_of("a linked object")?),
        kind => {
            let n_bytes = usize::from(cursor.u16()?);
            let value = cursor.take(n_bytes)?;
            if kind == 1 { LinkTarget::Soft(until_zero(value)) } else { LinkTarget::Other(kind, value.to_vec()) }
        }
    };
    Ok(Link { name, target })
}

/// Links as every file had them at first: names in a heap, in a tree of tables.
fn old_links(source: &Source, table: &[u8]) -> Result<Vec<Link>, Fault> {
    let mut cursor = source.cursor(table);
    let (tree, heap) = (cursor.place_of("a group's tree")?, cursor.place_of("a group's heap")?);
    let names = read_names(source, heap)?;
    let mut links = Vec::new();
    for table in symbol_tables(source, tree)? {
        let mut cursor = source.cursor(&table);
        while cursor.rest().len() >= SYMBOL_BYTES + 8 + 2 * source.sizes.offset {
            let name = name_at(&names, cursor.uint(source.sizes.offset)?)?;
            let (address, cache) = (cursor.address()?, cursor.u32()?);
            cursor.skip(4)?;
            let scratch = cursor.take(SYMBOL_BYTES)?;
            let target = if cache == IS_SOFT {
                LinkTarget::Soft(name_at(&names, source.cursor(scratch).u32()?.into())?)
            } else {
                LinkTarget::Hard(address.ok_or_else(|| Fault::damaged(format!("'{name}' is nowhere")))?)
            };
            links.push(Link { name, target });
        }
    }
    Ok(links)
}

/// The bytes of a local heap.
fn read_names(source: &Source, address: u64) -> Result<Vec<u8>, Fault> {
    let front = source.read_up_to(address, 8 + 24)?;
    let mut cursor = source.cursor(&front);
    cursor.signature(*b"HEAP")?;
    cursor.skip(4)?;
    let n_bytes = cursor.length()?;
    cursor.length()?;
    source.read(cursor.place_of("the names of a group")?, n_bytes)
}

fn name_at(names: &[u8], place: u64) -> Result<String, Fault> {
    let name = usize::try_from(place).ok().and_then(|place| names.get(place..));
    name.map(until_zero).ok_or_else(|| Fault::damaged("a name lies outside of its heap"))
}
