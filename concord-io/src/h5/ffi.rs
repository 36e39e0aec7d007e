//! The calls of the HDF5 C library that the `hdf5` crate does not offer in a form that survives damaged files.
//!
//! Every call is made under the library's global lock ([`sync`]), on handles that the `hdf5` crate owns.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_void};
use std::ptr;

use hdf5::sync::sync;
use hdf5::types::{CompoundField, CompoundType, H5Type as _, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Container, Dataset, Datatype, Error, Result};
use hdf5_sys::h5::{H5free_memory, hsize_t};
use hdf5_sys::h5a::H5Aread;
use hdf5_sys::h5d::H5Dread;
use hdf5_sys::h5i::{H5I_type_t, H5Idec_ref, hid_t};
use hdf5_sys::h5p::{H5P_DEFAULT, H5Pget_fill_value, H5Pget_filter2, H5Pget_nfilters};
use hdf5_sys::h5s::{H5S_ALL, H5S_SELECT_SET, H5Sselect_hyperslab};
use hdf5_sys::h5t::{
    H5T_class_t, H5T_cset_t, H5T_order_t, H5T_sign_t, H5Tget_array_dims2, H5Tget_array_ndims, H5Tget_class,
    H5Tget_cset, H5Tget_member_name, H5Tget_member_type, H5Tget_nmembers, H5Tget_offset, H5Tget_order,
    H5Tget_precision, H5Tget_sign, H5Tget_size, H5Tget_super, H5Tis_variable_str,
};

use super::types::{ElementType, Field, NumberType, TextType};

/// A datatype handle that is given back when it goes out of scope.
struct OwnedType(hid_t);

impl Drop for OwnedType {
    fn drop(&mut self) {
        // SAFETY: the handle was returned by HDF5 to us alone and is valid until now.
        sync(|| unsafe { H5Idec_ref(self.0) });
    }
}

/// The type of the elements of a dataset or an attribute.
pub(crate) fn element_type(container: &Container) -> Result<ElementType> {
    let datatype = container.dtype()?;
    // SAFETY: `datatype` keeps the handle alive.
    sync(|| unsafe { describe(datatype.id(), true) })
}

/// Describes a datatype. Records inside records are not looked into: no version of anndata wrote them.
///
/// # Safety
/// `id` must be a valid handle of a datatype, and the library's lock must be held.
unsafe fn describe(id: hid_t, fields_too: bool) -> Result<ElementType> {
    // SAFETY: as this function's.
    unsafe {
        Ok(match H5Tget_class(id) {
            H5T_class_t::H5T_INTEGER | H5T_class_t::H5T_FLOAT => describe_number(id),
            H5T_class_t::H5T_ENUM => {
                // Truth values are the only enumeration in h5ad files; anything else over one byte reads as numbers.
                if H5Tget_size(id) == 1 { ElementType::Boolean } else { ElementType::Other }
            }
            H5T_class_t::H5T_STRING => {
                let utf8 = H5Tget_cset(id) == H5T_cset_t::H5T_CSET_UTF8;
                let n_bytes = (H5Tis_variable_str(id) <= 0).then(|| H5Tget_size(id));
                ElementType::Text(TextType { n_bytes, utf8 })
            }
            H5T_class_t::H5T_COMPOUND if fields_too => ElementType::Record(describe_fields(id)?),
            _ => ElementType::Other,
        })
    }
}

/// # Safety
/// As [`describe`], of a type of class integer or float.
unsafe fn describe_number(id: hid_t) -> ElementType {
    // SAFETY: as this function's.
    let (is_float, size, order, full, unsigned) = unsafe {
        let size = H5Tget_size(id);
        (
            H5Tget_class(id) == H5T_class_t::H5T_FLOAT,
            size,
            H5Tget_order(id),
            H5Tget_precision(id) == size * 8 && H5Tget_offset(id) == 0,
            H5Tget_sign(id) == H5T_sign_t::H5T_SGN_NONE,
        )
    };
    let native_order =
        if cfg!(target_endian = "little") { H5T_order_t::H5T_ORDER_LE } else { H5T_order_t::H5T_ORDER_BE };
    let (number, known) = match (is_float, unsigned, size) {
        (true, _, 2) => (NumberType::Float16, true),
        (true, _, 4) => (NumberType::Float32, true),
        (true, _, 8) => (NumberType::Float64, true),
        // Long doubles and integers of odd sizes are converted by the library to the widest type of their kind.
        (true, _, _) => (NumberType::Float64, false),
        (false, false, 1) => (NumberType::Int8, true),
        (false, false, 2) => (NumberType::Int16, true),
        (false, false, 4) => (NumberType::Int32, true),
        (false, false, 8) => (NumberType::Int64, true),
        (false, false, _) => (NumberType::Int64, false),
        (false, true, 1) => (NumberType::UInt8, true),
        (false, true, 2) => (NumberType::UInt16, true),
        (false, true, 4) => (NumberType::UInt32, true),
        (false, true, 8) => (NumberType::UInt64, true),
        (false, true, _) => (NumberType::UInt64, false),
    };
    ElementType::Number { number, plain: known && full && (order == native_order || size == 1) }
}

