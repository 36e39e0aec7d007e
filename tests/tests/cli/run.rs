use std::{collections::BTreeSet, fs, path::Path};

use concord_attr::gene_statistics;
use concord_core::{Column, Labels};
use concord_io::{Additions, MatrixSource, ReadOptions, annotate_h5ad, inspect_h5ad, read_h5ad, read_obsm};
use concord_prep::{NormalizeConfig, normalize};
use tempfile::TempDir;

use crate::{Row, annotated_file, concord, contents, demo_file, fails, rows, stderr_of};

/// Without what comes after the UMAP.
const SHORT: [&str; 2] = ["--no-attribution", "--no-report"];

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
    let figures = ["latent", "neurons", "training", "umap", "umap_bulk_labels", "umap_n_counts"];
    let figures = figures.iter().flat_map(|name| ["pdf", "png", "svg"].map(|kind| format!("figures/{name}.{kind}")));
    let mut expected: Vec<String> = figures.collect();
    let others =
        ["annotated.h5ad", "features.csv", "ranked_genes.csv", "report.html", "run.json", "run.log", "trust.csv"];
    expected.extend(others.map(str::to_owned));
    expected.extend(["model/config.json", "model/model.safetensors"].map(str::to_owned));
    expected.sort();
    let (of_lists, names): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| name.starts_with("figures/genes/"));
    assert_eq!(names, expected);
    assert_eq!(of_lists.len(), 30, "{of_lists:?}");
    assert!(of_lists.contains(&"figures/genes/CD14__Monocyte_against_the_rest.pdf"), "{of_lists:?}");
    assert!(of_lists.iter().all(|name| files[*name].starts_with(b"%PDF")));
    assert!(files["figures/umap.png"].starts_with(b"\x89PNG") && files["figures/umap.pdf"].starts_with(b"%PDF"));

    let record: serde_json::Value = serde_json::from_slice(&files["run.json"]).unwrap();
    assert_eq!(record["history"].as_array().unwrap().len(), 2);
    assert_eq!(record["config"]["train"]["n_epochs"], 2);
    let steps: Vec<&str> = record["steps"].as_array().unwrap().iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(
        steps,
        ["read", "select", "normalise", "train", "embed", "umap", "attribute", "figures", "report", "write"]
    );
    let log = String::from_utf8_lossy(&files["run.log"]);
    assert!(log.contains("epoch 2/2"), "{log}");
}

#[test]
fn keeps_everything_of_the_input() {
    let input = read_h5ad(demo_file(), &ReadOptions::default()).unwrap();
    let output = read_h5ad(annotated_file(), &ReadOptions::default()).unwrap();
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
        command.args(SHORT).arg(&input).arg("-o").arg(folder.path().join("out")).args(more).assert()
    };
    run(&[]).success();
    assert!(!folder.path().join("out/figures/umap_nothing.png").exists());
    run(&["--label", "nothing"]).code(2);
}

#[test]
fn any_number_of_umap_dimensions() {
    for (n_components, has_figure) in [("1", false), ("3", true)] {
        let arguments = ["--umap-n-components", n_components, "--label", "phase", "--label", "phase"];
        let folder = demo_run(&[&arguments[..], &SHORT].concat());
        assert_eq!(folder.path().join("out/figures/umap_phase.png").exists(), has_figure);
    }
}

#[test]
fn says_what_it_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let assert = concord(&["run", "--demo", "--epochs", "1", "--umap-n-epochs", "5", "--output-key", "X_umap", "-o"])
        .arg(folder.path().join("out"))
        .args(SHORT)
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
    let of_seed = |seed| contents(&demo_run(&[&["--seed", seed][..], &SHORT].concat()).path().join("out"));
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
        .args(SHORT)
        .assert()
        .success()
        .stderr("");
    assert_eq!(fs::read_to_string(out.join("notes.txt")).unwrap(), "mine");
    assert_ne!(fs::read_to_string(out.join("run.json")).unwrap(), "old");
    assert!(contents(&out).keys().all(|name| !name.contains(".concord-")), "a temporary folder was left behind");
}

#[test]
fn batches_are_taken_from_a_column() {
    let folder = demo_run(&[&["--batch", "phase", "--json"][..], &SHORT].concat());
    let files = contents(&folder.path().join("out"));
    let card: serde_json::Value = serde_json::from_slice(&files["model/config.json"]).unwrap();
    assert_eq!(card["provenance"]["domains"], serde_json::json!(["G1", "G2M", "S"]));
    assert!(files.contains_key("figures/umap_phase.png"));
}

