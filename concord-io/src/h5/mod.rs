//! What this crate needs of HDF5, with its traps removed.
//!
//! All `unsafe` code of the crate is in [`ffi`]. Everything above works with plain vectors, and every error names the
//! file and the object in it.

mod array;
mod blosc;
mod chunks;
mod decode;
mod ffi;
mod file;
mod filter;
mod lz;
mod record;
mod shuffle;
mod text;
mod types;
mod write;

use hdf5::{Container, Location};

pub use types::{Compression, NumberType};

pub(crate) use array::{Block, NumericArray};
pub(crate) use chunks::Scratch;
pub(crate) use file::{H5File, Node, full_name, full_name_of};
pub(crate) use record::{read_number_field, record_fields};
pub(crate) use text::{attribute_text, attribute_texts, read_text_field, read_texts};
pub(crate) use types::{ElementType, Field};
pub(crate) use write::{
    remove, set_boolean_attribute, set_texts_attribute, write_dict, write_group, write_list, write_matrix,
    write_scalar, write_text, write_texts,
};

use crate::IoError;
use decode::Element;

/// The type of the elements of a dataset or attribute.
pub(crate) fn element_type(file: &H5File, container: &Container, object: &str) -> Result<ElementType, IoError> {
    ffi::element_type(container).map_err(|error| file.corrupt(object, error))
}

/// An attribute that holds sizes, `None` when there is no such attribute.
pub(crate) fn read_shape_attribute(
    file: &H5File,
    location: &Location,
    name: &str,
) -> Result<Option<Vec<usize>>, IoError> {
    let object = format!("attribute {name} of {}", location.name());
    let damaged = |error: hdf5::Error| file.corrupt(&object, error);
    let names = location.attr_names().map_err(damaged)?;
    if !names.iter().any(|existing| existing == name) {
        return Ok(None);
    }
    let attribute = location.attr(name).map_err(damaged)?;
    let ElementType::Number { number, .. } = ffi::element_type(&attribute).map_err(damaged)? else {
        return Err(file.corrupt(&object, "it holds no numbers"));
    };
    array::check_size(file, &object, &attribute.shape(), number.size(), false)?;
    let memory_type = array::memory_type(number).map_err(damaged)?;
    let mut bytes = vec![0; attribute.size() * memory_type.size()];
    ffi::read_bytes(&attribute, &memory_type, &mut bytes).map_err(damaged)?;
    let mut values = vec![0; attribute.size()];
    match usize::decode(number, &bytes, &mut values) {
        0 => Ok(Some(values)),
        _ => Err(file.corrupt(&object, "it holds numbers that are no sizes")),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// Held by every unit test that opens files, because one of them counts what is open.
    pub(crate) fn files_are_open() -> MutexGuard<'static, ()> {
        static OPEN: Mutex<()> = Mutex::new(());
        OPEN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    #[allow(unsafe_code)]
    fn no_handle_is_left_open() {
        let _alone = files_are_open();
        let fixture = |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        let n_open = || {
            let all = hdf5_sys::h5f::H5F_OBJ_ALL as i64;
            // SAFETY: asks for a number only; the lock is held.
            hdf5::sync::sync(|| unsafe { hdf5_sys::h5f::H5Fget_obj_count(all, hdf5_sys::h5f::H5F_OBJ_ALL) })
        };
        let work = |name: &str| {
            for _ in 0..3 {
                // Whether it succeeds does not matter here: errors must not leave anything open either.
                let _ = crate::read_h5ad(fixture(name), &crate::ReadOptions::default());
                let _ = crate::inspect_h5ad(fixture(name));
                let _ = crate::category_colors(fixture(name), "type");
                let reader = crate::RowReader::open(fixture(name), &crate::ReadOptions::default());
                let _ = reader.and_then(|reader| reader.read_rows(&[0]));
            }
        };
        let names = ["columns.h5ad", "matrices.h5ad", "records.h5ad", "sources.h5ad", "without_x.h5ad", "empty.h5ad"];
        std::thread::scope(|scope| names.iter().for_each(|name| drop(scope.spawn(|| work(name)))));
        assert_eq!(n_open(), 0);
    }
}
