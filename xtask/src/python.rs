//! A Python, and the wheels it can install.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Exits with 0 in a Python that the wheels and pip work with.
const IS_NEW_ENOUGH: &str = "import sys; sys.exit(sys.version_info < (3, 8))";

/// Runs pip in a Python that comes without it.
const PIP_WITHOUT_INSTALLING: &str = include_str!("pip.py");

/// The name of a Python of 3.8 or later.
pub(crate) struct Python(&'static str);

impl Python {
    /// The first of the usual names behind which there is one.
    pub(crate) fn find() -> Option<Self> {
        ["python3", "python", "py"].into_iter().map(Self).find(|python| python.succeeds(&["-c", IS_NEW_ENOUGH]))
    }

    /// Installs a wheel into a folder of its own.
    ///
    /// With `--target` pip leaves the Python itself alone, so it works where a system forbids changes to its Python
    /// (PEP 668), and no virtual environment is needed.
    pub(crate) fn install(&self, requirement: &str, folder: &Path) -> Result<()> {
        let mut command = Command::new(self.0);
        if self.succeeds(&["-m", "pip", "--version"]) {
            command.args(["-m", "pip"]);
        } else {
            command.args(["-c", PIP_WITHOUT_INSTALLING]);
        }
        command.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]);
        command.arg("--target").arg(folder).arg(requirement);
        // Settings of the user that forbid what is harmless here, and a warning that does not apply.
        command.env("PIP_USER", "0").env("PIP_REQUIRE_VIRTUALENV", "0").env("PIP_ROOT_USER_ACTION", "ignore");
        let status = command.status().with_context(|| format!("cannot start {}", self.0))?;
        if !status.success() {
            bail!("pip of {} could not install {requirement} (see above)", self.0);
        }
        Ok(())
    }

    fn succeeds(&self, arguments: &[&str]) -> bool {
        let mut command = Command::new(self.0);
        let command = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}
