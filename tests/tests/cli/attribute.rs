//! `concord attribute`, and what of it `concord run` does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;
use concord_core::{Column, Labels, LogNorm};
use concord_io::{Additions, ReadOptions, annotate_h5ad, inspect_h5ad, read_h5ad, read_obsm};
use concord_model::{Device, Encoder, load};
use concord_prep::{NormalizeConfig, normalize};
use tempfile::TempDir;

use crate::{Row, annotated_file, concord, demo_file, demo_run, fails, hostile_names, json_of, rows, stderr_of};

/// A folder for results.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// `concord attribute INPUT --model DEMO -o out`.
    fn attribute(&self, input: &Path, arguments: &[&str]) -> Command {
        let mut command = concord(&["attribute"]);
        command.arg(input).arg("--model").arg(demo_run().join("model")).arg("-o").arg(self.path("out"));
        command.args(arguments);
        command
    }

    /// The same for the bulk labels of the embedded data set.
    fn by_bulk_labels(&self, arguments: &[&str]) -> Command {
        let mut command = self.attribute(&demo_file(), &["--by", "bulk_labels"]);
        command.args(arguments);
        command
    }

    /// The lists of dendritic cells alone, without trust, which is fast.
    fn dendritic(&self, arguments: &[&str]) -> Vec<Row> {
        self.by_bulk_labels(&["--context", "Dendritic", "--no-trust"]).args(arguments).assert().success();
        self.rows("ranked_genes.csv")
    }

    fn rows(&self, name: &str) -> Vec<Row> {
        rows(&self.path("out").join(name))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path("out").join(name)).unwrap()
    }

    /// A mistake of a user, after which nothing is written.
    fn refuses(&self, command: &mut Command, expected: &[&str]) {
        fails(command, expected);
        assert!(!self.path("out").exists(), "something was written");
    }
}

/// The embedded data set with a further column of labels.
fn with_labels(folder: &Folder, label: impl Fn(usize) -> Option<String>) -> PathBuf {
    let labels: Vec<Option<String>> = (0..700).map(label).collect();
    let obs = vec![("group".to_owned(), Column::Labels(Labels::from_optional_texts(&labels)))];
    let path = folder.path("labelled.h5ad");
    annotate_h5ad(demo_file(), &path, &Additions { obs, ..Additions::default() }).unwrap();
    path
}

/// The lists by context and target.
fn lists(rows: &[Row]) -> BTreeMap<(&str, &str), Vec<&Row>> {
    let mut lists: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        lists.entry((&row["context"], &row["target"])).or_default().push(row);
    }
    lists
}

fn targets(rows: &[Row]) -> BTreeSet<&str> {
    rows.iter().map(|row| row["target"].as_str()).collect()
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

fn genes<'a>(rows: &'a [Row], target: &str) -> Vec<&'a str> {
    rows.iter().filter(|row| row["target"] == target).map(|row| row["gene"].as_str()).collect()
}

/// The model of the short run and its input.
fn demo_model() -> (Encoder, LogNorm, Vec<String>, Labels) {
    let (encoder, card) = load(&demo_run().join("model"), &Device::cpu()).unwrap();
    let dataset = read_h5ad(demo_file(), &ReadOptions::default()).unwrap();
    let columns: Vec<usize> = card.features.iter().map(|gene| dataset.genes.position(gene).unwrap()).collect();
    let Some(Column::Labels(labels)) = dataset.obs.get("bulk_labels") else { panic!("no labels") };
    let labels = labels.clone();
    let data = normalize(dataset.counts, &NormalizeConfig::default()).unwrap().select_genes(&columns);
    (encoder, data, card.features, labels)
}

#[test]
fn lists_are_ranked_and_filtered() {
    let rows = rows(&demo_run().join("ranked_genes.csv"));
    let columns =
        ["context", "target", "rank", "gene", "importance", "mean_expression", "nonzero_fraction", "difference"];
    let header = fs::read_to_string(demo_run().join("ranked_genes.csv")).unwrap();
    assert_eq!(header.lines().next().unwrap(), columns.join(","));
    let lists = lists(&rows);
    assert_eq!(lists.len(), 30, "ten contexts with a contrast and two neurons each");
    for ((context, target), list) in lists {
        assert!(target == "against the rest" || target.starts_with("neuron "), "{context}: {target}");
        let ranks: Vec<usize> = list.iter().map(|row| row["rank"].parse().unwrap()).collect();
        assert_eq!(ranks, (1..=list.len()).collect::<Vec<_>>(), "{context}, {target}");
        assert!(list.is_sorted_by(|a, b| number(a, "importance") >= number(b, "importance")), "{context}, {target}");
        for row in list {
            assert!(number(row, "nonzero_fraction") > 0.03 && number(row, "mean_expression") > 0.0, "{row:?}");
            assert!(number(row, "difference") >= 0.0, "a lowered gene: {row:?}");
        }
    }
}

