//! The file that a run reads.

use std::path::{Path, PathBuf};

use anyhow::Context;
use concord_io::{Dataset, ReadOptions, read_h5ad};
use tempfile::TempDir;

use crate::{args::MatrixArgs, error::CliError};

/// 700 blood cells x 765 genes, with its provenance in `demo/README.md`.
const DEMO: &[u8] = include_bytes!("../../../demo/pbmc68k_reduced_counts.h5ad");

const DEMO_NAME: &str = "pbmc68k_reduced_counts.h5ad";

/// A file on disk: the user's, or the embedded one in a folder of its own, which goes when the run ends.
pub(super) struct Input {
    path: PathBuf,
    demo_folder: Option<TempDir>,
}

impl Input {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, CliError> {
        if let Some(path) = path {
            return Ok(Self { path: path.to_owned(), demo_folder: None });
        }
        let folder = tempfile::tempdir().context("cannot make a temporary folder for the demo data")?;
        let path = folder.path().join(DEMO_NAME);
        std::fs::write(&path, DEMO).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path, demo_folder: Some(folder) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What to call it where a reader looks first.
    pub(super) fn title(&self) -> String {
        self.path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// What to call it in the record of the run.
    pub(super) fn name(&self) -> String {
        if self.demo_folder.is_some() { format!("demo: {DEMO_NAME}") } else { self.path.display().to_string() }
    }
}

/// Reads it.
pub(crate) fn read(path: &Path, matrix: &MatrixArgs) -> Result<(Dataset, String), CliError> {
    let options = ReadOptions { source: matrix.source() };
    let dataset = read_h5ad(path, &options)?;
    let (n_cells, n_genes) = (dataset.counts.n_cells(), dataset.counts.n_genes());
    let summary = format!("{n_cells} cells x {n_genes} genes from {}", options.source);
    Ok((dataset, summary))
}

/// What was noticed while reading.
pub(crate) fn warnings(dataset: &Dataset) -> Vec<String> {
    let notes = dataset.notes;
    let mut warnings = Vec::new();
    if notes.n_rounded > 0 {
        warnings.push(format!("{} values are too large for 32-bit floats and were rounded", notes.n_rounded));
    }
    if notes.n_unsorted > 0 {
        warnings.push(format!("the entries of {} rows were out of order and were sorted", notes.n_unsorted));
    }
    if notes.n_duplicates > 0 {
        warnings.push(format!("{} entries stood twice and were added up", notes.n_duplicates));
    }
    if !dataset.genes.are_unique() {
        warnings.push("some gene names stand more than once; they stay apart by their position".to_owned());
    }
    for column in &dataset.skipped {
        warnings.push(format!("{}/{} is kept but not read: {}", column.table, column.name, column.reason));
    }
    warnings
}
