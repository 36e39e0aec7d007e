//! Adding to a file, or to a copy of it.

mod check;
mod columns;
mod matrices;
mod obsm;

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use concord_core::{Column, Dense};

use crate::h5::{Appender, GroupDraft, H5File};
use crate::output::{PendingFile, check_room, write_error};
use crate::{IoError, UnsValue};

pub(crate) use check::{Frames, check_additions};
pub(crate) use columns::write_frame;
pub use matrices::Layer;
pub(crate) use matrices::{SparseArrays, write_dense};

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
    /// Matrices by name, each `[n_cells, n_genes]`.
    pub layers: Vec<(String, Layer)>,
    /// Anything else, by name.
    pub uns: Vec<(String, UnsValue)>,
}

impl Additions {
    /// About how many bytes the values take in a file.
    fn n_bytes(&self) -> u64 {
        let dense = |matrices: &[(String, Dense)]| matrices.iter().map(|(_, values)| 4 * values.len()).sum::<usize>();
        let columns =
            |columns: &[(String, Column)]| columns.iter().map(|(_, column)| columns::n_bytes(column)).sum::<usize>();
        let layers: usize = self.layers.iter().map(|(_, layer)| layer.n_bytes()).sum();
        let uns: usize = self.uns.iter().map(|(_, value)| value.n_bytes()).sum();
        (dense(&self.obsm) + dense(&self.varm) + columns(&self.obs) + columns(&self.var) + layers + uns) as u64
    }
}

/// Writes a copy of an h5ad file with additions, readable by anndata 0.8 to 0.12.
///
/// The bytes of the input are copied and the additions are put behind them, so that all that is not replaced stays as it
/// was, whether this crate understands it or not; memory does not grow with the file. (Of groups that something is added to,
/// the order in which their names were made is not kept, nor comments; columns of data frames keep their order.) The copy is made under another name in
/// the directory of the output and renamed when it is complete: after a failure the output is what it was before. Input and
/// output may be the same file.
///
/// # Errors
/// [`IoError::InvalidAddition`] for a name that cannot be used or a length that does not fit, [`IoError::Unsupported`] when
/// columns are to be added to a data frame in the form of before anndata 0.7, [`IoError::NoSpace`] when the disk has too
/// little room, [`IoError::Write`] when the output cannot be written, and those of [`read_h5ad`](crate::read_h5ad) for the
/// input.
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
    let file = H5File::open(input)?;
    check_additions(&Frames::of(&file)?, additions)?;
    check_room(output, file.n_bytes().saturating_add(additions.n_bytes()))?;
    let mut copy = PendingFile::beside(output)?;
    copy.fill_from(input)?;
    append(copy.handle()?, input, output, additions)?;
    // Locked against writers until now: what one added in the meantime to a file that is replaced would be lost.
    copy.publish()?;
    drop(file);
    Ok(())
}

/// Adds to an h5ad file without copying it: the time and the room that this takes are those of the additions.
///
/// All additions are put behind the end of the file; when the disk has them, the first bytes of the file are changed in one
/// write to what makes them a part of it. Interrupted at any moment, even by the loss of power, the file opens with its old
/// content or with all of the new. What is replaced keeps its room in the file until it is written anew.
///
/// # Errors
/// As [`annotate_h5ad`], and [`IoError::Busy`] when another program has the file open. After an error the file is as it was.
///
/// ```no_run
/// use concord_io::{Additions, annotate_h5ad_in_place};
/// # let umap = ndarray::Array2::zeros((1_000_000, 2));
///
/// let additions = Additions { obsm: vec![("X_umap".to_owned(), umap)], ..Additions::default() };
/// annotate_h5ad_in_place("atlas.h5ad", &additions)?;
/// # Ok::<(), concord_io::IoError>(())
/// ```
pub fn annotate_h5ad_in_place(path: impl AsRef<Path>, additions: &Additions) -> Result<(), IoError> {
    let path = path.as_ref();
    // Says what is wrong with a file that is none, or that cannot be read, before it is opened for writing.
    drop(H5File::open(path)?);
    check_room(path, additions.n_bytes())?;
    let failed = |error| write_error(path, error);
    let file = File::options().read(true).write(true).open(path).map_err(failed)?;
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Err(IoError::Busy { path: path.to_owned() });
    }
    let locked = file.try_clone().map_err(failed)?;
    let added = if is_same_file(&file, path) {
        append(file, path, path, additions)
    } else {
        Err(IoError::Busy { path: path.to_owned() })
    };
    // Closing alone does not give the lock back while a process that was just started has inherited it.
    let _ = locked.unlock();
    added
}

