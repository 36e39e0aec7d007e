//! What the tests of several crates share.

mod npz;

pub use npz::Npz;

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
