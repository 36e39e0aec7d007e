//! One file a command.

pub(crate) mod attribute;
pub(crate) mod convert;
pub(crate) mod devices;
pub(crate) mod embed;
pub(crate) mod enrich;
pub(crate) mod export;
pub(crate) mod inspect;
pub(crate) mod plot;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod simulate;
pub(crate) mod train;
pub(crate) mod umap;

use crate::error::CliError;

/// Sets up the threads of everything that computes.
pub(crate) fn use_threads(n_threads: Option<usize>) -> Result<(), CliError> {
    /// More than any machine has cores for.
    const MOST_THREADS: usize = 1024;
    let Some(n_threads) = n_threads else { return Ok(()) };
    if !(1..=MOST_THREADS).contains(&n_threads) {
        return Err(CliError::usage(format!("--threads {n_threads} is out of range: from 1 to {MOST_THREADS}")));
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

/// Prints a result as JSON to stdout.
fn print_json(value: &serde_json::Value) {
    print(&format!("{value:#}\n"));
}
