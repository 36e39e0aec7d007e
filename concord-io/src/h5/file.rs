use std::fmt::Display;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::format::{Dataspace, Datatype, Fault, Header, LinkTarget, OpenFile, Source, Superblock, kind, links};
use super::object::{Dataset, Group, Node, Object};
use crate::IoError;
use crate::error::printable;

pub(super) const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// Steps from name to name until an object is found; links can lead to links that lead to links.
const MAX_STEPS: usize = 500;

/// An open HDF5 file that knows its path and size. Clones are the same open file.
#[derive(Debug, Clone)]
pub(crate) struct H5File {
    source: Source,
    superblock: Superblock,
    root: Group,
    path: Arc<Path>,
}

impl H5File {
    /// Opens a file for reading; says what it is when it is no HDF5 file or not all of one.
    ///
    /// It is locked against being written until the last clone is gone, as the HDF5 library does.
    pub(crate) fn open(path: &Path) -> Result<Self, IoError> {
        let file = File::open(path).map_err(|source| IoError::from_system(path, source))?;
        // File systems that know no locks are read without.
        if let Err(TryLockError::WouldBlock) = file.try_lock_shared() {
            return Err(IoError::Busy { path: path.to_owned() });
        }
        Self::read_top(file, path, true)
    }

    /// Reads the top level of a file that is open already; its lock stays the caller's.
    pub(crate) fn of(file: File, path: &Path) -> Result<Self, IoError> {
        Self::read_top(file, path, false)
    }

    fn read_top(mut file: File, path: &Path, owns_lock: bool) -> Result<Self, IoError> {
        let (start, n_bytes) = find_signature(&mut file, path)?;
        let file = Arc::new(OpenFile::new(file, owns_lock));
        let open = || {
            let (superblock, source) = Superblock::read(&file, start, n_bytes)?;
            let root = Header::read(&source, superblock.root)?;
            let links = links(&source, &root)?.ok_or_else(|| Fault::damaged("the top level is no group"))?;
            let root = Group::new(Object::new(String::new(), root), links);
            Ok(Self { source, superblock, root, path: path.into() })
        };
        open().map_err(|fault| of_fault(path, "the file's header", fault))
    }

