//! Files are only ever added to: what is new goes behind the end, and becomes a part of the file in one write of its first
//! few bytes, which name the top-level group and the end.
//!
//! Until then, and if nothing follows, the file is what it was, for every program that reads it. Groups that change are
//! written anew with the old links; what they link to stays where it is.

mod appender;
mod attributes;
mod chunk_tree;
mod chunked;
mod dataset;
mod encode;
mod group;
mod heap;
mod message;

pub(crate) use appender::Appender;
pub(crate) use attributes::Attribute;
pub(crate) use chunked::{ChunkedArray, Filters};
pub(crate) use dataset::{write_array, write_scalar, write_text, write_texts};
pub(crate) use group::GroupDraft;
