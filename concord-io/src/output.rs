//! Where files are made until they are complete.

use std::fs::File;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::IoError;

/// What additions take besides their values: headers, names, and the rest of heaps.
const OVERHEAD_BYTES: u64 = 1 << 20;

/// A file that is being written beside its place. It is deleted unless it is published.
#[derive(Debug)]
pub(crate) struct PendingFile {
    file: NamedTempFile,
    output: PathBuf,
}

impl PendingFile {
    /// Makes an empty file in the directory of the output.
    pub(crate) fn beside(output: &Path) -> Result<Self, IoError> {
        let failed = |error| write_error(output, error);
        if output.is_dir() {
            return Err(write_error(output, std::io::Error::other("it is a directory")));
        }
        // A link stays one: the file that it leads to is replaced.
        let place = output.canonicalize().unwrap_or_else(|_| output.to_owned());
        let replaced = place.metadata().ok();
        if replaced.as_ref().is_some_and(|replaced| replaced.permissions().readonly()) {
            return Err(write_error(output, std::io::Error::other("it is there and may not be written")));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".concord-").suffix(".h5ad.tmp");
        // Temporary files are private by default; a new output shall be as readable as any new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(directory_of(&place)).map_err(failed)?;
        if let Some(replaced) = replaced {
            file.as_file().set_permissions(replaced.permissions()).map_err(failed)?;
        }
        Ok(Self { file, output: place })
    }

    /// Copies what is in another file.
    pub(crate) fn fill_from(&mut self, input: &Path) -> Result<(), IoError> {
        let mut source = File::open(input).map_err(|error| IoError::from_system(input, error))?;
        std::io::copy(&mut source, self.file.as_file_mut()).map_err(|error| write_error(&self.output, error))?;
        Ok(())
    }

    /// Another handle of the file, for reading and writing.
    pub(crate) fn handle(&self) -> Result<File, IoError> {
        self.file.as_file().try_clone().map_err(|error| write_error(&self.output, error))
    }

    pub(crate) fn output(&self) -> &Path {
        &self.output
    }

    /// Gives the file its name, in place of what had it.
    pub(crate) fn publish(self) -> Result<(), IoError> {
        let Self { file, output } = self;
        file.persist(&output).map(drop).map_err(|error| write_error(&output, error.error))
    }
}

/// Fails when the disk that a file is to be on has less room than this and a little more.
pub(crate) fn check_room(output: &Path, n_bytes: u64) -> Result<(), IoError> {
    let needed = n_bytes.saturating_add(OVERHEAD_BYTES);
    let place = output.canonicalize().unwrap_or_else(|_| output.to_owned());
    match fs4::available_space(directory_of(&place)) {
        Ok(available) if available < needed => Err(IoError::NoSpace { path: output.to_owned(), needed, available }),
        // A disk that does not tell is full when writing fails.
        _ => Ok(()),
    }
}

fn directory_of(output: &Path) -> &Path {
    output.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}

/// The error of writing a file; what is wrong with the values, not with the disk, is of the kind invalid input.
pub(crate) fn write_error(output: &Path, error: impl Into<std::io::Error>) -> IoError {
    let error = error.into();
    if error.kind() == std::io::ErrorKind::InvalidInput {
        return IoError::InvalidAddition { object: output.display().to_string(), detail: error.to_string() };
    }
    IoError::Write { path: output.to_owned(), detail: error.to_string() }
}
