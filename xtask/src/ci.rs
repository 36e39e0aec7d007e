//! `cargo xtask ci`: every check, the cheapest first.

use std::cell::Cell;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::args::Selection;
use crate::tally::Tally;
use crate::workspace::{Workspace, run};
use crate::{anndata, bench, demo, devices, layers, licences, test};

/// One check.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    run: fn(&Checks<'_>) -> Result<Outcome>,
}

/// All checks in their order.
pub(crate) const STEPS: [Step; 13] = [
    Step { name: "fmt", what: "the formatting is rustfmt's", run: fmt },
    Step { name: "layers", what: "each crate depends on what it may", run: layers },
    Step { name: "licences", what: "every dependency's licence is in deny.toml", run: licences },
    Step { name: "deny", what: "cargo-deny's checks, where it is installed", run: deny },
    Step { name: "clippy", what: "no warnings of clippy", run: clippy },
    Step { name: "doc", what: "no warnings of rustdoc", run: doc },
    Step { name: "test", what: "all tests pass, examples in the documentation included", run: test },
    Step { name: "bench", what: "ratios of times are not larger than they may be", run: bench },
    Step { name: "python", what: "Python's anndata reads what concord-io writes, where it is installed", run: python },
    Step { name: "reference", what: "concord-sc loads what is exported, where it is installed", run: reference },
    Step { name: "demo", what: "the demo runs and leaves all its files", run: demo },
    Step { name: "libtorch", what: "LibTorch computes what the CPU does, where LIBTORCH is set", run: libtorch },
    Step { name: "wgpu", what: "a graphics card computes what the CPU does, or Vulkan's software driver", run: wgpu },
];

/// How a step that did not fail ended.
enum Outcome {
    Passed,
    /// Passed, with something to say.
    Noted(String),
    /// Not run, and why.
    Skipped(String),
}

/// What the steps share.
struct Checks<'w> {
    workspace: &'w Workspace,
    tally: Cell<Option<Tally>>,
}

/// Runs the chosen steps, then prints what each gave and how long it took.
pub(crate) fn command(workspace: &Workspace, selection: &Selection) -> Result<()> {
    let steps = chosen(selection)?;
    let checks = Checks { workspace, tally: Cell::new(None) };
    let start = Instant::now();
    let mut summary = Vec::new();
    let mut failure = None;
    for step in steps {
        println!("\n=== {}: {}", step.name, step.what);
        let started = Instant::now();
        let outcome = (step.run)(&checks);
        let line = line(step.name, started.elapsed(), outcome.as_ref());
        println!("{line}");
        summary.push(line);
        if let Err(error) = outcome {
            failure = Some((step.name, error));
            break;
        }
    }
    println!("\n=== Summary");
    for line in summary {
        println!("{line}");
    }
    println!("{:<10}{:>8.1} s", "all", start.elapsed().as_secs_f64());
    if let Some(tally) = checks.tally.get() {
        println!("\nconcord: {tally}");
    }
    let Some((name, error)) = failure else { return Ok(()) };
    println!("To run the failed step alone: cargo xtask ci --only {name}");
    Err(error.context(format!("step `{name}`")))
}

/// The steps to run, in the order of [`STEPS`].
fn chosen(selection: &Selection) -> Result<Vec<&'static Step>> {
    for name in selection.only.iter().chain(&selection.skip) {
        if !STEPS.iter().any(|step| step.name == name) {
            let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
            bail!("there is no step `{name}`; the steps are {}", names.join(", "));
        }
    }
    let among = |names: &[String], step: &Step| names.iter().any(|name| name == step.name);
    let is_chosen =
        |step: &&Step| (selection.only.is_empty() || among(&selection.only, step)) && !among(&selection.skip, step);
    let steps: Vec<&Step> = STEPS.iter().filter(is_chosen).collect();
    if steps.is_empty() {
        bail!("no step is left to run");
    }
    Ok(steps)
}

fn line(name: &str, time: Duration, outcome: Result<&Outcome, &anyhow::Error>) -> String {
    let outcome = match outcome {
        Ok(Outcome::Passed) => "passed".to_owned(),
        Ok(Outcome::Noted(note)) => format!("passed ({note})"),
        Ok(Outcome::Skipped(reason)) => format!("SKIPPED: {reason}"),
        Err(_) => "FAILED".to_owned(),
    };
    format!("{name:<10}{:>8.1} s  {outcome}", time.as_secs_f64())
}

fn fmt(checks: &Checks<'_>) -> Result<Outcome> {
    run(checks.workspace.cargo().args(["fmt", "--all", "--check"]))?;
    Ok(Outcome::Passed)
}

fn layers(checks: &Checks<'_>) -> Result<Outcome> {
    layers::command(checks.workspace)?;
    Ok(Outcome::Passed)
}

fn licences(checks: &Checks<'_>) -> Result<Outcome> {
    licences::check(checks.workspace).map(Outcome::Noted)
}

