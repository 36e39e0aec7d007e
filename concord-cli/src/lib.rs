//! The command line of concord: arguments, progress, outputs and exit codes. What is computed is computed elsewhere.
//!
//! Exit codes: 0 done, 1 the work failed, 2 the command line or an input file is wrong, 130 training was interrupted and
//! can go on (128 and the number of the signal of Ctrl-C, as shells have it). A failed command leaves its input and older
//! outputs as they were.

mod args;
mod assessment;
mod attribution;
mod colours;
mod columns;
mod commands;
mod error;
mod expression;
mod figures;
mod gene_matching;
mod h5ad;
mod memory;
mod model_input;
mod names;
mod output_files;
mod outputs;
mod predicted;
mod record;
mod report_page;
mod sample;
mod standard_figures;
mod tables;
mod terminal;
mod text_table;

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
    let Cli { global, command } = cli;
    let session = Session {
        terminal: Terminal::new(global.quiet),
        json: global.json,
        command_line: arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect(),
    };
    let result = commands::use_threads(global.threads).and_then(|()| match &command {
        Command::Run(args) => commands::run::run(args, &session),
        Command::Export(args) => commands::export::run(args, &session),
        Command::Devices(_) => {
            commands::devices::devices(&session);
            Ok(())
        }
        Command::Train(args) => commands::train::run(args, &session),
        Command::Embed(args) => commands::embed::run(args, &session),
        Command::Umap(args) => commands::umap::run(args, &session),
        Command::Attribute(args) => commands::attribute::run(args, &session),
        Command::Enrich(args) => commands::enrich::run(args, &session),
        Command::Plot(args) => commands::plot::run(args, &session),
        Command::Report(args) => commands::report::run(args, &session),
        Command::Convert(args) => commands::convert::run(args, &session),
        Command::Simulate(args) => commands::simulate::run(args, &session),
        Command::Inspect(args) => commands::inspect::inspect(args, &session),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            session.terminal.error(&error);
            error.exit_code()
        }
    }
}

/// What every command needs beside its own arguments.
struct Session {
    terminal: Terminal,
    /// Whether the result goes to stdout as JSON.
    json: bool,
    /// All arguments, the program's name first, for the record.
    command_line: Vec<String>,
}
