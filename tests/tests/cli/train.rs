//! Training alone: what its options need, and how it is interrupted and taken up again.

use std::{fs, path::Path};

use assert_cmd::Command;
use concord_core::Column;
use concord_io::read_obsm;

use crate::{concord, contents, demo_file, demo_run, fails, rows, stderr_of};

/// `concord train` of the embedded data set, with small batches.
fn train(out: &Path, more: &[&str]) -> Command {
    let mut command = concord(&["train", "--epochs", "3", "--batch-size", "64"]);
    command.arg(demo_file()).arg("-o").arg(out).args(more);
    command
}

/// The files that do not tell times.
fn results(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = contents(folder);
    assert!(files.remove("train.json").is_some());
    files
}

#[test]
fn gives_the_model_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    concord(&["train", "--epochs", "2"]).arg(demo_file()).arg("-o").arg(&out).assert().success();
    let files = contents(&out);
    let expected = ["annotated.h5ad", "features.csv", "model/config.json", "model/model.safetensors", "train.json"];
    assert_eq!(files.keys().collect::<Vec<_>>(), expected);
    let of_run = contents(demo_run());
    for name in ["features.csv", "model/config.json", "model/model.safetensors"] {
        assert!(files[name] == of_run[name], "{name} is another");
    }
    let codes = |folder: &Path| read_obsm(folder.join("annotated.h5ad"), "Concord").unwrap();
    assert_eq!(codes(&out), codes(demo_run()));
}

#[test]
fn goes_on_after_interruptions_as_if_nothing_had_happened() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let options = ["--use-decoder", "--use-classifier", "--class-key", "bulk_labels", "--batch", "phase"];
    train(&whole, &options).assert().success();
    let assert = train(&parts, &options).args(["--stop-after", "14"]).assert().code(130);
    let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    let advice = format!("; go on with: concord train --resume {}\n", parts.display());
    assert!(said.contains("error: training was stopped in epoch ") && said.contains(&advice), "{said}");
    assert_eq!(contents(&parts).into_keys().collect::<Vec<_>>(), ["checkpoint.json", "checkpoint.safetensors"]);
    let resume = |more: &[&str]| {
        let mut command = concord(&["train", "--resume"]);
        command.arg(&parts).args(more);
        command
    };
    resume(&["--stop-after", "3", "--threads", "1"]).assert().code(130);
    fails(&mut resume(&["--epochs", "9"]), &["--epochs does not go with --resume"]);
    let said = stderr_of(&mut resume(&[]));
    assert!(said.contains("training goes on in epoch 2, after step "), "{said}");
    let (whole, parts) = (results(&whole), results(&parts));
    assert_eq!(whole.keys().collect::<Vec<_>>(), parts.keys().collect::<Vec<_>>());
    for (name, content) in &whole {
        assert!(*content == parts[name], "{name} is another after interruptions");
    }
}

#[test]
fn what_cannot_be_taken_up_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let resume = |input: Option<&Path>| {
        let mut command = concord(&["train", "--resume"]);
        command.arg(&out).args(input);
        command
    };
    fails(&mut resume(None), &["--resume", "checkpoint.json", "give the folder of an interrupted concord train"]);
    train(&out, &["--stop-after", "2"]).assert().code(130);
    let other = folder.path().join("other.h5ad");
    let data = concord_io::read_h5ad(demo_file(), &concord_io::ReadOptions::default()).unwrap();
    let doubled = data.counts.matrix().map(|value| if *value > 3.0 { 3.0 } else { *value });
    concord_io::write_h5ad(&other, &doubled, &data.cells, &data.genes, &concord_io::Additions::default()).unwrap();
    fails(&mut resume(Some(&other)), &["this run was begun on other data"]);
    let checkpoint = out.join("checkpoint.safetensors");
    let bytes = fs::read(&checkpoint).unwrap();
    fs::write(&checkpoint, &bytes[..bytes.len() - 9]).unwrap();
    fails(&mut resume(None), &["--resume: ", "not a whole checkpoint"]);
    // Without a checkpoint, as after a sudden end before the first one, the options serve still.
    fs::remove_file(&checkpoint).unwrap();
    let assert = resume(None).args(["--stop-after", "2"]).assert().code(130);
    let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(said.contains("there is no checkpoint: training begins anew"), "{said}");
    resume(None).assert().success();
    assert!(out.join("model/config.json").exists() && !checkpoint.exists());
}

