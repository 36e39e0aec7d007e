use std::path::{Path, PathBuf};

use concord_core::{Cells, Csr, select_columns};

use super::files::{self, MarketFiles};
use super::hdf5::Hdf5Matrix;
use super::market::MarketFile;
use super::names::{read_barcodes, read_features};
use super::{TenxFeatures, TenxMatrix, TenxOptions};
use crate::{IoError, MatrixNotes};

/// A 10x input of which all is read but the matrix.
#[derive(Debug)]
pub(crate) struct TenxReader {
    form: Form,
    pub(crate) cells: Cells,
    /// The features that were asked for.
    pub(crate) features: TenxFeatures,
    /// Their places among all features; `None` for all.
    places: Option<Vec<usize>>,
    n_all_features: usize,
    /// The types of features of which none was chosen, and the number of those features.
    pub(crate) left_out: Vec<(String, usize)>,
}

/// Where a matrix is.
#[derive(Debug)]
enum Form {
    Hdf5(Hdf5Matrix),
    Market { path: PathBuf, shape: (usize, usize) },
}

/// Whether something looks like an input for [`read_10x`](super::read_10x): an HDF5 file with the groups of 10x, a folder with a
/// MatrixMarket file, or such a file.
pub fn is_10x(path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    if path.is_dir() { files::has_matrix(path) } else { is_market(path) || Hdf5Matrix::is_there(path) }
}

fn is_market(path: &Path) -> bool {
    path.file_name().is_some_and(|name| files::prefix(&name.to_string_lossy()).is_some()) && path.is_file()
}

impl TenxReader {
    /// Reads the names, and chooses the features.
    pub(crate) fn open(path: &Path, options: &TenxOptions) -> Result<Self, IoError> {
        let (form, cells, features) = if path.is_dir() {
            let files = files::find_in_folder(path, options.genome.as_deref())?;
            open_market(files, options)?
        } else if is_market(path) {
            open_market(files::find_beside(path)?, options)?
        } else {
            let (matrix, cells, features) = Hdf5Matrix::open(path, options.genome.as_deref())?;
            (Form::Hdf5(matrix), cells, features)
        };
        let n_all_features = features.len();
        let places = features.chosen(path, options)?;
        let (features, left_out) = match &places {
            Some(places) => {
                let chosen = features.select(places);
                let left_out = features.types_without(&chosen);
                (chosen, left_out)
            }
            None => (features, Vec::new()),
        };
        Ok(Self { form, cells: Cells::new(cells), features, places, n_all_features, left_out })
    }

    /// Reads the matrix of all features, `[n_cells, n_all_features]`.
    pub(crate) fn read_whole(&self) -> Result<(Csr, MatrixNotes), IoError> {
        match &self.form {
            Form::Hdf5(matrix) => matrix.read(),
            Form::Market { path, shape } => {
                let file = MarketFile::open(path)?;
                if (file.n_cells(), file.n_features()) == *shape {
                    return file.read();
                }
                Err(IoError::BadText { path: path.clone(), detail: "it was changed while it was read".to_owned() })
            }
        }
    }

    /// Something for each of the chosen features as something for each of all.
    pub(crate) fn spread<T: Copy>(&self, values: &[T], absent: T) -> Vec<T> {
        let Some(places) = &self.places else { return values.to_vec() };
        let mut spread = vec![absent; self.n_all_features];
        places.iter().zip(values).for_each(|(&place, &value)| spread[place] = value);
        spread
    }

    pub(super) fn read(self) -> Result<TenxMatrix, IoError> {
        let (matrix, notes) = self.read_whole()?;
        let matrix = match &self.places {
            Some(places) => select_columns(&matrix, places),
            None => matrix,
        };
        Ok(TenxMatrix { matrix, cells: self.cells, features: self.features, notes })
    }
}

fn open_market(files: MarketFiles, options: &TenxOptions) -> Result<(Form, Vec<String>, TenxFeatures), IoError> {
    let MarketFiles { matrix, barcodes, features } = files;
    let header = MarketFile::open(&matrix)?;
    let cells = read_barcodes(&barcodes, header.n_cells(), &matrix)?;
    let mut features = read_features(&features, header.n_features(), &matrix)?;
    // In the folders of Cell Ranger 2 the genome is the name of the folder.
    let folder = matrix.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    if folder.is_some() && folder == options.genome {
        features.genomes = folder.map(|genome| vec![genome; features.len()]);
    }
    let shape = (header.n_cells(), header.n_features());
    Ok((Form::Market { path: matrix, shape }, cells, features))
}
