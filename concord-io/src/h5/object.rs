use std::ops::Deref;
use std::sync::Arc;

use super::format::{Dataspace, Datatype, Header, Link};

/// An object of a file: its name, and what the file says about it.
#[derive(Debug)]
pub(crate) struct Object {
    name: String,
    header: Header,
}

/// A thing in a file.
#[derive(Debug)]
pub(crate) enum Node {
    Group(Group),
    Dataset(Dataset),
}

/// A group: names, and what they stand for.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    object: Arc<Object>,
    links: Arc<[Link]>,
}

/// An array of elements of one type.
#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    object: Arc<Object>,
    datatype: Arc<Datatype>,
    space: Dataspace,
}

impl Object {
    pub(super) fn new(name: String, header: Header) -> Self {
        Self { name, header }
    }

    /// The full name, as messages show it: `obs/louvain`; empty for the top level.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }
}

impl Group {
    /// `links` ascend by name.
    pub(super) fn new(object: Object, links: Vec<Link>) -> Self {
        Self { object: Arc::new(object), links: links.into() }
    }

    /// All links, ascending by name.
    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    pub(super) fn link(&self, name: &str) -> Option<&Link> {
        let place = self.links.binary_search_by(|link| link.name.as_str().cmp(name));
        place.ok().map(|place| &self.links[place])
    }

    /// Whether there is such a name, whatever it stands for.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.link(name).is_some()
    }

    /// The names, in alphabetical order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.links.iter().map(|link| link.name.clone()).collect()
    }
}

impl Dataset {
    pub(super) fn new(object: Object, datatype: Datatype, space: Dataspace) -> Self {
        Self { object: Arc::new(object), datatype: Arc::new(datatype), space }
    }

    pub(super) fn datatype(&self) -> &Datatype {
        &self.datatype
    }

    pub(super) fn space(&self) -> &Dataspace {
        &self.space
    }

    /// The lengths of its dimensions: none for a single value, and for nothing at all.
    pub(crate) fn shape(&self) -> &[usize] {
        self.space.shape.as_deref().unwrap_or_default()
    }

    /// Whether it stands for nothing at all.
    pub(crate) fn is_null(&self) -> bool {
        self.space.shape.is_none()
    }

    /// Number of elements.
    pub(crate) fn n_elements(&self) -> usize {
        self.space.n_elements().unwrap_or(usize::MAX)
    }
}

impl Deref for Group {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}

impl Deref for Dataset {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}