#[test]
fn options_are_refused_that_lack_something_or_contradict_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let refuses = |more: &[&str], expected: &[&str]| {
        fails(&mut train(&out, more), expected);
        assert!(!out.exists(), "something was written");
    };
    refuses(&["--use-classifier"], &["--use-classifier needs --class-key KEY"]);
    refuses(&["--class-key", "bulk_labels"], &["--class-key is for --use-classifier"]);
    refuses(&["--sampler-domain-minibatch-strategy", "coverage"], &["coverage needs --cluster-key KEY"]);
    refuses(&["--sampler-emb", "X_umap"], &["--sampler-emb is for --p-intra-knn"]);
    let classes = ["--use-classifier", "--class-key", "bulk_labels"];
    let with_classes = |more: &[&'static str]| [&classes[..], more].concat();
    refuses(&with_classes(&["--unlabeled-class", "T"]), &["there is no class 'T'", "Dendritic"]);
    refuses(&["--importance-penalty-weight", "1"], &["does not go with --use-importance-mask"]);
    refuses(&["--p-intra-knn", "0.3", "--knn-warmup-epochs", "9"], &["does not go with --n-epochs"]);
    refuses(&["--p-intra-knn", "0.3", "--sampler-knn", "900"], &["cannot be drawn from 700 cells"]);
    refuses(&["--p-intra-knn", "0.3", "--sampler-emb", "X_pac"], &["--sampler-emb X_pac", "X_umap"]);
    refuses(&["--use-decoder", "--covariate-embedding-dims", "fase=2"], &["fase: no such column", "phase"]);
    refuses(&["--train-frac", "0.999"], &["lower --train-frac"]);
    refuses(&["--lr", "0"], &["--lr 0 is out of range"]);
}

#[test]
fn options_that_need_more_of_the_data_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut command =
        train(&out, &["--use-classifier", "--class-key", "bulk_labels", "--unlabeled-class", "Dendritic"]);
    command.args(["--use-decoder", "--covariate-embedding-dims", "louvain=2", "--batch", "phase"]);
    command.args(["--p-intra-knn", "0.3", "--sampler-emb", "X_umap", "--sampler-knn", "20"]);
    command.args(["--sampler-domain-minibatch-strategy", "coverage", "--cluster-key", "louvain"]);
    // Without a warm-up there are neighbours in the given matrix or nowhere.
    command.args(["--knn-warmup-epochs", "0", "--target-sum", "10000", "--output-key", "typed"]);
    let said = stderr_of(&mut command);
    assert!(said.contains("of 700 cells have no class and do not train the classifier"), "{said}");
    let card: serde_json::Value = serde_json::from_slice(&fs::read(out.join("model/config.json")).unwrap()).unwrap();
    let categories = &card["categories"];
    assert_eq!(categories["classes"].as_array().unwrap().len(), 9);
    assert_eq!(categories["covariates"][0]["name"], "louvain");
    assert_eq!(categories["domains"], serde_json::json!(["G1", "G2M", "S"]));
    assert_eq!(card["normalization"], serde_json::json!({"total-and-log": {"target_sum": 10_000.0}}));
    assert_eq!(read_obsm(out.join("annotated.h5ad"), "typed").unwrap().nrows(), 700);
}

#[test]
fn the_classifier_is_held_against_the_cells_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut command = train(&out, &["--use-classifier", "--class-key", "bulk_labels", "--train-frac", "0.8"]);
    let said = stderr_of(&mut command);
    assert!(said.contains("of 140 cells are of the class that was predicted"), "{said}");
    let record: serde_json::Value = serde_json::from_slice(&fs::read(out.join("train.json")).unwrap()).unwrap();
    assert_eq!(record["held_out"]["n_cells_of_known_classes"], 140);
    assert!(record["held_out"]["accuracy"].as_f64().unwrap() > 0.5);
    assert!(record["held_out"]["calibration_error"].is_number());
}

