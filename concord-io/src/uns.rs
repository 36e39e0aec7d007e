use std::io;

use concord_core::Dense;

use crate::annotate::write_dense;
use crate::h5::{Appender, GroupDraft, write_array, write_scalar, write_text, write_texts};

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

    /// About how many bytes it takes in a file.
    pub(crate) fn n_bytes(&self) -> usize {
        match self {
            Self::Dict(entries) => entries.iter().map(|(_, value)| 1000 + value.n_bytes()).sum(),
            Self::Text(text) => 5000 + text.len(),
            Self::Integer(_) | Self::Float(_) | Self::Boolean(_) => 1000,
            Self::Texts(texts) => texts.iter().map(|text| 40 + text.len()).sum(),
            Self::Integers(values) => 8 * values.len(),
            Self::Floats(values) => 8 * values.len(),
            Self::Matrix(values) => 4 * values.len(),
        }
    }

    /// Writes the value and returns its address.
    pub(crate) fn write(&self, appender: &mut Appender) -> io::Result<u64> {
        match self {
            Self::Dict(entries) => GroupDraft::write_dict(appender, entries, Self::write),
            Self::Text(text) => write_text(appender, text),
            Self::Integer(value) => write_scalar(appender, *value),
            Self::Float(value) => write_scalar(appender, *value),
            Self::Boolean(value) => write_scalar(appender, *value),
            Self::Texts(texts) => write_texts(appender, texts),
            Self::Integers(values) => write_array(appender, &[values.len()], values.iter().copied()),
            Self::Floats(values) => write_array(appender, &[values.len()], values.iter().copied()),
            Self::Matrix(values) => write_dense(values, appender),
        }
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
