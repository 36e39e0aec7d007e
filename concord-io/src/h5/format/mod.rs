//! The HDF5 file format: from bytes to headers, types, links and the places of chunks.
//!
//! After "HDF5 File Format Specification Version 3.0" by The HDF Group, whose names are kept: all versions of superblocks,
//! object headers, groups and chunk indexes up to those of HDF5 1.14. Everything read here is suspected of damage: no size is
//! believed before it is held against the file, no structure is visited twice, and every error is a [`Fault`].

mod attribute;
mod btree1;
mod btree2;
mod checksum;
pub(super) mod chunk_index;
mod cursor;
mod dataspace;
mod datatype;
mod fault;
mod fill;
mod fractal_heap;
mod global_heap;
mod header;
mod layout;
mod link;
mod pipeline;
mod source;
mod superblock;

pub(super) use attribute::{RawAttribute, attributes};
pub(super) use checksum::fletcher32;
pub(crate) use checksum::lookup3;
pub(super) use cursor::{Cursor, until_zero};
pub(super) use dataspace::Dataspace;
pub(super) use datatype::{Datatype, Member, Padding};
pub(super) use fault::Fault;
pub(super) use fill::fill_value;
pub(super) use global_heap::HeapReader;
pub(super) use header::{Header, Message, kind};
pub(super) use layout::{ChunkIndex, ChunkRules, Layout};
pub(super) use link::{Link, LinkTarget, links};
pub(super) use pipeline::filters;
pub(super) use source::{OpenFile, Sizes, Source};
pub(super) use superblock::Superblock;