#[test]
fn genes_and_first_weights_can_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let genes = folder.path().join("genes.txt");
    let names = ["LYZ", "CD79A", "NKG7", "CD3D", "MS4A1", "GNLY", "CST3", "IL32"];
    fs::write(&genes, names.join("\n") + "\n\n").unwrap();
    let shape = ["--encoder-dims", "16", "--latent-dim", "4", "--use-decoder", "--batch", "phase"];
    let heads = ["--use-classifier", "--class-key", "bulk_labels", "--covariate-embedding-dims", "louvain=2"];
    let options = [&shape[..], &heads[..]].concat();
    train(&first, &options).arg("--input-feature").arg(&genes).assert().success();
    let card = |folder: &Path| -> serde_json::Value {
        serde_json::from_slice(&fs::read(folder.join("model/config.json")).unwrap()).unwrap()
    };
    assert_eq!(card(&first)["features"], serde_json::json!(names));
    let chosen: Vec<String> = rows(&first.join("features.csv"))
        .into_iter()
        .filter(|row| row["highly_variable"] == "true")
        .map(|row| row["gene"].clone())
        .collect();
    assert_eq!(chosen.len(), names.len());

    // What else Python's `fit_transform` and `get_domain_embeddings` give.
    let domains = rows(&first.join("domain_embedding.csv"));
    assert_eq!(domains.iter().map(|row| row["category"].as_str()).collect::<Vec<_>>(), ["G1", "G2M", "S"]);
    assert_eq!(domains[0].len(), 1 + 8);
    assert_eq!(rows(&first.join("covariate_embedding_louvain.csv"))[0].len(), 1 + 2);
    let annotated = concord_io::read_h5ad(first.join("annotated.h5ad"), &concord_io::ReadOptions::default()).unwrap();
    let Some(Column::Labels(classes)) = annotated.obs.get("Concord_class_pred") else { panic!("no classes") };
    assert_eq!(classes.n_missing(), 0);
    assert_eq!(read_obsm(first.join("annotated.h5ad"), "Concord_class_probabilities").unwrap().dim(), (700, 10));

    // With a rate at which nothing moves, the weights are those that it began with.
    let mut command = train(&second, &options);
    command.args(["--lr", "1e-30", "--pretrained-model"]).arg(first.join("model")).assert().success();
    assert_eq!(card(&second)["features"], serde_json::json!(names));
    let weights = |folder: &Path| fs::read(folder.join("model/model.safetensors")).unwrap();
    assert!(weights(&first) == weights(&second));

    let nowhere = folder.path().join("nowhere");
    let refuses = |command: &mut Command, expected: &[&str]| {
        fails(command, expected);
        assert!(!nowhere.exists());
    };
    let pretrained = |more: &[&str]| {
        let mut command = train(&nowhere, more);
        command.arg("--pretrained-model").arg(first.join("model"));
        command
    };
    refuses(&mut pretrained(&["--latent-dim", "4"]), &["the model to start from has another"]);
    refuses(pretrained(&options).arg("--input-feature").arg(&genes), &["--input-feature", "cannot be used with"]);
    let listed = |text: &str, expected: &[&str]| {
        fs::write(&genes, text).unwrap();
        refuses(train(&nowhere, &[]).arg("--input-feature").arg(&genes), expected);
    };
    listed("LYZ\nNOSUCH\n", &["1 of the listed 2 genes", "NOSUCH"]);
    listed("LYZ\nLYZ\n", &["has LYZ twice"]);
    listed("\n", &["holds no gene"]);
    fs::remove_file(&genes).unwrap();
    refuses(train(&nowhere, &[]).arg("--input-feature").arg(&genes), &["--input-feature", "No such file"]);
}