/// The mean expression of a list is that of the file.
#[test]
fn statistics_are_those_of_the_cells() {
    let (_, data, features, labels) = demo_model();
    let rows = rows(&demo_run().join("ranked_genes.csv"));
    let row = rows.iter().find(|row| row["context"] == "CD19+ B").unwrap();
    let gene = features.iter().position(|name| *name == row["gene"]).unwrap();
    let context = labels.names().iter().position(|name| name == "CD19+ B").unwrap();
    let dense = data.matrix().to_dense();
    let values: Vec<f32> = labels.members()[context].iter().map(|&cell| dense[(cell, gene)]).collect();
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64;
    let nonzero = values.iter().filter(|&&value| value > 0.0).count() as f64 / values.len() as f64;
    assert!(
        (number(row, "mean_expression") - mean).abs() < 1e-6
            && (number(row, "nonzero_fraction") - nonzero).abs() < 1e-9
    );
}

#[test]
fn trust_is_told_for_every_list_and_what_it_is_held_against() {
    let rows = rows(&demo_run().join("trust.csv"));
    assert_eq!(rows.len(), 120);
    for of_target in rows.chunks(4) {
        let rankings: Vec<&str> = of_target.iter().map(|row| row["ranking"].as_str()).collect();
        assert_eq!(rankings, ["list", "gradient", "expression", "random"]);
        assert!(of_target.iter().all(|row| row["target"] == of_target[0]["target"]));
        assert!(number(&of_target[0], "sum_error") < 0.05, "{:?}", of_target[0]);
        let is_contrast = of_target[0]["target"] == "against the rest";
        assert_eq!(of_target[0]["random_weights"].is_empty(), !is_contrast, "{:?}", of_target[0]);
        if is_contrast {
            assert!(number(&of_target[0], "random_weights") < 0.6, "{:?}", of_target[0]);
        }
        assert!(of_target.iter().all(|row| row["seeds"].is_empty()));
        assert!(of_target[1..].iter().all(|row| row["sum_error"].is_empty() && row["random_weights"].is_empty()));
        // A neuron may be as active elsewhere, and then there is nothing to measure on.
        let measures = ["deletion_to_zero", "deletion_to_mean", "insertion_to_zero", "insertion_to_mean"];
        let is_empty = |row: &Row| measures.iter().all(|column| row[*column].is_empty());
        let is_full = |row: &Row| measures.iter().all(|column| row[*column].parse().is_ok_and(f64::is_finite));
        assert!(of_target.iter().all(is_full) || !is_contrast && of_target.iter().all(is_empty), "{of_target:?}");
        if is_contrast {
            let (list, random) = (number(&of_target[0], "deletion_to_zero"), number(&of_target[3], "deletion_to_zero"));
            assert!(list > random && list > 0.0, "{of_target:?}");
        }
    }
}

#[test]
fn the_annotated_file_has_importances_and_lists_and_keeps_everything() {
    let folder = Folder::new();
    folder.dendritic(&["--neurons", "0,3", "--output-key", "why"]);
    let mine = folder.path("out/annotated.h5ad");
    for (path, key, shape) in [(annotated_file(), "Concord_importance", [765, 30]), (mine, "why", [765, 3])] {
        let summary = inspect_h5ad(&path).unwrap();
        let varm: Vec<(&str, &[usize])> =
            summary.varm.iter().map(|entry| (entry.name.as_str(), entry.shape.as_slice())).collect();
        assert_eq!(varm, [(key, &shape[..])]);
        assert!(summary.uns.iter().any(|entry| entry.name == key), "{:?}", summary.uns);
        let (before, after) =
            (read_h5ad(demo_file(), &ReadOptions::default()), read_h5ad(&path, &ReadOptions::default()));
        let (before, after) = (before.unwrap(), after.unwrap());
        assert_eq!((&before.counts, &before.cells, &before.genes), (&after.counts, &after.cells, &after.genes));
        assert_eq!(before.obs, after.obs);
        assert_eq!(read_obsm(demo_file(), "X_umap").unwrap(), read_obsm(&path, "X_umap").unwrap());
    }
}

