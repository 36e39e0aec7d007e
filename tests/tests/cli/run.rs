use std::fs;

use concord_core::{Column, Labels};
use concord_io::{Additions, ReadOptions, annotate_h5ad, read_h5ad};
use tempfile::TempDir;

use crate::{concord, contents, demo_file};

/// Runs the embedded data set for two epochs into a folder of its own.
fn demo_run(more: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    concord(&["run", "--demo", "--epochs", "2", "--umap-n-epochs", "20", "-o"])
        .arg(folder.path().join("out"))
        .args(more)
        .assert()
        .success();
    folder
}

#[test]
fn leaves_figures_file_model_and_record() {
    let folder = demo_run(&["--label", "bulk_labels", "--label", "n_counts"]);
    let files = contents(&folder.path().join("out"));
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let figures = ["training", "umap", "umap_bulk_labels", "umap_n_counts"];
    let figures = figures.iter().flat_map(|name| ["pdf", "png", "svg"].map(|kind| format!("figures/{name}.{kind}")));
    let mut expected: Vec<String> = figures.collect();
    let others =
        ["annotated.h5ad", "features.csv", "model/config.json", "model/model.safetensors", "run.json", "run.log"];
    expected.extend(others.map(str::to_owned));
    expected.sort();
    assert_eq!(names, expected);
    assert!(files["figures/umap.png"].starts_with(b"\x89PNG") && files["figures/umap.pdf"].starts_with(b"%PDF"));

    let record: serde_json::Value = serde_json::from_slice(&files["run.json"]).unwrap();
    assert_eq!(record["history"].as_array().unwrap().len(), 2);
    assert_eq!(record["config"]["train"]["n_epochs"], 2);
    let steps: Vec<&str> = record["steps"].as_array().unwrap().iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(steps, ["read", "select", "normalise", "train", "embed", "umap", "figures", "write"]);
    let log = String::from_utf8_lossy(&files["run.log"]);
    assert!(log.contains("epoch 2/2"), "{log}");
}

#[test]
fn keeps_everything_of_the_input() {
    let folder = demo_run(&[]);
    let input = read_h5ad(demo_file(), &ReadOptions::default()).unwrap();
    let output = read_h5ad(folder.path().join("out/annotated.h5ad"), &ReadOptions::default()).unwrap();
    assert_eq!(input.counts, output.counts);
    assert_eq!((&input.cells, &input.genes), (&output.cells, &output.genes));
    assert_eq!(input.obs, output.obs);
    assert!(input.obsm.iter().all(|name| output.obsm.contains(name)));
    for name in ["Concord", "Concord_UMAP"] {
        assert!(output.obsm.iter().any(|existing| existing == name), "{:?}", output.obsm);
    }
}

#[test]
fn columns_without_a_single_label_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("missing.h5ad");
    let nothing = Labels::new(vec![None; 700], vec!["a".into(), "b".into()]).unwrap();
    let obs = vec![("nothing".to_owned(), Column::Labels(nothing))];
    annotate_h5ad(demo_file(), &input, &Additions { obs, ..Additions::default() }).unwrap();
    let run = |more: &[&str]| {
        let mut command = concord(&["run", "--epochs", "1", "--umap-n-epochs", "5"]);
        command.arg(&input).arg("-o").arg(folder.path().join("out")).args(more).assert()
    };
    run(&[]).success();
    assert!(!folder.path().join("out/figures/umap_nothing.png").exists());
    run(&["--label", "nothing"]).code(2);
}

#[test]
fn any_number_of_umap_dimensions() {
    for (n_components, has_figure) in [("1", false), ("3", true)] {
        let folder = demo_run(&["--umap-n-components", n_components, "--label", "phase", "--label", "phase"]);
        assert_eq!(folder.path().join("out/figures/umap_phase.png").exists(), has_figure);
    }
}

#[test]
fn says_what_it_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let assert = concord(&["run", "--demo", "--epochs", "1", "--umap-n-epochs", "5", "--output-key", "X_umap", "-o"])
        .arg(folder.path().join("out"))
        .assert()
        .success();
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(stderr.contains("warning: obsm/X_umap of the input is replaced"), "{stderr}");
}

#[test]
fn gives_the_same_bytes_for_any_number_of_threads() {
    let of_threads = |threads| contents(&demo_run(&["--threads", threads]).path().join("out"));
    let (one, three) = (of_threads("1"), of_threads("3"));
    assert_eq!(one.keys().collect::<Vec<_>>(), three.keys().collect::<Vec<_>>());
    for (name, content) in &one {
        // Record and log tell times; everything else is to be the same.
        if !name.starts_with("run.") {
            assert!(*content == three[name], "{name} depends on the number of threads");
        }
    }
}

#[test]
fn other_seeds_give_other_results() {
    let of_seed = |seed| contents(&demo_run(&["--seed", seed]).path().join("out"));
    assert_ne!(of_seed("0")["model/model.safetensors"], of_seed("1")["model/model.safetensors"]);
}

#[test]
fn older_results_are_replaced_and_strange_ones_kept() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    fs::write(out.join("run.json"), "old").unwrap();
    concord(&["run", "--demo", "--epochs", "1", "--umap-n-epochs", "5", "--quiet", "-o"])
        .arg(&out)
        .assert()
        .success()
        .stderr("");
    assert_eq!(fs::read_to_string(out.join("notes.txt")).unwrap(), "mine");
    assert_ne!(fs::read_to_string(out.join("run.json")).unwrap(), "old");
    assert!(contents(&out).keys().all(|name| !name.contains(".concord-")), "a temporary folder was left behind");
}

#[test]
fn batches_are_taken_from_a_column() {
    let folder = demo_run(&["--batch", "phase", "--json"]);
    let files = contents(&folder.path().join("out"));
    let card: serde_json::Value = serde_json::from_slice(&files["model/config.json"]).unwrap();
    assert_eq!(card["provenance"]["domains"], serde_json::json!(["G1", "G2M", "S"]));
    assert!(files.contains_key("figures/umap_phase.png"));
}