/// Whether an open file still has this name: another program may have put a new file in its place before it was locked.
#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(open), Ok(named)) = (file.metadata(), path.metadata()) else { return false };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

#[cfg(not(unix))]
fn is_same_file(_: &File, _: &Path) -> bool {
    true
}

/// Puts the additions behind the end of an open file, which nobody else writes. `input` and `output` are its names in
/// messages. After an error the file is as it was.
fn append(handle: File, input: &Path, output: &Path, additions: &Additions) -> Result<(), IoError> {
    let failed = |error| write_error(output, error);
    let file = H5File::of(handle.try_clone().map_err(failed)?, input)?;
    check_additions(&Frames::of(&file)?, additions)?;
    let kept = handle.try_clone().map_err(failed)?;
    let appender = Appender::behind(&file, handle).map_err(|detail| file.unsupported("the file", detail));
    let mut addition = Addition { file: &file, appender: appender?, output };
    let settled = addition.make(additions).and_then(|root| {
        addition.appender.settle().map_err(failed)?;
        Ok(root)
    });
    let root = settled.inspect_err(|_| {
        // What was put behind the end belongs to nothing; that it cannot be removed changes no content.
        let _ = kept.set_len(file.n_bytes());
    })?;
    addition.appender.publish(root).map_err(failed)
}

/// A file and what is being added to it.
struct Addition<'a> {
    file: &'a H5File,
    appender: Appender,
    output: &'a Path,
}

impl Addition<'_> {
    /// Writes everything and returns the address of the new top-level group.
    fn make(&mut self, additions: &Additions) -> Result<u64, IoError> {
        let mut root = GroupDraft::of(self.file, self.file.root())?;
        self.add_to_dict(&mut root, "obsm", &additions.obsm, write_dense)?;
        self.add_to_dict(&mut root, "varm", &additions.varm, write_dense)?;
        self.add_columns(&mut root, "obs", &additions.obs)?;
        self.add_columns(&mut root, "var", &additions.var)?;
        self.add_to_dict(&mut root, "layers", &additions.layers, Layer::write)?;
        self.add_to_dict(&mut root, "uns", &additions.uns, UnsValue::write)?;
        root.write(&mut self.appender).map_err(|error| write_error(self.output, error))
    }

    fn add_columns(&mut self, root: &mut GroupDraft, table: &str, columns: &[(String, Column)]) -> Result<(), IoError> {
        if columns.is_empty() {
            return Ok(());
        }
        self.check_name(table)?;
        let frame = columns::FrameDraft::of(self.file, table)?;
        let address =
            frame.with_columns(&mut self.appender, columns).map_err(|error| write_error(self.output, error))?;
        root.set(table, address);
        Ok(())
    }

    /// Refuses to make anew what has several names.
    fn check_name(&self, name: &str) -> Result<(), IoError> {
        if self.file.has_other_names(name)? {
            let detail =
                "has several names in the file, or is a link; write the file anew with anndata, then add to it";
            return Err(self.file.unsupported(name, detail));
        }
        Ok(())
    }

    /// Adds values to the dictionary of this name at the top level, made when it is missing.
    fn add_to_dict<V>(
        &mut self,
        root: &mut GroupDraft,
        name: &str,
        values: &[(String, V)],
        write: impl Fn(&V, &mut Appender) -> io::Result<u64>,
    ) -> Result<(), IoError> {
        if values.is_empty() {
            return Ok(());
        }
        self.check_name(name)?;
        let mut group = obsm::dict_of(self.file, &mut self.appender, name, self.output)?;
        let added = group.set_all(&mut self.appender, values, write).and_then(|()| group.write(&mut self.appender));
        root.set(name, added.map_err(|error| write_error(self.output, error))?);
        Ok(())
    }
}
