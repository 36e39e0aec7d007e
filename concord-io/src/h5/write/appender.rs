use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use super::heap::TextHeaps;
use super::message::NOWHERE;
use crate::h5::file::H5File;
use crate::h5::format::{Header, lookup3};

/// Bytes that are collected before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Half of the entries that a node of a tree of chunks has room for, unless the file says otherwise.
const USUAL_TREE_RANK: u16 = 32;

/// A superblock of version 2 with all its fields.
const NEW_SUPERBLOCK_BYTES: u64 = 48;

/// The byte of a superblock of version 3 that says whether a program is writing the file, and the bits for it.
const STATE_PLACE: usize = 11;
const IS_BEING_WRITTEN: u8 = 5;

/// Messages of the settings of a file.
const TREE_RANKS: u16 = 0x13;
const FREE_SPACE: u16 = 0x17;

/// A file that is being added to.
#[derive(Debug)]
pub(crate) struct Appender {
    file: File,
    /// Where address 0 is in the file.
    base: u64,
    /// The address behind what was added, and those bytes before it that were not written yet.
    end: u64,
    buffer: Vec<u8>,
    front: Front,
    pub(super) tree_rank: u16,
    pub(super) heaps: TextHeaps,
}

/// The first bytes of a file, and where they name the top-level group and the end.
#[derive(Debug)]
struct Front {
    bytes: Vec<u8>,
    /// What the file adds to addresses of its end.
    stored_base: u64,
    end_place: usize,
    root_place: usize,
    has_checksum: bool,
}

impl Appender {
    /// Begins a new file in one that is empty.
    pub(crate) fn new(file: File) -> Self {
        let mut bytes = crate::h5::file::SIGNATURE.to_vec();
        bytes.extend([2, 8, 8, 0]);
        bytes.extend([0, NOWHERE, 0, 0].iter().flat_map(|address: &u64| address.to_le_bytes()));
        bytes.extend([0; 4]);
        let front = Front { bytes, stored_base: 0, end_place: 28, root_place: 36, has_checksum: true };
        Self::at(file, 0, NEW_SUPERBLOCK_BYTES, front, USUAL_TREE_RANK)
    }

    /// Begins behind the end of an existing file; `file` is the same one, opened for writing. `Err` says why this file
    /// cannot be added to.
    pub(crate) fn behind(existing: &H5File, file: File) -> Result<Self, String> {
        let (superblock, source) = (existing.superblock(), existing.source());
        if (source.sizes.offset, source.sizes.length) != (8, 8) {
            return Err("its addresses have less than 8 bytes; write it anew with h5repack or anndata".to_owned());
        }
        let bytes = superblock.bytes.clone();
        if superblock.version == 3 && bytes[STATE_PLACE] & IS_BEING_WRITTEN != 0 {
            return Err(
                "it says that a program is writing it; wait for that, or clear the mark with h5clear -s".to_owned()
            );
        }
        let number = |place: usize| {
            bytes.get(place..place + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
        };
        let mut tree_rank = USUAL_TREE_RANK;
        let front = match superblock.version {
            0 => Front { stored_base: number(24), end_place: 40, root_place: 64, has_checksum: false, bytes },
            1 => {
                tree_rank = u16::from_le_bytes([bytes[24], bytes[25]]);
                Front { stored_base: number(28), end_place: 44, root_place: 68, has_checksum: false, bytes }
            }
            _ => Front { stored_base: number(12), end_place: 28, root_place: 36, has_checksum: true, bytes },
        };
        if let Some(extension) = superblock.extension {
            let header = Header::read(source, extension).map_err(|_| "its settings are damaged".to_owned())?;
            if header.has(FREE_SPACE) {
                return Err("it keeps lists of its free space; write it anew with h5repack or anndata".to_owned());
            }
            if let Some(ranks) = header.of_kind(TREE_RANKS).next().and_then(|message| message.body.get(1..3)) {
                tree_rank = u16::from_le_bytes([ranks[0], ranks[1]]);
            }
        }
        Ok(Self::at(file, source.base(), superblock.end.next_multiple_of(8), front, tree_rank.max(1)))
    }

    fn at(file: File, base: u64, end: u64, front: Front, tree_rank: u16) -> Self {
        Self { file, base, end, buffer: Vec::new(), front, tree_rank, heaps: TextHeaps::default() }
    }

    /// The next address that is a multiple of 8, where [`Self::put`] will write.
    pub(super) fn align(&mut self) -> io::Result<u64> {
        let padding = self.end.next_multiple_of(8) - self.end;
        self.put(&[0; 8][..padding as usize])?;
        Ok(self.end)
    }

    /// Writes bytes behind all others.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        self.end += bytes.len() as u64;
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes bytes at the next address that is a multiple of 8, and returns it.
    pub(in crate::h5) fn put_aligned(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let address = self.align()?;
        self.put(bytes)?;
        Ok(address)
    }

    fn flush(&mut self) -> io::Result<()> {
        let start = self.base + self.end - self.buffer.len() as u64;
        self.file.seek(SeekFrom::Start(start))?;
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Brings all that was added to the disk, where it belongs to nothing yet. Only [`Self::publish`] may follow.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        self.align()?;
        self.flush()?;
        for (address, heap) in std::mem::take(&mut self.heaps).into_bytes() {
            self.file.seek(SeekFrom::Start(self.base + address))?;
            self.file.write_all(&heap)?;
        }
        self.file.set_len(self.base + self.end)?;
        self.file.sync_all()
    }

    /// Makes what was settled a part of the file, with this top-level group.
    ///
    /// The first bytes of the file change in one write: a reader, a crash or a loss of power sees the old file or the new
    /// one. When the write fails the old bytes are put back.
    pub(crate) fn publish(mut self, root: u64) -> io::Result<()> {
        let (old, new) = (self.front.bytes.clone(), self.front.filled(root, self.end));
        self.put_front(&new).inspect_err(|_| {
            let _ = self.put_front(&old);
        })
    }

    /// [`Self::settle`] and [`Self::publish`], for a file that is nothing before.
    pub(crate) fn finish(mut self, root: u64) -> io::Result<()> {
        self.settle()?;
        self.publish(root)
    }

    fn put_front(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.base))?;
        self.file.write_all(bytes)?;
        self.file.sync_all()
    }
}

impl Front {
    fn filled(&self, root: u64, end: u64) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let mut set = |place: usize, number: u64| bytes[place..place + 8].copy_from_slice(&number.to_le_bytes());
        set(self.end_place, self.stored_base.saturating_add(end));
        set(self.root_place, root);
        if self.has_checksum {
            let n_checked = bytes.len() - 4;
            let sum = lookup3(&bytes[..n_checked]).to_le_bytes();
            bytes[n_checked..].copy_from_slice(&sum);
        } else {
            // The entry of an old top-level group also tells where its table was, which the new one does not have.
            bytes[self.root_place + 8..].fill(0);
        }
        bytes
    }
}
