//! What `cargo xtask help` says.

use crate::ci;

/// The commands, with the names of the steps of `ci`.
pub(crate) fn text() -> String {
    let steps: Vec<String> = ci::STEPS.iter().map(|step| format!("        {:<10}{}", step.name, step.what)).collect();
    let steps = steps.join("\n");
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

    cargo xtask layers
        Check that each crate depends on what ARCHITECTURE.md allows it to.

    cargo xtask help
        Print this.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_listed() {
        for step in &ci::STEPS {
            assert!(text().contains(step.name), "{} is missing", step.name);
        }
    }
}
