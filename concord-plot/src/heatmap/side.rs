//! Rows and columns in the order in which they are drawn.

use super::{Order, Side};
use crate::embedding::legend_entries;
use crate::legend::LegendEntry;
use crate::{Colour, Dendrogram, Palette, PlotError};

/// An annotation whose colours are known.
pub(crate) struct Bar {
    pub(crate) name: String,
    /// One colour for each row or column, in the order of drawing.
    pub(crate) colours: Vec<Colour>,
    pub(crate) entries: Vec<LegendEntry>,
}

/// A checked [`Side`].
pub(crate) struct OrderedSide<'a> {
    pub(crate) title: &'a str,
    /// Names in the order of drawing.
    pub(crate) names: Vec<&'a str>,
    /// Positions in the matrix in the order of drawing.
    pub(crate) order: Vec<usize>,
    pub(crate) tree: Option<&'a Dendrogram>,
    pub(crate) bars: Vec<Bar>,
}

impl<'a> OrderedSide<'a> {
    /// Checks a side of `length` rows or columns (`what`) and brings it into its order.
    ///
    /// Each annotation takes colours behind the `used` ones, so that no colour means two things.
    pub(crate) fn new(
        side: &'a Side<'a>,
        length: usize,
        what: &'static str,
        palette: Palette,
        used: &mut usize,
    ) -> Result<Self, PlotError> {
        let check = |found: usize, of: &str| {
            if found == length {
                return Ok(());
            }
            Err(PlotError::LengthMismatch { what: format!("{of} of the {what}"), expected: length, found })
        };
        let (order, tree) = match side.order {
            Order::AsGiven => ((0..length).collect(), None),
            Order::Given(order) => (order.to_vec(), None),
            Order::Tree(tree) => (tree.leaf_order(), Some(tree)),
        };
        check(order.len(), if tree.is_some() { "tree" } else { "order" })?;
        check_permutation(&order, what)?;
        if let Some(names) = side.names {
            check(names.len(), "names")?;
        }
        let names = side.names.map(|names| order.iter().map(|&position| names[position].as_str()).collect());
        let mut bars = Vec::with_capacity(side.annotations.len());
        for annotation in &side.annotations {
            let labels = annotation.labels;
            check(labels.n_cells(), &format!("annotation `{}`", annotation.name))?;
            let colours = palette.or_given(annotation.palette.as_deref(), labels.n_categories(), *used)?;
            if annotation.palette.is_none() {
                *used += labels.n_categories();
            }
            let colour =
                |&position: &usize| labels.codes()[position].map_or(Colour::MISSING, |code| colours[code as usize]);
            bars.push(Bar {
                name: annotation.name.clone(),
                colours: order.iter().map(colour).collect(),
                entries: legend_entries(labels, &colours, false),
            });
        }
        Ok(Self { title: side.title.trim(), names: names.unwrap_or_default(), order, tree, bars })
    }
}

fn check_permutation(order: &[usize], what: &'static str) -> Result<(), PlotError> {
    let mut seen = vec![false; order.len()];
    for &position in order {
        match seen.get_mut(position) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(PlotError::BadOrder { what, position, length: order.len() }),
        }
    }
    Ok(())
}
