//! `cargo xtask bench`: concord and the Python package side by side; or, quickly, ratios of our own times.

mod quick;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::args::{Bench, Comparison};
use crate::workspace::{Workspace, captured, run};
use crate::{demo, test};

pub(crate) use quick::GUARDS;

/// What is compared: names that `benches/compare.py` has functions of.
pub(crate) const PARTS: [(&str, &str); 5] = [
    ("start", "until a program does anything at all"),
    ("tutorial", "the authors' notebook as a whole and in its steps"),
    ("enrich", "over-representation and GSEA"),
    ("umap", "UMAP, and the quality of the pictures"),
    ("scaling", "training on a thousand cells to a million"),
];

/// Names a Python that has the packages of `benches/requirements.txt`.
const VARIABLE: &str = "CONCORD_BENCH_PYTHON";

pub(crate) fn command(workspace: &Workspace, bench: &Bench) -> Result<()> {
    match bench {
        Bench::Quick => quick::check(workspace).map(|_| ()),
        Bench::Compare(comparison) => compare(workspace, comparison),
    }
}

fn compare(workspace: &Workspace, comparison: &Comparison) -> Result<()> {
    for part in &comparison.only {
        if !PARTS.iter().any(|(name, _)| name == part) {
            let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
            bail!("there is no part `{part}`; the parts are {}", names.join(", "));
        }
    }
    if let Some(folder) = test::missing_references(workspace) {
        bail!("the data to compare on are not there: {}; name their folder in CONCORD_SHARED", folder.display());
    }
    let python = python(workspace)?;
    demo::build(workspace)?;
    let mut command = Command::new(python);
    command.arg(workspace.root.join("benches/compare.py"));
    command.arg("--concord").arg(demo::program(workspace));
    command.arg("--shared").arg(test::references(workspace));
    run(command.args(options(comparison)?))
}

/// The arguments of `benches/compare.py` that are those of the user.
fn options(comparison: &Comparison) -> Result<Vec<OsString>> {
    let mut options = Vec::new();
    for part in &comparison.only {
        options.extend(["--only".into(), part.into()]);
    }
    for (name, number) in [("--repeats", comparison.repeats), ("--max-cells", comparison.max_cells)] {
        if let Some(number) = number {
            options.extend([name.into(), number.to_string().into()]);
        }
    }
    if let Some(out) = &comparison.out {
        let out = std::path::absolute(out).with_context(|| format!("{} is no name for a folder", out.display()))?;
        options.extend(["--out".into(), out.into()]);
    }
    Ok(options)
}

/// The Python that the user named, or one in `target/bench-env` with the pinned packages.
fn python(workspace: &Workspace) -> Result<OsString> {
    if let Some(named) = env::var_os(VARIABLE) {
        captured(Command::new(&named).args(["-c", "import concord, gseapy, scanpy, torch, umap"]))
            .with_context(|| format!("{VARIABLE} is {}, which lacks packages", named.display()))?;
        return Ok(named);
    }
    let wanted = workspace.root.join("benches/requirements.txt");
    let folder = workspace.target.join("bench-env");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let installed = folder.join("requirements.txt");
    if !same_text(&wanted, &installed) {
        make_environment(&folder, &python, &wanted)?;
        // Last of all, so that an installation that was interrupted is begun anew.
        fs::copy(&wanted, &installed).with_context(|| format!("cannot write {}", installed.display()))?;
    }
    Ok(python.into())
}

fn make_environment(folder: &Path, python: &Path, requirements: &Path) -> Result<()> {
    println!("making a Python environment in {}: a few gigabytes, once", folder.display());
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder)).with_context(|| {
        format!("the comparison needs Python 3.11 or later with venv; {VARIABLE} may name one that has all packages")
    })?;
    run(Command::new(python).args(["-m", "pip", "install", "--requirement"]).arg(requirements))
}

fn same_text(a: &PathBuf, b: &PathBuf) -> bool {
    matches!((fs::read(a), fs::read(b)), (Ok(a), Ok(b)) if a == b)
}

/// The quick check, for `cargo xtask ci`: gives back what was measured.
pub(crate) fn quick(workspace: &Workspace) -> Result<String> {
    quick::check(workspace)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn benches() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches")
    }

    #[test]
    fn every_part_is_a_function_of_the_driver() {
        let driver = fs::read_to_string(benches().join("compare.py")).unwrap();
        for (name, _) in PARTS {
            assert!(driver.contains(&format!("\ndef {name}(bench):\n")), "{name} is missing");
        }
    }

    #[test]
    fn every_package_is_pinned() {
        for line in fs::read_to_string(benches().join("requirements.txt")).unwrap().lines() {
            assert!(line.starts_with('#') || line.contains("=="), "{line}");
        }
    }

    #[test]
    fn options_go_to_the_driver() {
        let comparison = Comparison {
            only: vec!["umap".into(), "start".into()],
            repeats: Some(3),
            max_cells: None,
            out: Some("/somewhere".into()),
        };
        let options = options(&comparison).unwrap();
        assert_eq!(options, ["--only", "umap", "--only", "start", "--repeats", "3", "--out", "/somewhere"]);
    }

    #[test]
    fn an_unknown_part_is_named() {
        let workspace = Workspace { root: PathBuf::new(), target: PathBuf::new() };
        let comparison = Comparison { only: vec!["umpa".into()], ..Comparison::default() };
        let message = compare(&workspace, &comparison).unwrap_err().to_string();
        assert!(message.contains("`umpa`") && message.contains("scaling"));
    }
}
