use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::{MatrixState, PrepError};

/// How genes are ranked; the names are scanpy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Flavor {
    /// Standardised variance; batches combine by the median rank.
    #[default]
    #[cfg_attr(feature = "clap", value(name = "seurat_v3", alias = "seurat-v3"))]
    SeuratV3,
    /// Standardised variance; batches combine by the number of batches that choose a gene.
    #[cfg_attr(feature = "clap", value(name = "seurat_v3_paper", alias = "seurat-v3-paper"))]
    SeuratV3Paper,
    /// Dispersion, as z-score within 20 bins of mean expression.
    #[cfg_attr(feature = "clap", value(name = "seurat"))]
    Seurat,
    /// Dispersion, centred and scaled by medians within bins that hold equally many genes.
    #[cfg_attr(feature = "clap", value(name = "cell_ranger", alias = "cell-ranger"))]
    CellRanger,
}

impl Flavor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::SeuratV3, Self::SeuratV3Paper, Self::Seurat, Self::CellRanger];

    /// The name in scanpy.
    pub fn name(self) -> &'static str {
        match self {
            Self::SeuratV3 => "seurat_v3",
            Self::SeuratV3Paper => "seurat_v3_paper",
            Self::Seurat => "seurat",
            Self::CellRanger => "cell_ranger",
        }
    }
}

impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that is the name of no [`Flavor`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("'{0}' is no flavour of feature selection: choose seurat_v3, seurat_v3_paper, seurat or cell_ranger")]
pub struct UnknownFlavor(pub String);

impl FromStr for Flavor {
    type Err = UnknownFlavor;

    /// Takes hyphens for underscores.
    fn from_str(text: &str) -> Result<Self, UnknownFlavor> {
        let name = text.replace('-', "_");
        Self::ALL.into_iter().find(|flavor| flavor.name() == name).ok_or_else(|| UnknownFlavor(text.to_owned()))
    }
}

/// What [`select_features`](crate::select_features) chooses, and from what.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct SelectConfig {
    /// Number of genes to choose
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().n_top_features))]
    pub n_top_features: usize,
    /// How genes are ranked
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "FLAVOR", default_value_t = Self::default().flavor))]
    pub flavor: Flavor,
    /// Genes that fewer cells express take no part
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().min_cells))]
    pub min_cells: usize,
    /// Genes whose values add up to less over all cells take no part, when given
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    pub filter_gene_by_counts: Option<u32>,
    /// Batches with fewer cells take no part in the choice of genes (with a warning)
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().min_batch_size))]
    pub min_batch_size: usize,
    /// Share of the cells (of each batch) that take part in the choice of genes, drawn at random; above 0, at most 1
    #[cfg_attr(feature = "clap", arg(long, value_name = "P", default_value_t = Self::default().subsample_frac))]
    pub subsample_frac: f64,
    /// Seed of that draw
    #[cfg_attr(feature = "clap", arg(skip))]
    pub seed: u64,
    /// Share of the genes in a neighbourhood of the local regression (flavours `seurat_v3`); above 0, at most 1
    #[cfg_attr(feature = "clap", arg(long, value_name = "P", default_value_t = Self::default().span))]
    pub span: f64,
    /// What the matrix holds; found out by [`matrix_state`](crate::matrix_state) when `None`
    #[cfg_attr(feature = "clap", arg(skip))]
    pub state: Option<MatrixState>,
}

impl Default for SelectConfig {
    fn default() -> Self {
        Self {
            n_top_features: 2000,
            flavor: Flavor::default(),
            min_cells: 10,
            filter_gene_by_counts: None,
            min_batch_size: 1,
            subsample_frac: 1.0,
            seed: 0,
            span: 0.3,
            state: None,
        }
    }
}

impl SelectConfig {
    pub(super) fn validate(&self) -> Result<(), PrepError> {
        let check = |is_valid: bool, option, value: String, expected| {
            if is_valid { Ok(()) } else { Err(PrepError::InvalidOption { option, value, expected }) }
        };
        let is_share = |value: f64| value > 0.0 && value <= 1.0;
        check(self.n_top_features > 0, "n-top-features", self.n_top_features.to_string(), "at least 1")?;
        check(
            is_share(self.subsample_frac),
            "subsample-frac",
            self.subsample_frac.to_string(),
            "above 0 and at most 1",
        )?;
        check(is_share(self.span), "span", self.span.to_string(), "above 0 and at most 1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for flavor in Flavor::ALL {
            assert_eq!(flavor.name().parse(), Ok(flavor));
            assert_eq!(flavor.name().replace('_', "-").parse(), Ok(flavor));
        }
        assert_eq!("seurat3".parse::<Flavor>(), Err(UnknownFlavor("seurat3".to_owned())));
    }

    #[test]
    fn nonsense_is_refused() {
        let default = SelectConfig::default;
        assert_eq!(default().validate(), Ok(()));
        let message = SelectConfig { n_top_features: 0, ..default() }.validate().unwrap_err().to_string();
        assert_eq!(message, "--n-top-features 0 is out of range: at least 1");
        assert!(SelectConfig { subsample_frac: 0.0, ..default() }.validate().is_err());
        assert!(SelectConfig { subsample_frac: f64::NAN, ..default() }.validate().is_err());
        assert!(SelectConfig { span: 1.5, ..default() }.validate().is_err());
    }
}
