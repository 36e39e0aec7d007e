use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::{Cursor, Fault};

/// How many bytes the file's addresses and lengths have: 2, 4 or 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::h5) struct Sizes {
    pub(in crate::h5) offset: usize,
    pub(in crate::h5) length: usize,
}

/// A file that gives back its lock when it is closed.
///
/// Closing alone does not: a process that is started at that moment has inherited the lock, until it runs its program.
#[derive(Debug)]
pub(in crate::h5) struct OpenFile {
    file: File,
    owns_lock: bool,
}

impl OpenFile {
    pub(in crate::h5) fn new(file: File, owns_lock: bool) -> Self {
        Self { file, owns_lock }
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if self.owns_lock {
            let _ = self.file.unlock();
        }
    }
}

/// The bytes of a file, by their address. Clones are the same open file.
#[derive(Debug, Clone)]
pub(in crate::h5) struct Source {
    file: Arc<OpenFile>,
    /// What stands in front of the data proper and is not counted by addresses.
    base: u64,
    n_bytes: u64,
    pub(in crate::h5) sizes: Sizes,
}

impl Source {
    pub(in crate::h5) fn new(file: Arc<OpenFile>, base: u64, n_bytes: u64, sizes: Sizes) -> Self {
        Self { file, base, n_bytes, sizes }
    }

    /// Size of the file.
    pub(in crate::h5) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    pub(in crate::h5) fn base(&self) -> u64 {
        self.base
    }

    /// Reads `n_bytes`; nothing is allocated when the file is shorter.
    pub(in crate::h5) fn read(&self, address: u64, n_bytes: u64) -> Result<Vec<u8>, Fault> {
        self.check_range(address, n_bytes)?;
        let mut bytes = vec![0; n_bytes as usize];
        self.read_into(address, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads `n_bytes`, or what there is up to the end of the file.
    pub(in crate::h5) fn read_up_to(&self, address: u64, n_bytes: u64) -> Result<Vec<u8>, Fault> {
        let behind = self.n_bytes.saturating_sub(self.base.saturating_add(address));
        self.read(address, n_bytes.min(behind))
    }

    pub(in crate::h5) fn read_into(&self, address: u64, bytes: &mut [u8]) -> io::Result<()> {
        let place = address.checked_add(self.base).ok_or(io::ErrorKind::UnexpectedEof)?;
        read_exact_at(&self.file.file, bytes, place)
    }

    /// Fails unless these bytes are all inside the file.
    pub(in crate::h5) fn check_range(&self, address: u64, n_bytes: u64) -> Result<(), Fault> {
        let end = self.base.checked_add(address).and_then(|start| start.checked_add(n_bytes));
        match end {
            Some(end) if end <= self.n_bytes => Ok(()),
            _ => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        }
    }

    pub(in crate::h5) fn cursor<'b>(&self, bytes: &'b [u8]) -> Cursor<'b> {
        Cursor::new(bytes, self.sizes)
    }
}

/// The parts of a file that a walk through it has been at. They do not overlap, so all of them together are no larger than
/// the file: a walk that leads back, or through the same bytes again and again, is noticed.
#[derive(Debug)]
pub(in crate::h5) struct Visited {
    addresses: HashSet<u64>,
    n_bytes_left: u64,
}

impl Visited {
    pub(in crate::h5) fn new(source: &Source) -> Self {
        Self { addresses: HashSet::new(), n_bytes_left: source.n_bytes() }
    }

    /// Notes a structure of this many bytes.
    pub(in crate::h5) fn enter(&mut self, address: u64, n_bytes: u64) -> Result<(), Fault> {
        let left = self.n_bytes_left.checked_sub(n_bytes);
        match (self.addresses.insert(address), left) {
            (true, Some(left)) => {
                self.n_bytes_left = left;
                Ok(())
            }
            (false, _) => Err(Fault::damaged(format!("the structure at {address} is part of itself"))),
            (_, None) => Err(Fault::damaged("its structures together are larger than the file")),
        }
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], address: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, address)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut address: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, address)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n_read => {
                bytes = &mut bytes[n_read..];
                address += n_read as u64;
            }
        }
    }
    Ok(())
}
