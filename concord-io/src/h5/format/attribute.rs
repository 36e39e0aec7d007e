use super::btree2::records;
use super::fractal_heap::FractalHeap;
use super::header::shared;
use super::source::Source;
use super::{Dataspace, Datatype, Fault, Header, Message, kind, until_zero};

const TYPE_IS_SHARED: u8 = 1;
const SPACE_IS_SHARED: u8 = 2;
const MESSAGE_IS_SHARED: u8 = 2;

const HAS_ORDER: u8 = 1;
const HEAP_ID_BYTES: usize = 8;

/// An attribute with its bytes as they lie in the file.
#[derive(Debug, Clone)]
pub(in crate::h5) struct RawAttribute {
    pub(in crate::h5) name: String,
    pub(in crate::h5) datatype: Datatype,
    pub(in crate::h5) bytes: Vec<u8>,
    /// The whole message, to be written again in the same file.
    pub(in crate::h5) message: Vec<u8>,
    /// The messages of its type and shape, to be written in another file.
    pub(in crate::h5) type_body: Vec<u8>,
    pub(in crate::h5) space_body: Vec<u8>,
}

/// All attributes of an object, wherever they are kept.
pub(in crate::h5) fn attributes(source: &Source, header: &Header) -> Result<Vec<RawAttribute>, Fault> {
    let inside = header.of_kind(kind::ATTRIBUTE).map(|message| message.content(source));
    let mut bodies = inside.collect::<Result<Vec<_>, _>>()?;
    if let Some(info) = header.find(source, kind::ATTRIBUTE_INFO)? {
        bodies.extend(dense(source, &info)?);
    }
    bodies.into_iter().map(|body| parse(source, body)).collect()
}

/// The attributes that lie in a heap, because there are many or large ones.
fn dense(source: &Source, info: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut cursor = source.cursor(info);
    cursor.skip(1)?;
    let flags = cursor.u8()?;
    cursor.skip(if flags & HAS_ORDER != 0 { 2 } else { 0 })?;
    let (Some(heap), Some(names)) = (cursor.address()?, cursor.address()?) else { return Ok(Vec::new()) };
    let heap = FractalHeap::read(source, heap)?;
    let fetch = |record: Vec<u8>| {
        let mut cursor = source.cursor(&record);
        let id = cursor.take(HEAP_ID_BYTES)?;
        let (flags, body) = (source.cursor(cursor.rest()).u8()?, heap.object(id)?);
        Message { kind: kind::ATTRIBUTE, flags: flags & MESSAGE_IS_SHARED, body }.content(source)
    };
    records(source, names, &[8])?.into_iter().map(fetch).collect()
}

fn parse(source: &Source, message: Vec<u8>) -> Result<RawAttribute, Fault> {
    let mut cursor = source.cursor(&message);
    let (version, flags) = (cursor.u8()?, cursor.u8()?);
    if !(1..=3).contains(&version) {
        return Err(Fault::damaged(format!("an attribute is of version {version}")));
    }
    let flags = if version == 1 { 0 } else { flags };
    let lengths = [cursor.u16()?, cursor.u16()?, cursor.u16()?].map(usize::from);
    cursor.skip(usize::from(version == 3))?;
    let mut part = |length: usize| {
        let part = cursor.take(length)?;
        cursor.skip(if version == 1 { length.next_multiple_of(8) - length } else { 0 })?;
        Ok::<_, Fault>(part)
    };
    let [name, datatype, space] = [part(lengths[0])?, part(lengths[1])?, part(lengths[2])?];
    let whole = |bytes: &[u8], flag, kind| {
        if flags & flag == 0 { Ok(bytes.to_vec()) } else { shared(source, kind, bytes) }
    };
    let name = until_zero(name);
    let type_body = whole(datatype, TYPE_IS_SHARED, kind::DATATYPE)?;
    let space_body = whole(space, SPACE_IS_SHARED, kind::DATASPACE)?;
    let datatype = Datatype::parse(&mut source.cursor(&type_body))?;
    let space = Dataspace::parse(&mut source.cursor(&space_body))?;
    let n_bytes = space.n_elements().and_then(|n| n.checked_mul(datatype.n_bytes()));
    let bytes = n_bytes.and_then(|n_bytes| cursor.rest().get(..n_bytes)).map(<[u8]>::to_vec);
    let bytes = bytes.ok_or_else(|| Fault::damaged(format!("the attribute {name} is cut short")))?;
    Ok(RawAttribute { name, datatype, bytes, message, type_body, space_body })
}
