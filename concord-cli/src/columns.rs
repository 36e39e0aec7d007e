//! Columns of the cells' annotation by their names.

use concord_core::{Column, Labels, Table};

use crate::{error::CliError, names::nearest_first};

/// Numbers of categories with which a column is coloured by without being asked for.
const COLOURED_UNASKED: std::ops::RangeInclusive<usize> = 2..=40;

/// At most so many of these.
const N_COLOURED_UNASKED: usize = 6;

/// The categories of a column; `option` is the option that named it.
///
/// Texts, truth values and whole numbers count as categories. An unknown name is answered with the names there are,
/// the nearest first.
pub(crate) fn labels(obs: &Table, name: &str, option: &str) -> Result<Labels, CliError> {
    let column = obs.get(name).ok_or_else(|| unknown(obs, name, option))?;
    let labels = as_labels(column).ok_or_else(|| {
        CliError::usage(format!(
            "{option} {name}: this column holds numbers with fractions, not categories; choose one of: {}",
            names_of(obs, |column| as_labels(column).is_some()).join(", ")
        ))
    })?;
    if labels.codes().iter().all(Option::is_none) {
        return Err(CliError::usage(format!("{option} {name}: this column is empty")));
    }
    Ok(labels)
}

/// The values of a column of numbers; `None` for categories. An unknown name is an error as in [`labels`].
pub(crate) fn numbers(obs: &Table, name: &str, option: &str) -> Result<Option<Vec<f32>>, CliError> {
    match obs.get(name).ok_or_else(|| unknown(obs, name, option))? {
        Column::Floats(values) => Ok(Some(values.iter().map(|&value| value as f32).collect())),
        Column::Integers(values) => Ok(Some(values.iter().map(|&value| value as f32).collect())),
        _ => Ok(None),
    }
}

fn unknown(obs: &Table, name: &str, option: &str) -> CliError {
    let names = nearest_first(name, obs.names());
    if names.is_empty() {
        return CliError::usage(format!("{option} {name}: the cells have no annotation columns at all"));
    }
    CliError::usage(format!("{option} {name}: no such column; there are: {}", names.join(", ")))
}

fn names_of(obs: &Table, wanted: impl Fn(&Column) -> bool) -> Vec<&str> {
    obs.iter().filter(|(_, column)| wanted(column)).map(|(name, _)| name).collect()
}

/// A column as categories; `None` for numbers with fractions.
fn as_labels(column: &Column) -> Option<Labels> {
    match column {
        Column::Labels(labels) => Some(labels.clone()),
        Column::Texts(texts) => Some(Labels::from_optional_texts(texts)),
        Column::Booleans(values) => {
            let texts: Vec<_> = values.iter().map(|value| value.map(|value| value.to_string())).collect();
            Some(Labels::from_optional_texts(&texts))
        }
        Column::Integers(values) => {
            let mut distinct = values.clone();
            distinct.sort_unstable();
            distinct.dedup();
            let code = |value: &i64| distinct.binary_search(value).ok().map(|code| code as u32);
            let names = distinct.iter().map(ToString::to_string).collect();
            Labels::new(values.iter().map(code).collect(), names).ok()
        }
        _ => None,
    }
}

/// The columns to colour by when none was asked for: categorical ones of a size that a legend can hold.
pub(crate) fn unasked(obs: &Table) -> Vec<String> {
    let fits = |column: &Column| match column {
        Column::Labels(labels) => {
            COLOURED_UNASKED.contains(&labels.sizes().iter().filter(|&&n_cells| n_cells > 0).count())
        }
        _ => false,
    };
    names_of(obs, fits).into_iter().take(N_COLOURED_UNASKED).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn obs() -> Table {
        let mut obs = Table::new(3);
        obs.insert("louvain", Column::Labels(Labels::from_texts(&["a", "b", "a"]))).unwrap();
        obs.insert("n_counts", Column::Floats(vec![1.5, 2.0, 3.0])).unwrap();
        obs.insert("lane", Column::Integers(vec![10, 9, 10])).unwrap();
        let texts = vec![Some("x".to_owned()), None, Some("w".to_owned())];
        obs.insert("note", Column::Texts(texts)).unwrap();
        obs
    }

    #[test]
    fn unknown_columns_are_answered_with_the_nearest_first() {
        let message = labels(&obs(), "Louvian", "--label").unwrap_err().to_string();
        assert!(message.starts_with("--label Louvian: no such column; there are: louvain, "), "{message}");
    }

    #[test]
    fn numbers_and_texts_become_categories() {
        let lanes = labels(&obs(), "lane", "--batch").unwrap();
        assert_eq!((lanes.names(), lanes.codes()), (&["9".into(), "10".into()][..], &[Some(1), Some(0), Some(1)][..]));
        let notes = labels(&obs(), "note", "--label").unwrap();
        assert_eq!((notes.names(), notes.codes()), (&["w".into(), "x".into()][..], &[Some(1), None, Some(0)][..]));
        assert!(labels(&obs(), "n_counts", "--label").unwrap_err().to_string().contains("not categories"));
    }
}