#[test]
fn gives_the_lists_of_the_run_again_for_any_number_of_threads() {
    let folder = Folder::new();
    for n_threads in ["1", "3"] {
        let output = folder.by_bulk_labels(&["--threads", n_threads]).assert().success();
        let text = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
        assert!(text.contains("How far the lists can be trusted") && text.contains("Dendritic"), "{text}");
        for name in ["ranked_genes.csv", "trust.csv"] {
            assert!(folder.bytes(name) == fs::read(demo_run().join(name)).unwrap(), "{name}, {n_threads} threads");
        }
    }
    let record: serde_json::Value = serde_json::from_slice(&folder.bytes("attribution.json")).unwrap();
    let contexts = record["contexts"].as_array().unwrap();
    assert_eq!((contexts.len(), &contexts[9]["name"], &contexts[9]["n_cells"]), (10, &"Dendritic".into(), &240.into()));
    assert_eq!(record["config"]["config"]["method"], "integrated-gradients");
    assert_eq!(contexts[9]["targets"][0]["name"], "against the rest");
    assert_eq!(contexts[9]["targets"][1]["name"], format!("neuron {}", contexts[9]["targets"][1]["neuron"]));
}

#[test]
fn every_method_gives_a_list_of_its_own() {
    let folder = Folder::new();
    let mut seen = BTreeSet::new();
    for method in ["gradient", "gradient-times-input", "integrated-gradients", "expected-gradients", "smooth-grad"] {
        let arguments = ["--method", method, "--top-neurons", "0", "--n-samples", "4", "--context", "CD34+"];
        folder.dendritic(&arguments);
        let rows = folder.rows("ranked_genes.csv");
        assert_eq!(
            lists(&rows).keys().copied().collect::<Vec<_>>(),
            [("CD34+", "against the rest"), ("Dendritic", "against the rest")]
        );
        seen.insert(folder.bytes("ranked_genes.csv"));
        let record: serde_json::Value = serde_json::from_slice(&folder.bytes("attribution.json")).unwrap();
        let adds_up = matches!(method, "integrated-gradients" | "expected-gradients");
        assert_eq!(record["contexts"][0]["targets"][0]["sum_error"].is_null(), !adds_up, "{method}");
    }
    assert_eq!(seen.len(), 5, "two methods gave the same numbers");
    assert_ne!(folder.dendritic(&["--baseline", "zeros"]), folder.dendritic(&["--baseline", "other-contexts"]));
    let noisy = |seed| folder.dendritic(&["--method", "smooth-grad", "--n-samples", "2", "--seed", seed]);
    assert_ne!(noisy("0"), noisy("1"), "the seed changes nothing");
}

#[test]
fn sizes_alone_can_be_ranked() {
    let folder = Folder::new();
    let signed = folder.dendritic(&["--neurons", "0", "--include-lowered"]);
    let absolute = folder.dendritic(&["--neurons", "0", "--include-lowered", "--sign", "absolute"]);
    assert!(signed.iter().any(|row| number(row, "importance") < 0.0));
    assert!(absolute.iter().all(|row| number(row, "importance") >= 0.0));
    let by_gene = |rows: &[Row]| -> BTreeMap<(String, String), f64> {
        rows.iter().map(|row| ((row["target"].clone(), row["gene"].clone()), number(row, "importance"))).collect()
    };
    let sizes = by_gene(&absolute);
    for (place, score) in by_gene(&signed) {
        assert!(sizes[&place] >= score.abs() * (1.0 - 1e-5) - 1e-9, "{place:?}: {score} and {}", sizes[&place]);
    }
}

#[test]
fn neurons_are_chosen_by_number() {
    let folder = Folder::new();
    assert_eq!(
        targets(&folder.dendritic(&["--neurons", "3, 0,3"])),
        ["against the rest", "neuron 0", "neuron 3"].into()
    );
    let rows = folder.dendritic(&["--neurons", "3,3", "--no-contrast"]);
    let unique: BTreeSet<&str> = rows.iter().map(|row| row["gene"].as_str()).collect();
    assert_eq!(unique.len(), rows.len(), "a neuron that was named twice is listed twice");
    let all = folder.dendritic(&["--neurons", "all", "--method", "gradient", "--no-contrast"]);
    assert_eq!(targets(&all).len(), 100);
    assert_eq!(targets(&folder.dendritic(&["--top-neurons", "5", "--no-contrast"])).len(), 5);
}

#[test]
fn plain_gradients_are_the_mean_jacobian() {
    let folder = Folder::new();
    let rows = folder.dendritic(&[
        "--method",
        "gradient",
        "--include-lowered",
        "--neurons",
        "all",
        "--min-nonzero-fraction=0",
    ]);
    let (encoder, data, features, labels) = demo_model();
    let context = labels.names().iter().position(|name| name == "Dendritic").unwrap();
    let expected =
        concord_attr::importance(&encoder.network(), &data.select_cells(&labels.members()[context])).unwrap();
    let mut n_compared = 0;
    for row in rows.iter().filter(|row| row["target"] != "against the rest") {
        let neuron: usize = row["target"].strip_prefix("neuron ").unwrap().parse().unwrap();
        let gene = features.iter().position(|name| *name == row["gene"]).unwrap();
        let expected = f64::from(expected[(gene, neuron)]);
        assert!((number(row, "importance") - expected).abs() < 1e-7, "{row:?}: {expected}");
        n_compared += 1;
    }
    assert!(n_compared > 50_000, "{n_compared}");
}

