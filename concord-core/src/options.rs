use std::fmt;

/// How far apart two cells are in an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Metric {
    /// Straight-line distance
    #[default]
    Euclidean,
    /// One minus the cosine of the angle; a vector of zeros is at distance 1 from all others
    Cosine,
}

impl Metric {
    /// The name in running text and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::Cosine => "cosine",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
