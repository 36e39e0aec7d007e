use std::collections::BTreeMap;
use std::io;

use super::appender::Appender;
use super::attributes::{self, Attribute};
use super::message::{HeaderDraft, NOWHERE};
use crate::IoError;
use crate::h5::file::H5File;
use crate::h5::format::{LinkTarget, attributes as read_attributes, kind};
use crate::h5::object::Group;

/// Flags of a link: it says its kind, and the character set of its name; the length of the name has 4 bytes.
const LINK_FLAGS: u8 = 0x08 | 0x10 | 2;
const UTF8: u8 = 1;

/// A group that is being made, or made anew.
#[derive(Debug, Default)]
pub(crate) struct GroupDraft {
    links: BTreeMap<String, LinkTarget>,
    /// Names of attributes, and the bodies of their messages, in their order.
    attributes: Vec<(String, Vec<u8>)>,
}

impl GroupDraft {
    /// A group of this encoding with nothing in it.
    pub(crate) fn new(appender: &mut Appender, encoding: &str, version: &str) -> io::Result<Self> {
        let mut draft = Self::default();
        draft.set_attribute(appender, "encoding-type", Attribute::Text(encoding))?;
        draft.set_attribute(appender, "encoding-version", Attribute::Text(version))?;
        Ok(draft)
    }

    /// A dictionary with nothing in it.
    pub(crate) fn dict(appender: &mut Appender) -> io::Result<Self> {
        Self::new(appender, "dict", "0.1.0")
    }

    /// A group as it is in a file.
    pub(crate) fn of(file: &H5File, group: &Group) -> Result<Self, IoError> {
        let links = group.links().iter().map(|link| (link.name.clone(), link.target.clone())).collect();
        let attributes =
            read_attributes(file.source(), group.header()).map_err(|fault| file.fault(group.name(), fault))?;
        let attributes = attributes.into_iter().map(|attribute| (attribute.name, attribute.message)).collect();
        Ok(Self { links, attributes })
    }

    /// Gives a name to the object whose header is at this address; what had the name before loses it.
    pub(crate) fn set(&mut self, name: &str, address: u64) {
        self.links.insert(name.to_owned(), LinkTarget::Hard(address));
    }

    /// Writes values, and gives each its name.
    pub(crate) fn set_all<V>(
        &mut self,
        appender: &mut Appender,
        values: &[(String, V)],
        write: impl Fn(&V, &mut Appender) -> io::Result<u64>,
    ) -> io::Result<()> {
        for (name, value) in values {
            self.set(name, write(value, appender)?);
        }
        Ok(())
    }

    /// Writes a dictionary of values, and returns its address.
    pub(crate) fn write_dict<V>(
        appender: &mut Appender,
        values: &[(String, V)],
        write: impl Fn(&V, &mut Appender) -> io::Result<u64>,
    ) -> io::Result<u64> {
        let mut dict = Self::dict(appender)?;
        dict.set_all(appender, values, write)?;
        dict.write(appender)
    }

    /// Gives a name to what another link leads to, as that does.
    pub(in crate::h5) fn set_link(&mut self, name: &str, target: LinkTarget) {
        self.links.insert(name.to_owned(), target);
    }

    /// Adds an attribute, as the whole body of its message.
    pub(super) fn set_message(&mut self, name: &str, message: Vec<u8>) {
        self.attributes.push((name.to_owned(), message));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.links.remove(name);
    }

    pub(crate) fn set_attribute(
        &mut self,
        appender: &mut Appender,
        name: &str,
        value: Attribute<'_>,
    ) -> io::Result<()> {
        let message = attributes::message(appender, name, value)?;
        match self.attributes.iter_mut().find(|(existing, _)| existing == name) {
            Some((_, existing)) => *existing = message,
            None => self.attributes.push((name.to_owned(), message)),
        }
        Ok(())
    }

    /// Writes the group and returns the address of its header.
    pub(crate) fn write(&self, appender: &mut Appender) -> io::Result<u64> {
        let mut header = HeaderDraft::default();
        // The links are in the header, not in a heap.
        let mut info = vec![0, 0];
        info.extend([NOWHERE, NOWHERE].iter().flat_map(|address| address.to_le_bytes()));
        header.add(kind::LINK_INFO, &info)?;
        header.add(kind::GROUP_INFO, &[0, 0])?;
        for (name, target) in &self.links {
            header.add(kind::LINK, &link(name, target))?;
        }
        header.add_attributes(self.attributes.iter().map(|(_, message)| &message[..]))?;
        appender.put_aligned(&header.into_bytes()?)
    }
}

fn link(name: &str, target: &LinkTarget) -> Vec<u8> {
    let (kind, value) = match target {
        LinkTarget::Hard(address) => (0, address.to_le_bytes().to_vec()),
        LinkTarget::Soft(path) => (1, with_length(path.as_bytes())),
        LinkTarget::Other(kind, value) => (*kind, with_length(value)),
    };
    let mut body = vec![1, LINK_FLAGS, kind, UTF8];
    body.extend((name.len() as u32).to_le_bytes());
    body.extend(name.as_bytes());
    body.extend(value);
    body
}

fn with_length(value: &[u8]) -> Vec<u8> {
    let mut bytes = (value.len() as u16).to_le_bytes().to_vec();
    bytes.extend(value);
    bytes
}