#[test]
fn contexts_are_held_against_one_another() {
    let folder = Folder::new();
    let mut command = folder.by_bulk_labels(&["--context", "CD56+ NK", "--context", "CD34+", "--against", "CD19+ B"]);
    command.args(["--no-trust", "--top-neurons", "0"]).assert().success();
    let against_b = folder.rows("ranked_genes.csv");
    let places: Vec<_> = lists(&against_b).into_keys().collect();
    assert_eq!(places, [("CD34+", "against CD19+ B"), ("CD56+ NK", "against CD19+ B")]);
    folder.by_bulk_labels(&["--against", "CD19+ B", "--no-trust", "--top-neurons", "0"]).assert().success();
    let all = folder.rows("ranked_genes.csv");
    assert_eq!(lists(&all).len(), 9, "all contexts but the one that they are held against");
    let of_nk = |rows: &[Row]| rows.iter().filter(|row| row["context"] == "CD56+ NK").cloned().collect::<Vec<_>>();
    assert_eq!(of_nk(&all), of_nk(&against_b));
    let of_run = of_nk(&rows(&demo_run().join("ranked_genes.csv")));
    assert_ne!(genes(&of_nk(&all), "against CD19+ B"), genes(&of_run, "against the rest"));
}

#[test]
fn a_direction_along_a_neuron_is_the_neuron() {
    let folder = Folder::new();
    let one: Vec<&str> = (0..100).map(|neuron| if neuron == 7 { "1" } else { "0" }).collect();
    let path = folder.write("direction.txt", &one.join("\n"));
    let rows = folder.dendritic(&["--neurons", "7", "--direction", path.to_str().unwrap()]);
    assert_eq!(targets(&rows), ["against the rest", "direction", "neuron 7"].into());
    let scores = |target: &str| -> Vec<(&str, f64)> {
        let of_target = rows.iter().filter(|row| row["target"] == target);
        of_target.map(|row| (row["gene"].as_str(), number(row, "importance"))).collect()
    };
    assert_eq!(scores("direction"), scores("neuron 7"));
    folder.write("direction.txt", &one.join(", ").replace('1', "-2"));
    let rows = folder.dendritic(&["--neurons", "7", "--direction", path.to_str().unwrap(), "--include-lowered"]);
    let score = |target: &str| rows.iter().find(|row| row["target"] == target && row["gene"] == "LYZ").unwrap();
    let (direction, neuron) = (number(score("direction"), "importance"), number(score("neuron 7"), "importance"));
    assert!((direction + 2.0 * neuron).abs() < 1e-5 * neuron.abs(), "{direction}, {neuron}");
}

#[test]
fn cells_can_be_listed() {
    let folder = Folder::new();
    let dataset = read_h5ad(demo_file(), &ReadOptions::default()).unwrap();
    let Some(Column::Labels(labels)) = dataset.obs.get("bulk_labels") else { panic!("no labels") };
    let names = dataset.cells.names();
    let context = labels.names().iter().position(|name| name == "Dendritic").unwrap();
    let list: Vec<&str> = labels.members()[context].iter().map(|&cell| names[cell].as_str()).collect();
    let path = folder.write("cells.txt", &format!("{}\r\n\n", list.join("\r\n")));
    folder.attribute(&demo_file(), &["--no-trust", "--cells", path.to_str().unwrap()]).assert().success();
    let listed = folder.rows("ranked_genes.csv");
    let contexts: BTreeSet<&str> = listed.iter().map(|row| row["context"].as_str()).collect();
    assert_eq!(contexts, ["listed cells"].into());
    let of_column = folder.dendritic(&[]);
    let places = |rows: &[Row]| rows.iter().map(|row| (row["target"].clone(), row["gene"].clone())).collect::<Vec<_>>();
    assert_eq!(places(&listed), places(&of_column));

    folder.write("cells.txt", &format!("{}\nnobody\n", names[0]));
    fs::remove_dir_all(folder.path("out")).unwrap();
    let refuses = |expected: &[&str]| {
        folder.refuses(&mut folder.attribute(&demo_file(), &["--cells", path.to_str().unwrap()]), expected);
    };
    refuses(&["--cells", "there is no cell named 'nobody'"]);
    folder.write("cells.txt", "\n");
    refuses(&["no cell is named"]);
    fs::remove_file(&path).unwrap();
    refuses(&["cells.txt: cannot be read"]);
}

