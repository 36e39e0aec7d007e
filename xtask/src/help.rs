//! What `cargo xtask help` says.

use crate::{bench, ci};

/// The commands, with the names of the steps of `ci` and of the parts of `bench`.
pub(crate) fn text() -> String {
    let steps = listed(ci::STEPS.iter().map(|step| (step.name, step.what)));
    let parts = listed(bench::PARTS);
    let guards = listed(bench::GUARDS.iter().map(|guard| (guard.name, guard.what)));
    format!(
        "\
Chores of the concord workspace

    cargo xtask demo [-o DIR] [-- OPTIONS]
        Run `concord run --demo` and name the pictures that it made. They go to DIR, by default target/demo.
        OPTIONS go to `concord run`.

    cargo xtask test [ARGUMENTS]
        Run every test. ARGUMENTS go to `cargo test`: a part of a test's name, -p CRATE, -- --nocapture, ...

    cargo xtask ci [--only STEP]... [--skip STEP]...
        Run every check, the cheapest first, and stop at the first that fails. The steps:
{steps}

    cargo xtask bench [--only PART]... [--repeats N] [--max-cells N] [-o DIR]
        Measure concord and the Python package concord-sc in turn, and write tables to DIR, by default to
        benches/runs/<date>-<processor>. Needs Python; docs/benchmarks.md tells more. The parts:
{parts}

    cargo xtask bench --quick
        Check that ratios of our own times are not larger than they may be. The ratios:
{guards}

    cargo xtask layers
        Check that each crate depends on what ARCHITECTURE.md allows it to.

    cargo xtask help
        Print this.
"
    )
}

fn listed<'n>(names: impl IntoIterator<Item = (&'n str, &'n str)>) -> String {
    let lines: Vec<String> = names.into_iter().map(|(name, what)| format!("        {name:<12}{what}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_and_part_is_listed() {
        let names = ci::STEPS.iter().map(|step| step.name).chain(bench::PARTS.iter().map(|(name, _)| *name));
        for name in names {
            assert!(text().contains(name), "{name} is missing");
        }
    }
}
