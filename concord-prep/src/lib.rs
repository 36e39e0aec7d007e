//! From counts to the input of the encoder: feature selection, normalisation, nearest neighbours.
//!
//! | step | function | agrees with |
//! |---|---|---|
//! | what does the matrix hold? | [`matrix_state`] | |
//! | choose the genes to train on | [`select_features`] | scanpy 1.11 `highly_variable_genes` |
//! | normalise and log | [`normalize`] | scanpy 1.11 `normalize_total`, then `log1p` |
//! | nearest neighbours | [`knn`] | brute force |
//!
//! All of it is deterministic: the same input gives the same bytes for any number of threads.
//!
//! ```
//! use concord_core::{Counts, Csr};
//! use concord_prep::{MatrixState, NormalizeConfig, matrix_state, normalize};
//!
//! let counts = Counts::new(Csr::new((2, 3), vec![0, 2, 3], vec![0, 2, 1], vec![4.0, 1.0, 2.0]))?;
//! assert_eq!(matrix_state(&counts), MatrixState::Counts);
//!
//! let expression = normalize(counts, &NormalizeConfig { target_sum: Some(10.0) })?;
//! assert_eq!(expression.matrix().data()[0], 8.0_f32.ln_1p());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]
// Equal floats are meant to be the same bits: ties are ties only then.
#![allow(clippy::float_cmp)]

mod columns;
mod error;
mod knn;
mod loess;
mod lookup;
mod normalize;
mod select;
mod state;

pub use concord_core::Metric;
pub use error::PrepError;
pub use knn::knn;
pub use loess::LoessError;
pub use normalize::{NormalizeConfig, cell_totals, median_total, normalize, normalize_copy};
pub use select::{FeatureSelection, Flavor, SelectConfig, SelectWarning, UnknownFlavor, Variability, select_features};
pub use state::{LARGEST_LOGGED, MatrixState, matrix_state};