#[test]
fn layers_within_the_network() {
    let folder = Folder::new();
    let last = folder.dendritic(&["--network-layer", "6", "--neurons", "0,9"]);
    assert_eq!(targets(&last), ["layer 6 neuron 0", "layer 6 neuron 9"].into());
    let latent = folder.dendritic(&["--neurons", "0,9", "--no-contrast"]);
    let scores =
        |rows: &[Row]| rows.iter().map(|row| (row["gene"].clone(), row["importance"].clone())).collect::<Vec<_>>();
    assert_eq!(scores(&last), scores(&latent), "layer 6 is the latent code");
    // The first layer is linear, and has a neuron for each of the hidden units.
    let first = folder.dendritic(&["--network-layer", "0", "--neurons", "999", "--method", "gradient"]);
    assert_eq!(targets(&first), ["layer 0 neuron 999"].into());
    let top = folder.dendritic(&["--network-layer", "4"]);
    assert_eq!(targets(&top).len(), 2, "the most active neurons of that layer");
    fs::remove_dir_all(folder.path("out")).unwrap();
    let refuses =
        |arguments: &[&str], expected: &[&str]| folder.refuses(&mut folder.by_bulk_labels(arguments), expected);
    refuses(&["--network-layer", "8"], &["--network-layer 8", "numbered from 0 to 7"]);
    refuses(&["--network-layer", "4", "--neurons", "1000"], &["neuron 1000 does not exist"]);
}

#[test]
fn scores_of_single_cells_average_to_those_of_the_context() {
    let folder = Folder::new();
    let rows = folder.dendritic(&["--per-cell", "--neurons", "0"]);
    let names: Vec<String> = crate::contents(&folder.path("out/cells")).into_keys().collect();
    assert_eq!(names, ["Dendritic_against_the_rest.csv", "Dendritic_neuron_0.csv"]);
    let cells = folder.rows("cells/Dendritic_neuron_0.csv");
    assert_eq!(cells.len(), 240);
    let of_neuron: Vec<&Row> = rows.iter().filter(|row| row["target"] == "neuron 0").collect();
    assert_eq!(cells[0].len(), of_neuron.len() + 1);
    for row in of_neuron {
        let mean = cells.iter().map(|cell| number(cell, &row["gene"])).sum::<f64>() / 240.0;
        assert!((mean - number(row, "importance")).abs() < 1e-6, "{row:?}: {mean}");
    }
    let few = folder.dendritic(&["--per-cell", "--neurons", "0", "--max-cells", "10"]);
    assert_eq!(folder.rows("cells/Dendritic_neuron_0.csv").len(), 10);
    assert_ne!(few, rows);
}

#[test]
fn models_of_other_seeds_are_compared() {
    let folder = Folder::new();
    let arguments = ["--context", "Dendritic", "--context", "CD34+", "--replicates", "2"];
    folder.by_bulk_labels(&arguments).assert().success();
    let consensus = folder.rows("consensus.csv");
    let lists_of_consensus = lists(&consensus);
    let (of_run, trust) = (folder.rows("ranked_genes.csv"), folder.rows("trust.csv"));
    for context in ["Dendritic", "CD34+"] {
        let place = (context, "against the rest");
        let sorted = |list: &[&Row]| list.iter().map(|row| row["gene"].clone()).collect::<BTreeSet<_>>();
        assert_eq!(sorted(&lists_of_consensus[&place]), sorted(&lists(&of_run)[&place]));
        let first = lists_of_consensus[&place][0];
        assert_eq!((first["rank"].as_str(), first["n_models"].as_str()), ("1", "2"));
        assert!(number(first, "best_rank") <= number(first, "mean_rank"));
        assert!(number(first, "mean_rank") <= number(first, "worst_rank"));
        let row = trust.iter().find(|row| row["context"] == context && row["target"] == place.1).unwrap();
        assert!((0.0..=1.0).contains(&number(row, "seeds")), "{row:?}");
    }
    assert_eq!(lists_of_consensus.len(), 2, "neurons of other models are other neurons");
    assert!(trust.iter().filter(|row| row["target"] != "against the rest").all(|row| row["seeds"].is_empty()));

    fs::remove_dir_all(folder.path("out")).unwrap();
    folder
        .refuses(folder.by_bulk_labels(&arguments).arg("--no-contrast"), &["--replicates <N>", "cannot be used with"]);
}

#[test]
fn batches_of_the_model_are_asked_for_when_more_are_trained() {
    let folder = Folder::new();
    let mut run = concord(&["run", "--demo", "--batch", "phase", "--epochs", "1", "--umap-n-epochs", "5"]);
    run.args(["--no-attribution", "--no-report", "-o"]).arg(folder.path("run")).assert().success();
    let of_batches = |more: &[&str]| {
        let mut command = concord(&["attribute", "--by", "bulk_labels", "--context", "CD34+", "--replicates", "2"]);
        command
            .args(["--no-trust", "--top-neurons", "0"])
            .arg(demo_file())
            .arg("--model")
            .arg(folder.path("run/model"));
        command.args(more).arg("-o").arg(folder.path("out"));
        command
    };
    folder.refuses(&mut of_batches(&[]), &["trained with batches (G1, G2M, S)", "--batch"]);
    folder.refuses(&mut of_batches(&["--batch", "Phase"]), &["--batch Phase", "there are: phase, "]);
    of_batches(&["--batch", "phase"]).assert().success();
    assert!(!folder.rows("consensus.csv").is_empty());
}

