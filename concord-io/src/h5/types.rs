use std::fmt;

/// The type of the numbers of an array as the file stores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // The names say it.
pub enum NumberType {
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float16,
    Float32,
    Float64,
}

impl NumberType {
    /// Size of one number in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::Int8 | Self::UInt8 => 1,
            Self::Int16 | Self::UInt16 | Self::Float16 => 2,
            Self::Int32 | Self::UInt32 | Self::Float32 => 4,
            Self::Int64 | Self::UInt64 | Self::Float64 => 8,
        }
    }

    /// Whether the type can hold fractions.
    pub fn is_float(self) -> bool {
        matches!(self, Self::Float16 | Self::Float32 | Self::Float64)
    }
}

impl fmt::Display for NumberType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::UInt8 => "uint8",
            Self::UInt16 => "uint16",
            Self::UInt32 => "uint32",
            Self::UInt64 => "uint64",
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
        })
    }
}

/// How the bytes of an array are compressed in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// Deflate, which Python calls gzip.
    Gzip,
    /// LZF, of h5py.
    Lzf,
    /// Blosc, of hdf5plugin and `PyTables`.
    Blosc,
    /// Zstandard, of hdf5plugin.
    Zstd,
    /// Another filter, by its registered number.
    Other(i32),
}

impl Compression {
    /// Whether the HDF5 library undoes it by itself, without a plugin: its own filters have small numbers.
    pub(crate) fn is_known_to_library(self) -> bool {
        match self {
            Self::None | Self::Gzip | Self::Lzf => true,
            Self::Blosc | Self::Zstd => false,
            Self::Other(number) => number < 256,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("uncompressed"),
            Self::Gzip => f.write_str("gzip"),
            Self::Lzf => f.write_str("lzf"),
            Self::Blosc => f.write_str("blosc"),
            Self::Zstd => f.write_str("zstd"),
            Self::Other(number) => write!(f, "HDF5 filter {number}"),
        }
    }
}

/// The type of one element of a dataset or attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ElementType {
    /// A number; `plain` when its bytes in the file are those of this machine.
    Number { number: NumberType, plain: bool },
    /// The enumeration FALSE = 0, TRUE = 1 over one byte, which h5py makes of truth values.
    Boolean,
    /// Text.
    Text(TextType),
    /// A record with named fields: how anndata wrote data frames before 0.7.
    Record(Vec<Field>),
    /// Anything else.
    Other,
}

/// How a file stores texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextType {
    /// The number of bytes of every text, or `None` when each has its own length.
    pub(crate) n_bytes: Option<usize>,
    pub(crate) utf8: bool,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// Number of elements side by side: 1, or the length of an array field.
    pub(crate) n_elements: usize,
    pub(crate) element: ElementType,
}
