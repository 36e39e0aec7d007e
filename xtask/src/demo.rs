//! `cargo xtask demo`: the main job on the embedded data set, and the pictures it made.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run};

/// Kinds of file that every run of the main job leaves.
const EXPECTED: [&str; 5] = ["png", "svg", "pdf", "h5ad", "json"];

/// Runs the demo and prints one line for each picture.
pub(crate) fn command(workspace: &Workspace, out: Option<PathBuf>, options: &[OsString]) -> Result<()> {
    // File systems round the time of a change, some of them down to the last even second.
    let start = SystemTime::now() - Duration::from_secs(2);
    let folder = make(workspace, out, options)?;
    let pictures = pictures_since(start, &folder)?;
    if pictures.is_empty() {
        bail!("the demo made no picture in {}", folder.display());
    }
    println!("\nPictures:");
    for picture in pictures {
        println!("{}", picture.display());
    }
    Ok(())
}

/// The pictures in a folder that were made at this time or later: the user's folder may hold others.
fn pictures_since(start: SystemTime, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut pictures = Vec::new();
    for file in files(folder)? {
        if has_extension(&file, "png") && fs::metadata(&file)?.modified()? >= start {
            pictures.push(file);
        }
    }
    Ok(pictures)
}

/// Builds `concord`, runs it on the embedded data set and gives back the folder of the results.
pub(crate) fn make(workspace: &Workspace, out: Option<PathBuf>, options: &[OsString]) -> Result<PathBuf> {
    let folder = match out {
        Some(folder) => {
            std::path::absolute(&folder).with_context(|| format!("{} is no name for a folder", folder.display()))?
        }
        None => fresh(workspace.target.join("demo"))?,
    };
    build(workspace)?;
    run(Command::new(program(workspace)).args(["run", "--demo", "-o"]).arg(&folder).args(options))?;
    Ok(folder)
}

/// Builds the program `concord`.
///
/// `--workspace`, because cargo chooses other features of shared dependencies for one package alone, and the tests
/// would then build Burn once more.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    run(workspace.cargo().args(["build", "--release", "--workspace", "--bin", "concord"]))
}

/// Where it is then.
pub(crate) fn program(workspace: &Workspace) -> PathBuf {
    workspace.target.join("release").join(format!("concord{}", std::env::consts::EXE_SUFFIX))
}

/// Removes what an earlier demo left, so that only new pictures are named.
fn fresh(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    Ok(folder)
}

/// Checks that a run left every kind of file that it should, none of them empty.
pub(crate) fn check(folder: &Path) -> Result<()> {
    let files = files(folder)?;
    for extension in EXPECTED {
        let mut of_kind = files.iter().filter(|file| has_extension(file, extension)).peekable();
        if of_kind.peek().is_none() {
            bail!("the demo wrote no .{extension} file into {}", folder.display());
        }
        for file in of_kind {
            if fs::metadata(file)?.len() == 0 {
                bail!("the demo wrote the empty file {}", file.display());
            }
        }
    }
    Ok(())
}

/// The files of a folder and of the folders in it, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A folder of its own for each test, gone with the value.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("concord-xtask-{name}-{}", std::process::id()));
            fs::create_dir_all(folder.join("model")).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_missing_or_empty_file_is_found() {
        let folder = Folder::new("check");
        for name in ["a.png", "a.svg", "a.PDF", "out.h5ad"] {
            fs::write(folder.0.join(name), "x").unwrap();
        }
        assert!(check(&folder.0).unwrap_err().to_string().contains("no .json file"));
        fs::write(folder.0.join("model/config.json"), "{}").unwrap();
        check(&folder.0).unwrap();
        fs::write(folder.0.join("b.svg"), "").unwrap();
        assert!(check(&folder.0).unwrap_err().to_string().contains("b.svg"));
    }

    #[test]
    fn only_new_pictures_are_named() {
        let folder = Folder::new("pictures");
        fs::write(folder.0.join("a.png"), "x").unwrap();
        fs::write(folder.0.join("a.svg"), "x").unwrap();
        let now = SystemTime::now();
        let minute = Duration::from_mins(1);
        assert_eq!(pictures_since(now - minute, &folder.0).unwrap(), [folder.0.join("a.png")]);
        assert!(pictures_since(now + minute, &folder.0).unwrap().is_empty());
    }

    #[test]
    fn an_earlier_demo_is_removed() {
        let folder = Folder::new("fresh");
        fs::write(folder.0.join("old.png"), "x").unwrap();
        assert!(!fresh(folder.0.clone()).unwrap().exists());
        assert!(fresh(folder.0.clone()).is_ok(), "there need not be an earlier one");
    }
}
