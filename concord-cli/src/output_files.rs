//! Single files as results: written beside their places and moved there when all are complete.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use tempfile::NamedTempFile;

use crate::error::CliError;

/// The longest name of a file that common file systems have, in bytes.
const MOST_BYTES: usize = 255;

/// Refuses, before the work, outputs that could not be written after it or would replace a file that is read.
pub(crate) fn check(outputs: &[&Path], inputs: &[&Path]) -> Result<(), CliError> {
    for (place, &output) in outputs.iter().enumerate() {
        let refuse = |reason: &dyn std::fmt::Display| {
            CliError::usage(format!("cannot write to {}: {reason}; choose another -o", output.display()))
        };
        if outputs[..place].contains(&output) {
            return Err(refuse(&"it is given twice"));
        }
        if let Some(input) = inputs.iter().find(|input| is_same_file(input, output)) {
            return Err(CliError::usage(format!(
                "{} would be replaced by the result; choose another -o",
                input.display()
            )));
        }
        if output.is_dir() {
            return Err(refuse(&"it is a folder, and the name of a file is needed"));
        }
        if is_special(output) {
            continue;
        }
        if output.file_name().is_some_and(|name| name.len() > MOST_BYTES) {
            return Err(refuse(&format!("its name is longer than {MOST_BYTES} bytes")));
        }
        let folder = folder_of(output);
        if !folder.is_dir() {
            return Err(refuse(&format!("there is no folder {}; make it", folder.display())));
        }
        temporary_file(&folder).map_err(|error| refuse(&error))?;
    }
    Ok(())
}

/// Writes files; none of them is in its place before all are complete.
pub(crate) fn write<P: AsRef<Path>>(files: &[(P, Vec<u8>)]) -> anyhow::Result<()> {
    let mut staged = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        let path = path.as_ref();
        let context = || format!("cannot write {}", path.display());
        if is_special(path) {
            fs::write(path, bytes).with_context(context)?;
            continue;
        }
        let mut file = temporary_file(&folder_of(path)).with_context(context)?;
        file.write_all(bytes).with_context(context)?;
        // Closed: there may be more files than a program may have open.
        staged.push((file.into_temp_path(), path));
    }
    for (file, path) in staged {
        file.persist(path).map_err(|error| error.error).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Whether two paths lead to one file, however they are written.
pub(crate) fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// A terminal, a pipe or `/dev/null`: nothing that could be replaced by a new file.
fn is_special(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn temporary_file(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".concord-");
    // Temporary files are private by default; results shall be as readable as any new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn files_appear_together_and_replace_older_ones() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a.txt"), folder.path().join("b.txt"));
        fs::write(&a, "older").unwrap();
        check(&[&a, &b], &[]).unwrap();
        write(&[(&a, b"new".to_vec()), (&b, b"other".to_vec())]).unwrap();
        assert_eq!((fs::read_to_string(&a).unwrap(), fs::read_to_string(&b).unwrap()), ("new".into(), "other".into()));

        let missing = folder.path().join("none/c.txt");
        assert!(write(&[(&a, b"newest".to_vec()), (&missing, Vec::new())]).is_err());
        assert_eq!(fs::read_to_string(&a).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was left behind");
    }

    #[test]
    fn what_would_go_wrong_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("in.txt");
        fs::write(&input, "").unwrap();
        let detour = folder.path().join("../").join(folder.path().file_name().unwrap()).join("in.txt");
        let refused = |output: &Path| check(&[output], &[&input]).unwrap_err().to_string();
        assert!(refused(&detour).contains("would be replaced"));
        assert!(refused(folder.path()).contains("it is a folder"));
        assert!(refused(&folder.path().join("x".repeat(256))).contains("longer than 255 bytes"));
        assert!(refused(&folder.path().join("none/x")).contains("there is no folder"));
        let new = folder.path().join("new");
        assert!(check(&[&new, &new], &[]).unwrap_err().to_string().contains("given twice"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
