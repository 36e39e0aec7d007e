//! The command line, as its users meet it: exit codes, messages, files.
#![allow(clippy::unwrap_used, missing_docs)]

mod attribute;
mod bad_input;
mod convert;
mod embed;
mod enrich;
mod export;
mod gene_matching;
mod inspect;
mod plot;
mod report;
mod run;
mod simulate;
mod train;
mod umap;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use assert_cmd::Command;
use concord_tests::repository_file;

/// `concord` with these arguments.
fn concord(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concord-under-test"));
    command.args(arguments);
    command
}

/// The embedded data set.
fn demo_file() -> PathBuf {
    repository_file("concord-cli/demo/pbmc68k_reduced_counts.h5ad")
}

/// A small file with this or that in it.
fn fixture(name: &str) -> PathBuf {
    repository_file("concord-io/tests/fixtures").join(name)
}

/// The folder of a short run on the embedded data set, which all tests read and none changes.
fn demo_run() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-run");
        concord(&["run", "--demo", "--epochs", "2", "--umap-n-epochs", "20", "--quiet", "-o"])
            .arg(&folder)
            .assert()
            .success();
        folder
    })
}

/// The embedded data set with latent code and UMAP.
fn annotated_file() -> PathBuf {
    demo_run().join("annotated.h5ad")
}

/// Runs a command that must fail as a user's mistake, with one line of error that holds all of `expected`.
fn fails(command: &mut Command, expected: &[&str]) {
    let assert = command.assert().code(2);
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "expected one line of error:\n{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    for text in expected {
        assert!(errors[0].contains(text), "{text:?} is not in: {}", errors[0]);
    }
}

/// Everything on stderr of a command that must succeed.
fn stderr_of(command: &mut Command) -> String {
    String::from_utf8_lossy(&command.assert().success().get_output().stderr).into_owned()
}

/// The JSON on stdout of a command that must succeed.
fn json_of(command: &mut Command) -> serde_json::Value {
    serde_json::from_slice(&command.arg("--json").assert().success().get_output().stdout).unwrap()
}

/// A row of a table by its columns.
type Row = BTreeMap<String, String>;

/// The rows of a CSV file.
fn rows(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().collect::<Result<_, _>>().unwrap()
}

/// All files below a folder by their path, with their content.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(contents(&path).into_iter().map(|(below, content)| (format!("{name}/{below}"), content)));
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

/// Names of categories that break what does not take care: paths, keys of HDF5, CSV, HTML and its scripts.
fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "T/../cells",
        "../../etc/passwd",
        "a/b",
        "a_b",
        "\"quoted\" 'both'",
        "<script>alert(1)</script>",
        "</script><!--<script>",
        "&lt;b&gt;",
        "\u{1F9EC} \u{202E}right to left",
        "a,b\nnew line;\ttab",
        ".",
    ]
    .map(str::to_owned)
    .to_vec();
    // More than the name of a file can have, in characters and in bytes.
    names.extend(["x".repeat(300), "\u{20000}".repeat(120)]);
    names
}
