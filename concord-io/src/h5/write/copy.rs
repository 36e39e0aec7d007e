//! Everything that one file holds, written into another: without what nothing leads to, and compressed anew.

use std::collections::HashMap;
use std::io;

use rayon::prelude::*;

use super::appender::Appender;
use super::attributes::assembled;
use super::chunk_tree::{Child, key, put_tree};
use super::chunked::{FILL_OF_CHUNKS, Filters, filtered, pipeline};
use super::dataset::FILL_OF_PIECE;
use super::group::GroupDraft;
use super::heap::{REFERENCE_BYTES, put_text, put_texts};
use super::message::{HeaderDraft, NOWHERE, dataspace, layout_of_chunks, layout_of_piece};
use crate::IoError;
use crate::h5::blocks::Blocks;
use crate::h5::chunks::Scratch;
use crate::h5::file::H5File;
use crate::h5::format::{Dataspace, Datatype, Fault, HeapReader, Layout, LinkTarget, attributes, kind};
use crate::h5::object::{Dataset, Group, Node, Object};

/// Objects that lead to objects that lead to objects.
const MAX_DEPTH: usize = 64;

/// An array without chunks stays in one piece up to this size.
const PIECE_BYTES: usize = 1 << 16;

/// So many texts share heaps with others; more have heaps of their own, which have a least size.
const FEW_TEXTS: usize = 16;

/// Things in an element that lead elsewhere.
const MAX_LEADS: usize = 1 << 12;

/// Bytes of a reference to an object.
const ADDRESS_BYTES: usize = 8;

/// Bytes of chunks that are compressed at the same time, and their greatest number.
const PENDING_BYTES: usize = 64 << 20;
const PENDING_CHUNKS: usize = 32;

/// Why a copy failed.
#[derive(Debug)]
pub(crate) enum CopyError {
    /// The old file cannot be read.
    Read(IoError),
    /// The new file cannot be written.
    Write(io::Error),
}

impl From<IoError> for CopyError {
    fn from(error: IoError) -> Self {
        Self::Read(error)
    }
}

impl From<io::Error> for CopyError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Copies all groups, arrays and attributes of a file, and returns the address of the new top level.
///
/// Elements stay as they are, byte for byte, but for texts of any length, which lie elsewhere, and for references to objects,
/// which have other addresses in the new file. Chunks keep their shape. Objects with several names are copied once; links to
/// paths and to other files stay what they are. What cannot be copied is an error, because what it belongs to would be useless
/// without it.
pub(crate) fn copy_all(file: &H5File, appender: &mut Appender, filters: Filters) -> Result<u64, CopyError> {
    let sizes = &file.source().sizes;
    if (sizes.offset, sizes.length) != (8, 8) {
        return Err(file
            .unsupported("the file", "its addresses have less than 8 bytes; write it anew with h5repack")
            .into());
    }
    let mut copier = Copier { file, filters, copied: HashMap::new() };
    copier.copy_group(appender, file.root(), 0)
}

struct Copier<'f> {
    file: &'f H5File,
    filters: Filters,
    /// New addresses of objects by their old ones; `None` while what lies below them is copied.
    copied: HashMap<u64, Option<u64>>,
}

