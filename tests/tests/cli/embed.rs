//! New cells in the latent space of a model.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use assert_cmd::Command;
use concord_core::{Column, Csr, Dense, Genes, select_columns};
use concord_io::{Additions, Dataset, MatrixSource, ReadOptions, read_h5ad, read_obsm, write_h5ad};
use concord_tests::Npz;
use tempfile::TempDir;

use crate::{annotated_file, concord, demo_file, demo_run, fails, json_of, rows, stderr_of};

fn read(path: &Path) -> Dataset {
    read_h5ad(path, &ReadOptions::default()).unwrap()
}

/// The embedded data set with some of its genes only, in the order given.
fn write_genes(path: &Path, positions: &[usize]) {
    let data = read(&demo_file());
    let matrix = select_columns(data.counts.matrix(), positions);
    let genes = Genes::new(positions.iter().map(|&place| data.genes.names()[place].clone()));
    write_h5ad(path, &matrix, &data.cells, &genes, &Additions::default()).unwrap();
}

/// `concord embed INPUT --model MODEL`.
fn embed(input: &Path, model: &Path) -> Command {
    let mut command = concord(&["embed"]);
    command.arg(input).arg("--model").arg(model);
    command
}

fn largest_difference(a: &Dense, b: &Dense) -> f32 {
    assert_eq!(a.dim(), b.dim());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn floats(data: &Dataset, column: &str) -> Vec<f64> {
    let Some(Column::Floats(values)) = data.obs.get(column) else { panic!("no numbers in {column}") };
    values.clone()
}

/// A model with classifier and decoder, which all tests read and none changes.
fn model_with_heads() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("model-with-heads");
        let mut command = concord(&["train", "--epochs", "6", "--batch-size", "64", "--batch", "phase", "--quiet"]);
        // With the default rate all units of this decoder's last layer die.
        command.args(["--lr", "0.0005"]);
        command.args(["--use-classifier", "--class-key", "bulk_labels", "--use-decoder"]);
        command.arg(demo_file()).arg("-o").arg(&folder).assert().success();
        folder.join("model")
    })
}

#[test]
fn cells_of_the_training_get_the_codes_that_they_had() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let model = demo_run().join("model");
    let said = stderr_of(embed(&demo_file(), &model).arg("-o").arg(&out));
    assert!(!said.contains("warning"), "{said}");
    let codes = read_obsm(&out, "Concord").unwrap();
    assert_eq!(codes, read_obsm(annotated_file(), "Concord").unwrap());
    let output = read(&out);
    assert_eq!(output.counts, read(&demo_file()).counts);
    assert!(output.obs.names().all(|name| !name.starts_with("Concord")), "something was added to obs");

    // Genes in another order, and more of them than the model has, change nothing.
    let shuffled = folder.path().join("shuffled.h5ad");
    let n_genes = output.genes.len();
    write_genes(&shuffled, &(0..n_genes).rev().collect::<Vec<_>>());
    embed(&shuffled, &model).arg("--in-place").args(["--output-key", "other"]).assert().success();
    let difference = largest_difference(&read_obsm(&shuffled, "other").unwrap(), &codes);
    assert!(difference < 1e-5, "{difference}");
}

