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

    /// Where everything is until it is published.
    pub(crate) fn folder(&self) -> &Path {
        self.staging.path()
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
    ///
    /// Older files of the same names are set aside first and come back when anything goes wrong.
    pub(crate) fn publish(self) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        list_files(self.staging.path(), &mut files)?;
        let mut names = Vec::with_capacity(files.len());
        for file in files {
            names.push(file.strip_prefix(self.staging.path())?.to_owned());
        }
        names.sort();
        let aside = tempfile::Builder::new().prefix(".older-").tempdir_in(self.staging.path())?;
        for (n_moved, name) in names.iter().enumerate() {
            if let Err(error) = self.move_into_place(name, aside.path()) {
                self.bring_back(&names[..=n_moved], aside.path());
                return Err(error);
            }
        }
        Ok(names.into_iter().map(|name| self.destination.join(name)).collect())
    }

    /// Undoes moves; what cannot be undone stays where it is, and the error tells of the first thing that went wrong.
    fn bring_back(&self, names: &[PathBuf], aside: &Path) {
        for name in names.iter().rev() {
            let (older, place) = (aside.join(name), self.destination.join(name));
            if older.exists() {
                let _ = fs::rename(&older, &place);
            } else if !self.staging.path().join(name).exists() {
                let _ = fs::remove_file(&place);
            }
        }
    }

    /// Moves one file, and the older one of its name aside.
    fn move_into_place(&self, name: &Path, aside: &Path) -> anyhow::Result<()> {
        let place = self.destination.join(name);
        let context = || format!("cannot write {}", place.display());
        if place.is_dir() {
            anyhow::bail!("cannot write {}: a folder of this name is in the way", place.display());
        }
        for folder in [&place, &aside.join(name)].into_iter().filter_map(|path| path.parent()) {
            fs::create_dir_all(folder).with_context(context)?;
        }
        if place.exists() {
            fs::rename(&place, aside.join(name)).with_context(context)?;
        }
        fs::rename(self.staging.path().join(name), &place).with_context(context)
    }

    /// Refuses to replace a file that is read.
    pub(crate) fn protect(&self, input: &Path, name: &str) -> Result<(), CliError> {
        let place = self.destination.join(name);
        match (input.canonicalize(), place.canonicalize()) {
            (Ok(input), Ok(place)) if input == place => Err(CliError::usage(format!(
                "{} would be replaced by the result; choose another --out",
                input.display()
            ))),
            _ => Ok(()),
        }
    }
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { list_files(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// Names for files that tell these things apart.
pub(crate) fn file_stems(names: &[&str]) -> Vec<String> {
    let mut stems: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let stem = file_stem(name);
        let numbered = (2..).map(|number| format!("{stem}_{number}"));
        // File systems of some machines do not tell upper from lower case.
        let is_free = |stem: &String| stems.iter().all(|taken| taken.to_lowercase() != stem.to_lowercase());
        let free = std::iter::once(stem.clone()).chain(numbered).find(is_free);
        stems.extend(free);
    }
    stems
}

/// Bytes of a file's name that stem from a name: file systems allow 255, some of which are for a number and the ending.
const MOST_BYTES: usize = 160;

/// A name that can be part of a file name on every system: what is neither letter, digit, `-`, `_` nor `.` becomes `_`.
pub(crate) fn file_stem(name: &str) -> String {
    let stem: String =
        name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).collect();
    let stem = stem.trim_start_matches('.');
    let stem = &stem[..stem.floor_char_boundary(MOST_BYTES)];
    if stem.is_empty() { "_".to_owned() } else { stem.to_owned() }
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
    fn a_failure_brings_older_results_back() {
        let folder = tempfile::tempdir().unwrap();
        let destination = folder.path().join("out");
        fs::create_dir_all(destination.join("b.txt/in the way")).unwrap();
        fs::write(destination.join("a.txt"), "older").unwrap();
        let outputs = Outputs::new(&destination).unwrap();
        for name in ["a.txt", "b.txt", "0.txt"] {
            outputs.write(name, "newer").unwrap();
        }
        let error = outputs.publish().unwrap_err().to_string();
        assert!(error.contains("b.txt: a folder of this name"), "{error}");
        assert_eq!(fs::read_to_string(destination.join("a.txt")).unwrap(), "older");
        assert!(!destination.join("0.txt").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count() + fs::read_dir(&destination).unwrap().count(), 3);
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
        assert_eq!(file_stem(&"\u{20000}".repeat(100)).len(), 160);
        assert_eq!(file_stems(&["a b", "a_b", "A/B", "c"]), ["a_b", "a_b_2", "A_B_3", "c"]);
    }
}
