use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use concord_core::Dense;
use zip::ZipArchive;

/// The named arrays of a file that `numpy.savez` or `numpy.savez_compressed` wrote.
pub struct Npz(ZipArchive<File>);

impl Npz {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read or is no zip archive.
    pub fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self(ZipArchive::new(File::open(path)?)?))
    }

    /// The names of the arrays.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.file_names().filter_map(|name| Some(name.ok()?.strip_suffix(".npy")?.to_owned()))
    }

    /// A matrix of 32-bit floats, by its name.
    ///
    /// # Errors
    /// When there is no such array, or it is of another type, order or number of dimensions.
    pub fn matrix(&mut self, name: &str) -> Result<Dense, Box<dyn Error>> {
        let mut array = Vec::new();
        self.0.by_name(&format!("{name}.npy"))?.read_to_end(&mut array)?;
        parse(&array).ok_or_else(|| format!("{name} is no matrix of 32-bit floats in row-major order").into())
    }
}

/// An array in the first version of the npy format: ten bytes, of which the last two are the length of the header, the
/// header as a Python dictionary, the values.
fn parse(array: &[u8]) -> Option<Dense> {
    let header = array.strip_prefix(b"\x93NUMPY\x01\x00")?;
    let (length, rest) = header.split_first_chunk()?;
    let (header, values) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    let header = str::from_utf8(header).ok()?;
    if !header.contains("'descr': '<f4'") || !header.contains("'fortran_order': False") {
        return None;
    }
    let (shape, _) = header.split_once("'shape': (")?.1.split_once(')')?;
    let (n_rows, n_columns) = shape.split_once(", ")?;
    let (values, _) = values.as_chunks::<4>();
    let values = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
    Dense::from_shape_vec((n_rows.parse().ok()?, n_columns.parse().ok()?), values).ok()
}