#[test]
fn a_model_to_begin_with_brings_its_normalisation() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let shape = ["--encoder-dims", "16", "--latent-dim", "4"];
    train(&first, &shape).args(["--target-sum", "654"]).assert().success();
    let begin = |more: &[&str]| {
        let mut command = train(&second, &shape);
        command.args(more).arg("--pretrained-model").arg(first.join("model"));
        command
    };
    let total = |folder: &Path| -> serde_json::Value {
        let text = fs::read(folder.join("model/config.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&text).unwrap()["normalization"].clone()
    };
    begin(&[]).assert().success();
    assert!(total(&first).to_string().contains("654"), "{}", total(&first));
    assert_eq!(total(&second), total(&first));
    begin(&["--target-sum", "700"]).assert().success();
    assert_ne!(total(&second), total(&first));
    fails(&mut begin(&["--flavor", "seurat"]), &["--flavor", "cannot be used with"]);

    // Values that are logged already are none of those that the model knows.
    let logged = folder.path().join("logged.h5ad");
    let data = concord_io::read_h5ad(demo_file(), &concord_io::ReadOptions::default()).unwrap();
    let matrix = data.counts.matrix().map(|value| value.ln_1p());
    concord_io::write_h5ad(&logged, &matrix, &data.cells, &data.genes, &concord_io::Additions::default()).unwrap();
    let mut command = concord(&["train", "--epochs", "1", "--batch-size", "64"]);
    command.args(shape).arg(&logged).arg("-o").arg(folder.path().join("third"));
    command.arg("--pretrained-model").arg(first.join("model"));
    fails(&mut command, &["the model was trained on counts", "--layer"]);
    command.args(["--target-sum", "700"]);
    fails(&mut command, &["the model was trained on counts", "--layer"]);
    command.arg("--tutorial").assert().success();

    // Nor may they be logged again for a model that knows them as they are.
    let fourth = folder.path().join("fourth");
    let of_logged = |out: &str, more: &[&str]| {
        let mut command = concord(&["train", "--epochs", "1", "--batch-size", "64"]);
        command.args(shape).args(more).arg(&logged).arg("-o").arg(folder.path().join(out));
        command
    };
    of_logged("fourth", &[]).assert().success();
    let mut again = of_logged("fifth", &["--tutorial"]);
    fails(again.arg("--pretrained-model").arg(fourth.join("model")), &["--tutorial logs them once more"]);
}

/// Both steps of normalisation are done here, or none.
#[test]
fn a_model_of_one_step_of_normalisation_wants_its_data_so() {
    let folder = tempfile::tempdir().unwrap();
    let (first, exported, again) =
        (folder.path().join("first"), folder.path().join("exported"), folder.path().join("again"));
    let shape = ["--encoder-dims", "16", "--latent-dim", "4"];
    train(&first, &shape).assert().success();
    concord(&["export"]).arg(first.join("model")).arg("-o").arg(&exported).assert().success();
    let configuration = fs::read_dir(&exported).unwrap().map(|entry| entry.unwrap().path());
    let configuration =
        configuration.into_iter().find(|path| path.extension().is_some_and(|end| end == "json")).unwrap();
    let read = |path: &Path| serde_json::from_slice::<serde_json::Value>(&fs::read(path).unwrap()).unwrap();
    for (step, other, advice) in
        [("log1p", "normalize_total", "bring the values logged"), ("normalize_total", "log1p", "train again")]
    {
        let mut values = read(&configuration);
        values[step] = true.into();
        values[other] = false.into();
        fs::write(&configuration, values.to_string()).unwrap();
        let mut begin = train(&folder.path().join("second"), &shape);
        let message = format!("trained by concord-sc with {step} alone");
        fails(begin.arg("--pretrained-model").arg(&exported), &[&message, advice]);
        let mut embed = concord(&["embed"]);
        embed.arg(demo_file()).arg("--model").arg(&exported).arg("-o").arg(folder.path().join("code.h5ad"));
        fails(&mut embed, &[&message, advice]);
        // The Python package goes on doing that step.
        concord(&["export"]).arg(&exported).arg("-o").arg(&again).assert().success();
        let kept = read(&again.join(configuration.file_name().unwrap()));
        assert_eq!((kept[step].clone(), kept[other].clone()), (true.into(), false.into()));
    }
}

#[test]
fn training_goes_on_in_another_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("genes.txt"), "LYZ\nCD79A\nNKG7\nCD3D\n").unwrap();
    let out = folder.path().join("out");
    let mut begin = train(&out, &["--input-feature", "genes.txt", "--stop-after", "2"]);
    begin.current_dir(folder.path()).assert().code(130);
    let elsewhere = tempfile::tempdir().unwrap();
    concord(&["train", "--resume"]).arg(&out).current_dir(elsewhere.path()).assert().success();
    assert!(out.join("model/config.json").exists());
}
