//! What Cell Ranger and its like write: matrices in HDF5 (versions 2 and 3) and in MatrixMarket files (both layouts).

mod entries;
mod features;
mod files;
mod hdf5;
mod market;
mod names;
mod reader;
mod text;

use std::path::Path;

use concord_core::{Cells, Csr, select_columns};

use crate::{IoError, MatrixNotes};

pub use features::{FeatureType, TenxFeatures};
pub(crate) use reader::TenxReader;
pub use reader::is_10x;

/// Which part of a 10x input to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenxOptions {
    /// The features to take.
    pub feature_type: FeatureType,
    /// The genome to take. `None` takes all, but for files and folders of Cell Ranger 2 that hold several, each with a
    /// matrix of its own.
    pub genome: Option<String>,
}

/// A matrix as it came from counting, with the names of its cells and features.
#[derive(Debug, Clone, PartialEq)]
pub struct TenxMatrix {
    /// The matrix, `[n_cells, n_features]`.
    pub matrix: Csr,
    /// The barcodes of the cells.
    pub cells: Cells,
    /// The features: genes, if nothing else was asked for.
    pub features: TenxFeatures,
    /// What was noticed, or put right, in the matrix. Rows out of order are usual in the files of Cell Ranger 2.
    pub notes: MatrixNotes,
}

impl TenxMatrix {
    /// The features at the given places alone, in that order. A place may be named once only.
    ///
    /// # Panics
    /// If a place is out of range.
    #[must_use]
    pub fn select(&self, places: &[usize]) -> Self {
        Self {
            matrix: select_columns(&self.matrix, places),
            cells: self.cells.clone(),
            features: self.features.select(places),
            notes: self.notes,
        }
    }
}

/// Reads a 10x matrix, whatever of these it is given:
///
/// - `filtered_feature_bc_matrix.h5` and the like: HDF5, in the format of Cell Ranger 3 and later, or of 2 (a group for each
///   genome);
/// - a folder with `matrix.mtx`, `barcodes.tsv` and `features.tsv` (or `genes.tsv`), each plain or compressed with gzip. Their
///   names may have a prefix (`GSM1_matrix.mtx.gz`) when it is the same for the three and the only one there. A folder of
///   Cell Ranger 2 with one folder for each genome is looked into.
/// - one of several such matrices by its own name: `GSM1_matrix.mtx.gz`.
///
/// Names of features are as in the file: not unique, see [`make_unique`](crate::make_unique). Values are rounded to 32-bit
/// floats.
///
/// # Memory
/// The matrix takes 8 bytes an entry. What a file claims to hold is not believed: MatrixMarket files make room for at most one
/// entry for each of their bytes before they are read, and arrays in HDF5 may claim 1100 times the size of the file.
///
/// # Errors
/// [`IoError::NotTenx`] and [`IoError::MissingTenxFile`] for what is no such matrix or not all of one,
/// [`IoError::SeveralMatrices`] when it must be said which; [`IoError::FeatureType`] and [`IoError::Genome`] when what was
/// asked for is not there, with what is; [`IoError::BadLine`], [`IoError::BadText`], [`IoError::NameCount`],
/// [`IoError::Truncated`] and [`IoError::Corrupt`] for damage.
///
/// ```
/// use concord_io::{FeatureType, TenxOptions, read_10x};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/10x/v3");
/// let genes = read_10x(folder, &TenxOptions::default())?;
/// assert_eq!(genes.matrix.shape(), (genes.cells.len(), genes.features.len()));
///
/// let antibodies = FeatureType::Named("Antibody Capture".to_owned());
/// let proteins = read_10x(folder, &TenxOptions { feature_type: antibodies, genome: None })?;
/// assert_eq!(proteins.cells, genes.cells);
/// # Ok::<(), concord_io::IoError>(())
/// ```
pub fn read_10x(path: impl AsRef<Path>, options: &TenxOptions) -> Result<TenxMatrix, IoError> {
    TenxReader::open(path.as_ref(), options)?.read()
}