#[test]
fn trust_can_be_left_out() {
    let folder = Folder::new();
    let mut command = folder.by_bulk_labels(&["--no-trust", "--context", "CD34+"]);
    let json = json_of(&mut command);
    assert_eq!(json["contexts"][0]["name"], "CD34+");
    let names: Vec<String> = crate::contents(&folder.path("out")).into_keys().collect();
    assert_eq!(names, ["annotated.h5ad", "attribution.json", "ranked_genes.csv"]);
}

#[test]
fn a_model_of_the_python_package() {
    let Some(shared) = concord_tests::shared("attribution with a model of the reference") else { return };
    let folder = Folder::new();
    let mut command = concord(&["attribute", "--by", "louvain", "--no-trust", "--top-neurons", "2"]);
    command.arg(shared.join("data/pbmc3k_counts.h5ad")).arg("--model").arg(shared.join("golden/python_model_pbmc3k"));
    command.arg("-o").arg(folder.path("out")).assert().success();
    let rows = folder.rows("ranked_genes.csv");
    assert_eq!(lists(&rows).len(), 24);
    let of_nk = &lists(&rows)[&("NK cells", "against the rest")];
    let best: Vec<&str> = of_nk[..20].iter().map(|row| row["gene"].as_str()).collect();
    assert!(best.contains(&"GNLY") || best.contains(&"NKG7"), "{best:?}");
    assert_eq!(inspect_h5ad(folder.path("out/annotated.h5ad")).unwrap().varm[0].shape, [13714, 24]);
}

#[test]
fn contexts_and_neurons_that_are_not_there() {
    let folder = Folder::new();
    let refuses =
        |arguments: &[&str], expected: &[&str]| folder.refuses(&mut folder.by_bulk_labels(arguments), expected);
    refuses(&["--neurons", "0,100"], &["neuron 100 does not exist", "from 0 to 99"]);
    refuses(&["--neurons", "-1"], &["error: "]);
    refuses(&["--neurons", "some"], &["numbers with commas between are needed, or `all`"]);
    refuses(
        &["--context", "CD14 Monocyte"],
        &["--context CD14 Monocyte: no such context; there are: CD14+ Monocyte, "],
    );
    refuses(&["--against", "cd34+"], &["--against cd34+: no such context; there are: CD34+, "]);
    refuses(&["--context", "CD34+", "--against", "CD34+"], &["--against CD34+", "against itself"]);
    refuses(&["--no-contrast", "--top-neurons", "0"], &["there is nothing to attribute"]);
    refuses(&["--max-cells", "0"], &["--max-cells 0 is out of range"]);
    refuses(&["--replicates", "0"], &["--replicates 0 is out of range"]);
    refuses(&["--n-steps", "0"], &["--n-steps 0 is out of range"]);
    refuses(&["--noise-sd=-1"], &["--noise-sd -1 is out of range"]);
    refuses(&["--output-key", "a/b"], &["without slashes"]);
    let by =
        |key: &str, expected: &[&str]| folder.refuses(&mut folder.attribute(&demo_file(), &["--by", key]), expected);
    by("bulk_label", &["--by bulk_label: no such column; there are: bulk_labels, "]);
    by("S_score", &["--by S_score", "not categories"]);
    folder.refuses(&mut folder.attribute(&demo_file(), &[]), &["required arguments were not provided"]);
}

#[test]
fn a_context_with_one_cell() {
    let folder = Folder::new();
    let input = with_labels(&folder, |cell| Some(if cell == 5 { "one" } else { "many" }.to_owned()));
    let json = json_of(&mut folder.attribute(&input, &["--by", "group"]));
    let n_cells: Vec<u64> =
        json["contexts"].as_array().unwrap().iter().map(|context| context["n_cells"].as_u64().unwrap()).collect();
    assert_eq!(n_cells, [699, 1]);
    assert_eq!(folder.rows("trust.csv").len(), 24);
    let rows = folder.rows("ranked_genes.csv");
    assert!(!genes(&rows, "against the rest").is_empty());
    assert!(rows.iter().filter(|row| row["context"] == "one").all(|row| number(row, "nonzero_fraction") > 0.99));
}

