use std::collections::VecDeque;

use super::checksum::checked;
use super::source::{Source, Visited};
use super::{Cursor, Fault};

/// The kinds of messages that are understood here.
pub(in crate::h5) mod kind {
    pub(in crate::h5) const DATASPACE: u16 = 0x01;
    pub(in crate::h5) const LINK_INFO: u16 = 0x02;
    pub(in crate::h5) const DATATYPE: u16 = 0x03;
    pub(in crate::h5) const OLD_FILL: u16 = 0x04;
    pub(in crate::h5) const FILL: u16 = 0x05;
    pub(in crate::h5) const LINK: u16 = 0x06;
    pub(in crate::h5) const EXTERNAL_FILES: u16 = 0x07;
    pub(in crate::h5) const LAYOUT: u16 = 0x08;
    pub(in crate::h5) const GROUP_INFO: u16 = 0x0a;
    pub(in crate::h5) const FILTERS: u16 = 0x0b;
    pub(in crate::h5) const ATTRIBUTE: u16 = 0x0c;
    pub(in crate::h5) const CONTINUATION: u16 = 0x10;
    pub(in crate::h5) const SYMBOL_TABLE: u16 = 0x11;
    pub(in crate::h5) const ATTRIBUTE_INFO: u16 = 0x15;
    pub(in crate::h5) const N_LINKS: u16 = 0x16;
}

const SHARED: u8 = 2;

/// Flags of the second version of headers.
const HAS_CREATION_ORDER: u8 = 0x04;
const HAS_PHASES: u8 = 0x10;
const HAS_TIMES: u8 = 0x20;

/// Types may be kept in a header of their own; those do not refer to others.
const MAX_SHARING: usize = 2;

/// One statement about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::h5) struct Message {
    pub(in crate::h5) kind: u16,
    pub(in crate::h5) flags: u8,
    pub(in crate::h5) body: Vec<u8>,
}

/// What a file says about an object.
#[derive(Debug, Clone)]
pub(in crate::h5) struct Header {
    pub(in crate::h5) messages: Vec<Message>,
    /// How many names the object has.
    pub(in crate::h5) n_links: u32,
}

/// A run of messages in the file.
struct Block {
    place: u64,
    n_bytes: u64,
}

impl Header {
    /// Reads an object header of either version with all its continuations.
    pub(in crate::h5) fn read(source: &Source, address: u64) -> Result<Self, Fault> {
        let front = source.read_up_to(address, 4)?;
        if front == *b"OHDR" { read_new(source, address) } else { read_old(source, address) }
    }

    /// The first message of this kind; one that is kept elsewhere is fetched.
    pub(in crate::h5) fn find(&self, source: &Source, kind: u16) -> Result<Option<Vec<u8>>, Fault> {
        let found = self.messages.iter().find(|message| message.kind == kind);
        found.map(|message| message.content(source)).transpose()
    }

    /// As [`Self::find`], for a message that every object of this sort has.
    pub(in crate::h5) fn expect(&self, source: &Source, kind: u16, what: &str) -> Result<Vec<u8>, Fault> {
        self.find(source, kind)?.ok_or_else(|| Fault::damaged(format!("its {what} is missing")))
    }

    pub(in crate::h5) fn of_kind(&self, kind: u16) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(move |message| message.kind == kind)
    }

    pub(in crate::h5) fn has(&self, kind: u16) -> bool {
        self.of_kind(kind).next().is_some()
    }
}

impl Message {
    /// What the message says, which may be kept in another header.
    pub(in crate::h5) fn content(&self, source: &Source) -> Result<Vec<u8>, Fault> {
        if self.flags & SHARED == 0 { Ok(self.body.clone()) } else { shared(source, self.kind, &self.body) }
    }
}

/// Fetches the message of this kind that a reference points to.
pub(super) fn shared(source: &Source, kind: u16, reference: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut reference = reference.to_vec();
    for _ in 0..MAX_SHARING {
        let address = shared_address(&mut source.cursor(&reference))?;
        let header = Header::read(source, address)?;
        let found = header.of_kind(kind).next();
        let found = found.ok_or_else(|| Fault::damaged("a type that is kept elsewhere is not there"))?;
        if found.flags & SHARED == 0 {
            return Ok(found.body.clone());
        }
        reference.clone_from(&found.body);
    }
    Err(Fault::damaged("a type is kept in ever other places"))
}

