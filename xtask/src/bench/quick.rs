//! Ratios of our own times, each of two things that one program measures in turn: they hold on any machine.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, captured, run, shown};

/// A ratio that must not be larger.
pub(crate) struct Guard {
    /// The example that prints it.
    example: &'static str,
    pub(crate) name: &'static str,
    /// Far above what is measured, so that nothing but a change of the code gets there.
    at_most: f64,
    pub(crate) what: &'static str,
}

/// The ratios that the examples print, in their order, a line each: name, blank, number.
pub(crate) const GUARDS: [Guard; 3] = [
    Guard {
        example: "ratios",
        name: "train-cells",
        at_most: 1.6,
        what: "a training step with 20,480 cells, to one with 2,048 (about 1 is expected)",
    },
    Guard {
        example: "ratios",
        name: "train-step",
        at_most: 1.0,
        what: "a training step, to the three products of dense matrices that it stands for",
    },
    Guard {
        example: "umap_ratios",
        name: "umap-cells",
        at_most: 3.0,
        what: "UMAP, the cost of a cell among 16,000, to that among 2,000 (about 1.6 is expected)",
    },
];

/// Builds and runs the examples, and holds what they print against [`GUARDS`]; gives back the ratios in a line.
pub(crate) fn check(workspace: &Workspace) -> Result<String> {
    let mut examples: Vec<&str> = GUARDS.iter().map(|guard| guard.example).collect();
    examples.dedup();
    let mut build = workspace.cargo();
    // Over the workspace, as the tests are built, so that nothing is built twice.
    build.args(["build", "--release", "--workspace"]);
    run(build.args(examples.iter().flat_map(|example| ["--example", example])))?;
    let mut printed = String::new();
    for example in examples {
        let path = workspace.target.join("release/examples").join(example);
        printed += &ratios(&path)?;
    }
    hold(&printed)
}

fn ratios(program: &Path) -> Result<String> {
    let mut command = Command::new(program.with_extension(std::env::consts::EXE_EXTENSION));
    String::from_utf8(captured(&mut command)?).with_context(|| format!("`{}` printed no text", shown(&command)))
}

fn hold(printed: &str) -> Result<String> {
    let mut summary = Vec::new();
    let mut n_broken = 0;
    for guard in &GUARDS {
        let ratio = printed.lines().find_map(|line| line.strip_prefix(guard.name)?.trim().parse::<f64>().ok());
        let Some(ratio) = ratio else { bail!("the example `{}` printed no `{}`", guard.example, guard.name) };
        // Written so that a ratio that is no number is broken too.
        let is_met = ratio <= guard.at_most;
        n_broken += usize::from(!is_met);
        let verdict = if is_met { "" } else { "  TOO LARGE" };
        println!("{:<12}{ratio:>6.2}, at most {:.1}{verdict}  ({})", guard.name, guard.at_most, guard.what);
        summary.push(format!("{} {ratio:.2}", guard.name));
    }
    if n_broken > 0 {
        bail!("{n_broken} ratios of times are larger than they may be; see docs/benchmarks.md");
    }
    Ok(summary.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ratios_are_held_against_their_limits() {
        assert_eq!(
            hold("train-cells 1.04\ntrain-step 0.5\numap-cells 1.5\n").unwrap(),
            "train-cells 1.04, train-step 0.50, umap-cells 1.50"
        );
        let slow = hold("train-cells 9\ntrain-step 0.5\numap-cells 9\n").unwrap_err().to_string();
        assert!(slow.starts_with("2 ratios"));
        assert!(hold("train-cells NaN\ntrain-step 0.5\numap-cells 1\n").is_err());
    }

    #[test]
    fn a_ratio_that_is_not_printed_is_an_error() {
        let message = hold("train-cells 1\numap-cells 1\n").unwrap_err().to_string();
        assert!(message.contains("`ratios`") && message.contains("`train-step`"));
    }
}