#[test]
fn cells_without_a_label() {
    let folder = Folder::new();
    let input = with_labels(&folder, |cell| [None, Some("a".to_owned()), Some("b".to_owned())][cell % 3].clone());
    let warned = stderr_of(&mut folder.attribute(&input, &["--by", "group", "--no-trust"]));
    assert!(warned.contains("warning: 234 cells have no label and belong to no context"), "{warned}");
    let rows = folder.rows("ranked_genes.csv");
    assert_eq!(rows.iter().map(|row| row["context"].as_str()).collect::<BTreeSet<_>>(), ["a", "b"].into());
    let nothing = with_labels(&folder, |_| None);
    fs::remove_dir_all(folder.path("out")).unwrap();
    folder.refuses(&mut folder.attribute(&nothing, &["--by", "group"]), &["--by group: this column is empty"]);
}

#[test]
fn a_single_context_is_held_against_nothing() {
    let folder = Folder::new();
    let input = with_labels(&folder, |_| Some("all".to_owned()));
    let warned = stderr_of(&mut folder.attribute(&input, &["--by", "group"]));
    assert!(warned.contains("warning: all cells with a label are of one context, all"), "{warned}");
    assert_eq!(targets(&folder.rows("ranked_genes.csv")).len(), 2, "its most active neurons");
    assert!(!folder.path("out/trust.csv").exists());
    fs::remove_dir_all(folder.path("out")).unwrap();
    folder.refuses(&mut folder.attribute(&input, &["--by", "group", "--top-neurons", "0"]), &["nothing to attribute"]);
}

#[test]
fn directions_that_lead_nowhere() {
    let folder = Folder::new();
    let path = folder.path("direction.txt");
    let refuses = |content: &str, expected: &[&str]| {
        folder.write("direction.txt", content);
        let mut command = folder.by_bulk_labels(&["--direction", path.to_str().unwrap()]);
        folder.refuses(&mut command, expected);
    };
    refuses("1 2 3", &["--direction has 3 numbers, and one for each of the 100 neurons is needed"]);
    refuses("1\nup\n", &["direction.txt: 'up' is no number"]);
    refuses(&vec!["NaN"; 100].join(" "), &["direction.txt: 'NaN' is no number"]);
    refuses(&vec!["0"; 100].join(" "), &["direction.txt: there is no number other than 0"]);
    refuses("", &["direction.txt: there is no number other than 0"]);
    fs::remove_file(&path).unwrap();
    let mut command = folder.by_bulk_labels(&["--direction", path.to_str().unwrap()]);
    folder.refuses(&mut command, &["direction.txt: cannot be read"]);
}

#[test]
fn models_that_cannot_be_used() {
    let folder = Folder::new();
    let model = folder.path("model");
    let refuses = |expected: &[&str]| {
        let mut command = concord(&["attribute", "--by", "bulk_labels"]);
        command.arg(demo_file()).arg("--model").arg(&model).arg("-o").arg(folder.path("out"));
        folder.refuses(&mut command, expected);
    };
    refuses(&["model: No such file or directory", "give the folder"]);
    fs::create_dir(&model).unwrap();
    refuses(&["holds no model", "give the folder that holds the model's files"]);
    for name in ["config.json", "model.safetensors"] {
        fs::copy(demo_run().join("model").join(name), model.join(name)).unwrap();
    }
    let weights = fs::read(model.join("model.safetensors")).unwrap();
    fs::write(model.join("model.safetensors"), &weights[..weights.len() / 2]).unwrap();
    refuses(&["model.safetensors: not a whole safetensors file"]);
    fs::remove_file(model.join("model.safetensors")).unwrap();
    refuses(&["model.safetensors"]);
    fs::write(model.join("model.safetensors"), &weights).unwrap();
    let config = fs::read_to_string(model.join("config.json")).unwrap();
    fs::write(model.join("config.json"), &config[..config.len() / 2]).unwrap();
    refuses(&["config.json"]);
    fs::write(model.join("config.json"), config.replace("\"LYZ\"", "\"LYZZ\"").replace("\"CST3\"", "\"CST33\""))
        .unwrap();
    refuses(&["2 of the model's 748 genes are not in the matrix", "LYZZ", "CST33", "the nearest to ", ": LYZ"]);
}

