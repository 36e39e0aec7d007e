use super::blocks::Blocks;
use super::file::H5File;
use super::format::{Datatype, Fault, HeapReader, Padding, Source, until_zero};
use super::object::Dataset;
use crate::IoError;

/// Texts may have this many bytes for each byte of their file, for the same reason as arrays.
const MAX_BYTES_PER_FILE_BYTE: u64 = 1100;

/// Reads all texts of a dataset, `None` when it holds something else.
pub(crate) fn read_texts(file: &H5File, dataset: &Dataset, object: &str) -> Result<Option<Vec<String>>, IoError> {
    if !matches!(dataset.datatype(), Datatype::FixedText { .. } | Datatype::VariableText { .. }) {
        return Ok(None);
    }
    if dataset.n_elements() == 0 {
        return Ok(Some(Vec::new()));
    }
    let bytes = Blocks::open(file, dataset, object)?.read_all()?;
    texts_of(file.source(), dataset.datatype(), &bytes).map_err(|fault| file.fault(object, fault))
}

/// The texts that some elements are, `None` when they are something else. Invalid UTF-8 is replaced; a missing text is
/// empty, as in Python.
pub(super) fn texts_of(source: &Source, datatype: &Datatype, bytes: &[u8]) -> Result<Option<Vec<String>>, Fault> {
    match *datatype {
        Datatype::FixedText { n_bytes, padding } => {
            Ok(Some(bytes.chunks_exact(n_bytes).map(|text| without_padding(text, padding)).collect()))
        }
        Datatype::VariableText { n_bytes } => variable_texts(source, bytes.chunks_exact(n_bytes)).map(Some),
        _ => Ok(None),
    }
}

fn variable_texts<'b>(source: &Source, references: impl Iterator<Item = &'b [u8]>) -> Result<Vec<String>, Fault> {
    let mut heap = HeapReader::new(source);
    let mut room = source.n_bytes().saturating_mul(MAX_BYTES_PER_FILE_BYTE);
    let mut read = |reference| {
        let text = heap.object(reference)?;
        // Damage can make each of many texts the same large one.
        room =
            room.checked_sub(text.len() as u64).ok_or_else(|| Fault::damaged("its texts are longer than the file"))?;
        Ok(until_zero(text))
    };
    references.map(&mut read).collect()
}

fn without_padding(text: &[u8], padding: Padding) -> String {
    match padding {
        Padding::Zeros => until_zero(text),
        Padding::Spaces => until_zero(text).trim_end_matches(' ').to_owned(),
    }
}
