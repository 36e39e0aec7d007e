//! `cargo xtask test`: every test that needs nothing else.

use std::ffi::OsString;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::tally::Tally;
use crate::workspace::{Workspace, shown};

/// What a run of the tests gave.
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    /// Whether cargo said that all is well; a test that does not build or a crash are not in the tally.
    pub(crate) success: bool,
}

/// Runs the tests and sums them up in one line.
pub(crate) fn command(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    let outcome = run(workspace, arguments)?;
    println!("\nconcord: {}", outcome.tally);
    if !outcome.success {
        bail!("some tests failed, or did not build: see above");
    }
    Ok(())
}

/// Runs `cargo test` over the workspace, its output shown as it comes.
///
/// Everything of this workspace is built in the release profile, tests included: a neural network is too slow in a
/// debug build, and a second profile would build Burn a second time.
pub(crate) fn run(workspace: &Workspace, arguments: &[OsString]) -> Result<Outcome> {
    if let Some(missing) = missing_references(workspace) {
        eprintln!("SKIPPED: the tests against reference numbers: there is no {}", missing.display());
    }
    let mut command = workspace.cargo();
    command.args(["test", "--release", "--no-fail-fast"]);
    if !names_a_package(arguments) {
        command.arg("--workspace");
    }
    let mut child = command
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", shown(&command)))?;
    let output = child.stdout.take().context("the output of cargo test cannot be read")?;
    let tally = Tally::of(BufReader::new(output), std::io::stdout())?;
    Ok(Outcome { tally, success: child.wait()?.success() })
}

/// Whether the user chose packages, so that `--workspace` must not stand beside the choice.
fn names_a_package(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .filter_map(|argument| argument.to_str())
        .any(|argument| argument.starts_with("-p") || argument == "--package" || argument.starts_with("--package="))
}

/// The folder of reference numbers and larger data sets.
pub(crate) fn references(workspace: &Workspace) -> PathBuf {
    std::env::var_os("CONCORD_SHARED").map_or_else(|| workspace.root.join("../shared"), PathBuf::from)
}

/// The same folder, if it is not there: tests that need it pass without it.
pub(crate) fn missing_references(workspace: &Workspace) -> Option<PathBuf> {
    let folder = references(workspace);
    (!folder.is_dir()).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_recognised_before_the_dashes_only() {
        let names = |line: &str| names_a_package(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>());
        assert!(names("-p concord-io"));
        assert!(names("ntxent --package=concord-io"));
        assert!(!names("ntxent -- -p"));
        assert!(!names(""));
    }
}
