//! The command line, as its users meet it: exit codes, messages, files.
#![allow(clippy::unwrap_used, missing_docs)]

mod bad_input;
mod enrich;
mod inspect;
mod plot;
mod run;
mod umap;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

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

/// The folder of a short run on the embedded data set, which all tests read and none changes.
fn demo_run() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-run");
        concord(&["run", "--demo", "--epochs", "2", "--umap-n-epochs", "20", "--quiet", "-o"])
            .arg(&folder)
            .assert()
            .success();
        folder
    })
}

/// The embedded data set with latent code and UMAP.
fn annotated_file() -> PathBuf {
    demo_run().join("annotated.h5ad")
}

/// Runs a command that must fail as a user's mistake, with one line of error that holds all of `expected`.
fn fails(command: &mut Command, expected: &[&str]) {
    let assert = command.assert().code(2);
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "expected one line of error:\n{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    for text in expected {
        assert!(errors[0].contains(text), "{text:?} is not in: {}", errors[0]);
    }
}

/// Everything on stderr of a command that must succeed.
fn stderr_of(command: &mut Command) -> String {
    String::from_utf8_lossy(&command.assert().success().get_output().stderr).into_owned()
}

/// The JSON on stdout of a command that must succeed.
fn json_of(command: &mut Command) -> serde_json::Value {
    serde_json::from_slice(&command.arg("--json").assert().success().get_output().stdout).unwrap()
}
