//! Where files are made until they are complete.

use std::fmt::Display;
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
        if output.is_dir() {
            return Err(write_error(output, "it is a directory"));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".concord-").suffix(".h5ad.tmp");
        // Temporary files are private by default; the output shall be as readable as any new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(directory_of(output)).map_err(|error| write_error(output, error))?;
        Ok(Self { file, output: output.to_owned() })
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
    match fs4::available_space(directory_of(output)) {
        Ok(available) if available < needed => Err(IoError::NoSpace { path: output.to_owned(), needed, available }),
        // A disk that does not tell is full when writing fails.
        _ => Ok(()),
    }
}

fn directory_of(output: &Path) -> &Path {
    output.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}

pub(crate) fn write_error(output: &Path, detail: impl Display) -> IoError {
    IoError::Write { path: output.to_owned(), detail: detail.to_string() }
}
