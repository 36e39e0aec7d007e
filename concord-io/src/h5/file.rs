use std::fmt::Display;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use hdf5::{Dataset, Group, IndexType, IterationOrder, Location, LocationType};

use crate::IoError;

const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// An open HDF5 file that knows its path and size. Clones are the same open file.
#[derive(Debug, Clone)]
pub(crate) struct H5File {
    file: hdf5::File,
    path: Arc<Path>,
    n_bytes: u64,
}

/// A thing in a file.
#[derive(Debug)]
pub(crate) enum Node {
    Group(Group),
    Dataset(Dataset),
}

impl H5File {
    /// Opens a file for reading; says what it is when it is no HDF5 file or not all of one.
    pub(crate) fn open(path: &Path) -> Result<Self, IoError> {
        let n_bytes = check_signature(path)?;
        let file = hdf5::File::open(path).map_err(|error| opening_error(path, &error))?;
        Ok(Self { file, path: path.into(), n_bytes })
    }

    /// Opens a file that nobody else knows of for reading and writing.
    ///
    /// It is not locked: a lock would be inherited by every process that is started meanwhile, outlive this handle in it,
    /// and keep others from opening the file when it has its final name.
    pub(crate) fn open_private(path: &Path) -> Result<Self, IoError> {
        let n_bytes = check_signature(path)?;
        let opened = hdf5::File::with_options().with_fapl(|access| access.file_locking(false)).open_rw(path);
        let file = opened.map_err(|error| opening_error(path, &error))?;
        Ok(Self { file, path: path.into(), n_bytes })
    }

    /// Writes what is pending and closes the file.
    pub(crate) fn close(self) -> hdf5::Result<()> {
        self.file.flush()?;
        self.file.close()
    }

    /// The top level of the file.
    pub(crate) fn root(&self) -> &Group {
        &self.file
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Size of the file in bytes.
    pub(crate) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// Bytes in front of the HDF5 data proper.
    pub(crate) fn userblock(&self) -> u64 {
        self.file.userblock()
    }

    /// An error about an object of this file that contradicts itself.
    pub(crate) fn corrupt(&self, object: &str, detail: impl Display) -> IoError {
        IoError::Corrupt {
            path: self.path.to_path_buf(),
            object: object.to_owned(),
            detail: one_line(&detail.to_string()),
        }
    }

    /// An error about an object of this file in a form that is not supported.
    pub(crate) fn unsupported(&self, object: &str, detail: impl Into<String>) -> IoError {
        IoError::Unsupported { path: self.path.to_path_buf(), object: object.to_owned(), detail: detail.into() }
    }

    /// The object of this name in a group, `None` when there is none. `object` is its full name for messages.
    pub(crate) fn node(&self, group: &Group, name: &str) -> Result<Option<Node>, IoError> {
        if !group.link_exists(name) {
            return Ok(None);
        }
        let object = full_name(group, name);
        let found = group.loc_type_by_name(name).map_err(|error| self.corrupt(&object, error))?;
        let node = match found {
            LocationType::Group => Node::Group(group.group(name).map_err(|error| self.corrupt(&object, error))?),
            LocationType::Dataset => Node::Dataset(group.dataset(name).map_err(|error| self.corrupt(&object, error))?),
            _ => return Err(self.unsupported(&object, "is neither a group nor a dataset")),
        };
        Ok(Some(node))
    }

    /// The group of this name at the top level, if there is one.
    pub(crate) fn top_group(&self, name: &str) -> Result<Option<Group>, IoError> {
        Ok(match self.node(self.root(), name)? {
            Some(Node::Group(group)) => Some(group),
            _ => None,
        })
    }

    /// The names in a group, in alphabetical order.
    pub(crate) fn names(&self, group: &Group) -> Result<Vec<String>, IoError> {
        group
            .member_names_by(IndexType::Name, IterationOrder::Increasing)
            .map_err(|error| self.corrupt(&group.name(), error))
    }
}

/// The name of a member as messages show it: `obs/louvain`.
pub(crate) fn full_name(group: &Group, name: &str) -> String {
    format!("{}/{name}", group.name()).trim_start_matches('/').to_owned()
}

/// The full name of an object, as messages show it: `obs/louvain`.
pub(crate) fn full_name_of(location: &Location) -> String {
    location.name().trim_start_matches('/').to_owned()
}

/// Looks for the HDF5 signature where the format allows it (at 0, 512, 1024, 2048, ...) and returns the file's size.
fn check_signature(path: &Path) -> Result<u64, IoError> {
    let mut file = fs::File::open(path).map_err(|source| IoError::from_system(path, source))?;
    let n_bytes = file.metadata().map_err(|source| IoError::from_system(path, source))?.len();
    let mut place = 0;
    while place + SIGNATURE.len() as u64 <= n_bytes {
        let mut found = [0; SIGNATURE.len()];
        file.seek(SeekFrom::Start(place)).map_err(|source| IoError::from_system(path, source))?;
        file.read_exact(&mut found).map_err(|source| IoError::from_system(path, source))?;
        if found == SIGNATURE {
            return Ok(n_bytes);
        }
        place = if place == 0 { 512 } else { place * 2 };
    }
    Err(IoError::NotHdf5 { path: path.to_owned(), n_bytes })
}

fn opening_error(path: &Path, error: &hdf5::Error) -> IoError {
    let detail = one_line(&error.to_string());
    if detail.contains("unable to lock") {
        return IoError::Busy { path: path.to_owned() };
    }
    if detail.contains("truncated") || detail.contains("eof") || detail.contains("EOF") {
        IoError::Truncated { path: path.to_owned(), detail }
    } else {
        IoError::Corrupt { path: path.to_owned(), object: "the file's header".to_owned(), detail }
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
