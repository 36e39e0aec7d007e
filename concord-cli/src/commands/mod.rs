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

/// Sets up the threads of everything that computes; as many as there are cores, if their number is not given.
///
/// The thread that calls is one of them. Were it not, it would sleep whenever the others work, and be woken for every
/// little piece in between, of which training has some thirty a step.
pub(crate) fn use_threads(n_threads: Option<usize>) -> Result<(), CliError> {
    /// More than any machine has cores for.
    const MOST_THREADS: usize = 1024;
    if let Some(n_threads) = n_threads.filter(|n_threads| !(1..=MOST_THREADS).contains(n_threads)) {
        return Err(CliError::usage(format!("--threads {n_threads} is out of range: from 1 to {MOST_THREADS}")));
    }
    // Fails only when threads were set up before in this process; then those serve.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(n_threads.unwrap_or(0)).use_current_thread().build_global();
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
