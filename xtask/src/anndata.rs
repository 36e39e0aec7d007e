//! The files that the tests of `concord-io` write, read by Python's anndata.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run};

/// Names a Python to use instead of `python3`.
const VARIABLE: &str = "CONCORD_PYTHON";

/// A Python that imports anndata, if there is one.
///
/// # Errors
/// When the user named one that does not.
pub(crate) fn find_python() -> Result<Option<OsString>> {
    let Some(named) = env::var_os(VARIABLE) else {
        return Ok(has_anndata("python3".as_ref()).then(|| "python3".into()));
    };
    if !has_anndata(&named) {
        bail!("{VARIABLE} is {}, which does not import anndata", named.display());
    }
    Ok(Some(named))
}

fn has_anndata(python: &OsStr) -> bool {
    let mut command = Command::new(python);
    let command =
        command.args(["-c", "import anndata"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Lets the tests keep the files that they write, and Python look at them.
pub(crate) fn check(workspace: &Workspace, python: &OsStr) -> Result<()> {
    let kept = workspace.target.join("kept");
    if kept.exists() {
        fs::remove_dir_all(&kept).with_context(|| format!("cannot empty {}", kept.display()))?;
    }
    fs::create_dir_all(&kept).with_context(|| format!("cannot make {}", kept.display()))?;
    let mut command = workspace.cargo();
    // Over the workspace, because one package alone would build shared dependencies with other features once more.
    command.args(["test", "--release", "--workspace", "--test", "it"]);
    run(command.env("CONCORD_KEEP", &kept))?;
    if fs::read_dir(&kept).with_context(|| format!("cannot list {}", kept.display()))?.next().is_none() {
        bail!("the tests of concord-io kept no file in {}", kept.display());
    }
    run(Command::new(python).arg(workspace.root.join("concord-io/tests/fixtures/check.py")).arg(&kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_has_no_anndata() {
        assert!(!has_anndata("concord-no-such-python".as_ref()));
    }
}
