//! Adding to a copy of a file.

mod check;
mod columns;
mod obsm;

use std::fmt::Display;
use std::fs::File;
use std::path::{Path, PathBuf};

use concord_core::{Column, Dense};
use hdf5::Group;
use tempfile::TempPath;

use crate::h5::{H5File, Node, write_dict, write_matrix};
use crate::{IoError, UnsValue};

/// What to add to a file. What the file has under the same name is replaced.
#[derive(Debug, Clone, Default)]
pub struct Additions {
    /// Embeddings by name (`X_concord`, `X_umap`), each `[n_cells, n_dimensions]`.
    pub obsm: Vec<(String, Dense)>,
    /// Matrices about genes by name, each `[n_genes, n_columns]`.
    pub varm: Vec<(String, Dense)>,
    /// Columns about cells. Texts of which some are missing become categories, which all versions of anndata read.
    pub obs: Vec<(String, Column)>,
    /// Columns about genes.
    pub var: Vec<(String, Column)>,
    /// Anything else, by name.
    pub uns: Vec<(String, UnsValue)>,
}

/// Writes a copy of an h5ad file with additions, readable by anndata 0.8 to 0.12.
///
/// The bytes of the input are copied and the copy is edited, so that all that is not replaced stays as it was, whether this
/// crate understands it or not; memory does not grow with the file. The copy is made under another name in the directory of
/// the output and renamed when it is complete: after a failure the output is what it was before. Input and output may be
/// the same file.
///
/// # Errors
/// [`IoError::InvalidAddition`] for a name that cannot be used or a length that does not fit, [`IoError::Unsupported`] when
/// columns are to be added to a data frame in the form of before anndata 0.7, [`IoError::Write`] when the output cannot be
/// written, and those of [`read_h5ad`](crate::read_h5ad) for the input.
///
/// ```no_run
/// use concord_io::{Additions, UnsValue, annotate_h5ad};
/// # let embedding = ndarray::Array2::zeros((2638, 100));
///
/// let additions = Additions {
///     obsm: vec![("X_concord".to_owned(), embedding)],
///     uns: vec![("concord".to_owned(), UnsValue::dict([("seed", UnsValue::from(0))]))],
///     ..Additions::default()
/// };
/// annotate_h5ad("pbmc3k.h5ad", "pbmc3k_concord.h5ad", &additions)?;
/// # Ok::<(), concord_io::IoError>(())
/// ```
pub fn annotate_h5ad(input: impl AsRef<Path>, output: impl AsRef<Path>, additions: &Additions) -> Result<(), IoError> {
    let (input, output) = (input.as_ref(), output.as_ref());
    check::check_additions(&H5File::open(input)?, additions)?;
    let copy = copy_beside(input, output)?;
    edit(&copy, output, additions)?;
    let failed = |error: std::io::Error| write_error(output, error);
    File::options().write(true).open(&copy).and_then(|file| file.sync_all()).map_err(failed)?;
    copy.persist(output).map_err(|error| failed(error.error))
}

/// Copies the input to a new file in the directory of the output, which is deleted unless it is renamed.
fn copy_beside(input: &Path, output: &Path) -> Result<TempPath, IoError> {
    let failed = |error: std::io::Error| write_error(output, error);
    let directory = match output.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    if output.is_dir() {
        return Err(write_error(output, "it is a directory"));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".concord-").suffix(".h5ad.tmp");
    // Temporary files are private by default; the output shall be as readable as any new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut copy = builder.tempfile_in(&directory).map_err(failed)?;
    let mut source = File::open(input).map_err(|error| IoError::from_system(input, error))?;
    std::io::copy(&mut source, copy.as_file_mut()).map_err(failed)?;
    Ok(copy.into_temp_path())
}

/// Makes the additions in the file itself.
fn edit(copy: &Path, output: &Path, additions: &Additions) -> Result<(), IoError> {
    let file = H5File::open_private(copy).map_err(|error| write_error(output, error))?;
    make_additions(&file, additions).map_err(|error| match error {
        Failure::Write(error) => write_error(output, error),
        Failure::Read(error) => error,
    })?;
    file.close().map_err(|error| write_error(output, error))
}

/// Why an addition failed: the library could not write it, or what is there cannot be read.
enum Failure {
    Write(hdf5::Error),
    Read(IoError),
}

impl From<hdf5::Error> for Failure {
    fn from(error: hdf5::Error) -> Self {
        Self::Write(error)
    }
}

impl From<IoError> for Failure {
    fn from(error: IoError) -> Self {
        Self::Read(error)
    }
}

fn make_additions(file: &H5File, additions: &Additions) -> Result<(), Failure> {
    add_matrices(file, "obsm", &additions.obsm)?;
    add_matrices(file, "varm", &additions.varm)?;
    columns::add_columns(file, "obs", &additions.obs)?;
    columns::add_columns(file, "var", &additions.var)?;
    if !additions.uns.is_empty() {
        let uns = dict(file, "uns")?;
        for (name, value) in &additions.uns {
            value.write(&uns, name)?;
        }
    }
    Ok(())
}

fn add_matrices(file: &H5File, name: &str, matrices: &[(String, Dense)]) -> Result<(), Failure> {
    if matrices.is_empty() {
        return Ok(());
    }
    let group = dict(file, name)?;
    for (name, values) in matrices {
        write_matrix(&group, name, values)?;
    }
    Ok(())
}

/// The dictionary of this name at the top level, made when it is missing.
fn dict(file: &H5File, name: &str) -> Result<Group, Failure> {
    match file.node(file.root(), name)? {
        Some(Node::Group(group)) => Ok(group),
        Some(Node::Dataset(dataset)) => obsm::group_of_records(file, name, dataset),
        None => Ok(write_dict(file.root(), name)?),
    }
}

fn write_error(output: &Path, detail: impl Display) -> IoError {
    IoError::Write { path: output.to_owned(), detail: detail.to_string() }
}
