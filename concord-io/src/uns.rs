use concord_core::Dense;
use hdf5::Group;

use crate::h5::{write_dict, write_list, write_matrix, write_scalar, write_text, write_texts};

/// A value for `uns`, the part of an h5ad file that takes anything.
///
/// ```
/// use concord_io::UnsValue;
///
/// let parameters = UnsValue::dict([("seed", UnsValue::from(0)), ("metric", "cosine".into()), ("min_dist", 0.3.into())]);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum UnsValue {
    /// Values by name; a dictionary in Python.
    Dict(Vec<(String, UnsValue)>),
    /// One text.
    Text(String),
    /// One whole number.
    Integer(i64),
    /// One number.
    Float(f64),
    /// One truth value.
    Boolean(bool),
    /// A list of texts.
    Texts(Vec<String>),
    /// A list of whole numbers.
    Integers(Vec<i64>),
    /// A list of numbers.
    Floats(Vec<f64>),
    /// A matrix.
    Matrix(Dense),
}

impl UnsValue {
    /// A dictionary of names and values.
    pub fn dict<S: Into<String>>(entries: impl IntoIterator<Item = (S, UnsValue)>) -> Self {
        Self::Dict(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// The names in this value that cannot be names in a file, with the dictionaries they are in.
    pub(crate) fn check_names(
        &self,
        object: &str,
        check: &impl Fn(&str, &str) -> Result<(), crate::IoError>,
    ) -> Result<(), crate::IoError> {
        let Self::Dict(entries) = self else { return Ok(()) };
        for (name, value) in entries {
            check(object, name)?;
            value.check_names(&format!("{object}/{name}"), check)?;
        }
        Ok(())
    }

    pub(crate) fn write(&self, group: &Group, name: &str) -> hdf5::Result<()> {
        match self {
            Self::Dict(entries) => {
                let dict = write_dict(group, name)?;
                return entries.iter().try_for_each(|(name, value)| value.write(&dict, name));
            }
            Self::Text(text) => write_text(group, name, text),
            Self::Integer(value) => write_scalar(group, name, value),
            Self::Float(value) => write_scalar(group, name, value),
            Self::Boolean(value) => write_scalar(group, name, value),
            Self::Texts(texts) => write_texts(group, name, texts),
            Self::Integers(values) => write_list(group, name, values),
            Self::Floats(values) => write_list(group, name, values),
            Self::Matrix(values) => write_matrix(group, name, values),
        }
        .map(drop)
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl From<$type> for UnsValue {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}
from!(&str => Text, String => Text, i64 => Integer, f64 => Float, bool => Boolean, Vec<String> => Texts,
    Vec<i64> => Integers, Vec<f64> => Floats, Dense => Matrix);
