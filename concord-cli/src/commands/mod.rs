//! One file a command.

pub(crate) mod inspect;
pub(crate) mod run;

use crate::error::CliError;

/// Sets up the threads of everything that computes.
fn use_threads(n_threads: Option<usize>) -> Result<(), CliError> {
    let Some(n_threads) = n_threads else { return Ok(()) };
    if n_threads == 0 {
        return Err(CliError::usage("--threads 0: at least one thread is needed"));
    }
    // Fails only when threads were set up before in this process; then those serve.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build_global();
    Ok(())
}

/// Prints to stdout; a reader that went away (`| head`) is no error.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
