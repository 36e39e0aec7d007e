//! Every mistake of a user: one line that helps, exit code 2, and nothing written.

use std::{fs, path::Path};

use concord_core::{Column, Labels};
use concord_io::{Additions, annotate_h5ad};

use crate::{concord, demo_file, fixture};

/// Runs `concord run INPUT -o OUT ARGUMENTS`, which must fail as a user's mistake with a message that holds all of `expected`.
fn check(input: &Path, arguments: &[&str], expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let assert = concord(&["run"]).arg(input).arg("-o").arg(&out).args(arguments).assert().code(2);
    let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "expected one line of error:\n{stderr}");
    assert!(!stderr.contains("panicked") && !stderr.contains("HDF5-DIAG"), "{stderr}");
    for text in expected {
        assert!(errors[0].contains(text), "{text:?} is not in: {}", errors[0]);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was written");
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    check(&folder.path().join("none.h5ad"), &[], &["none.h5ad", "no such file"]);

    let text = folder.path().join("text.h5ad");
    fs::write(&text, "gene,cell\n").unwrap();
    check(&text, &[], &["not an HDF5 file"]);

    let whole = fs::read(demo_file()).unwrap();
    let truncated = folder.path().join("truncated.h5ad");
    for share in [3, 30, 60, 90, 99] {
        fs::write(&truncated, &whole[..whole.len() * share / 100]).unwrap();
        check(&truncated, &[], &["truncated.h5ad"]);
    }
    check(folder.path(), &[], &[]);
}

#[test]
fn matrices_that_cannot_be_used() {
    check(&fixture("without_x.h5ad"), &[], &["has no X"]);
    check(&fixture("empty.h5ad"), &[], &["empty"]);
    check(&fixture("matrices.h5ad"), &["--layer", "bad_nan"], &["NaN", "cell 4, gene 2"]);
    check(&fixture("matrices.h5ad"), &["--layer", "bad_negative"], &["negative value -1", "cell 4, gene 2"]);
    check(&fixture("matrices.h5ad"), &["--layer", "bad_infinite"], &["inf", "cell 4, gene 2"]);
    check(&demo_file(), &["--layer", "counts"], &["no layer 'counts'"]);
    check(&demo_file(), &["--use-raw"], &["has no raw"]);
}

#[test]
fn columns_that_are_not_there() {
    check(&demo_file(), &["--label", "bulk_label"], &["--label bulk_label", "there are: bulk_labels, "]);
    check(&demo_file(), &["--batch", "Phase"], &["--batch Phase", "there are: phase, "]);
    check(&demo_file(), &["--batch", "S_score"], &["--batch S_score", "not categories"]);
}

#[test]
fn too_few_cells_or_genes() {
    check(&demo_file(), &["--batch-size", "1000"], &["700 cells are fewer than one batch of 1000"]);
    check(&demo_file(), &["--min-cells", "701"], &["765 genes"]);
    check(&demo_file(), &["--n-top-features", "0"], &["--n-top-features 0 is out of range"]);
}

#[test]
fn a_batch_of_three_cells() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("three.h5ad");
    let codes = (0..700).map(|cell| Some(u32::from(cell < 3))).collect();
    let lanes = Labels::new(codes, vec!["large".into(), "tiny".into()]).unwrap();
    let obs = vec![("lane".to_owned(), Column::Labels(lanes))];
    annotate_h5ad(demo_file(), &input, &Additions { obs, ..Additions::default() }).unwrap();
    check(&input, &["--batch", "lane"], &["batch 'tiny'", "3 cells"]);
}

#[test]
fn options_out_of_range() {
    check(&demo_file(), &["--lr", "0"], &["--lr 0 is out of range: above 0"]);
    check(&demo_file(), &["--element-mask-prob", "1.5"], &["--element-mask-prob"]);
    check(&demo_file(), &["--threads", "0"], &["--threads 0"]);
    check(&demo_file(), &["--threads", "100000"], &["--threads 100000"]);
    check(&demo_file(), &["--encoder-dims", "99999999999"], &["--encoder-dims"]);
    check(&demo_file(), &["--umap-min-dist=-1"], &["--umap-min-dist -1 is out of range"]);
    for key in ["", "a/b", ".."] {
        concord(&["run", "--demo", "-o", "x", "--output-key", key]).assert().code(2);
    }
    let misspelt = concord(&["run", "--demo", "-o", "x", "--latent-dims", "5"]).assert().code(2);
    assert!(String::from_utf8_lossy(&misspelt.get_output().stderr).contains("--latent-dims"));
    let unknown = concord(&["run", "--demo", "-o", "x", "--device", "abacus"]).assert().code(2);
    assert!(String::from_utf8_lossy(&unknown.get_output().stderr).contains("known are cpu"));
}

#[test]
fn a_folder_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    for out in [file.clone(), file.join("below")] {
        let assert = concord(&["run", "--demo", "-o"]).arg(&out).assert().code(2);
        let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(stderr.contains("cannot write to"), "{stderr}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

/// With two files in one folder it would be the user's own data.
#[test]
fn a_result_that_would_replace_its_own_input() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("annotated.h5ad");
    fs::copy(demo_file(), &input).unwrap();
    let assert = concord(&["run"]).arg(&input).arg("-o").arg(folder.path()).assert().code(2);
    assert!(String::from_utf8_lossy(&assert.get_output().stderr).contains("would be replaced"));
    assert_eq!(fs::read(&input).unwrap(), fs::read(demo_file()).unwrap());
}

#[cfg(unix)]
#[test]
fn names_that_are_not_unicode() {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(b"x\xff.h5ad");
    let folder = tempfile::tempdir().unwrap();
    concord(&["run", "-o", "x"]).arg(name).assert().code(2);
    concord(&["run", "--demo", "--epochs", "1", "--umap-n-epochs", "5", "-o"])
        .arg(folder.path().join(name))
        .assert()
        .success();
}

#[test]
fn fewer_genes_than_asked_for_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let assert = concord(&["run", "--demo", "--epochs", "1", "--umap-n-epochs", "5", "-o"])
        .arg(folder.path().join("out"))
        .assert()
        .success();
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(stderr.contains("warning: 2000 genes were asked for"), "{stderr}");
}
