//! The command line of xtask.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Result, bail};
use lexopt::prelude::*;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    /// Run the main job on the embedded data set; `options` go to `concord run`.
    Demo {
        out: Option<PathBuf>,
        options: Vec<OsString>,
    },
    /// Run the tests; `arguments` go to `cargo test`.
    Test {
        arguments: Vec<OsString>,
    },
    Ci(Selection),
    Bench(Bench),
    Layers,
}

/// What `bench` measures.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bench {
    /// Ratios of our own times, within minutes and without Python.
    Quick,
    Compare(Comparison),
}

/// How concord is compared with the Python package; what is not given is up to `benches/compare.py`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// These parts, or all.
    pub(crate) only: Vec<String>,
    pub(crate) repeats: Option<u32>,
    pub(crate) max_cells: Option<u32>,
    pub(crate) out: Option<PathBuf>,
}

/// Which steps of `ci` run: all of them, or those of `only`, without those of `skip`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) only: Vec<String>,
    pub(crate) skip: Vec<String>,
}

/// Reads the arguments that follow `cargo xtask`.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.is_empty() {
        return Ok(Command::Help);
    }
    let name = arguments.remove(0);
    // `cargo test` has a command line of its own, with a meaning for `--`: what follows `test` is not ours to read.
    if name == "test" {
        return Ok(Command::Test { arguments });
    }
    let options = split_at_dashes(&mut arguments);
    let mut parser = lexopt::Parser::from_args(arguments);
    let command = match name.to_str() {
        Some("help" | "--help" | "-h") => Command::Help,
        Some("demo") => return parse_demo(parser, options),
        Some("ci") => parse_ci(&mut parser)?,
        Some("bench") => parse_bench(&mut parser)?,
        Some("layers") => Command::Layers,
        _ => bail!("there is no command `{}`: see `cargo xtask help`", name.display()),
    };
    if let Some(argument) = parser.next()? {
        return Err(argument.unexpected().into());
    }
    if !options.is_empty() {
        bail!("`cargo xtask {}` takes nothing after `--`", name.display());
    }
    Ok(command)
}

/// Cuts off what stands behind the first `--`.
fn split_at_dashes(arguments: &mut Vec<OsString>) -> Vec<OsString> {
    match arguments.iter().position(|argument| argument == "--") {
        Some(dashes) => arguments.split_off(dashes).split_off(1),
        None => Vec::new(),
    }
}

fn parse_demo(mut parser: lexopt::Parser, options: Vec<OsString>) -> Result<Command> {
    let mut out = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('o') | Long("out") => out = Some(PathBuf::from(parser.value()?)),
            other => bail!("{}; options of `concord run` stand behind `--`", other.unexpected()),
        }
    }
    Ok(Command::Demo { out, options })
}

fn parse_ci(parser: &mut lexopt::Parser) -> Result<Command> {
    let mut selection = Selection::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("only") => selection.only.push(parser.value()?.string()?),
            Long("skip") => selection.skip.push(parser.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Ci(selection))
}

fn parse_bench(parser: &mut lexopt::Parser) -> Result<Command> {
    let mut is_quick = false;
    let mut comparison = Comparison::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("quick") => is_quick = true,
            Long("only") => comparison.only.push(parser.value()?.string()?),
            Long("repeats") => comparison.repeats = Some(at_least_one(parser)?),
            Long("max-cells") => comparison.max_cells = Some(at_least_one(parser)?),
            Short('o') | Long("out") => comparison.out = Some(PathBuf::from(parser.value()?)),
            other => return Err(other.unexpected().into()),
        }
    }
    if !is_quick {
        return Ok(Command::Bench(Bench::Compare(comparison)));
    }
    if comparison != Comparison::default() {
        bail!("`--quick` compares nothing with the Python package: it goes with no other option");
    }
    Ok(Command::Bench(Bench::Quick))
}

fn at_least_one(parser: &mut lexopt::Parser) -> Result<u32> {
    let number = parser.value()?.parse::<u32>()?;
    if number == 0 {
        bail!("a number of at least 1 is needed, not 0");
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parsed(line: &str) -> Result<Command> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn no_argument_is_a_call_for_help() {
        for line in ["", "help", "--help", "-h"] {
            assert_eq!(parsed(line).unwrap(), Command::Help);
        }
    }

    #[test]
    fn demo_takes_a_folder_and_hands_on_the_rest() {
        let out = Some(PathBuf::from("here"));
        assert_eq!(parsed("demo").unwrap(), Command::Demo { out: None, options: Vec::new() });
        assert_eq!(
            parsed("demo -o here -- --epochs 2 -o x").unwrap(),
            Command::Demo { out, options: words("--epochs 2 -o x") }
        );
        assert!(parsed("demo --epochs 2").unwrap_err().to_string().contains("behind `--`"));
    }

    #[test]
    fn test_hands_everything_on() {
        assert_eq!(
            parsed("test -p concord-io -- --nocapture").unwrap(),
            Command::Test { arguments: words("-p concord-io -- --nocapture") }
        );
    }

    #[test]
    fn ci_takes_steps_to_choose_and_to_leave_out() {
        let selection = Selection { only: vec!["fmt".into(), "doc".into()], skip: vec!["demo".into()] };
        assert_eq!(parsed("ci --only fmt --skip=demo --only doc").unwrap(), Command::Ci(selection));
        assert!(parsed("ci fmt").is_err());
        assert!(parsed("ci -- fmt").is_err());
    }

    #[test]
    fn bench_takes_parts_numbers_and_a_folder() {
        assert_eq!(parsed("bench").unwrap(), Command::Bench(Bench::Compare(Comparison::default())));
        let comparison = Comparison {
            only: vec!["umap".into(), "start".into()],
            repeats: Some(3),
            max_cells: Some(10_000),
            out: Some("here".into()),
        };
        assert_eq!(
            parsed("bench --only umap --only=start --repeats 3 --max-cells 10000 --out here").unwrap(),
            Command::Bench(Bench::Compare(comparison))
        );
        assert!(parsed("bench --repeats 0").is_err());
        assert!(parsed("bench --repeats few").is_err());
        assert!(parsed("bench umap").is_err());
    }

    #[test]
    fn a_quick_bench_takes_nothing_else() {
        assert_eq!(parsed("bench --quick").unwrap(), Command::Bench(Bench::Quick));
        assert!(parsed("bench --quick --repeats 3").unwrap_err().to_string().contains("`--quick`"));
    }

    #[test]
    fn an_unknown_command_is_named() {
        assert!(parsed("bunch").unwrap_err().to_string().contains("`bunch`"));
        assert!(parsed("layers extra").is_err());
    }
}
