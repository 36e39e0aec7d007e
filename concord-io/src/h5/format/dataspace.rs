use super::{Cursor, Fault};

/// The library allows no more dimensions than this.
const MAX_DIMENSIONS: usize = 32;

const HAS_MAXIMA: u8 = 1;

/// The shape of a dataset or attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::h5) struct Dataspace {
    /// `None` for "nothing at all"; no lengths for a single value.
    pub(in crate::h5) shape: Option<Vec<usize>>,
    /// How long each dimension may become; `None` for any length.
    pub(in crate::h5) maxima: Vec<Option<u64>>,
}

impl Dataspace {
    pub(in crate::h5) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        let (version, n_dimensions, flags) = (cursor.u8()?, usize::from(cursor.u8()?), cursor.u8()?);
        let is_null = match version {
            1 => {
                cursor.skip(5)?;
                false
            }
            2 => cursor.u8()? == 2,
            _ => return Err(Fault::damaged(format!("its shape is of version {version}"))),
        };
        if n_dimensions > MAX_DIMENSIONS {
            return Err(Fault::damaged(format!("it has {n_dimensions} dimensions")));
        }
        let length = |cursor: &mut Cursor<'_>| {
            let length = cursor.length()?;
            usize::try_from(length).map_err(|_| Fault::damaged(format!("it is {length} long")))
        };
        let shape = (0..n_dimensions).map(|_| length(cursor)).collect::<Result<Vec<_>, _>>()?;
        let maxima = if flags & HAS_MAXIMA == 0 {
            shape.iter().map(|&length| Some(length as u64)).collect()
        } else {
            let unlimited = u64::MAX >> (64 - 8 * cursor.sizes().length);
            let maximum = |_| Ok(Some(cursor.length()?).filter(|&length| length != unlimited));
            (0..n_dimensions).map(maximum).collect::<Result<_, Fault>>()?
        };
        Ok(Self { shape: (!is_null).then_some(shape), maxima })
    }

    /// Number of elements, `None` when it cannot be counted.
    pub(in crate::h5) fn n_elements(&self) -> Option<usize> {
        let Some(shape) = &self.shape else { return Some(0) };
        shape.iter().try_fold(1_usize, |n, &length| n.checked_mul(length))
    }
}
