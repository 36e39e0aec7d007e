use std::fs;

use concord_io::{ReadOptions, inspect_h5ad, read_h5ad, read_obsm};

use crate::{annotated_file, concord, demo_file, fails, json_of, stderr_of};

const SHORT: [&str; 2] = ["--umap-n-epochs", "20"];

#[test]
fn adds_to_a_copy_what_a_run_would_have_added() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let command = &mut concord(&["umap", "--key", "again"]);
    let json = json_of(command.args(SHORT).arg(annotated_file()).arg("-o").arg(&out));
    assert_eq!((&json["key"], &json["basis"]), (&"again".into(), &"Concord".into()));
    assert_eq!(read_obsm(&out, "again").unwrap(), read_obsm(annotated_file(), "Concord_UMAP").unwrap());
    let (before, after) =
        (read_h5ad(annotated_file(), &ReadOptions::default()), read_h5ad(&out, &ReadOptions::default()));
    assert_eq!(before.unwrap().counts, after.unwrap().counts);
}

#[test]
fn any_matrix_in_any_number_of_dimensions() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    concord(&["umap", "--basis", "X_umap", "--umap-n-components", "3", "--umap-metric", "cosine"])
        .args(SHORT)
        .arg(demo_file())
        .arg("-o")
        .arg(&out)
        .assert()
        .success();
    let summary = inspect_h5ad(&out).unwrap();
    let shapes: Vec<(&str, &[usize])> =
        summary.obsm.iter().map(|entry| (entry.name.as_str(), entry.shape.as_slice())).collect();
    assert_eq!(shapes, [("X_umap", &[700, 2][..]), ("X_umap_UMAP_3D", &[700, 3])]);
}

#[test]
fn the_input_is_replaced_only_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.h5ad");
    fs::copy(annotated_file(), &file).unwrap();
    fails(concord(&["umap", "-o"]).arg(&file).arg(&file), &["would be replaced", "--in-place"]);
    assert_eq!(fs::read(&file).unwrap(), fs::read(annotated_file()).unwrap());

    let stderr = stderr_of(concord(&["umap", "--in-place", "--seed", "7"]).args(SHORT).arg(&file));
    assert!(stderr.contains("warning: obsm/Concord_UMAP of the input is replaced"), "{stderr}");
    assert_ne!(read_obsm(&file, "Concord_UMAP").unwrap(), read_obsm(annotated_file(), "Concord_UMAP").unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn mistakes_are_answered_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let run = |arguments: &[&str], expected: &[&str]| {
        fails(concord(&["umap"]).args(arguments).arg(annotated_file()).arg("-o").arg(&out), expected);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was written");
    };
    run(&["--basis", "concord"], &["--basis concord", "there are: Concord, "]);
    run(&["--umap-min-dist", "9"], &["--umap-min-dist 9 is out of range"]);
    run(&["--key", "a/b"], &["without slashes"]);
    run(&["--in-place"], &["cannot be used with"]);
    fails(concord(&["umap", "none.h5ad", "-o"]).arg(&out), &["none.h5ad", "no such file"]);
    fails(concord(&["umap", "-o", "no/where.h5ad"]).arg(annotated_file()), &["there is no folder no; make it"]);
    fails(concord(&["umap", "-o"]).arg(folder.path()).arg(annotated_file()), &["it is a folder"]);
    fails(concord(&["umap"]).arg(annotated_file()), &["required arguments were not provided"]);
}
