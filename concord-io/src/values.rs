//! Values of columns of any kind, one at a time: for choosing rows and for putting columns together.

use std::collections::{BTreeSet, HashMap};

use concord_core::{Column, Labels};

use crate::natural::{NaturalKey, natural_key};

/// A row of several tables: which table, and which of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) table: u32,
    pub(crate) row: u32,
}

/// One value of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'c> {
    Missing,
    Text(&'c str),
    Integer(i64),
    Float(f64),
    Boolean(bool),
}

/// The value in a row.
///
/// # Panics
/// If the row is out of range.
pub(crate) fn value(column: &Column, row: usize) -> Value<'_> {
    match column {
        Column::Labels(labels) => labels.name_of(row).map_or(Value::Missing, Value::Text),
        Column::Floats(values) if values[row].is_nan() => Value::Missing,
        Column::Floats(values) => Value::Float(values[row]),
        Column::Integers(values) => Value::Integer(values[row]),
        Column::Booleans(values) => values[row].map_or(Value::Missing, Value::Boolean),
        Column::Texts(values) => values[row].as_deref().map_or(Value::Missing, Value::Text),
        _ => Value::Missing,
    }
}

impl Value<'_> {
    fn to_float(self) -> f64 {
        match self {
            Self::Float(value) => value,
            Self::Integer(value) => value as f64,
            _ => f64::NAN,
        }
    }

    fn to_text(self) -> Option<String> {
        match self {
            Self::Missing => None,
            Self::Text(text) => Some(text.to_owned()),
            Self::Integer(value) => Some(value.to_string()),
            Self::Float(value) => Some(format!("{value:?}")),
            Self::Boolean(value) => Some(if value { "True" } else { "False" }.to_owned()),
        }
    }
}

/// The values in some rows, in their order.
///
/// # Panics
/// If a row is out of range.
pub(crate) fn select_values(column: &Column, rows: &[usize]) -> Column {
    match column {
        Column::Labels(labels) => Column::Labels(labels.select(rows)),
        Column::Floats(values) => Column::Floats(rows.iter().map(|&row| values[row]).collect()),
        Column::Integers(values) => Column::Integers(rows.iter().map(|&row| values[row]).collect()),
        Column::Booleans(values) => Column::Booleans(rows.iter().map(|&row| values[row]).collect()),
        Column::Texts(values) => Column::Texts(rows.iter().map(|&row| values[row].clone()).collect()),
        other => other.clone(),
    }
}

/// Columns of several tables put together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gathered {
    pub(crate) column: Column,
    /// Whether they were of kinds that do not go together, and so became texts.
    pub(crate) is_mixed: bool,
}

/// Makes one column of the columns of the same name in several tables (`None` in a table that has none).
///
/// Its kind is what pandas makes of such columns: whole numbers of which some are missing become numbers; the categories of
/// labels are those of all, in natural order (`B2` before `B10`); labels and texts become texts. All else that does not go
/// together becomes texts too.
pub(crate) fn gather(columns: &[Option<&Column>], sources: &[Source]) -> Gathered {
    let value_of = |source: &Source| match columns[source.table as usize] {
        Some(column) => value(column, source.row as usize),
        None => Value::Missing,
    };
    let values = || sources.iter().map(value_of);
    let has = |is_kind: fn(&Column) -> bool| columns.iter().flatten().any(|column| is_kind(column));
    let has_labels = has(|column| matches!(column, Column::Labels(_)));
    let has_texts = has(|column| matches!(column, Column::Texts(_)));
    let has_booleans = has(|column| matches!(column, Column::Booleans(_)));
    let has_integers = has(|column| matches!(column, Column::Integers(_)));
    let has_floats = has(|column| matches!(column, Column::Floats(_)));
    let has_numbers = has_integers || has_floats;
    let (column, is_mixed) = match (has_labels || has_texts, has_booleans, has_numbers) {
        (true, false, false) if !has_texts => (Column::Labels(labels(columns, values())), false),
        (false, true, false) => (Column::Booleans(values().map(boolean).collect()), false),
        (false, false, true) => (numbers(values(), has_floats), false),
        (_, has_booleans, has_numbers) => {
            (Column::Texts(values().map(Value::to_text).collect()), has_booleans || has_numbers)
        }
    };
    Gathered { column, is_mixed }
}

fn boolean(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Boolean(value) => Some(value),
        _ => None,
    }
}