    /// The top level of the file.
    pub(crate) fn root(&self) -> &Group {
        &self.root
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Size of the file in bytes.
    pub(crate) fn n_bytes(&self) -> u64 {
        self.source.n_bytes()
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    pub(super) fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    /// An error about an object of this file that contradicts itself.
    pub(crate) fn corrupt(&self, object: &str, detail: impl Display) -> IoError {
        of_fault(&self.path, object, Fault::Damaged(detail.to_string()))
    }

    /// An error about an object of this file in a form that is not supported.
    pub(crate) fn unsupported(&self, object: &str, detail: impl Into<String>) -> IoError {
        of_fault(&self.path, object, Fault::Unsupported(detail.into()))
    }

    /// What is wrong with the bytes of an object, as an error about the object.
    pub(super) fn fault(&self, object: &str, fault: Fault) -> IoError {
        of_fault(&self.path, object, fault)
    }

    /// The object of this name in a group, `None` when there is none.
    pub(crate) fn node(&self, group: &Group, name: &str) -> Result<Option<Node>, IoError> {
        self.follow(group, name, &mut 0)
    }

    fn follow(&self, group: &Group, name: &str, n_steps: &mut usize) -> Result<Option<Node>, IoError> {
        let Some(link) = group.link(name) else { return Ok(None) };
        let object = full_name(group, name);
        *n_steps += 1;
        if *n_steps > MAX_STEPS {
            return Err(self.corrupt(&object, "its links lead to ever other links"));
        }
        match &link.target {
            LinkTarget::Hard(address) => {
                self.read_node(*address, &object).map(Some).map_err(|fault| self.fault(&object, fault))
            }
            LinkTarget::Soft(path) => {
                let node = self.follow_path(group, path, n_steps)?;
                node.map(Some)
                    .ok_or_else(|| self.corrupt(&object, format!("it is a link to '{path}', which is missing")))
            }
            LinkTarget::Other(..) => {
                Err(self.unsupported(&object, "is a link to another file; copy it into this one (h5repack does)"))
            }
        }
    }

    fn follow_path(&self, group: &Group, path: &str, n_steps: &mut usize) -> Result<Option<Node>, IoError> {
        let mut node = Node::Group(if path.starts_with('/') { self.root.clone() } else { group.clone() });
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            let Node::Group(group) = node else { return Ok(None) };
            let Some(next) = self.follow(&group, name, n_steps)? else { return Ok(None) };
            node = next;
        }
        Ok(Some(node))
    }

    /// The object whose header is at this address.
    pub(super) fn read_node(&self, address: u64, name: &str) -> Result<Node, Fault> {
        let source = &self.source;
        let header = Header::read(source, address)?;
        if header.has(kind::LAYOUT) {
            let space = header.expect(source, kind::DATASPACE, "shape")?;
            let space = Dataspace::parse(&mut source.cursor(&space))?;
            let datatype = header.expect(source, kind::DATATYPE, "type")?;
            let datatype = Datatype::parse(&mut source.cursor(&datatype))?;
            return Ok(Node::Dataset(Dataset::new(Object::new(name.to_owned(), header), datatype, space)));
        }
        let links = links(source, &header)?.ok_or_else(|| Fault::unsupported("is neither a group nor a dataset"))?;
        Ok(Node::Group(Group::new(Object::new(name.to_owned(), header), links)))
    }

    /// Whether an object at the top level has several names, or its name only leads to it: what is changed under one name
    /// would stay as it was under the others.
    pub(crate) fn has_other_names(&self, name: &str) -> Result<bool, IoError> {
        let Some(link) = self.root.link(name) else { return Ok(false) };
        let LinkTarget::Hard(address) = link.target else { return Ok(true) };
        let header = Header::read(&self.source, address).map_err(|fault| self.fault(name, fault))?;
        Ok(header.n_links > 1)
    }

    /// The group of this name at the top level, if there is one.
    pub(crate) fn top_group(&self, name: &str) -> Result<Option<Group>, IoError> {
        Ok(match self.node(self.root(), name)? {
            Some(Node::Group(group)) => Some(group),
            _ => None,
        })
    }
}

/// The name of a member as messages show it: `obs/louvain`.
pub(crate) fn full_name(group: &Group, name: &str) -> String {
    if group.name().is_empty() { name.to_owned() } else { format!("{}/{name}", group.name()) }
}

/// Looks for the HDF5 signature where the format allows it (at 0, 512, 1024, 2048, ...). Returns its place and the file's
/// size.
fn find_signature(file: &mut File, path: &Path) -> Result<(u64, u64), IoError> {
    let failed = |source| IoError::from_system(path, source);
    let n_bytes = file.metadata().map_err(failed)?.len();
    let mut place = 0;
    while place + SIGNATURE.len() as u64 <= n_bytes {
        let mut found = [0; SIGNATURE.len()];
        file.seek(SeekFrom::Start(place)).map_err(failed)?;
        file.read_exact(&mut found).map_err(failed)?;
        if found == SIGNATURE {
            return Ok((place, n_bytes));
        }
        place = if place == 0 { 512 } else { place * 2 };
    }
    Err(IoError::NotHdf5 { path: path.to_owned(), n_bytes })
}

fn of_fault(path: &Path, object: &str, fault: Fault) -> IoError {
    // Names and details may be texts of the file, and so anything.
    let (path, object) = (path.to_owned(), printable(object));
    match fault {
        Fault::Damaged(detail) => IoError::Corrupt { path, object, detail: printable(&detail) },
        Fault::Unsupported(detail) => IoError::Unsupported { path, object, detail: printable(&detail) },
        Fault::System(error) if error.kind() == ErrorKind::UnexpectedEof => {
            IoError::Truncated { path, detail: format!("{object} lies behind its end") }
        }
        Fault::System(source) => IoError::Read { path, source },
    }
}