#[test]
fn missing_genes_are_refused_or_filled_with_a_warning_and_a_measure() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("in.h5ad"), folder.path().join("out.h5ad"));
    let model = demo_run().join("model");
    let kept: Vec<usize> = (0..read(&demo_file()).genes.len()).filter(|place| place % 5 != 0).collect();
    write_genes(&input, &kept);
    let before = fs::read(&input).unwrap();
    let mut refused = embed(&input, &model);
    fails(refused.arg("-o").arg(&out), &["of the model's 748 genes are not in the matrix: ", "give --fill-missing"]);
    fails(embed(&input, &model).arg("--in-place"), &["are not in the matrix"]);
    assert!(!out.exists() && fs::read(&input).unwrap() == before, "something was written");

    let table = folder.path().join("genes.csv");
    let mut filled = embed(&input, &model);
    filled.args(["--fill-missing", "--gene-matching"]).arg(&table).arg("-o").arg(&out);
    let said = stderr_of(&mut filled);
    let rows = rows(&table);
    let n_missing = rows.iter().filter(|row| row["how"] == "missing").count();
    assert_eq!(rows.len(), 748);
    assert!((100..200).contains(&n_missing), "{n_missing}");
    let warning = format!("warning: {n_missing} of the model's 748 genes (");
    assert!(said.contains(&warning) && said.contains("obs/Concord_missing_effect"), "{said}");
    let json = json_of(&mut filled);
    assert_eq!(json["missing_genes"].as_array().unwrap().len(), n_missing);

    // The codes are those of the same cells with zeros in these genes.
    let mut data = read(&demo_file());
    let zeros = folder.path().join("zeros.h5ad");
    let indices = data.counts.matrix().indices().to_vec();
    let mut matrix: Csr = data.counts.into_matrix();
    for (value, gene) in matrix.data_mut().iter_mut().zip(indices) {
        *value *= f32::from(u8::from(gene % 5 != 0));
    }
    data.obs = concord_core::Table::new(700);
    write_h5ad(&zeros, &matrix, &data.cells, &data.genes, &Additions::default()).unwrap();
    embed(&zeros, &model).arg("--in-place").assert().success();
    let codes = read_obsm(&out, "Concord").unwrap();
    let difference = largest_difference(&read_obsm(&zeros, "Concord").unwrap(), &codes);
    assert!(difference < 1e-5, "{difference}");

    // The measure is about single cells, and larger when more is missing.
    let effects = floats(&read(&out), "Concord_missing_effect");
    assert!(effects.iter().all(|effect| (0.0..=2.0).contains(effect)));
    assert!(effects.iter().any(|&effect| (effect - effects[0]).abs() > 1e-3), "all cells have the same");
    let half: Vec<usize> = (0..data.genes.len()).filter(|place| place % 2 == 0).collect();
    write_genes(&input, &half);
    embed(&input, &model).args(["--fill-missing", "--in-place"]).assert().success();
    let mean = |effects: &[f64]| effects.iter().sum::<f64>() / effects.len() as f64;
    assert!(mean(&floats(&read(&input), "Concord_missing_effect")) > mean(&effects));
}

#[test]
fn the_logarithm_of_a_logged_matrix_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("logged.h5ad");
    let data = read(&demo_file());
    let logged =
        concord_prep::normalize(data.counts, &concord_prep::NormalizeConfig { target_sum: Some(1e4) }).unwrap();
    write_h5ad(&input, logged.matrix(), &data.cells, &data.genes, &Additions::default()).unwrap();
    let said = stderr_of(embed(&input, &demo_run().join("model")).arg("--in-place"));
    assert!(said.contains("the logarithm is undone"), "{said}");
    let codes = read_obsm(annotated_file(), "Concord").unwrap();
    let difference = largest_difference(&read_obsm(&input, "Concord").unwrap(), &codes);
    assert!(difference < 1e-3, "{difference}");
    embed(&input, &demo_run().join("model")).args(["--in-place", "--tutorial"]).assert().success();
    assert!(largest_difference(&read_obsm(&input, "Concord").unwrap(), &codes) > 1e-2);
}

/// A folder with the result of a model with classifier and decoder.
fn with_heads(more: &[&str]) -> (TempDir, PathBuf, Command) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let mut command = embed(&demo_file(), model_with_heads());
    command.arg("-o").arg(&out).args(more);
    (folder, out, command)
}

