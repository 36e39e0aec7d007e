use std::{fmt, str::FromStr};

use thiserror::Error;

/// A number of cells or genes: of all together, or one for each cluster.
///
/// ```
/// use concord_simulate::Amount;
/// assert_eq!("1000".parse(), Ok(Amount::Total(1000)));
/// assert_eq!("500,300,200".parse(), Ok(Amount::PerCluster(vec![500, 300, 200])));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(untagged))]
pub enum Amount {
    /// Of all together.
    Total(usize),
    /// Of each cluster.
    PerCluster(Vec<usize>),
}

/// A text that is no [`Amount`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("'{0}' is no number of cells or genes: give one, as 1000, or one for each cluster, as 500,300,200")]
pub struct InvalidAmount(pub String);

impl FromStr for Amount {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let numbers: Result<Vec<usize>, _> = text.split(',').map(|number| number.trim().parse()).collect();
        match numbers.map_err(|_| InvalidAmount(text.to_owned()))?.as_slice() {
            [total] => Ok(Self::Total(*total)),
            numbers => Ok(Self::PerCluster(numbers.to_vec())),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Total(total) => write!(f, "{total}"),
            Self::PerCluster(numbers) => {
                f.write_str(&numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_back_and_nonsense_is_not() {
        for text in ["0", "1000", "5,3,2"] {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), text);
        }
        for text in ["", "-1", "a", "1,,2", "1.5", "99999999999999999999999"] {
            assert_eq!(text.parse::<Amount>(), Err(InvalidAmount(text.to_owned())));
        }
    }
}
