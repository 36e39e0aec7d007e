//! The `concord` program, built by this package so that cargo keeps it fresh for the tests and tells them where it is.

use std::process::ExitCode;

fn main() -> ExitCode {
    concord_cli::main(std::env::args_os())
}