/// # Safety
/// As [`describe`], of a type of class compound.
unsafe fn describe_fields(id: hid_t) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    // SAFETY: as this function's; names are freed as the library asks, member types by `OwnedType`.
    unsafe {
        for index in 0..u32::try_from(H5Tget_nmembers(id)).unwrap_or(0) {
            let name = H5Tget_member_name(id, index);
            if name.is_null() {
                return Err(Error::from("a field of the record type has no name"));
            }
            let owned_name = CStr::from_ptr(name).to_string_lossy().into_owned();
            H5free_memory(name.cast::<c_void>());
            let member = H5Tget_member_type(id, index);
            if member < 0 {
                return Err(Error::from("a field of the record type has no type"));
            }
            let member = OwnedType(member);
            let (element, n_elements) = describe_member(member.0)?;
            fields.push(Field { name: owned_name, n_elements, element });
        }
    }
    Ok(fields)
}

/// The element type of a field and how many elements lie side by side in it.
///
/// # Safety
/// As [`describe`].
unsafe fn describe_member(id: hid_t) -> Result<(ElementType, usize)> {
    // SAFETY: as this function's; one dimension is asked for only where there is one.
    unsafe {
        if H5Tget_class(id) != H5T_class_t::H5T_ARRAY {
            return Ok((describe(id, false)?, 1));
        }
        if H5Tget_array_ndims(id) != 1 {
            return Ok((ElementType::Other, 1));
        }
        let mut n_elements: hsize_t = 0;
        H5Tget_array_dims2(id, &raw mut n_elements);
        let base = H5Tget_super(id);
        if base < 0 {
            return Err(Error::from("an array field has no element type"));
        }
        let base = OwnedType(base);
        Ok((describe(base.0, false)?, n_elements as usize))
    }
}

/// The numbers of the filters that a dataset's chunks go through, in the order in which they were applied.
pub(crate) fn filter_numbers(dataset: &Dataset) -> Result<Vec<i32>> {
    let properties = dataset.dcpl()?;
    sync(|| {
        // SAFETY: `properties` keeps the handle alive; nothing is written but the two local numbers.
        unsafe {
            let n_filters = H5Pget_nfilters(properties.id());
            let n_filters = u32::try_from(n_filters).map_err(|_| Error::from("the filter pipeline cannot be read"))?;
            let number = |index| {
                let (mut flags, mut n_values) = (0, 0);
                H5Pget_filter2(
                    properties.id(),
                    index,
                    &raw mut flags,
                    &raw mut n_values,
                    ptr::null_mut(),
                    0,
                    ptr::null_mut(),
                    ptr::null_mut(),
                )
            };
            Ok((0..n_filters).map(number).collect())
        }
    })
}

/// The value of elements that were never written, as it would lie in the file.
pub(crate) fn fill_value(dataset: &Dataset, element_size: usize) -> Result<Vec<u8>> {
    let (properties, datatype) = (dataset.dcpl()?, dataset.dtype()?);
    if datatype.size() != element_size {
        return Err(Error::from("the fill value has another size than the elements"));
    }
    let mut value = vec![0; element_size];
    // SAFETY: both handles are kept alive, and the buffer has the size of one element of the type, as was just checked.
    let status = sync(|| unsafe { H5Pget_fill_value(properties.id(), datatype.id(), value.as_mut_ptr().cast()) });
    hdf5::h5check(status).map(|_| value)
}

