//! The nouns of concord: what its crates hand to each other, and no algorithms.
//!
//! Every other crate depends on this one and meets the others in its types alone: a reader makes [`Counts`], feature
//! selection and normalisation turn them into [`LogNorm`], training and projection make an [`Embedding`], neighbour
//! search a [`KnnGraph`]; [`Network`] is what attribution asks of a model. The matrices are those of [`sprs`] and
//! [`ndarray`], so a tool that holds such a matrix already can use any crate of the workspace without a conversion.
//!
//! ```
//! use concord_core::{Counts, Csr, Genes};
//!
//! let matrix = Csr::new((2, 3), vec![0, 2, 3], vec![0, 2, 1], vec![4.0, 1.0, 2.0]);
//! let counts = Counts::new(matrix)?;
//! assert_eq!((counts.n_cells(), counts.n_genes()), (2, 3));
//!
//! let genes = Genes::new(["CD3E", "CD79A", "NKG7"]);
//! assert_eq!(genes.position("NKG7"), Some(2));
//! # Ok::<(), concord_core::CoreError>(())
//! ```

mod embedding;
mod error;
mod knn;
mod labels;
mod matrix;
mod names;
mod network;
mod options;
mod table;

pub use embedding::Embedding;
pub use error::CoreError;
pub use knn::KnnGraph;
pub use labels::Labels;
pub use matrix::{Counts, Csr, Dense, LogNorm, select_columns, select_rows};
pub use names::{Cells, Genes};
pub use network::Network;
pub use options::Metric;
pub use table::{Column, Table};
