use crate::{CoreError, Labels};

/// One column of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Column {
    /// Categories.
    Labels(Labels),
    /// Numbers; a missing one is NaN.
    Floats(Vec<f64>),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Truth values; `None` is missing.
    Booleans(Vec<Option<bool>>),
    /// Free text; `None` is missing.
    Texts(Vec<Option<String>>),
}

impl Column {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Labels(labels) => labels.n_cells(),
            Self::Floats(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Booleans(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Named columns of equal length: the annotation of cells (`obs`) or of genes (`var`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    n_rows: usize,
    columns: Vec<(String, Column)>,
}

impl Table {
    /// A table without columns.
    pub fn new(n_rows: usize) -> Self {
        Self { n_rows, columns: Vec::new() }
    }

    /// Adds a column behind the others, or puts it in the place of the one with this name.
    ///
    /// # Errors
    /// [`CoreError::LengthMismatch`] when the column has another length than the table.
    pub fn insert(&mut self, name: impl Into<String>, column: Column) -> Result<(), CoreError> {
        if column.len() != self.n_rows {
            return Err(CoreError::LengthMismatch {
                what: "column of a table",
                expected: self.n_rows,
                found: column.len(),
            });
        }
        let name = name.into();
        match self.columns.iter_mut().find(|(existing, _)| *existing == name) {
            Some((_, place)) => *place = column,
            None => self.columns.push((name, column)),
        }
        Ok(())
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The column of this name.
    pub fn get(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(existing, _)| existing == name).map(|(_, column)| column)
    }

    /// Names and columns in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// The columns' names in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }
}
