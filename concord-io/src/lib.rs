//! Reading and writing of h5ad files, without the HDF5 library.
//!
//! [`read_h5ad`] reads a file into the types of `concord-core`, [`inspect_h5ad`] says what is in it without reading it
//! all, and [`annotate_h5ad`] writes a copy with embeddings and columns added in which everything else stays as it was.
//! Parts of a file are had alone by [`read_annotation`], [`read_obsm`], [`read_genes`] and [`category_colors`].
//! [`RowReader`] reads a matrix of any size a few rows at a time, in order or not. [`match_genes`] finds the genes of a model
//! in data that call them otherwise. [`read_10x`] reads the matrices of 10x, [`Joined`] puts several inputs behind each other,
//! and [`rewrite_h5ad`] writes a file anew.
//!
//! Everything can be called from any thread. What the functions return holds no handle of the file; a [`RowReader`] does.

mod annotate;
mod colors;
mod create;
#[cfg(test)]
mod damage;
mod dataset;
mod error;
mod frame;
mod gene_match;
mod h5;
mod inspect;
mod join;
mod matrix;
mod natural;
mod obsm;
mod output;
mod rewrite;
mod stream;
mod tenx;
mod unique;
mod uns;
mod values;

pub use annotate::{Additions, Layer, annotate_h5ad, annotate_h5ad_in_place};
pub use colors::category_colors;
pub use create::{H5adWriter, WriteCompression, WriteOptions, write_h5ad};
pub use dataset::{Dataset, MatrixSource, ReadOptions, read_h5ad};
pub use error::IoError;
pub use frame::SkippedColumn;
pub use gene_match::{
    FeatureMatch, GeneMatching, GeneNameKind, GeneNameKinds, IdentifierList, Likeness, MatchOutcome, MatchWay,
    match_genes,
};
pub use h5::{Compression, NumberType};
pub use inspect::{
    ColumnKind, ColumnSummary, EntryKind, EntrySummary, MatrixSample, MatrixSummary, SampleState, Summary, inspect_h5ad,
};
pub use join::{GeneKey, GeneNames, Join, JoinOptions, JoinReport, Joined, JoinedInput};
pub use matrix::{MatrixNotes, MatrixStorage};
pub use obsm::{Annotation, read_annotation, read_genes, read_obsm};
pub use rewrite::{Rewritten, rewrite_h5ad};
pub use stream::{RowBlock, RowBlocks, RowReader};
pub use tenx::{FeatureType, TenxFeatures, TenxMatrix, TenxOptions, is_10x, read_10x};
pub use unique::make_unique;
pub use uns::UnsValue;
