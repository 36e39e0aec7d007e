use std::io;
use std::path::Path;

use concord_core::{Cells, Csr, Genes};

use crate::annotate::{Additions, Frames, Layer, SparseArrays, check_additions, write_dense, write_frame};
use crate::h5::{Appender, Filters, GroupDraft};
use crate::output::{PendingFile, write_error};
use crate::{IoError, UnsValue};

/// How a new file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteOptions {
    /// How the values of the matrix are compressed.
    pub compression: WriteCompression,
}

/// How values are compressed in a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteCompression {
    /// Not at all: the fastest to write and to read, and about four times as large.
    None,
    /// Deflate, which Python calls gzip, at a level from 1 (fast) to 9 (small).
    Gzip(u8),
}

impl Default for WriteCompression {
    /// Levels above 4 take longer than they save.
    fn default() -> Self {
        Self::Gzip(4)
    }
}

impl WriteCompression {
    pub(crate) fn filters(self) -> Filters {
        match self {
            Self::None => Filters::None,
            Self::Gzip(level) => Filters::Deflate(i32::from(level.clamp(1, 9))),
        }
    }
}

/// A new h5ad file that is written a few rows of `X` at a time, whatever its size.
///
/// `X` is written sparse by cells, as 32-bit floats. What is in memory is 8 bytes for each cell and a few chunks. The file is
/// made under another name in the directory of the output; it has its own when [`H5adWriter::finish`] returns, and is deleted
/// if it is dropped before.
///
/// ```
/// use concord_core::{Cells, Csr, Genes};
/// use concord_io::{Additions, H5adWriter, ReadOptions, WriteOptions, read_h5ad};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("new.h5ad");
/// let mut writer = H5adWriter::create(&path, &Genes::new(["CD3E", "LYZ"]), &WriteOptions::default())?;
/// for value in [1.0, 2.0, 3.0] {
///     writer.append(&Csr::new((1, 2), vec![0, 1], vec![1], vec![value]))?;
/// }
/// writer.finish(&Cells::new(["a", "b", "c"]), &Additions::default())?;
///
/// let data = read_h5ad(&path, &ReadOptions::default())?;
/// assert_eq!(data.counts.matrix().data(), [1.0, 2.0, 3.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct H5adWriter {
    file: PendingFile,
    appender: Appender,
    genes: Genes,
    matrix: SparseArrays,
}

impl H5adWriter {
    /// Begins a file.
    ///
    /// # Errors
    /// [`IoError::Write`] when nothing can be written beside the output.
    pub fn create(path: impl AsRef<Path>, genes: &Genes, options: &WriteOptions) -> Result<Self, IoError> {
        let file = PendingFile::beside(path.as_ref())?;
        let appender = Appender::new(file.handle()?);
        let matrix = SparseArrays::new(options.compression.filters());
        Ok(Self { file, appender, genes: genes.clone(), matrix })
    }

    /// Number of cells up to now.
    pub fn n_cells(&self) -> usize {
        self.matrix.n_rows()
    }

    /// Adds cells, `[n_rows, n_genes]`.
    ///
    /// # Errors
    /// [`IoError::InvalidAddition`] when there are not as many columns as genes, [`IoError::Write`].
    pub fn append(&mut self, rows: &Csr) -> Result<(), IoError> {
        if rows.cols() != self.genes.len() {
            let detail = format!("has {} columns, but the file has {} genes", rows.cols(), self.genes.len());
            return Err(IoError::InvalidAddition { object: "a block of X".to_owned(), detail });
        }
        let written = self.matrix.extend(&mut self.appender, rows);
        written.map_err(|error| write_error(self.file.output(), error))
    }

    /// Writes the names of the cells and everything else, and gives the file its name.
    ///
    /// # Errors
    /// [`IoError::InvalidAddition`] when there are not as many names as cells, or an addition does not fit;
    /// [`IoError::Write`]. The output is then what it was before.
    pub fn finish(self, cells: &Cells, additions: &Additions) -> Result<(), IoError> {
        let n_cells = self.n_cells();
        if cells.len() != n_cells {
            let detail = format!("has {} names, but {n_cells} cells were written", cells.len());
            return Err(IoError::InvalidAddition { object: "the index of obs".to_owned(), detail });
        }
        check_additions(&Frames::new(n_cells, self.genes.len()), additions)?;
        let Self { file, mut appender, genes, matrix } = self;
        let root = write_all(&mut appender, matrix, cells, &genes, additions);
        let written = root.and_then(|root| appender.finish(root));
        written.map_err(|error| write_error(file.output(), error))?;
        file.publish()
    }
}

/// Writes a new h5ad file with a matrix `[n_cells, n_genes]`, which anndata 0.8 to 0.12 read.
///
/// # Errors
/// Those of [`H5adWriter`].
///
/// ```
/// use concord_core::{Cells, Csr, Genes};
/// use concord_io::{Additions, write_h5ad};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("new.h5ad");
/// let matrix = Csr::new((2, 2), vec![0, 1, 2], vec![1, 0], vec![3.0, 4.0]);
/// write_h5ad(&path, &matrix, &Cells::new(["a", "b"]), &Genes::new(["CD3E", "LYZ"]), &Additions::default())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_h5ad(
    path: impl AsRef<Path>,
    matrix: &Csr,
    cells: &Cells,
    genes: &Genes,
    additions: &Additions,
) -> Result<(), IoError> {
    let mut writer = H5adWriter::create(path, genes, &WriteOptions::default())?;
    writer.append(matrix)?;
    writer.finish(cells, additions)
}

/// Writes what is left of a file and returns the address of its top-level group.
fn write_all(
    appender: &mut Appender,
    matrix: SparseArrays,
    cells: &Cells,
    genes: &Genes,
    additions: &Additions,
) -> io::Result<u64> {
    let mut root = GroupDraft::new(appender, "anndata", "0.1.0")?;
    root.set("X", matrix.finish(appender, genes.len())?);
    root.set("obs", write_frame(appender, cells.names(), &additions.obs)?);
    root.set("var", write_frame(appender, genes.names(), &additions.var)?);
    root.set("obsm", GroupDraft::write_dict(appender, &additions.obsm, write_dense)?);
    root.set("varm", GroupDraft::write_dict(appender, &additions.varm, write_dense)?);
    for name in ["obsp", "varp"] {
        root.set(name, GroupDraft::dict(appender)?.write(appender)?);
    }
    root.set("layers", GroupDraft::write_dict(appender, &additions.layers, Layer::write)?);
    root.set("uns", GroupDraft::write_dict(appender, &additions.uns, UnsValue::write)?);
    root.write(appender)
}