fn deny(checks: &Checks<'_>) -> Result<Outcome> {
    if run(std::process::Command::new("cargo-deny").arg("--version")).is_err() {
        return Ok(Outcome::Skipped("cargo-deny is not installed (cargo install --locked cargo-deny)".into()));
    }
    // Advisories are left out: they change without a change of ours.
    run(checks.workspace.cargo().args(["deny", "--locked", "check", "licenses", "bans", "sources"]))?;
    Ok(Outcome::Passed)
}

// Clippy and rustdoc check in the release profile, because they then share the tests' build scripts.
fn clippy(checks: &Checks<'_>) -> Result<Outcome> {
    let mut command = checks.workspace.cargo();
    run(command.args(["clippy", "--workspace", "--all-targets", "--release", "--locked", "--", "-D", "warnings"]))?;
    Ok(Outcome::Passed)
}

fn doc(checks: &Checks<'_>) -> Result<Outcome> {
    let mut command = checks.workspace.cargo();
    run(command.args(["doc", "--workspace", "--no-deps", "--release", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::Passed)
}

fn test(checks: &Checks<'_>) -> Result<Outcome> {
    let outcome = test::run(checks.workspace, &[])?;
    checks.tally.set(Some(outcome.tally));
    if !outcome.success {
        bail!("some tests failed, or did not build: see above");
    }
    if outcome.tally.passed == 0 {
        bail!("no test was run");
    }
    let mut note = outcome.tally.to_string();
    if test::missing_references(checks.workspace).is_some() {
        note += "; SKIPPED those against reference numbers";
    }
    Ok(Outcome::Noted(note))
}

fn bench(checks: &Checks<'_>) -> Result<Outcome> {
    bench::quick(checks.workspace).map(Outcome::Noted)
}

fn python(checks: &Checks<'_>) -> Result<Outcome> {
    let Some(python) = anndata::find_python()? else {
        return Ok(Outcome::Skipped(
            "no Python that imports anndata (pip install anndata, or name one in CONCORD_PYTHON)".into(),
        ));
    };
    anndata::check(checks.workspace, &python)?;
    Ok(Outcome::Passed)
}

fn reference(checks: &Checks<'_>) -> Result<Outcome> {
    /// Names a Python with concord-sc, for the test too.
    const VARIABLE: &str = "CONCORD_REFERENCE_PYTHON";
    if std::env::var_os(VARIABLE).is_none() {
        return Ok(Outcome::Skipped(format!("{VARIABLE} names no Python with concord-sc")));
    }
    let arguments = ["--locked", "--test", "export", "--", "the_reference_loads"].map(OsString::from);
    let outcome = test::run(checks.workspace, &arguments)?;
    if !outcome.success || outcome.tally.passed == 0 {
        bail!("the reference does not load what is exported, or the test of it is gone");
    }
    Ok(Outcome::Passed)
}

fn demo(checks: &Checks<'_>) -> Result<Outcome> {
    let folder = demo::make(checks.workspace, None, &[])?;
    demo::check(&folder)?;
    Ok(Outcome::Passed)
}

fn libtorch(checks: &Checks<'_>) -> Result<Outcome> {
    on_device(checks, "libtorch", devices::no_libtorch())
}

fn wgpu(checks: &Checks<'_>) -> Result<Outcome> {
    on_device(checks, "wgpu", devices::no_wgpu())
}

fn on_device(checks: &Checks<'_>, feature: &str, why_not: Option<String>) -> Result<Outcome> {
    match why_not {
        Some(reason) => Ok(Outcome::Skipped(reason)),
        None => devices::check(checks.workspace, feature).map(|()| Outcome::Passed),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn names(only: &[&str], skip: &[&str]) -> Result<Vec<&'static str>> {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let steps = chosen(&Selection { only: owned(only), skip: owned(skip) })?;
        Ok(steps.into_iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_are_chosen_in_their_own_order() {
        assert_eq!(names(&[], &[]).unwrap().len(), STEPS.len());
        assert_eq!(names(&["doc", "fmt"], &[]).unwrap(), ["fmt", "doc"]);
        assert_eq!(names(&["doc", "fmt"], &["fmt"]).unwrap(), ["doc"]);
        assert!(!names(&[], &["demo"]).unwrap().contains(&"demo"));
    }

    #[test]
    fn a_name_that_is_no_step_is_an_error_that_lists_them() {
        let message = names(&["clipy"], &[]).unwrap_err().to_string();
        assert!(message.contains("`clipy`") && message.contains("clippy"));
        assert!(names(&[], &["x"]).is_err());
        assert!(names(&["fmt"], &["fmt"]).is_err());
    }

    #[test]
    fn a_line_says_how_a_step_ended() {
        let time = Duration::from_millis(1234);
        let line = |outcome: Result<Outcome>| line("fmt", time, outcome.as_ref());
        assert_eq!(line(Ok(Outcome::Passed)), "fmt            1.2 s  passed");
        assert_eq!(line(Ok(Outcome::Noted("3 packages".into()))), "fmt            1.2 s  passed (3 packages)");
        assert!(line(Ok(Outcome::Skipped("no Python".into()))).ends_with("SKIPPED: no Python"));
        assert!(line(Err(anyhow::anyhow!("x"))).ends_with("FAILED"));
    }
}
