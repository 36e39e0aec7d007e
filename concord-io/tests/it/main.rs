//! Tests of concord-io against files that Python wrote; see `fixtures/make.py`.
// A test that cannot go on shall stop, one that is skipped shall say so, and files hold exact values.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::float_cmp)]

mod annotate;
mod bad_input;
mod columns;
mod create;
mod forms;
mod in_place;
mod inspect;
mod join;
mod kinds;
mod matrices;
mod obsm;
mod real_data;
mod rewrite;
mod stream;
mod tenx;

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

/// A matrix that a JSON file has as the three lists of a CSR matrix.
fn expected_csr(value: &Value) -> Csr {
    let list = |name: &str| value[name].as_array().unwrap().iter();
    let sizes = |name: &str| list(name).map(|number| number.as_u64().unwrap() as usize).collect::<Vec<_>>();
    let shape = sizes("shape");
    let indices = list("indices").map(|number| number.as_u64().unwrap() as u32).collect();
    let data = list("data").map(|number| number.as_f64().unwrap() as f32).collect();
    Csr::new((shape[0], shape[1]), sizes("indptr"), indices, data)
}

/// Keeps a file for `fixtures/check.py`, when that was asked for, with what Python must find in it.
fn keep(path: &Path, name: &str, expected: &Value) {
    if let Some(folder) = std::env::var_os("CONCORD_KEEP").map(PathBuf::from) {
        std::fs::copy(path, folder.join(format!("{name}.h5ad"))).unwrap();
        std::fs::write(folder.join(format!("{name}.json")), expected.to_string()).unwrap();
    }
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

    /// A fixture that is kept compressed (see `fixtures/forms.py`).
    fn unpack(&self, name: &str) -> PathBuf {
        let packed = std::fs::read(fixture(&format!("{name}.gz"))).unwrap();
        // The last four bytes of a gzip file are the length of its content.
        let n_bytes = u32::from_le_bytes(*packed.last_chunk().unwrap());
        let mut bytes = vec![0; n_bytes as usize];
        libdeflater::Decompressor::new().gzip_decompress(&packed, &mut bytes).unwrap();
        self.file(name, &bytes)
    }

    /// The names of the files in the directory.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}
