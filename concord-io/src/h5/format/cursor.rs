use super::{Fault, Sizes};

/// Takes numbers from the front of some bytes. What is not there is damage.
#[derive(Debug, Clone)]
pub(in crate::h5) struct Cursor<'b> {
    bytes: &'b [u8],
    place: usize,
    sizes: Sizes,
}

impl<'b> Cursor<'b> {
    pub(in crate::h5) fn new(bytes: &'b [u8], sizes: Sizes) -> Self {
        Self { bytes, place: 0, sizes }
    }

    pub(in crate::h5) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// How many bytes were taken.
    pub(in crate::h5) fn place(&self) -> usize {
        self.place
    }

    /// What was not taken yet.
    pub(in crate::h5) fn rest(&self) -> &'b [u8] {
        &self.bytes[self.place..]
    }

    pub(in crate::h5) fn take(&mut self, n_bytes: usize) -> Result<&'b [u8], Fault> {
        let taken = self.rest().get(..n_bytes).ok_or_else(|| Fault::damaged("a structure is cut short"))?;
        self.place += n_bytes;
        Ok(taken)
    }

    pub(in crate::h5) fn skip(&mut self, n_bytes: usize) -> Result<(), Fault> {
        self.take(n_bytes).map(drop)
    }

    pub(in crate::h5) fn u8(&mut self) -> Result<u8, Fault> {
        Ok(self.take(1)?[0])
    }

    pub(in crate::h5) fn u16(&mut self) -> Result<u16, Fault> {
        Ok(self.uint(2)? as u16)
    }

    pub(in crate::h5) fn u32(&mut self) -> Result<u32, Fault> {
        Ok(self.uint(4)? as u32)
    }

    pub(in crate::h5) fn u64(&mut self) -> Result<u64, Fault> {
        self.uint(8)
    }

    /// A number of up to 8 bytes.
    pub(in crate::h5) fn uint(&mut self, n_bytes: usize) -> Result<u64, Fault> {
        if n_bytes > 8 {
            return Err(Fault::damaged(format!("a number has {n_bytes} bytes")));
        }
        Ok(self.take(n_bytes)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// A length.
    pub(in crate::h5) fn length(&mut self) -> Result<u64, Fault> {
        self.uint(self.sizes.length)
    }

    /// An address; `None` for the one that stands for "nowhere".
    pub(in crate::h5) fn address(&mut self) -> Result<Option<u64>, Fault> {
        let address = self.uint(self.sizes.offset)?;
        Ok((address != u64::MAX >> (64 - 8 * self.sizes.offset)).then_some(address))
    }

    /// An address of something that must be there.
    pub(in crate::h5) fn place_of(&mut self, what: &str) -> Result<u64, Fault> {
        self.address()?.ok_or_else(|| Fault::damaged(format!("{what} is nowhere")))
    }

    pub(in crate::h5) fn signature(&mut self, expected: [u8; 4]) -> Result<(), Fault> {
        let found = self.take(4)?;
        if found == expected {
            return Ok(());
        }
        let [expected, found] =
            [&expected[..], found].map(|bytes| String::from_utf8_lossy(bytes).escape_debug().to_string());
        Err(Fault::damaged(format!("expected the structure {expected}, found '{found}'")))
    }

    /// Lengths of some dimensions, of four bytes each.
    pub(in crate::h5) fn lengths(&mut self, n_dimensions: usize) -> Result<Vec<usize>, Fault> {
        (0..n_dimensions).map(|_| self.u32().map(|length| length as usize)).collect()
    }

    /// A text that a zero ends, and the zero.
    pub(in crate::h5) fn text(&mut self) -> Result<String, Fault> {
        let rest = self.rest();
        let end = rest.iter().position(|&byte| byte == 0);
        let end = end.ok_or_else(|| Fault::damaged("a name has no end"))?;
        self.skip(end + 1)?;
        Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
    }
}

/// The text in front of the first zero, or all of it. Invalid UTF-8 is replaced.
pub(in crate::h5) fn until_zero(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
