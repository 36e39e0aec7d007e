//! `concord convert`: an h5ad file of 10x matrices, or of several inputs.

mod args;
mod report;

use std::path::Path;

use concord_io::{Joined, MatrixNotes, is_10x, rewrite_h5ad};
use serde_json::json;

pub(crate) use args::ConvertArgs;

use crate::{Session, error::CliError, output_files, record::Recorder};

/// Runs the command.
pub(crate) fn run(args: &ConvertArgs, session: &Session) -> Result<(), CliError> {
    let inputs: Vec<&Path> = args.inputs.iter().map(AsRef::as_ref).collect();
    output_files::check(&[&args.out], &inputs)?;
    match inputs[..] {
        [input] if args.changes_nothing() && !is_10x(input) => rewrite(input, args, session),
        _ => join(&inputs, args, session),
    }
}

/// Writes an h5ad file anew.
fn rewrite(input: &Path, args: &ConvertArgs, session: &Session) -> Result<(), CliError> {
    let mut recorder = Recorder::new(&session.terminal);
    let sizes = recorder.step("rewrite", || {
        let sizes = rewrite_h5ad(input, &args.out, &args.write_options())?;
        let [before, after] = [sizes.n_bytes_before, sizes.n_bytes_after].map(|n_bytes| n_bytes as f64 / 1e6);
        Ok::<_, CliError>((sizes, format!("{} ({before:.1} MB became {after:.1} MB)", args.out.display())))
    })?;
    if session.json {
        super::print_json(&json!({
            "file": args.out,
            "inputs": [{"path": input, "left_out": []}],
            "n_bytes_before": sizes.n_bytes_before,
            "n_bytes_after": sizes.n_bytes_after,
        }));
    }
    Ok(())
}

/// Puts inputs behind each other.
fn join(inputs: &[&Path], args: &ConvertArgs, session: &Session) -> Result<(), CliError> {
    let mut recorder = Recorder::new(&session.terminal);
    let joined = recorder.step("read", || {
        let joined = Joined::open(inputs, &args.join_options())?;
        let summary = report::summary(&joined);
        Ok::<_, CliError>((joined, summary))
    })?;
    report::tell(&joined, &mut recorder);
    let (report, shape) = (joined.report.clone(), (joined.cells.len(), joined.genes.len()));
    let notes = recorder.step("write", || {
        let bar = session.terminal.bar("write", shape.0);
        let notes =
            joined.write_h5ad(&args.out, &args.write_options(), &mut |n_cells| bar.set_position(n_cells as u64));
        bar.finish_and_clear();
        Ok::<_, CliError>((notes?, args.out.display().to_string()))
    })?;
    warn_of_values(notes, &mut recorder);
    if session.json {
        super::print_json(&report::to_json(&report, shape, &args.out));
    }
    Ok(())
}

fn warn_of_values(notes: MatrixNotes, recorder: &mut Recorder<'_>) {
    if notes.n_rounded > 0 {
        recorder.warn(&format!("{} values were rounded to 32-bit floats", notes.n_rounded));
    }
    if notes.n_unsorted > 0 {
        recorder.warn(&format!("the entries of {} rows were out of order and were sorted", notes.n_unsorted));
    }
    if notes.n_duplicates > 0 {
        recorder.warn(&format!(
            "{} entries stood for a place that had one already, and were added to it",
            notes.n_duplicates
        ));
    }
}
