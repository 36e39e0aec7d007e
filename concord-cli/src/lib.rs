//! The command line of concord: arguments, progress, outputs and exit codes. What is computed is computed elsewhere.
//!
//! Exit codes: 0 done, 1 the work failed, 2 the command line or an input file is wrong. A failed command leaves its
//! input and older outputs as they were.

mod args;
mod columns;
mod commands;
mod error;
mod memory;
mod outputs;
mod record;
mod terminal;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser;

use crate::{
    args::{Cli, Command},
    terminal::Terminal,
};

/// Runs the program with the given arguments, the program's name first.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Clap prints help to stdout and mistakes to stderr; when even that fails there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let terminal = Terminal::new(cli.global.quiet);
    let result = match &cli.command {
        Command::Run(args) => commands::run::run(args, &cli.global, &terminal),
        Command::Inspect(args) => commands::inspect::inspect(args, &cli.global),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.error(&error);
            error.exit_code()
        }
    }
}
