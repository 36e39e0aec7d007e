//! Tests of concord-io against files that Python wrote; see `fixtures/make.py`.
// A test that cannot go on shall stop, one that is skipped shall say so, and files hold exact values.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::float_cmp)]

mod annotate;
mod bad_input;
mod columns;
mod inspect;
mod matrices;
mod obsm;
mod real_data;

use std::path::{Path, PathBuf};

use concord_core::Csr;
use concord_io::{Dataset, IoError, MatrixSource, ReadOptions, read_h5ad};
use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// What a fixture holds.
fn expected(name: &str) -> Value {
    let text = std::fs::read_to_string(fixture(&format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn read(path: impl AsRef<Path>, source: MatrixSource) -> Result<Dataset, IoError> {
    read_h5ad(path, &ReadOptions { source })
}

fn layer(name: &str) -> MatrixSource {
    MatrixSource::Layer(name.to_owned())
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// A matrix row by row, zeros included.
fn rows(matrix: &Csr) -> Vec<Vec<f32>> {
    matrix.to_dense().rows().into_iter().map(|row| row.to_vec()).collect()
}

fn expected_rows(value: &Value) -> Vec<Vec<f32>> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

/// A file that is gone when the test is over.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file with these bytes.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The names of the files in the directory.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}