#[test]
fn parts_can_be_left_out() {
    let folder = demo_run(&SHORT);
    let files = contents(&folder.path().join("out"));
    for name in ["ranked_genes.csv", "trust.csv", "report.html"] {
        assert!(!files.contains_key(name), "{name}");
    }
    assert!(files.keys().all(|name| !name.starts_with("figures/genes/")));
    assert!(inspect_h5ad(folder.path().join("out/annotated.h5ad")).unwrap().varm.is_empty());
    let warnings = serde_json::from_slice::<serde_json::Value>(&files["run.json"]).unwrap()["warnings"].to_string();
    assert!(!warnings.contains("--by"), "what was left out on purpose is missed: {warnings}");

    let folder = demo_run(&["--no-attribution"]);
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(!page.contains("id=\"context-1\"") && page.contains("id=\"embedding\""));
    assert!(!page.contains("integrated gradients"), "the page names a method that was not used");
}

#[test]
fn a_umap_of_three_dimensions_for_the_report() {
    let folder = demo_run(&["--umap-3d", "--no-attribution"]);
    let out = folder.path().join("out");
    assert_eq!(read_obsm(out.join("annotated.h5ad"), "Concord_UMAP_3D").unwrap().dim(), (700, 3));
    assert_eq!(read_obsm(out.join("annotated.h5ad"), "Concord_UMAP").unwrap().dim(), (700, 2));
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("UMAP, 2 dimensions") && page.contains("UMAP, 3 dimensions"));
}

#[test]
fn the_column_of_the_contexts_is_chosen() {
    let folder = demo_run(&["--by", "phase", "--no-trust", "--no-report", "--top-neurons", "1"]);
    let contexts_of =
        |path: &Path| -> BTreeSet<String> { rows(path).into_iter().map(|row| row["context"].clone()).collect() };
    let ranked = folder.path().join("out/ranked_genes.csv");
    assert_eq!(contexts_of(&ranked), ["G1", "G2M", "S"].map(str::to_owned).into());
    let targets: BTreeSet<(String, String)> =
        rows(&ranked).into_iter().map(|row| (row["context"].clone(), row["target"].clone())).collect();
    assert_eq!(targets.len(), 6);
    assert_eq!(inspect_h5ad(folder.path().join("out/annotated.h5ad")).unwrap().varm[0].shape, [765, 6]);
    let refuses = |by: &str, expected: &[&str]| {
        let out = folder.path().join("none");
        fails(concord(&["run", "--demo", "--by", by, "-o"]).arg(&out), expected);
        assert!(!out.exists());
    };
    refuses("Phase", &["--by Phase: no such column; there are: phase, "]);
    refuses("S_score", &["--by S_score", "not categories"]);
}

/// By default the contexts are those of the first column to colour by that are no batches.
#[test]
fn batches_are_no_contexts() {
    let folder = demo_run(&["--batch", "phase", "--no-trust", "--no-report", "--top-neurons", "0"]);
    let ranked = rows(&folder.path().join("out/ranked_genes.csv"));
    let contexts: BTreeSet<&str> = ranked.iter().map(|row| row["context"].as_str()).collect();
    assert!(contexts.len() == 10 && contexts.contains("Dendritic"), "{contexts:?}");
}

#[test]
fn cells_without_a_label_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("some.h5ad");
    let labels =
        Labels::new((0..700).map(|cell| (cell % 4 > 0).then_some(cell % 2)).collect(), vec!["a".into(), "b".into()]);
    let obs = vec![("some".to_owned(), Column::Labels(labels.unwrap()))];
    annotate_h5ad(demo_file(), &input, &Additions { obs, ..Additions::default() }).unwrap();
    let mut command =
        concord(&["run", "--by", "some", "--epochs", "1", "--umap-n-epochs", "5", "--no-trust", "--no-report"]);
    let warned = stderr_of(command.arg(&input).arg("-o").arg(folder.path().join("out")));
    assert!(warned.contains("warning: 175 cells have no label in some and belong to no context"), "{warned}");
    let record = fs::read_to_string(folder.path().join("out/run.json")).unwrap();
    assert!(record.contains("175 cells have no label"), "{record}");
}

#[test]
fn gene_sets_are_tested_in_all_lists() {
    let folder = tempfile::tempdir().unwrap();
    let gmt = folder.path().join("sets.gmt");
    fs::write(&gmt, "B cells\t\tCD79A\tCD79B\tMS4A1\tCD74\tHLA-DRA\nT cells\t\tCD3D\tCD3E\tIL32\tLTB\tCD7\n").unwrap();
    let mut run = concord(&["run", "--demo", "--epochs", "2", "--umap-n-epochs", "5", "--no-trust", "--gmt"]);
    run.arg(&gmt).arg("-o").arg(folder.path().join("out")).assert().success();
    let enriched = rows(&folder.path().join("out/enrichment.csv"));
    let lists: BTreeSet<(&str, &str)> =
        enriched.iter().map(|row| (row["context"].as_str(), row["target"].as_str())).collect();
    assert_eq!((enriched.len(), lists.len()), (60, 30));
    let of_b =
        |row: &&Row| row["context"] == "CD19+ B" && row["target"] == "against the rest" && row["term"] == "B cells";
    let p_value: f64 = enriched.iter().find(of_b).unwrap()["p_value"].parse().unwrap();
    assert!(p_value < 0.01, "{p_value}");
    assert!(folder.path().join("out/figures/terms/CD19__B_against_the_rest.pdf").exists());
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("T cells"));
}

