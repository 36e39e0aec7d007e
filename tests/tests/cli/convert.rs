//! `concord convert`, on the inputs of `concord-io/tests/fixtures/make_10x.py`.

use std::{fs, path::PathBuf};

use concord_core::{Column, Table};
use concord_io::{Dataset, ReadOptions, inspect_h5ad, read_h5ad};
use serde_json::Value;

use crate::{concord, demo_file, fails, fixture, json_of, stderr_of};

fn input(name: &str) -> PathBuf {
    fixture("10x").join(name)
}

/// What scanpy reads from the inputs.
fn expected(name: &str) -> Value {
    let all: Value = serde_json::from_str(&fs::read_to_string(input("10x.json")).unwrap()).unwrap();
    all[name].clone()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn column(table: &Table, name: &str) -> Vec<String> {
    match table.get(name) {
        Some(Column::Texts(values)) => values.iter().flatten().cloned().collect(),
        Some(Column::Labels(labels)) => {
            (0..labels.n_cells()).filter_map(|row| labels.name_of(row)).map(str::to_owned).collect()
        }
        other => panic!("{name}: {other:?}"),
    }
}

/// Runs `concord convert INPUTS -o OUT ARGUMENTS`. Returns what is in the file, and all lines of stderr.
fn convert(inputs: &[&str], arguments: &[&str]) -> (Dataset, String) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let inputs = inputs.iter().map(|name| input(name));
    let stderr = stderr_of(concord(&["convert"]).args(inputs).arg("-o").arg(&out).args(arguments));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something else was left in the folder");
    (read_h5ad(out, &ReadOptions::default()).unwrap(), stderr)
}

#[test]
fn each_form_becomes_what_scanpy_reads() {
    for name in ["v2.h5", "v3.h5", "v2", "v3"] {
        let (data, _) = convert(&[name], &[]);
        let expected = expected(name);
        assert_eq!(data.cells.names(), texts(&expected["cells"]), "{name}");
        assert_eq!(data.genes.names(), texts(&expected["genes"]), "{name}");
        assert_eq!(data.counts.matrix().data().len(), expected["matrix"]["data"].as_array().unwrap().len());
        assert_eq!(column(&data.var, "gene_ids"), texts(&expected["var"]["gene_ids"]), "{name}");
        assert_eq!(data.obs.names().count(), 0);
    }
}

#[test]
fn types_genomes_and_names_are_chosen() {
    let (data, stderr) = convert(&["v3.h5"], &["--feature-type", "Antibody Capture"]);
    assert_eq!(data.genes.names(), ["CD3_TotalSeqB", "CD19_TotalSeqB", "IgG1"]);
    assert!(stderr.contains("8 x Gene Expression, 1 x CRISPR Guide Capture"), "{stderr}");
    let (data, stderr) = convert(&["v3"], &["--feature-type", "all", "--compression", "none"]);
    assert_eq!(data.genes.len(), 12);
    assert!(stderr.contains("genes had the name of another"), "{stderr}");
    let (data, _) = convert(&["two_genomes.h5"], &["--genome", "mm10", "--gene-names", "ids"]);
    assert_eq!(data.genes.names()[3], "ENSMUSG00000000003");
    assert_eq!(column(&data.var, "gene_symbols"), ["Xkr4", "Rp1", "Sox17", "Rp1"]);
    assert_eq!(column(&data.var, "genome"), ["mm10"; 4]);
}

#[test]
fn inputs_are_put_behind_each_other() {
    let (data, stderr) = convert(&["v3", "v2.h5"], &[]);
    assert_eq!((data.cells.len(), data.genes.len()), (11, 8));
    assert_eq!(column(&data.obs, "batch"), [vec!["v3"; 6], vec!["v2"; 5]].concat());
    assert_eq!(data.cells.names()[0], "ACTTCAAA-1-v3");
    assert!(stderr.contains("v3: 6 cells x 8 genes (all kept)"), "{stderr}");

    let arguments = ["--join", "outer", "--batch-key", "sample", "--batch-names", "old,new"];
    let (data, stderr) = convert(&["annotated.h5ad", "v3.h5"], &arguments);
    assert_eq!((data.cells.len(), data.genes.len()), (10, 10));
    assert_eq!(column(&data.obs, "sample"), [vec!["old"; 4], vec!["new"; 6]].concat());
    assert!(data.obs.get("kind").is_some());
    assert!(stderr.contains("warning: 6 genes are not in all inputs"), "{stderr}");
    assert!(stderr.contains("annotated.h5ad: layers/twice, obsm/X_pca, uns/note"), "{stderr}");
    assert!(stderr.contains("v3.h5: 3 x Antibody Capture, 1 x CRISPR Guide Capture"), "{stderr}");

    let (data, stderr) = convert(&["annotated.h5ad", "v3.h5"], &[]);
    assert_eq!(data.genes.len(), 4);
    assert!(stderr.contains("left out (--join outer keeps them): kind, n, even"), "{stderr}");
}

