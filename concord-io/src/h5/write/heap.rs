use std::io;

use super::appender::Appender;

/// A length, an address, and an index: what stands for a text where texts have any length.
pub(super) const REFERENCE_BYTES: usize = 16;

/// The least size of a heap of texts, and the one at which the next is begun.
const MIN_HEAP_BYTES: usize = 4096;
const MAX_HEAP_BYTES: usize = 1 << 16;

/// Bytes in front of a heap, and of each text in it.
const FRONT_BYTES: usize = 16;

/// The heaps that single texts go to. Room for them is taken when they are begun, because references need their address;
/// they are written at the end.
#[derive(Debug, Default)]
pub(super) struct TextHeaps {
    heaps: Vec<(u64, Heap)>,
}

/// A heap of texts that is being filled.
#[derive(Debug)]
struct Heap {
    bytes: Vec<u8>,
    n_texts: u16,
}

impl Heap {
    fn new() -> Self {
        Self { bytes: vec![0; FRONT_BYTES], n_texts: 0 }
    }

    fn n_bytes_with(&self, text: &[u8]) -> usize {
        self.bytes.len() + FRONT_BYTES + text.len().next_multiple_of(8)
    }

    /// Adds a text and returns its index; texts count from 1.
    fn add(&mut self, text: &[u8]) -> u16 {
        self.n_texts += 1;
        self.bytes.extend(self.n_texts.to_le_bytes());
        self.bytes.extend([0; 6]);
        self.bytes.extend((text.len() as u64).to_le_bytes());
        self.bytes.extend(text);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        self.n_texts
    }

    /// The whole heap, of at least this size, with what is left said to be free.
    fn into_bytes(mut self, min_bytes: usize) -> Vec<u8> {
        let n_free = min_bytes.saturating_sub(self.bytes.len());
        if n_free >= FRONT_BYTES {
            self.bytes.extend([0; 8]);
            self.bytes.extend((n_free as u64).to_le_bytes());
        }
        self.bytes.resize(self.bytes.len().max(min_bytes), 0);
        let n_bytes = self.bytes.len() as u64;
        self.bytes[..4].copy_from_slice(b"GCOL");
        self.bytes[4] = 1;
        self.bytes[8..FRONT_BYTES].copy_from_slice(&n_bytes.to_le_bytes());
        self.bytes
    }
}

impl TextHeaps {
    /// The heaps with their addresses.
    pub(super) fn into_bytes(self) -> impl Iterator<Item = (u64, Vec<u8>)> {
        self.heaps.into_iter().map(|(address, heap)| (address, heap.into_bytes(MIN_HEAP_BYTES)))
    }
}

/// Refuses a text that the file would end in its middle.
pub(super) fn check_text(text: &str) -> io::Result<()> {
    if text.contains('\0') {
        let detail = format!("the text {text:?} holds a zero character; leave it out");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, detail));
    }
    Ok(())
}

/// Writes texts of an array and returns their references.
pub(super) fn put_texts<S: AsRef<[u8]>>(appender: &mut Appender, texts: &[S]) -> io::Result<Vec<u8>> {
    let mut references = Vec::with_capacity(texts.len() * REFERENCE_BYTES);
    let mut rest = texts;
    while !rest.is_empty() {
        let mut heap = Heap::new();
        let mut n_here = 0;
        while n_here < rest.len() && (n_here == 0 || heap.n_bytes_with(rest[n_here].as_ref()) <= MAX_HEAP_BYTES) {
            heap.add(rest[n_here].as_ref());
            n_here += 1;
        }
        let address = appender.put_aligned(&heap.into_bytes(MIN_HEAP_BYTES))?;
        let (here, behind) = rest.split_at(n_here);
        references.extend((1..).zip(here).flat_map(|(index, text)| reference(text.as_ref(), address, index)));
        rest = behind;
    }
    Ok(references)
}

/// Writes one text, together with others, and returns its reference.
pub(super) fn put_text(appender: &mut Appender, text: &[u8]) -> io::Result<Vec<u8>> {
    if Heap::new().n_bytes_with(text) > MIN_HEAP_BYTES {
        return put_texts(appender, &[text]);
    }
    let has_room = appender.heaps.heaps.last().is_some_and(|(_, heap)| heap.n_bytes_with(text) <= MIN_HEAP_BYTES);
    if !has_room {
        let address = appender.put_aligned(&[0; MIN_HEAP_BYTES])?;
        appender.heaps.heaps.push((address, Heap::new()));
    }
    match appender.heaps.heaps.last_mut() {
        Some((address, heap)) => Ok(reference(text, *address, heap.add(text))),
        None => Err(io::Error::other("no heap was begun")),
    }
}

/// An empty text leads nowhere.
fn reference(text: &[u8], address: u64, index: u16) -> Vec<u8> {
    let (address, index) = if text.is_empty() { (0, 0) } else { (address, index) };
    let mut bytes = (text.len() as u32).to_le_bytes().to_vec();
    bytes.extend(address.to_le_bytes());
    bytes.extend(u32::from(index).to_le_bytes());
    bytes
}
