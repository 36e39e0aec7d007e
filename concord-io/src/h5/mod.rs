//! HDF5 files: a reader and a writer of our own, for what h5ad files are made of.
//!
//! [`format`] knows the bytes; everything above works with plain vectors, and every error names the file and the object in
//! it.

mod array;
mod attribute;
mod blocks;
mod blosc;
mod chunks;
mod decode;
mod file;
mod filter;
mod format;
mod lz;
mod object;
mod record;
mod shuffle;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod write;

pub use types::{Compression, NumberType};

pub(crate) use array::NumericArray;
pub(crate) use attribute::{attribute_sizes, attribute_text, attribute_texts};
pub(crate) use blocks::Block;
pub(crate) use chunks::Scratch;
pub(crate) use file::{H5File, full_name};
pub(crate) use object::{Dataset, Group, Node};
pub(crate) use record::{Field, Records, record_fields};
pub(crate) use text::read_texts;
pub(crate) use types::ElementType;
pub(crate) use write::{
    Appender, Attribute, ChunkedArray, Filters, GroupDraft, write_array, write_scalar, write_text, write_texts,
};

/// The type of the elements of a dataset.
pub(crate) fn element_type(dataset: &Dataset) -> ElementType {
    ElementType::of(dataset.datatype())
}
