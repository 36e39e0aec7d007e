//! Chores of the workspace: `cargo xtask help` lists them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints")]

use std::process::ExitCode;

use anyhow::Result;

use crate::args::Command;
use crate::workspace::Workspace;

mod anndata;
mod args;
mod bench;
mod ci;
mod demo;
mod devices;
mod graph;
mod help;
mod layers;
mod licences;
mod metadata;
mod tally;
mod test;
mod workspace;

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Help => {
            print!("{}", help::text());
            Ok(())
        }
        Command::Demo { out, options } => demo::command(&Workspace::discover()?, out, &options),
        Command::Test { arguments } => test::command(&Workspace::discover()?, &arguments),
        Command::Ci(selection) => ci::command(&Workspace::discover()?, &selection),
        Command::Bench(bench) => bench::command(&Workspace::discover()?, &bench),
        Command::Layers => layers::command(&Workspace::discover()?),
    }
}
