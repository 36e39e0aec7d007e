use std::path::Path;

use concord_core::{Cells, Counts, Genes, Table};

use crate::IoError;
use crate::frame::{FramePlace, SkippedColumn};
use crate::h5::{Group, H5File, Node};
use crate::matrix::{MatrixNotes, StoredMatrix};

/// Which matrix of a file to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum MatrixSource {
    /// `X`.
    #[default]
    X,
    /// `raw/X`, with the genes of `raw/var`.
    Raw,
    /// A layer, by its name.
    Layer(String),
}

impl std::fmt::Display for MatrixSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::X => f.write_str("X"),
            Self::Raw => f.write_str("raw"),
            Self::Layer(name) => write!(f, "layer '{name}'"),
        }
    }
}

/// How to read a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadOptions {
    /// The matrix to read.
    pub source: MatrixSource,
}

/// What [`read_h5ad`] takes out of a file.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The matrix, `[n_cells, n_genes]`.
    pub counts: Counts,
    /// The names of the cells: the index of `obs`.
    pub cells: Cells,
    /// The names of the genes of the chosen matrix: the index of `var`, or of `raw/var`.
    pub genes: Genes,
    /// The annotation of the cells.
    pub obs: Table,
    /// The annotation of the genes of the chosen matrix.
    pub var: Table,
    /// The names of what is in `obsm`: embeddings that the file has already.
    pub obsm: Vec<String>,
    /// The names of the layers.
    pub layers: Vec<String>,
    /// What was noticed, or put right, in the matrix.
    pub notes: MatrixNotes,
    /// Columns of `obs` and `var` that are in the file but not in the tables.
    pub skipped: Vec<SkippedColumn>,
}

