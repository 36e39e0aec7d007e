//! The command line, as its users meet it: exit codes, messages, files.
#![allow(clippy::unwrap_used, missing_docs)]

mod bad_input;
mod inspect;
mod run;

use std::path::PathBuf;

use assert_cmd::Command;
use concord_tests::repository_file;

/// `concord` with these arguments.
fn concord(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concord-under-test"));
    command.args(arguments);
    command
}

/// The embedded data set.
fn demo_file() -> PathBuf {
    repository_file("concord-cli/demo/pbmc68k_reduced_counts.h5ad")
}

/// A small file with this or that in it.
fn fixture(name: &str) -> PathBuf {
    repository_file("concord-io/tests/fixtures").join(name)
}
