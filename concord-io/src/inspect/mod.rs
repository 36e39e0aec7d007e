//! What is in a file, without reading it all.

mod columns;
mod entries;
mod matrices;

use std::path::Path;

use crate::IoError;
use crate::frame::{FramePlace, SkippedColumn};
use crate::h5::{H5File, attribute_text};

pub(crate) use entries::summaries as entry_summaries;

pub use columns::{ColumnKind, ColumnSummary};
pub use entries::{EntryKind, EntrySummary};
pub use matrices::{MatrixSample, MatrixSummary, SampleState};

/// What is in an h5ad file; plain data for whoever wants to show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Number of cells: rows of `obs`.
    pub n_cells: usize,
    /// Number of genes: rows of `var`.
    pub n_genes: usize,
    /// Size of the file in bytes.
    pub n_bytes: u64,
    /// The version of the h5ad format that the file names, if it names one.
    pub encoding_version: Option<String>,
    /// `X`, `raw` and the layers, as far as they are there and can be read.
    pub matrices: Vec<MatrixSummary>,
    /// The columns about cells, in their order.
    pub obs: Vec<ColumnSummary>,
    /// The columns about genes, in their order.
    pub var: Vec<ColumnSummary>,
    /// Embeddings and other matrices about cells.
    pub obsm: Vec<EntrySummary>,
    /// Matrices about genes.
    pub varm: Vec<EntrySummary>,
    /// Matrices between cells, such as neighbour graphs.
    pub obsp: Vec<EntrySummary>,
    /// Everything else that was kept with the data.
    pub uns: Vec<EntrySummary>,
    /// Columns in a form that cannot be interpreted.
    pub skipped: Vec<SkippedColumn>,
    /// Matrices that are there but cannot be read: one line each.
    pub problems: Vec<String>,
}

/// Lists what is in an h5ad file. Of the matrices only a bounded sample is read.
///
/// # Errors
/// Those of [`read_h5ad`](crate::read_h5ad) for a file that cannot be opened or has no `obs` or `var`. A file without `X` is
/// no error here, and a matrix that cannot be read is listed in [`Summary::problems`].
///
/// ```no_run
/// let summary = concord_io::inspect_h5ad("pbmc3k.h5ad")?;
/// for matrix in &summary.matrices {
///     println!("{}: {} x {}, {}", matrix.source, matrix.n_cells, matrix.n_genes, matrix.number);
/// }
/// # Ok::<(), concord_io::IoError>(())
/// ```
pub fn inspect_h5ad(path: impl AsRef<Path>) -> Result<Summary, IoError> {
    let file = H5File::open(path.as_ref())?;
    let obs = FramePlace::top_level(&file, "obs")?.read(&file)?;
    let var = FramePlace::top_level(&file, "var")?.read(&file)?;
    let (matrices, problems) = matrices::summaries(&file)?;
    let mut skipped = obs.skipped;
    skipped.extend(var.skipped);
    Ok(Summary {
        n_cells: obs.names.len(),
        n_genes: var.names.len(),
        n_bytes: file.n_bytes(),
        encoding_version: attribute_text(&file, file.root(), "encoding-version")?,
        matrices,
        obs: columns::summaries(&obs.table),
        var: columns::summaries(&var.table),
        obsm: entries::summaries(&file, "obsm")?,
        varm: entries::summaries(&file, "varm")?,
        obsp: entries::summaries(&file, "obsp")?,
        uns: entries::summaries(&file, "uns")?,
        skipped,
        problems,
    })
}