#[test]
fn a_single_file_keeps_all_that_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let json = json_of(concord(&["convert"]).arg(input("annotated.h5ad")).arg("-o").arg(&out));
    assert_eq!(json["n_bytes_after"], fs::metadata(&out).unwrap().len());
    let (before, after) = (inspect_h5ad(input("annotated.h5ad")).unwrap(), inspect_h5ad(&out).unwrap());
    assert_eq!((before.obs, before.var), (after.obs, after.var));
    assert_eq!((before.obsm, before.uns), (after.obsm, after.uns));
    assert_eq!(before.matrices.len(), after.matrices.len());

    // A layer in the place of X makes it another file.
    let arguments = ["--layer", "twice", "-o"];
    let stderr = stderr_of(concord(&["convert"]).arg(input("annotated.h5ad")).args(arguments).arg(&out));
    assert!(stderr.contains("X, obsm/X_pca, uns/note"), "{stderr}");
    assert_eq!(inspect_h5ad(&out).unwrap().obs.len(), 3);
}

#[test]
fn the_result_is_told_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let inputs = ["v2.h5", "annotated.h5ad"].map(input);
    let json = json_of(concord(&["convert", "--join", "outer"]).args(inputs).arg("-o").arg(&out));
    assert_eq!((&json["n_cells"], &json["n_genes"], &json["n_genes_in_all"]), (&9.into(), &10.into(), &4.into()));
    assert_eq!(json["genes_matched_by"], "ids");
    assert_eq!(json["inputs"][1]["left_out"], serde_json::json!(["layers/twice", "obsm/X_pca", "uns/note"]));
}

/// Runs `concord convert INPUTS -o OUT ARGUMENTS`, which must fail with a message that holds all of `texts`, and write nothing.
fn refuses(inputs: &[&str], arguments: &[&str], texts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let inputs = inputs.iter().map(|name| input(name));
    fails(concord(&["convert"]).args(inputs).arg("-o").arg(&out).args(arguments), texts);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was written");
}

#[test]
fn mistakes_are_told_in_one_line() {
    refuses(&["nowhere"], &[], &["nowhere", "no such file"]);
    refuses(&["10x.json"], &[], &["not an HDF5 file"]);
    refuses(&["two_genomes.h5"], &[], &["several genomes", "hg19, mm10"]);
    refuses(&["v2.h5"], &["--genome", "mm10"], &["no genome 'mm10'; it has: hg19"]);
    refuses(&["v3"], &["--feature-type", "Peaks"], &["no features of the type 'Peaks'", "Antibody Capture"]);
    refuses(&["v2", "v3"], &["--batch-names", "a"], &["1 names of batches for 2 inputs"]);
    refuses(&["annotated.h5ad", "annotated_more.h5ad"], &["--batch-key", "kind"], &["column 'kind'"]);
    refuses(&["annotated.h5ad"], &["--layer", "none"], &["no layer 'none'; it has: twice"]);
    let out = input("annotated.h5ad");
    fails(concord(&["convert"]).arg(&out).arg("-o").arg(&out), &["would be replaced"]);
    concord(&["convert", "-o", "x.h5ad"]).assert().code(2);
}

#[test]
fn inputs_without_common_genes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mouse = folder.path().join("mouse.h5ad");
    stderr_of(concord(&["convert", "--genome", "mm10"]).arg(input("two_genomes.h5")).arg("-o").arg(&mouse));
    let out = folder.path().join("out.h5ad");
    let mut command = concord(&["convert"]);
    command.arg(&mouse).arg(input("v2.h5")).arg("-o").arg(&out);
    fails(&mut command, &["no gene is in all of", "has Xkr4, Rp1, Sox17", "outer"]);
    let stderr = stderr_of(command.args(["--join", "outer"]));
    assert!(stderr.contains("no gene is in all inputs"), "{stderr}");
}

#[test]
fn other_commands_tell_what_to_do_with_10x_matrices() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["v3.h5", "v2.h5", "v3", "v2/matrix.mtx"] {
        for command in ["run", "inspect"] {
            let mut command = concord(&[command]);
            command.arg(input(name));
            if command.get_args().next() == Some("run".as_ref()) {
                command.arg("-o").arg(folder.path().join("out"));
            }
            fails(&mut command, &["is a 10x matrix", "concord convert"]);
        }
    }
}

/// What was converted can be run.
#[test]
fn a_joined_file_has_the_cells_of_both() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("twice.h5ad");
    stderr_of(concord(&["convert", "--batch-names", "a,b"]).args([demo_file(), demo_file()]).arg("-o").arg(&out));
    let (once, twice) =
        (read_h5ad(demo_file(), &ReadOptions::default()).unwrap(), read_h5ad(&out, &ReadOptions::default()).unwrap());
    assert_eq!(once.genes, twice.genes);
    assert_eq!(twice.counts.matrix().slice_outer(700..1400).data(), once.counts.matrix().data());
    assert_eq!(twice.counts.n_cells(), 1400);
    let names: Vec<&str> = once.obs.names().chain(["batch"]).collect();
    assert_eq!(twice.obs.names().collect::<Vec<_>>(), names);
}