impl Copier<'_> {
    fn copy_group(&mut self, appender: &mut Appender, group: &Group, depth: usize) -> Result<u64, CopyError> {
        let mut draft = GroupDraft::default();
        for (name, message) in self.attributes(appender, group, depth)? {
            draft.set_message(&name, message);
        }
        for link in group.links() {
            match link.target {
                LinkTarget::Hard(address) => {
                    let name = crate::h5::file::full_name(group, &link.name);
                    draft.set(&link.name, self.copy_object(appender, &name, address, depth + 1)?);
                }
                _ => draft.set_link(&link.name, link.target.clone()),
            }
        }
        Ok(draft.write(appender)?)
    }

    /// Copies the object at an address, unless it was copied before.
    fn copy_object(
        &mut self,
        appender: &mut Appender,
        name: &str,
        address: u64,
        depth: usize,
    ) -> Result<u64, CopyError> {
        match self.copied.get(&address) {
            Some(Some(copied)) => return Ok(*copied),
            Some(None) => return Err(self.file.unsupported(name, "is a group that leads to itself").into()),
            None => {}
        }
        if depth > MAX_DEPTH {
            return Err(self.file.unsupported(name, "has too many groups inside each other to be written anew; use annotated copies of the file instead").into());
        }
        self.copied.insert(address, None);
        let copied = match self.file.read_node(address, name).map_err(|fault| self.file.fault(name, fault))? {
            Node::Group(group) => self.copy_group(appender, &group, depth)?,
            Node::Dataset(dataset) => self.copy_dataset(appender, &dataset, depth)?,
        };
        self.copied.insert(address, Some(copied));
        Ok(copied)
    }

    fn copy_dataset(&mut self, appender: &mut Appender, dataset: &Dataset, depth: usize) -> Result<u64, CopyError> {
        let (file, object) = (self.file, dataset.name());
        let (source, header) = (file.source(), dataset.header());
        let of = |fault| file.fault(object, fault);
        let datatype = header.expect(source, kind::DATATYPE, "type").map_err(of)?;
        let layout = header.expect(source, kind::LAYOUT, "layout").map_err(of)?;
        let layout = Layout::parse(&mut source.cursor(&layout)).map_err(of)?;
        let leads = leads(dataset.datatype()).map_err(of)?;
        let messages: Vec<_> =
            self.attributes(appender, dataset, depth)?.into_iter().map(|(_, message)| message).collect();

        let n_bytes = dataset.n_elements().saturating_mul(dataset.datatype().n_bytes());
        let is_chunked = matches!(layout, Layout::Chunked { .. }) || n_bytes > PIECE_BYTES;
        let is_single = dataset.shape().is_empty();
        let storage = if is_chunked && n_bytes > 0 && !is_single && leads.is_empty() {
            self.copy_chunks(appender, dataset)?
        } else {
            self.copy_piece(appender, dataset, &leads, depth)?
        };
        let mut draft = HeaderDraft::default();
        draft.add(kind::DATASPACE, &storage.space)?;
        draft.add(kind::DATATYPE, &datatype)?;
        // What elements are that were never written stays; one that leads elsewhere would lead to the old file.
        let fill = if leads.is_empty() { header.find(source, kind::FILL).map_err(of)? } else { None };
        draft.add(kind::FILL, fill.as_deref().unwrap_or(storage.fill))?;
        draft.add(kind::LAYOUT, &storage.layout)?;
        if let Some(filters) = &storage.filters {
            draft.add(kind::FILTERS, filters)?;
        }
        draft.add_attributes(messages.iter().map(Vec::as_slice))?;
        Ok(appender.put_aligned(&draft.into_bytes()?)?)
    }

    /// Copies an array into one piece, with what it leads to.
    fn copy_piece(
        &mut self,
        appender: &mut Appender,
        dataset: &Dataset,
        leads: &[Lead],
        depth: usize,
    ) -> Result<Storage, CopyError> {
        let mut bytes = Blocks::open(self.file, dataset, dataset.name())?.read_all()?;
        self.follow(appender, dataset, &mut bytes, dataset.datatype().n_bytes(), leads, depth)?;
        let address = if bytes.is_empty() { NOWHERE } else { appender.put_aligned(&bytes)? };
        let layout = layout_of_piece(address, bytes.len() as u64);
        // Nothing at all has a shape of its own kind.
        let space = if dataset.is_null() { vec![2, 0, 0, 2] } else { dataspace(dataset.shape()) };
        Ok(Storage { space, fill: &FILL_OF_PIECE, layout, filters: None })
    }

    /// Copies an array chunk by chunk.
    fn copy_chunks(&self, appender: &mut Appender, dataset: &Dataset) -> Result<Storage, CopyError> {
        let blocks = Blocks::open(self.file, dataset, dataset.name())?;
        let (n_blocks, element_bytes) = (blocks.n_blocks(), dataset.datatype().n_bytes());
        let chunk_bytes = blocks.block_shape().iter().product::<usize>() * element_bytes;
        let n_pending = (PENDING_BYTES / chunk_bytes.max(1)).clamp(1, PENDING_CHUNKS);
        let mut children: Vec<Child> = Vec::with_capacity(n_blocks);
        for start in (0..n_blocks).step_by(n_pending) {
            let pending = start..(start + n_pending).min(n_blocks);
            let recoded = pending.clone().into_par_iter().map_init(Scratch::new, |scratch, block| {
                let mut chunk = blocks.bytes(block, scratch)?.to_vec();
                // The last run of an array in one piece may be shorter than a chunk, which is always whole.
                chunk.resize(chunk_bytes, 0);
                Ok::<_, CopyError>(filtered(self.filters, &chunk, element_bytes)?)
            });
            for (block, bytes) in pending.clone().zip(recoded.collect::<Result<Vec<_>, _>>()?) {
                let n_bytes = u32::try_from(bytes.len()).map_err(io::Error::other)?;
                let first: Vec<u64> = blocks.block(block).start.iter().map(|&place| place as u64).collect();
                children.push((key(n_bytes, &first), appender.put_aligned(&bytes)?));
            }
        }
        let ends = blocks.grid().iter().zip(blocks.block_shape()).map(|(&n, &length)| (n * length) as u64);
        let tree = put_tree(appender, children, &key(0, &ends.collect::<Vec<_>>()))?;
        let layout = layout_of_chunks(tree, blocks.block_shape(), element_bytes)?;
        let filters = pipeline(self.filters, element_bytes);
        Ok(Storage { space: growing(dataset.space()), fill: &FILL_OF_CHUNKS, layout, filters })
    }

    /// The attributes of an object: names, and messages for the new file.
    fn attributes(
        &mut self,
        appender: &mut Appender,
        object: &Object,
        depth: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, CopyError> {
        let file = self.file;
        let of = |fault| file.fault(object.name(), fault);
        let mut messages = Vec::new();
        for mut attribute in attributes(file.source(), object.header()).map_err(of)? {
            let leads = leads(&attribute.datatype).map_err(of)?;
            let element_bytes = attribute.datatype.n_bytes();
            self.follow(appender, object, &mut attribute.bytes, element_bytes, &leads, depth)?;
            let message = assembled(&attribute.name, &attribute.type_body, &attribute.space_body, &attribute.bytes);
            messages.push((attribute.name, message));
        }
        Ok(messages)
    }

    /// Copies what elements lead to, and lets them lead to the copies.
    fn follow(
        &mut self,
        appender: &mut Appender,
        object: &Object,
        bytes: &mut [u8],
        element_bytes: usize,
        leads: &[Lead],
        depth: usize,
    ) -> Result<(), CopyError> {
        for &lead in leads {
            match lead {
                Lead::Text(place) => {
                    let elements = bytes.chunks_exact(element_bytes);
                    let old = elements.flat_map(|element| &element[place..place + REFERENCE_BYTES]).copied();
                    let new = self.copy_texts(appender, object, &old.collect::<Vec<u8>>())?;
                    let references = new.chunks_exact(REFERENCE_BYTES);
                    for (element, reference) in bytes.chunks_exact_mut(element_bytes).zip(references) {
                        element[place..place + REFERENCE_BYTES].copy_from_slice(reference);
                    }
                }
                Lead::Object(place) => {
                    for element in bytes.chunks_exact_mut(element_bytes) {
                        let Some(address) = element[place..].first_chunk_mut() else { continue };
                        let old = u64::from_le_bytes(*address);
                        if old != 0 && old != NOWHERE {
                            let new = self.copy_object(appender, object.name(), old, depth + 1)?;
                            *address = new.to_le_bytes();
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Copies the texts behind some references, and returns references to the copies.
    fn copy_texts(&self, appender: &mut Appender, object: &Object, references: &[u8]) -> Result<Vec<u8>, CopyError> {
        let mut heap = HeapReader::new(self.file.source());
        let texts =
            references.chunks_exact(REFERENCE_BYTES).map(|reference| heap.object(reference).map(<[u8]>::to_vec));
        let texts: Vec<Vec<u8>> =
            texts.collect::<Result<_, _>>().map_err(|fault| self.file.fault(object.name(), fault))?;
        if texts.len() > FEW_TEXTS {
            return Ok(put_texts(appender, &texts)?);
        }
        let mut few = Vec::new();
        for text in &texts {
            few.extend(put_text(appender, text)?);
        }
        Ok(few)
    }
}

/// How an array was written: the parts of its header.
struct Storage {
    space: Vec<u8>,
    fill: &'static [u8],
    layout: Vec<u8>,
    filters: Option<Vec<u8>>,
}

/// Something in an element that leads elsewhere, and its place in it.
#[derive(Debug, Clone, Copy)]
enum Lead {
    /// To a text.
    Text(usize),
    /// To another object.
    Object(usize),
}

/// What in an element leads elsewhere; an error when that cannot be followed.
fn leads(datatype: &Datatype) -> Result<Vec<Lead>, Fault> {
    let mut found = Vec::new();
    find_leads(datatype, 0, &mut found)?;
    let end = |lead: &Lead| match lead {
        Lead::Text(place) => place + REFERENCE_BYTES,
        Lead::Object(place) => place + ADDRESS_BYTES,
    };
    if found.iter().any(|lead| end(lead) > datatype.n_bytes()) {
        return Err(Fault::damaged("its elements are shorter than what is in them"));
    }
    Ok(found)
}

fn find_leads(datatype: &Datatype, start: usize, found: &mut Vec<Lead>) -> Result<(), Fault> {
    match datatype {
        Datatype::VariableText { n_bytes: REFERENCE_BYTES } => found.push(Lead::Text(start)),
        Datatype::Reference { n_bytes: ADDRESS_BYTES } => found.push(Lead::Object(start)),
        Datatype::Record { members, .. } => {
            for member in members {
                find_leads(&member.datatype, start + member.offset, found)?;
            }
        }
        Datatype::Array { shape, element, .. } => {
            let mut inside = Vec::new();
            find_leads(element, 0, &mut inside)?;
            let n_elements = shape.iter().fold(1_usize, |n, &length| n.saturating_mul(length));
            if n_elements.saturating_mul(inside.len()) > MAX_LEADS {
                return Err(Fault::unsupported("has too many texts in each element to be written anew"));
            }
            if !inside.is_empty() {
                for index in 0..n_elements {
                    find_leads(element, start + index * element.n_bytes(), found)?;
                }
            }
        }
        Datatype::VariableText { .. } | Datatype::Reference { .. } | Datatype::Other { .. } => {
            return Err(Fault::unsupported(
                "is of a type that may lead elsewhere, and cannot be written anew; remove it, or keep the file as it is",
            ));
        }
        _ => {}
    }
    Ok(())
}

/// The shape of an array in chunks, and how long it may become.
fn growing(space: &Dataspace) -> Vec<u8> {
    let shape = space.shape.as_deref().unwrap_or_default();
    let mut body = vec![2, shape.len() as u8, 1, u8::from(!shape.is_empty())];
    body.extend(shape.iter().flat_map(|&length| (length as u64).to_le_bytes()));
    body.extend(space.maxima.iter().flat_map(|maximum| maximum.unwrap_or(u64::MAX).to_le_bytes()));
    body
}