fn numbers<'c>(values: impl Iterator<Item = Value<'c>> + Clone, has_floats: bool) -> Column {
    let integer = |value| match value {
        Value::Integer(value) => Some(value),
        _ => None,
    };
    let integers = if has_floats { None } else { values.clone().map(integer).collect() };
    integers.map_or_else(|| Column::Floats(values.map(Value::to_float).collect()), Column::Integers)
}

fn labels<'c>(columns: &[Option<&'c Column>], values: impl Iterator<Item = Value<'c>>) -> Labels {
    let names_of = |column: &&'c Column| if let Column::Labels(labels) = column { labels.names() } else { &[] };
    let names = columns.iter().flatten().flat_map(names_of);
    let names: BTreeSet<(NaturalKey<'c>, &str)> = names.map(|name| (natural_key(name), name.as_str())).collect();
    let codes: HashMap<&str, u32> = names.iter().zip(0..).map(|((_, name), code)| (*name, code)).collect();
    let code = |value| match value {
        Value::Text(text) => codes.get(text).copied(),
        _ => None,
    };
    let codes: Vec<Option<u32>> = values.map(code).collect();
    let n_cells = codes.len();
    let names = names.into_iter().map(|(_, name)| name.to_owned()).collect();
    // Every code is that of a name.
    Labels::new(codes, names).unwrap_or_else(|_| Labels::single(n_cells, ""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn texts(values: &[Option<&str>]) -> Column {
        Column::Texts(values.iter().map(|value| value.map(str::to_owned)).collect())
    }

    /// Puts whole columns of two rows behind each other.
    fn check(columns: &[Option<Column>], expected: &Column, is_mixed: bool) {
        let columns: Vec<Option<&Column>> = columns.iter().map(Option::as_ref).collect();
        let sources: Vec<Source> =
            (0..columns.len() as u32).flat_map(|table| [0, 1].map(|row| Source { table, row })).collect();
        assert_eq!(gather(&columns, &sources), Gathered { column: expected.clone(), is_mixed });
    }

    fn labels(texts: &[&str]) -> Column {
        Column::Labels(Labels::from_texts(texts))
    }

    #[test]
    fn kinds_go_together_as_in_pandas() {
        let integers = || Some(Column::Integers(vec![1, 2]));
        let booleans = || Some(Column::Booleans(vec![Some(true), None]));
        check(&[integers(), integers()], &Column::Integers(vec![1, 2, 1, 2]), false);
        check(&[integers(), Some(Column::Floats(vec![0.5, 3.0]))], &Column::Floats(vec![1.0, 2.0, 0.5, 3.0]), false);
        check(&[booleans(), None], &Column::Booleans(vec![Some(true), None, None, None]), false);
        let both = [Some("b"), Some("a"), Some("x"), None];
        check(&[Some(labels(&["b", "a"])), Some(texts(&[Some("x"), None]))], &texts(&both), false);
        let mixed = [Some("True"), None, Some("1"), Some("2"), None, None];
        check(&[booleans(), integers(), None], &texts(&mixed), true);
        check(
            &[Some(Column::Floats(vec![1.0, f64::NAN])), Some(labels(&["a", "b"]))],
            &texts(&[Some("1.0"), None, Some("a"), Some("b")]),
            true,
        );
        let Gathered { column: Column::Floats(values), .. } =
            gather(&[integers().as_ref(), None], &[Source { table: 1, row: 0 }, Source { table: 0, row: 1 }])
        else {
            panic!("missing whole numbers make numbers")
        };
        assert!(values[0].is_nan() && values[1].to_bits() == 2.0_f64.to_bits());
    }

    #[test]
    fn categories_are_those_of_all_in_natural_order() {
        let first = Labels::new(vec![Some(1), None], vec!["none".into(), "B10".into()]).unwrap();
        let expected = Labels::new(
            vec![Some(2), None, Some(1), Some(0)],
            vec!["B1".into(), "B2".into(), "B10".into(), "none".into()],
        );
        let columns = [Some(Column::Labels(first)), Some(labels(&["B2", "B1"]))];
        check(&columns, &Column::Labels(expected.unwrap()), false);
    }

    #[test]
    fn rows_are_chosen_from_columns_of_any_kind() {
        let columns = [
            labels(&["a", "b"]),
            Column::Integers(vec![1, 2]),
            Column::Floats(vec![0.5, 1.5]),
            Column::Booleans(vec![None, Some(true)]),
            texts(&[None, Some("x")]),
        ];
        for column in columns {
            let chosen = select_values(&column, &[1, 1, 0]);
            let expected = [1, 1, 0].map(|row| value(&column, row));
            assert_eq!([0, 1, 2].map(|row| value(&chosen, row)), expected);
        }
    }
}