#[test]
fn logged_values_and_counts_are_not_taken_for_one_another() {
    let Some(shared) = concord_tests::shared("attribution of logged values") else { return };
    let folder = Folder::new();
    let (counts, logged) = (shared.join("data/pbmc3k_counts.h5ad"), shared.join("data/pbmc3k_processed.h5ad"));
    for (input, name, source) in [(&counts, "of_counts", None), (&logged, "of_logged", Some("--use-raw"))] {
        let mut run = concord(&["run", "--no-attribution", "--no-report", "--n-top-features", "300", "--epochs", "1"]);
        run.args(["--flavor", "seurat", "--umap-n-epochs", "5"]).args(source).arg(input);
        run.arg("-o").arg(folder.path(name)).assert().success();
    }
    let attribute = |input: &Path, model: &str| {
        let mut command = concord(&["attribute", "--by", "louvain", "--no-trust", "--context", "B cells"]);
        command.arg(input).arg("--model").arg(folder.path(model).join("model")).arg("-o").arg(folder.path("out"));
        command
    };
    folder.refuses(
        &mut attribute(&counts, "of_logged"),
        &["the model was trained on normalised and logged values", "holds counts", "--layer"],
    );
    let warned = stderr_of(attribute(&logged, "of_counts").arg("--use-raw"));
    assert!(warned.contains("warning: the matrix seems to be logged already"), "{warned}");
    for (input, model, source) in [(&logged, "of_logged", Some("--use-raw")), (&counts, "of_counts", None)] {
        let silent = stderr_of(attribute(input, model).args(source));
        assert!(!silent.contains("warning: the matrix"), "{silent}");
    }
}

#[test]
fn names_of_contexts_never_break_anything() {
    let folder = Folder::new();
    let names = hostile_names();
    let input = with_labels(&folder, |cell| Some(names[cell % names.len()].clone()));
    folder.attribute(&input, &["--by", "group", "--per-cell", "--top-neurons", "1", "--no-trust"]).assert().success();
    let rows = folder.rows("ranked_genes.csv");
    let contexts: BTreeSet<&str> = rows.iter().map(|row| row["context"].as_str()).collect();
    assert_eq!(contexts, names.iter().map(String::as_str).collect());
    let files = crate::contents(&folder.path("out"));
    let of_cells: Vec<&String> = files.keys().filter(|name| name.starts_with("cells/")).collect();
    assert_eq!(of_cells.len(), 2 * names.len());
    assert!(of_cells.iter().all(|name| name.matches('/').count() == 1), "{of_cells:?}");
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 2, "something was written outside of the folder");
    let summary = inspect_h5ad(folder.path("out/annotated.h5ad")).unwrap();
    assert_eq!(summary.varm[0].shape, [765, 2 * names.len()]);
    assert!(summary.problems.is_empty());
    for name in &names {
        folder.attribute(&input, &["--by", "group", "--no-trust", "--context", name]).assert().success();
    }
}

#[test]
fn results_are_not_written_where_they_should_not() {
    let folder = Folder::new();
    let input = folder.path("annotated.h5ad");
    fs::copy(demo_file(), &input).unwrap();
    let into = |out: &Path| {
        let mut command = concord(&["attribute", "--by", "bulk_labels"]);
        command.arg(&input).arg("--model").arg(demo_run().join("model")).arg("-o").arg(out);
        command
    };
    fails(&mut into(folder.0.path()), &["annotated.h5ad would be replaced"]);
    fails(&mut into(&input), &["annotated.h5ad is a file, not a folder"]);
    assert_eq!(fs::read(&input).unwrap(), fs::read(demo_file()).unwrap());
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_to_write() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let closed = folder.path("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(closed.join("probe"), "").is_ok() {
        // The superuser may write anywhere.
        return;
    }
    let mut command = concord(&["attribute", "--by", "bulk_labels"]);
    command.arg(demo_file()).arg("--model").arg(demo_run().join("model")).arg("-o").arg(closed.join("out"));
    fails(&mut command, &["cannot write to"]);
}

#[test]
fn gradients_start_at_listed_cells() {
    let folder = Folder::new();
    let names = read_h5ad(demo_file(), &ReadOptions::default()).unwrap().cells.names().to_vec();
    let path = folder.write("cells.txt", &names.join("\n"));
    let from = |more: &[&str]| {
        let found = folder.dendritic(&[&["--neurons", "0", "--include-lowered"], more].concat());
        let place = |row: &Row| (row["target"].clone(), row["gene"].clone());
        found.iter().map(|row| (place(row), number(row, "importance"))).collect::<BTreeMap<_, _>>()
    };
    let listed = ["--baseline-cells", path.to_str().unwrap()];
    let (all, of_list) = (from(&[]), from(&listed));
    let largest = all.values().fold(0.0_f64, |largest, score| largest.max(score.abs()));
    // All cells are the default.
    assert!(all.iter().all(|(place, score)| (of_list[place] - score).abs() < 1e-5 * largest));
    folder.write("cells.txt", &names[..20].join("\n"));
    let of_few = from(&listed);
    assert!(all.iter().any(|(place, score)| (of_few[place] - score).abs() > 0.01 * largest));
    fs::remove_dir_all(folder.path("out")).unwrap();
    folder.write("cells.txt", "nobody\n");
    folder.refuses(&mut folder.by_bulk_labels(&listed), &["--baseline-cells", "there is no cell named 'nobody'"]);
    folder.refuses(folder.by_bulk_labels(&listed).args(["--baseline", "zeros"]), &["cannot be used with"]);
}
