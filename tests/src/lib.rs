//! What the tests of several crates share.

use std::path::{Path, PathBuf};

/// The folder with reference data and results that are not part of the repository: `CONCORD_SHARED`, or `../shared`
/// beside it. Where it is missing, says loudly which test is skipped.
pub fn shared(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CONCORD_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    #[allow(clippy::print_stderr, reason = "a skipped test is to be seen")]
    {
        eprintln!("SKIPPED: {test}: no reference data (set CONCORD_SHARED, or put them beside the repository)");
    }
    None
}

/// A file of the repository, by its path from the top.
pub fn repository_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The `concord` program of this build: beside the folder that the tests run from.
///
/// # Panics
/// When it has not been built; `cargo xtask test` builds it first.
pub fn program() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap_or_default();
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let program = folder.join(format!("concord{}", std::env::consts::EXE_SUFFIX));
    assert!(program.is_file(), "{} is missing: run the tests with `cargo xtask test`", program.display());
    program
}