/// Reads an h5ad file: one of its matrices, the names of cells and genes, and their annotation.
///
/// Reads what anndata 0.7 to 0.12 writes, and the older files with data frames of records: matrices sparse by cells or by
/// genes or dense, with any type of numbers and of indices, compressed with gzip, LZF, Blosc (all but Snappy), Zstandard or
/// not at all. Entries out of order are sorted and doubled ones added up (see [`MatrixNotes`]); values are rounded to 32-bit
/// floats.
///
/// Arrays are decompressed by all threads of the current rayon pool.
///
/// # Damaged files
/// Whatever a file holds, reading it comes to an end, without a panic. No array is read that takes more memory than 1100
/// times the size of the file and 64 MB: a file that claims one is refused as damaged before anything is allocated for it.
/// (Elements count as 8 bytes at least, texts as 32.) Arrays of the HDF5 filters N-bit, scale-offset and szip, and those kept
/// in other files, are refused with what to do instead.
///
/// # Errors
/// [`IoError::NotFound`], [`IoError::NotHdf5`], [`IoError::Truncated`] or [`IoError::Corrupt`] for files that are no whole
/// h5ad files; [`IoError::MissingMatrix`], [`IoError::MissingRaw`] or [`IoError::MissingLayer`] when the chosen matrix is
/// not there; [`IoError::Core`] when its values are negative, not finite, or none.
///
/// ```no_run
/// use concord_io::{MatrixSource, ReadOptions, read_h5ad};
///
/// let data = read_h5ad("pbmc3k.h5ad", &ReadOptions::default())?;
/// println!("{} cells x {} genes", data.counts.n_cells(), data.counts.n_genes());
///
/// let raw = ReadOptions { source: MatrixSource::Layer("counts".to_owned()) };
/// let counts = read_h5ad("pbmc3k.h5ad", &raw)?.counts;
/// # Ok::<(), concord_io::IoError>(())
/// ```
pub fn read_h5ad(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Dataset, IoError> {
    let file = H5File::open(path.as_ref())?;
    let root = file.root();
    let obs = FramePlace::top_level(&file, "obs")?;
    let (matrix, var) = find_source(&file, &options.source)?;
    check_count(&file, &options.source, "cells", obs.shape(&file)?.n_rows, matrix.shape().0)?;
    check_count(&file, &options.source, "genes", var.shape(&file)?.n_rows, matrix.shape().1)?;

    let read_frames = || -> Result<_, IoError> {
        let (obs, var) = (obs.read(&file)?, var.read(&file)?);
        let skipped = [obs.skipped, var.skipped].concat();
        Ok((Cells::new(obs.names), obs.table, Genes::new(var.names), var.table, skipped))
    };
    let (frames, matrix) = rayon::join(read_frames, || matrix.read());
    let ((cells, obs, genes, var, skipped), (matrix, notes)) = (frames?, matrix?);
    Ok(Dataset {
        counts: Counts::new(matrix)?,
        cells,
        genes,
        obs,
        var,
        obsm: member_names(&file, root, "obsm")?,
        layers: member_names(&file, root, "layers")?,
        notes,
        skipped,
    })
}

/// The matrix of the source, and the data frame of its genes.
pub(crate) fn find_source(file: &H5File, source: &MatrixSource) -> Result<(StoredMatrix, FramePlace), IoError> {
    let root = file.root();
    let path = || file.path().to_owned();
    let matrix = match source {
        MatrixSource::X => {
            let Some(matrix) = StoredMatrix::find(file, root, "X")? else {
                let has_raw = find_raw(file)?.is_some();
                return Err(IoError::MissingMatrix {
                    path: path(),
                    has_raw,
                    layers: member_names(file, root, "layers")?,
                });
            };
            matrix
        }
        MatrixSource::Raw => {
            let layers = || member_names(file, root, "layers");
            return match find_raw(file)? {
                Some(found) => Ok(found),
                None => Err(IoError::MissingRaw { path: path(), layers: layers()? }),
            };
        }
        MatrixSource::Layer(layer) => {
            let available = member_names(file, root, "layers")?;
            let matrix = match file.node(root, "layers")? {
                Some(Node::Group(layers)) if available.contains(layer) => StoredMatrix::find(file, &layers, layer)?,
                _ => None,
            };
            matrix.ok_or_else(|| IoError::MissingLayer { path: path(), layer: layer.clone(), available })?
        }
    };
    Ok((matrix, FramePlace::top_level(file, "var")?))
}

/// `raw`: a group, or before anndata 0.7 the objects `raw.X` and `raw.var`.
pub(crate) fn find_raw(file: &H5File) -> Result<Option<(StoredMatrix, FramePlace)>, IoError> {
    let root = file.root();
    let (matrix, var) = match file.node(root, "raw")? {
        Some(Node::Group(raw)) => {
            (StoredMatrix::find(file, &raw, "X")?, FramePlace { parent: raw, name: "var", categories: None })
        }
        Some(Node::Dataset(_)) => return Ok(None),
        None => {
            let categories = file.top_group("raw.cat")?;
            (StoredMatrix::find(file, root, "raw.X")?, FramePlace { parent: root.clone(), name: "raw.var", categories })
        }
    };
    Ok(matrix.map(|matrix| (matrix, var)))
}

/// The names in a group (or, in old files, the fields of the records) of this name; none when there is no such thing.
pub(crate) fn member_names(file: &H5File, parent: &Group, name: &str) -> Result<Vec<String>, IoError> {
    Ok(match file.node(parent, name)? {
        Some(Node::Group(group)) => group.names(),
        Some(Node::Dataset(dataset)) => {
            let fields = crate::h5::record_fields(&dataset).unwrap_or_default();
            fields.into_iter().map(|field| field.name).collect()
        }
        None => Vec::new(),
    })
}

pub(crate) fn check_count(
    file: &H5File,
    source: &MatrixSource,
    unit: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), IoError> {
    if expected == found {
        return Ok(());
    }
    let (path, object) = (file.path().to_owned(), source.to_string());
    Err(IoError::ShapeMismatch { path, object, unit, expected, found })
}