#[test]
fn classes_are_predicted_and_held_against_the_true_ones() {
    let (folder, out, mut command) = with_heads(&["--class-key", "bulk_labels", "--confusion"]);
    let table = folder.path().join("confusion.csv");
    let json = json_of(command.arg(&table));
    let output = read(&out);
    let Some(Column::Labels(predicted)) = output.obs.get("Concord_class_pred") else { panic!("no classes") };
    let Some(Column::Labels(truth)) = output.obs.get("bulk_labels") else { panic!("no labels") };
    let n_right = (0..700).filter(|&cell| predicted.name_of(cell) == truth.name_of(cell)).count();
    assert!(n_right > 420, "{n_right} of 700 are right");
    let confusion = &json["confusion"];
    assert!((confusion["accuracy"].as_f64().unwrap() - n_right as f64 / 700.0).abs() < 1e-9);
    let probabilities = read_obsm(&out, "Concord_class_probabilities").unwrap();
    assert_eq!(probabilities.dim(), (700, 10));
    let best = floats(&output, "Concord_class_probability");
    for (row, &best) in probabilities.rows().into_iter().zip(&best) {
        assert!(
            (row.sum() - 1.0).abs() < 1e-4 && (f64::from(row.fold(0.0, |a, &b| f32::max(a, b))) - best).abs() < 1e-6
        );
    }
    let table = rows(&table);
    assert_eq!(table.len(), 10);
    let diagonal: usize = table.iter().map(|row| row[&row["true \\ predicted"]].parse::<usize>().unwrap()).sum();
    assert_eq!(diagonal, n_right);

    let (_folder, out, mut command) = with_heads(&["--unknown-below", "0.9", "--class-key", "bulk_labels"]);
    let json = json_of(&mut command);
    let output = read(&out);
    let Some(Column::Labels(predicted)) = output.obs.get("Concord_class_pred") else { panic!("no classes") };
    for (cell, &best) in best.iter().enumerate() {
        assert_eq!(predicted.name_of(cell) == Some("unknown"), best < f64::from(0.9f32), "cell {cell}: {best}");
    }
    let n_unknown = best.iter().filter(|&&best| best < f64::from(0.9f32)).count();
    assert_eq!(json["n_unknown"], n_unknown);
    assert!(n_unknown > 0 && json["confusion"]["accuracy"].as_f64().unwrap() < n_right as f64 / 700.0);
}

#[test]
fn expression_is_decoded_for_a_batch() {
    let decoded = |batch: &str| {
        let (_folder, out, mut command) = with_heads(&["--decode", batch]);
        command.assert().success();
        let source = MatrixSource::Layer(format!("Concord_decoded_{batch}"));
        read_h5ad(&out, &ReadOptions { source }).unwrap()
    };
    let (g1, s) = (decoded("G1"), decoded("S"));
    assert_ne!(g1.counts, s.counts);
    // Genes that the model was not trained on are not decoded.
    let Some(Column::Booleans(is_feature)) = g1.var.get("concord_feature") else { panic!("no concord_feature") };
    let dense = g1.counts.matrix().to_dense();
    let expressed = |gene: usize| dense.column(gene).sum() > 0.0;
    assert!((0..is_feature.len()).all(|gene| is_feature[gene] == Some(true) || !expressed(gene)));
    // What is decoded is like what was there: highly expressed genes stay so.
    let sums = |data: &Csr| data.to_dense().sum_axis(ndarray::Axis(0)).to_vec();
    let (before, after) = (sums(read(&demo_file()).counts.matrix()), sums(g1.counts.matrix()));
    let most = |sums: &[f32]| {
        let mut genes: Vec<usize> = (0..sums.len()).filter(|&gene| is_feature[gene] == Some(true)).collect();
        genes.sort_by(|&a, &b| sums[b].total_cmp(&sums[a]));
        genes.truncate(100);
        genes
    };
    let (before, after) = (most(&before), most(&after));
    let n_common = before.iter().filter(|gene| after.contains(gene)).count();
    assert!(n_common > 40, "{n_common} of the 100 most expressed genes");

    // Each cell in its own batch: the rows are those of all cells in that batch.
    let (_folder, out, mut command) = with_heads(&["--decode-by", "phase"]);
    command.assert().success();
    let source = MatrixSource::Layer("Concord_decoded".to_owned());
    let own = read_h5ad(&out, &ReadOptions { source }).unwrap();
    let Some(Column::Labels(phases)) = own.obs.get("phase") else { panic!("no phases") };
    let (own, g1, s) = (own.counts.matrix().to_dense(), dense, s.counts.matrix().to_dense());
    for (cell, row) in own.rows().into_iter().enumerate() {
        match phases.name_of(cell) {
            Some("G1") => assert_eq!(row, g1.row(cell), "cell {cell}"),
            Some("S") => assert_eq!(row, s.row(cell), "cell {cell}"),
            _ => assert!(row != g1.row(cell) && row != s.row(cell), "cell {cell}"),
        }
    }
}

