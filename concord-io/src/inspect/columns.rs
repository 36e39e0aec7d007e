use std::collections::HashSet;

use concord_core::{Column, Table};

/// A column of `obs` or `var`.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Number of rows without a value.
    pub n_missing: usize,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ColumnKind {
    /// Categories, in their order, with the number of rows of each.
    Categories(Vec<(String, usize)>),
    /// Whole numbers.
    Integers {
        /// The smallest and the largest; `None` when there are no rows.
        range: Option<(i64, i64)>,
    },
    /// Numbers.
    Floats {
        /// The smallest and the largest of those that are not missing; `None` when there are none.
        range: Option<(f64, f64)>,
    },
    /// Truth values.
    Booleans {
        /// How many are true.
        n_true: usize,
    },
    /// Texts.
    Texts {
        /// How many different ones there are.
        n_distinct: usize,
    },
    /// Something that a later version of the vocabulary can hold.
    Other,
}

pub(super) fn summaries(table: &Table) -> Vec<ColumnSummary> {
    table.iter().map(|(name, column)| summary(name, column)).collect()
}

fn summary(name: &str, column: &Column) -> ColumnSummary {
    let (kind, n_missing) = match column {
        Column::Labels(labels) => {
            let sizes = labels.names().iter().cloned().zip(labels.sizes()).collect();
            (ColumnKind::Categories(sizes), labels.n_missing())
        }
        Column::Integers(values) => {
            let range = values.iter().copied().min().zip(values.iter().copied().max());
            (ColumnKind::Integers { range }, 0)
        }
        Column::Floats(values) => {
            let present = || values.iter().copied().filter(|value| !value.is_nan());
            let range = present().reduce(f64::min).zip(present().reduce(f64::max));
            (ColumnKind::Floats { range }, values.len() - present().count())
        }
        Column::Booleans(values) => {
            let n_true = values.iter().filter(|&&value| value == Some(true)).count();
            (ColumnKind::Booleans { n_true }, values.iter().filter(|value| value.is_none()).count())
        }
        Column::Texts(values) => {
            let n_distinct = values.iter().flatten().collect::<HashSet<_>>().len();
            (ColumnKind::Texts { n_distinct }, values.iter().filter(|value| value.is_none()).count())
        }
        _ => (ColumnKind::Other, 0),
    };
    ColumnSummary { name: name.to_owned(), kind, n_missing }
}
