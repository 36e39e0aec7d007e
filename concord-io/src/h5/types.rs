use std::fmt;

use super::format::Datatype;

const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;

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
    Other(u16),
}

impl Compression {
    /// What a pipeline of filters amounts to; shuffling and checksums compress nothing.
    pub(super) fn of_filters(filters: &[u16]) -> Self {
        let compressing = filters.iter().find(|&&number| number != SHUFFLE && number != FLETCHER32);
        compressing.map_or(Self::None, |&number| match number {
            1 => Self::Gzip,
            32000 => Self::Lzf,
            32001 => Self::Blosc,
            32015 => Self::Zstd,
            other => Self::Other(other),
        })
    }

    /// Why the array cannot be read, if it cannot.
    pub(super) fn obstacle(self) -> Option<String> {
        matches!(self, Self::Other(_))
            .then(|| format!("is compressed with {self}, which cannot be read; write it with gzip"))
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

/// The type of one element of a dataset or attribute, as far as it is interpreted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ElementType {
    /// A number; `swapped` when its bytes in the file are in another order than this machine's.
    Number { number: NumberType, swapped: bool },
    /// The enumeration FALSE = 0, TRUE = 1 over one byte, which h5py makes of truth values.
    Boolean,
    /// Text.
    Text,
    /// A record with named fields: how anndata wrote data frames before 0.7.
    Record,
    /// Anything else.
    Other,
}

impl ElementType {
    pub(super) fn of(datatype: &Datatype) -> Self {
        match *datatype {
            Datatype::Integer { n_bytes, signed, big_endian, full: true } => {
                number(big_endian, integer_type(n_bytes, signed))
            }
            Datatype::Float { n_bytes, big_endian, ieee: true } => number(big_endian, float_type(n_bytes)),
            Datatype::FixedText { .. } | Datatype::VariableText { .. } => Self::Text,
            // Truth values are the only enumeration in h5ad files; anything else over one byte reads as numbers.
            Datatype::Enumeration { n_bytes: 1 } => Self::Boolean,
            Datatype::Record { .. } => Self::Record,
            _ => Self::Other,
        }
    }

    /// The type that its bytes are numbers of, and whether they are swapped; truth values are 0 and 1.
    pub(super) fn number(self) -> Option<(NumberType, bool)> {
        match self {
            Self::Number { number, swapped } => Some((number, swapped)),
            Self::Boolean => Some((NumberType::Int8, false)),
            _ => None,
        }
    }
}

fn number(big_endian: bool, number: Option<NumberType>) -> ElementType {
    let swapped = big_endian != cfg!(target_endian = "big");
    number.map_or(ElementType::Other, |number| ElementType::Number { number, swapped: swapped && number.size() > 1 })
}

fn integer_type(n_bytes: usize, signed: bool) -> Option<NumberType> {
    Some(match (n_bytes, signed) {
        (1, true) => NumberType::Int8,
        (2, true) => NumberType::Int16,
        (4, true) => NumberType::Int32,
        (8, true) => NumberType::Int64,
        (1, false) => NumberType::UInt8,
        (2, false) => NumberType::UInt16,
        (4, false) => NumberType::UInt32,
        (8, false) => NumberType::UInt64,
        _ => return None,
    })
}

fn float_type(n_bytes: usize) -> Option<NumberType> {
    Some(match n_bytes {
        2 => NumberType::Float16,
        4 => NumberType::Float32,
        8 => NumberType::Float64,
        _ => return None,
    })
}
