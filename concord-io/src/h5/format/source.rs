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
pub(in crate::h5) struct OpenFile(File);

impl OpenFile {
    pub(in crate::h5) fn new(file: File) -> Self {
        Self(file)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        let _ = self.0.unlock();
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
        read_exact_at(&self.file.0, bytes, place)
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

/// The places that a walk through a file has been at, so that one that leads back is noticed.
#[derive(Debug, Default)]
pub(in crate::h5) struct Visited(HashSet<u64>);

impl Visited {
    pub(in crate::h5) fn enter(&mut self, address: u64) -> Result<(), Fault> {
        if self.0.insert(address) {
            return Ok(());
        }
        Err(Fault::damaged(format!("the structure at {address} is part of itself")))
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
