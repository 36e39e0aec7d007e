//! Results are written beside their place and moved there when all of them are complete.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use tempfile::TempDir;

use crate::error::CliError;

/// A folder of results in the making.
pub(crate) struct Outputs {
    staging: TempDir,
    destination: PathBuf,
}

impl Outputs {
    /// Makes a hidden folder on the same file system as `destination`, and so finds out at once whether one may write there.
    pub(crate) fn new(destination: &Path) -> Result<Self, CliError> {
        let refuse = |reason: &dyn std::fmt::Display| {
            CliError::usage(format!("cannot write to {}: {reason}; choose another --out", destination.display()))
        };
        let absolute = std::path::absolute(destination).map_err(|error| refuse(&error))?;
        let existing = absolute.ancestors().find(|path| path.exists()).unwrap_or(&absolute);
        if !existing.is_dir() {
            return Err(refuse(&format!("{} is a file, not a folder", existing.display())));
        }
        let staging =
            tempfile::Builder::new().prefix(".concord-").tempdir_in(existing).map_err(|error| refuse(&error))?;
        Ok(Self { staging, destination: absolute })
    }

    /// Where to write a result, by its path below the folder; folders on the way are made.
    pub(crate) fn path(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.staging.path().join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(path)
    }

    /// Writes a result.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
        let path = self.path(name)?;
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Moves everything into its place; returns the paths of the files, sorted.
    pub(crate) fn publish(self) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        list_files(self.staging.path(), &mut files)?;
        let mut published = Vec::with_capacity(files.len());
        for file in files {
            let place = self.destination.join(file.strip_prefix(self.staging.path())?);
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            }
            fs::rename(&file, &place).with_context(|| format!("cannot write {}", place.display()))?;
            published.push(place);
        }
        published.sort();
        Ok(published)
    }
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { list_files(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// A name that can be part of a file name on every system: what is neither letter, digit, `-`, `_` nor `.` becomes `_`.
pub(crate) fn file_stem(name: &str) -> String {
    let stem: String =
        name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).collect();
    let stem = stem.trim_start_matches('.').chars().take(80).collect::<String>();
    if stem.is_empty() { "_".to_owned() } else { stem }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn results_appear_all_at_once_and_replace_older_ones() {
        let folder = tempfile::tempdir().unwrap();
        let destination = folder.path().join("a/b");
        for content in ["first", "second"] {
            let outputs = Outputs::new(&destination).unwrap();
            outputs.write("figures/one.txt", content).unwrap();
            assert_eq!(destination.join("figures/one.txt").exists(), content == "second");
            assert_eq!(outputs.publish().unwrap(), [destination.join("figures/one.txt")]);
            assert_eq!(fs::read_to_string(destination.join("figures/one.txt")).unwrap(), content);
        }
    }

    #[test]
    fn nothing_is_left_of_a_run_that_failed() {
        let folder = tempfile::tempdir().unwrap();
        let outputs = Outputs::new(&folder.path().join("out")).unwrap();
        outputs.write("one.txt", "half").unwrap();
        drop(outputs);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn names_with_slashes_and_markup_stay_in_their_folder() {
        assert_eq!(file_stem("CD4+ T/../<b>"), "CD4__T_..__b_");
        assert_eq!(file_stem("../x"), "_x");
        assert_eq!(file_stem(""), "_");
    }
}
