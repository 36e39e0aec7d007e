//! Columns of the cells' annotation as colours.

use std::path::Path;

use concord_core::{Labels, Table};
use concord_io::category_colors;
use concord_plot::{Colour, Colouring, Panel, ValueColours};

use crate::{columns, error::CliError};

/// Where colours end when no option says otherwise: a few extreme cells do not pale the rest.
pub(crate) const VMAX_QUANTILE: f64 = 0.99;

/// What cells are coloured by, as the figures need it.
pub(crate) enum Colours {
    Categories { labels: Labels, palette: Option<Vec<Colour>> },
    Numbers(Vec<f32>),
}

impl Colours {
    /// A column of obs; `option` is the option that named it.
    pub(crate) fn of_column(path: &Path, obs: &Table, name: &str, option: &str) -> Result<Self, CliError> {
        if let Some(values) = columns::numbers(obs, name, option)? {
            return Ok(Self::Numbers(values));
        }
        let labels = columns::labels(obs, name, option)?;
        let palette = own_palette(path, name, labels.n_categories())?;
        Ok(Self::Categories { labels, palette })
    }

    /// As a plot takes it; `name` stands beside the colour bar.
    pub(crate) fn colouring(&self, name: &str, vmax_quantile: f64) -> Colouring<'_> {
        match self {
            Self::Categories { labels, palette } => Colouring::Categories { labels, palette: palette.clone() },
            Self::Numbers(values) => {
                Colouring::Values(ValueColours { vmax_quantile, ..ValueColours::new(values, name) })
            }
        }
    }
}

/// A panel for each column, with its name above.
pub(crate) fn panels(columns: &[(String, Colours)]) -> Vec<Panel<'_>> {
    columns.iter().map(|(name, colours)| Panel::new(name.clone(), colours.colouring(name, VMAX_QUANTILE))).collect()
}

/// The file's own colours, when it has one for each category and they are written as `#rrggbb`.
pub(crate) fn own_palette(path: &Path, name: &str, n_categories: usize) -> Result<Option<Vec<Colour>>, CliError> {
    let own = category_colors(path, name)?.unwrap_or_default();
    let own: Option<Vec<Colour>> = own.iter().map(|colour| colour.parse().ok()).collect();
    Ok(own.filter(|colours| colours.len() == n_categories))
}