#[test]
fn what_a_model_cannot_answer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let plain = demo_run().join("model");
    let refuses = |model: &Path, more: &[&str], expected: &[&str]| {
        fails(embed(&demo_file(), model).arg("-o").arg(&out).args(more), expected);
        assert!(!out.exists());
    };
    refuses(&plain, &["--class-key", "bulk_labels"], &["the model has no classifier", "--use-classifier"]);
    refuses(&plain, &["--unknown-below", "0.5"], &["the model has no classifier"]);
    refuses(&plain, &["--decode", "G1"], &["the model has no decoder", "--use-decoder"]);
    refuses(&plain, &["--decode-by", "phase"], &["the model has no decoder", "--use-decoder"]);
    refuses(model_with_heads(), &["--decode-by", "fase"], &["--decode-by fase: no such column", "phase"]);
    refuses(model_with_heads(), &["--decode-by", "louvain"], &["there is no domain", "G1, G2M, S"]);
    refuses(&plain, &["--unknown-below", "1.5"], &["--unknown-below 1.5 is out of range"]);
    refuses(model_with_heads(), &["--decode", "G3"], &["there is no domain 'G3'", "G1, G2M, S"]);
    refuses(model_with_heads(), &["--class-key", "bulk"], &["--class-key bulk: no such column"]);
    refuses(folder.path(), &[], &["holds no model", "give the folder"]);
    fails(embed(&demo_file(), &plain).arg("-o").arg(demo_file()), &["would be replaced by the result"]);

    let broken = folder.path().join("broken");
    fs::create_dir(&broken).unwrap();
    fs::copy(plain.join("config.json"), broken.join("config.json")).unwrap();
    refuses(&broken, &[], &["model.safetensors"]);
    let weights = fs::read(plain.join("model.safetensors")).unwrap();
    fs::write(broken.join("model.safetensors"), &weights[..weights.len() / 2]).unwrap();
    refuses(&broken, &[], &["model.safetensors"]);
}

#[test]
fn genes_of_one_name_are_not_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("twice.h5ad");
    let data = read(&demo_file());
    let mut names = data.genes.names().to_vec();
    let model: serde_json::Value =
        serde_json::from_slice(&fs::read(demo_run().join("model/config.json")).unwrap()).unwrap();
    let feature = model["features"][0].as_str().unwrap();
    let other = names.iter().position(|name| name == model["features"][1].as_str().unwrap()).unwrap();
    names[other] = feature.to_owned();
    let genes = Genes::new(names);
    write_h5ad(&input, data.counts.matrix(), &data.cells, &genes, &Additions::default()).unwrap();
    let mut command = embed(&input, &demo_run().join("model"));
    fails(command.args(["--in-place", "--fill-missing"]), &["stands 2 times in the matrix and 1 times in the model"]);
}

/// A model of the Python package, held against the codes that it gave there.
#[test]
fn models_of_the_python_package_embed_as_there() {
    let Some(shared) = concord_tests::shared("embedding by a model of the Python package") else { return };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let model = shared.join("golden/python_model_pbmc3k");
    embed(&shared.join("data/pbmc3k_counts.h5ad"), &model).arg("-o").arg(&out).assert().success();
    let expected = Npz::open(&shared.join("golden/pbmc3k_reference.npz")).unwrap().matrix("embedding").unwrap();
    let difference = largest_difference(&read_obsm(&out, "Concord").unwrap(), &expected);
    assert!(difference < 1e-5, "{difference}");
}