fn shared_address(cursor: &mut Cursor<'_>) -> Result<u64, Fault> {
    let (version, place) = (cursor.u8()?, cursor.u8()?);
    match (version, place) {
        (1, _) => cursor.skip(6)?,
        (2, _) | (3, 2) => (),
        _ => return Err(Fault::unsupported("keeps messages in a table for the whole file, which is not read here")),
    }
    cursor.place_of("a shared type")
}

fn read_old(source: &Source, address: u64) -> Result<Header, Fault> {
    let front = source.read(address, 16)?;
    let mut cursor = source.cursor(&front);
    match cursor.u8()? {
        1 => cursor.skip(3)?,
        version => {
            return Err(Fault::damaged(format!("no object header is at {address} (its version would be {version})")));
        }
    }
    let (n_links, n_bytes) = (cursor.u32()?, u64::from(cursor.u32()?));
    let messages = read_blocks(source, Block { place: address + 16, n_bytes }, |bytes| {
        let mut cursor = source.cursor(bytes);
        let mut messages = Vec::new();
        while cursor.rest().len() >= 8 {
            let (kind, n_bytes, flags) = (cursor.u16()?, usize::from(cursor.u16()?), cursor.u8()?);
            cursor.skip(3)?;
            messages.push(Message { kind, flags, body: cursor.take(n_bytes)?.to_vec() });
        }
        Ok(messages)
    })?;
    Ok(Header { messages, n_links })
}

fn read_new(source: &Source, address: u64) -> Result<Header, Fault> {
    let front = source.read_up_to(address, 64)?;
    let mut cursor = source.cursor(&front);
    cursor.skip(5)?;
    let flags = cursor.u8()?;
    cursor.skip(if flags & HAS_TIMES != 0 { 16 } else { 0 } + if flags & HAS_PHASES != 0 { 4 } else { 0 })?;
    let n_messages = cursor.uint(1 << (flags & 3))?;
    let n_front = cursor.place();
    // The checksum is of the front and of the messages.
    let n_bytes = n_messages.checked_add(n_front as u64 + 4).ok_or_else(|| Fault::damaged("its header is too long"))?;
    let messages = read_blocks(source, Block { place: address, n_bytes }, |bytes| {
        let content = checked(bytes)?;
        let is_first = content.starts_with(b"OHDR");
        if !is_first && !content.starts_with(b"OCHK") {
            return Err(Fault::damaged("a part of its header is something else"));
        }
        parse_new(&mut source.cursor(content), if is_first { n_front } else { 4 }, flags)
    })?;
    let count = messages.iter().find(|message| message.kind == kind::N_LINKS);
    let n_links = count.map_or(Ok(1), |message| {
        let mut cursor = source.cursor(&message.body);
        cursor.skip(1)?;
        cursor.u32()
    })?;
    Ok(Header { messages, n_links })
}

fn parse_new(cursor: &mut Cursor<'_>, n_front: usize, flags: u8) -> Result<Vec<Message>, Fault> {
    cursor.skip(n_front)?;
    let order_bytes = if flags & HAS_CREATION_ORDER != 0 { 2 } else { 0 };
    let mut messages = Vec::new();
    while cursor.rest().len() >= 4 + order_bytes {
        let (kind, n_bytes, flags) = (u16::from(cursor.u8()?), usize::from(cursor.u16()?), cursor.u8()?);
        cursor.skip(order_bytes)?;
        messages.push(Message { kind, flags, body: cursor.take(n_bytes)?.to_vec() });
    }
    Ok(messages)
}

/// Reads a block and all those that it and they are continued in.
fn read_blocks(
    source: &Source,
    first: Block,
    parse: impl Fn(&[u8]) -> Result<Vec<Message>, Fault>,
) -> Result<Vec<Message>, Fault> {
    let mut visited = Visited::new(source);
    let (mut blocks, mut messages) = (VecDeque::from([first]), Vec::new());
    while let Some(Block { place, n_bytes }) = blocks.pop_front() {
        visited.enter(place, n_bytes)?;
        for message in parse(&source.read(place, n_bytes)?)? {
            if message.kind == kind::CONTINUATION {
                let mut cursor = source.cursor(&message.body);
                blocks.push_back(Block { place: cursor.place_of("the rest of a header")?, n_bytes: cursor.length()? });
            } else {
                messages.push(message);
            }
        }
    }
    Ok(messages)
}
