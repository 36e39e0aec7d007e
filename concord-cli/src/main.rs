//! The `concord` program; everything it does is in the library beside it.

use std::process::ExitCode;

/// Keeps the large temporaries of training instead of giving them back to the system after every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    concord_cli::main(std::env::args_os())
}
