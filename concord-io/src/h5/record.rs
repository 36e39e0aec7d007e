//! Datasets of records (compound types): how anndata wrote data frames and `obsm` before version 0.7.

use super::array::swapped;
use super::blocks::Blocks;
use super::decode::Element;
use super::file::H5File;
use super::format::{Datatype, Member};
use super::object::Dataset;
use super::text::texts_of;
use super::types::ElementType;
use crate::IoError;

/// Records of a file, all of them in memory.
#[derive(Debug)]
pub(crate) struct Records {
    file: H5File,
    object: String,
    fields: Vec<Field>,
    n_rows: usize,
    record_bytes: usize,
    bytes: Vec<u8>,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// Number of elements side by side: 1, or the length of an array field.
    pub(crate) n_elements: usize,
    pub(crate) element: ElementType,
    offset: usize,
    datatype: Datatype,
}

/// The fields of a dataset of records, `None` when it holds something else.
pub(crate) fn record_fields(dataset: &Dataset) -> Option<Vec<Field>> {
    let Datatype::Record { members, .. } = dataset.datatype() else { return None };
    Some(members.iter().map(Field::new).collect())
}

impl Field {
    fn new(member: &Member) -> Self {
        let (n_elements, datatype) = match &member.datatype {
            Datatype::Array { shape, element, .. } if shape.len() == 1 => (shape[0], (**element).clone()),
            other => (1, other.clone()),
        };
        let element = ElementType::of(&datatype);
        Self { name: member.name.clone(), n_elements, element, offset: member.offset, datatype }
    }

    fn n_bytes(&self) -> usize {
        self.n_elements * self.datatype.n_bytes()
    }
}

impl Records {
    /// Reads a dataset of records, `None` when it holds something else.
    pub(crate) fn read(file: &H5File, dataset: &Dataset) -> Result<Option<Self>, IoError> {
        let Some(fields) = record_fields(dataset) else { return Ok(None) };
        let object = dataset.name().to_owned();
        let bytes = Blocks::open(file, dataset, &object)?.read_all()?;
        let (n_rows, record_bytes) = (dataset.n_elements(), dataset.datatype().n_bytes());
        Ok(Some(Self { file: file.clone(), object, fields, n_rows, record_bytes, bytes }))
    }

    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    pub(crate) fn n_records(&self) -> usize {
        self.n_rows
    }

    /// A field of numbers or truth values: `n_records * n_elements` values, and how many of them the type cannot hold.
    pub(crate) fn numbers<T: Element>(&self, field: &Field) -> Result<(Vec<T>, usize), IoError> {
        let number = field.element.number();
        let object = || format!("{}/{}", self.object, field.name);
        let (number, is_swapped) = number.ok_or_else(|| self.file.unsupported(&object(), "holds no numbers"))?;
        let mut bytes = self.bytes_of(field);
        if is_swapped {
            bytes = swapped(&bytes, number);
        }
        let mut values = vec![T::default(); self.n_rows * field.n_elements];
        let n_unfit = T::decode(number, &bytes, &mut values);
        Ok((values, n_unfit))
    }

    /// A field of texts.
    pub(crate) fn texts(&self, field: &Field) -> Result<Vec<String>, IoError> {
        let texts = texts_of(self.file.source(), &field.datatype, &self.bytes_of(field));
        let object = format!("{}/{}", self.object, field.name);
        let texts = texts.map_err(|fault| self.file.fault(&object, fault))?;
        texts.ok_or_else(|| self.file.unsupported(&object, "holds no texts"))
    }

    fn bytes_of(&self, field: &Field) -> Vec<u8> {
        let record = |record: &[u8]| record[field.offset..field.offset + field.n_bytes()].to_vec();
        self.bytes.chunks_exact(self.record_bytes.max(1)).flat_map(record).collect()
    }
}
