use std::collections::HashMap;

/// The names of the genes (columns), in the order of the matrix.
#[derive(Debug, Clone, Default)]
pub struct Genes(Index);

/// The names of the cells (rows; barcodes), in the order of the matrix.
#[derive(Debug, Clone, Default)]
pub struct Cells(Index);

/// Names with a map back to their positions; of a name that stands twice, the first place counts.
#[derive(Debug, Clone, Default)]
struct Index {
    names: Vec<String>,
    positions: HashMap<String, usize>,
}

impl Index {
    fn new(names: Vec<String>) -> Self {
        let mut positions = HashMap::with_capacity(names.len());
        for (position, name) in names.iter().enumerate() {
            positions.entry(name.clone()).or_insert(position);
        }
        Self { names, positions }
    }
}

macro_rules! index_type {
    ($type:ident) => {
        impl $type {
            /// Takes the names in the order of the matrix.
            pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
                Self(Index::new(names.into_iter().map(Into::into).collect()))
            }

            /// How many there are.
            pub fn len(&self) -> usize {
                self.0.names.len()
            }

            /// Whether there are none.
            pub fn is_empty(&self) -> bool {
                self.0.names.is_empty()
            }

            /// The names in order.
            pub fn names(&self) -> &[String] {
                &self.0.names
            }

            /// Where a name stands (its first place when it stands twice).
            pub fn position(&self, name: &str) -> Option<usize> {
                self.0.positions.get(name).copied()
            }

            /// Whether every name stands once only.
            pub fn are_unique(&self) -> bool {
                self.0.positions.len() == self.0.names.len()
            }

            /// The names at the given positions.
            ///
            /// # Panics
            /// If a position is out of range.
            #[must_use]
            pub fn select(&self, positions: &[usize]) -> Self {
                Self::new(positions.iter().map(|&position| self.0.names[position].clone()))
            }
        }

        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.0.names == other.0.names
            }
        }
        impl Eq for $type {}
    };
}

index_type!(Genes);
index_type!(Cells);