/// Reads all elements of a dataset or an attribute as `memory_type`, which must not own memory (no text of variable
/// length).
pub(crate) fn read_bytes(container: &Container, memory_type: &Datatype, out: &mut [u8]) -> Result<()> {
    if container.size().checked_mul(memory_type.size()) != Some(out.len()) {
        return Err(Error::from("the size changed while it was read"));
    }
    // SAFETY: the buffer has exactly the size of all elements in the memory type, as was just checked.
    let status = sync(|| unsafe { read_all(container, memory_type.id(), out.as_mut_ptr().cast()) });
    hdf5::h5check(status).map(drop)
}

/// # Safety
/// `out` must have room for all elements in the memory type, and the library's lock must be held.
unsafe fn read_all(container: &Container, memory_type: hid_t, out: *mut c_void) -> i32 {
    // SAFETY: the handles are kept alive by their owners; the buffer is the caller's.
    unsafe {
        if container.id_type() == H5I_type_t::H5I_ATTR {
            H5Aread(container.id(), memory_type, out)
        } else {
            H5Dread(container.id(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out)
        }
    }
}

/// Reads a rectangle of a dataset as `memory_type`, which must not own memory.
pub(crate) fn read_block(
    dataset: &Dataset,
    memory_type: &Datatype,
    start: &[usize],
    extent: &[usize],
    out: &mut [u8],
) -> Result<()> {
    let file_space = dataset.space()?;
    let memory_space = hdf5::Dataspace::try_new(extent)?;
    let n_elements: usize = extent.iter().product();
    if file_space.ndim() != start.len() || start.len() != extent.len() || n_elements * memory_type.size() != out.len() {
        return Err(Error::from("a block of the wrong shape was asked for"));
    }
    let start: Vec<hsize_t> = start.iter().map(|&place| place as hsize_t).collect();
    let extent: Vec<hsize_t> = extent.iter().map(|&length| length as hsize_t).collect();
    let status = sync(|| {
        // SAFETY: start and extent have one entry for each dimension, and the buffer has the size of the rectangle; both
        // were just checked. The library itself refuses a rectangle that reaches past the dataset.
        unsafe {
            let selected = H5Sselect_hyperslab(
                file_space.id(),
                H5S_SELECT_SET,
                start.as_ptr(),
                ptr::null(),
                extent.as_ptr(),
                ptr::null(),
            );
            if selected < 0 {
                return selected;
            }
            H5Dread(
                dataset.id(),
                memory_type.id(),
                memory_space.id(),
                file_space.id(),
                H5P_DEFAULT,
                out.as_mut_ptr().cast(),
            )
        }
    });
    hdf5::h5check(status).map(drop)
}

/// Reads all texts of variable length. Invalid UTF-8 is replaced; a missing text is empty, as in Python.
pub(crate) fn read_var_texts(container: &Container, utf8: bool) -> Result<Vec<String>> {
    let descriptor = if utf8 { VarLenUnicode::type_descriptor() } else { VarLenAscii::type_descriptor() };
    read_pointers(container, &Datatype::from_descriptor(&descriptor)?)
}

/// As [`read_var_texts`], of one field of all records of a dataset.
pub(crate) fn read_var_text_field(dataset: &Dataset, field: &str, utf8: bool) -> Result<Vec<String>> {
    let descriptor = if utf8 { VarLenUnicode::type_descriptor() } else { VarLenAscii::type_descriptor() };
    read_pointers(dataset, &record_of(field, descriptor)?)
}

/// The memory type that takes one field out of records.
pub(crate) fn record_of(field: &str, descriptor: TypeDescriptor) -> Result<Datatype> {
    let size = descriptor.size();
    let fields = vec![CompoundField::new(field, descriptor, 0, 0)];
    Datatype::from_descriptor(&TypeDescriptor::Compound(CompoundType { fields, size }))
}

fn read_pointers(container: &Container, memory_type: &Datatype) -> Result<Vec<String>> {
    let mut pointers: Vec<*mut u8> = vec![ptr::null_mut(); container.size()];
    // SAFETY: the memory type is one pointer, of which there is one for each element.
    let status = sync(|| unsafe { read_all(container, memory_type.id(), pointers.as_mut_ptr().cast()) });
    hdf5::h5check(status)?;
    let take = |pointer| {
        // SAFETY: `VarLenAscii` is a `repr(C)` struct of one pointer, for which null is valid. HDF5 gave the memory to us, and
        // the struct frees it with the allocator that HDF5 used.
        let text = unsafe { std::mem::transmute::<*mut u8, VarLenAscii>(pointer) };
        String::from_utf8_lossy(text.as_bytes()).into_owned()
    };
    Ok(pointers.into_iter().map(take).collect())
}