/// A file that cannot work is refused before the work.
#[test]
fn gene_sets_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let gmt = folder.path().join("sets.gmt");
    let refuses = |content: &str, expected: &[&str]| {
        fs::write(&gmt, content).unwrap();
        let mut run = concord(&["run", "--demo", "--epochs", "1", "--gmt"]);
        run.arg(&gmt).arg("-o").arg(folder.path().join("out"));
        fails(&mut run, expected);
        let stderr = String::from_utf8(run.assert().get_output().stderr.clone()).unwrap();
        assert!(!stderr.contains("train "), "it was trained first: {stderr}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was written");
    };
    refuses("B cells,,CD79A,CD79B,MS4A1\n", &["sets.gmt: line 1 of the GMT file has commas where tabs belong"]);
    refuses("", &["no gene set"]);
    refuses("empty\t\t\n", &["no gene set with genes"]);
    refuses("ids\t\tENSG00000167286\tENSG00000198851\n", &["gene symbols", "Ensembl", "ENSG00000167286"]);
    refuses("lower\t\tcd79a\tcd79b\tms4a1\tcd74\tcd3d\n", &["capital and small letters"]);
    fs::remove_file(&gmt).unwrap();
    let mut run = concord(&["run", "--demo", "--gmt"]);
    fails(run.arg(&gmt).arg("-o").arg(folder.path().join("out")), &["sets.gmt: cannot be read"]);
}

/// The authors' notebook normalises what is logged already.
#[test]
fn the_tutorial_normalises_logged_data_again() {
    let Some(shared) = concord_tests::shared("the double normalisation of the tutorial") else { return };
    let input = shared.join("data/pbmc3k_processed.h5ad");
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, more: &[&str]| {
        let mut command = concord(&["run", "--use-raw", "--by", "louvain", "--label", "louvain", "--flavor", "seurat"]);
        command.args(["--n-top-features", "300", "--epochs", "1", "--umap-n-epochs", "5", "--top-neurons", "0"]);
        command.args(["--no-trust", "--no-report", "--include-lowered", "--min-nonzero-fraction=0"]).args(more);
        stderr_of(command.arg(&input).arg("-o").arg(folder.path().join(name)))
    };
    let warned = run("tutorial", &["--tutorial"]);
    assert!(warned.contains("warning: the matrix seems to be logged already; --tutorial normalises"), "{warned}");
    let warned = run("plain", &[]);
    assert!(warned.contains("it is used as it is, without normalisation"), "{warned}");
    let latent = |name: &str| read_obsm(folder.path().join(name).join("annotated.h5ad"), "Concord").unwrap();
    assert_ne!(latent("tutorial"), latent("plain"));

    // What the model was given, by the means of the lists.
    let dataset = read_h5ad(&input, &ReadOptions { source: MatrixSource::Raw }).unwrap();
    let Some(Column::Labels(labels)) = dataset.obs.get("louvain") else { panic!("no labels") };
    let context = labels.names().iter().position(|name| name == "B cells").unwrap();
    let members = labels.members()[context].clone();
    let genes = dataset.genes.clone();
    let once = concord_core::LogNorm::from_logged(dataset.counts.matrix().clone()).unwrap();
    let twice = normalize(dataset.counts, &NormalizeConfig::default()).unwrap();
    for (name, expected) in [("tutorial", twice), ("plain", once)] {
        let expected = gene_statistics(&expected.select_cells(&members)).mean_expression;
        let ranked = rows(&folder.path().join(name).join("ranked_genes.csv"));
        let of_b: Vec<&Row> = ranked.iter().filter(|row| row["context"] == "B cells").collect();
        assert!(of_b.len() > 100, "{}", of_b.len());
        for row in of_b {
            let (found, expected) =
                (row["mean_expression"].parse::<f64>().unwrap(), expected[genes.position(&row["gene"]).unwrap()]);
            assert!((found - expected).abs() < 1e-5 * expected.max(1e-3), "{name}, {row:?}: {expected}");
        }
    }
    let card = fs::read_to_string(folder.path().join("tutorial/model/config.json")).unwrap();
    assert!(card.contains("target_sum"), "a model of the tutorial does not know how its input was normalised: {card}");
}
