//! UMAP, the measures of an embedding's quality, and trees of similar rows.
//!
//! Everything here goes from plain data to plain data: an [`Embedding`](concord_core::Embedding), its neighbours as a
//! [`KnnGraph`](concord_core::KnnGraph) and [`Labels`](concord_core::Labels) come in; a picture or a number comes out.
//! The same input and seed give the same bytes for any number of threads.
//!
//! A picture: [`umap`]. Neighbours in it: [`trustworthiness`], [`neighbor_preservation`]. Known labels: [`silhouette`],
//! [`knn_accuracy`]. Batches: [`inverse_simpson`]. Clusterings: [`adjusted_rand_index`],
//! [`normalized_mutual_information`]. Similar rows of a heat map side by side: [`ward`].

mod agreement;
mod classification;
mod distances;
mod error;
mod labelled;
mod mixing;
mod neighborhoods;
mod silhouette;
mod umap;
mod ward;

pub use agreement::{adjusted_rand_index, normalized_mutual_information};
pub use classification::knn_accuracy;
pub use concord_core::Metric;
pub use error::EmbedError;
pub use mixing::inverse_simpson;
pub use neighborhoods::{neighbor_preservation, trustworthiness};
pub use silhouette::silhouette;
pub use umap::{Initialization, UmapConfig, umap};
pub use ward::{Merge, ward};
