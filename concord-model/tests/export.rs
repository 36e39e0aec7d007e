//! Models written for the reference: read back here, and by the reference itself where it is installed.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{ffi::OsString, fs, path::Path, process::Command};

use common::Cells;
use concord_core::{Dense, Labels};
use concord_model::{
    CovariateDim, Device, Model, ModelCard, NormType, Normalization, Run, TrainConfig, TrainingData, classify, decode,
    embed, export, learned_embeddings, load, normalizes_itself, save, train_model,
};
use ndarray::Axis;

/// Names a Python with concord-sc, which then reads what we write.
const PYTHON: &str = "CONCORD_REFERENCE_PYTHON";

fn config() -> TrainConfig {
    TrainConfig { encoder_dims: vec![12], latent_dim: 5, batch_size: 24, n_epochs: 2, ..TrainConfig::default() }
}

/// A plain encoder; one with all that a model can have, its covariates not in the order of the alphabet; one of another
/// shape with batch normalisation and a mask.
fn configs() -> Vec<(&'static str, TrainConfig)> {
    let heads = TrainConfig {
        use_decoder: true,
        decoder_dims: vec![7, 6],
        use_classifier: true,
        covariate_embedding_dims: [("sex", 2), ("donor", 3)].map(covariate_dim).to_vec(),
        ..config()
    };
    let batch_norm = TrainConfig {
        encoder_dims: vec![9, 8],
        norm_type: NormType::BatchNorm,
        use_importance_mask: true,
        domain_embedding_dim: 0,
        ..heads.clone()
    };
    vec![("plain", config()), ("heads", heads), ("batch_norm", batch_norm)]
}

fn covariate_dim((covariate, dim): (&str, usize)) -> CovariateDim {
    CovariateDim { covariate: covariate.to_owned(), dim }
}

/// Of every cell, whatever its donor: so that no column can stand for the other.
fn sexes(cells: &Cells) -> Labels {
    let sex = |cell: usize| if cell % 3 == 1 { "male" } else { "female" };
    Labels::from_texts(&(0..cells.domains.n_cells()).map(sex).collect::<Vec<_>>())
}

fn trained(cells: &Cells, config: &TrainConfig) -> (Model, ModelCard) {
    let sexes = sexes(cells);
    let covariates = vec![("donor", &cells.donors), ("sex", &sexes)];
    let data = TrainingData { covariates, ..cells.training_data() };
    let trained = train_model(&data, config, &Device::cpu(), &mut Run::new(&mut |_| ())).unwrap();
    let normalization = Normalization::TotalAndLog { target_sum: 2000.0 };
    let domains = cells.domains.names();
    (trained.encoder, ModelCard::new(config.clone(), normalization, &cells.genes, &cells.expression, domains))
}

#[test]
fn an_exported_model_is_the_model() {
    let cells = Cells::new();
    for (name, config) in configs() {
        let (model, card) = trained(&cells, &config);
        let folder = tempfile::tempdir().unwrap();
        export(folder.path(), &model, &card).unwrap();
        let (again, again_card) = load(folder.path(), &Device::cpu()).unwrap();
        assert_eq!(again_card.features, card.features, "{name}");
        assert_eq!(again_card.provenance.domains, card.provenance.domains, "{name}");
        assert_eq!(again_card.normalization, None, "{name}: the reference does not know this total");
        // The reference drops batches that are not full, and so is a model of its own described.
        assert_eq!(TrainConfig { drop_partial_batches: false, ..again_card.training.clone() }, config, "{name}");
        assert_eq!(again.categories().classes, model.categories().classes, "{name}");
        let values = |model: &Model| embed(model, &cells.expression).unwrap().into_values();
        assert_eq!(values(&again), values(&model), "{name}");
        let tables = |model: &Model| -> Vec<Dense> {
            learned_embeddings(model).into_iter().map(|embedding| embedding.values).collect()
        };
        assert_eq!(tables(&again), tables(&model), "{name}");
        assert_eq!(again.gene_importances(), model.gene_importances(), "{name}");
        if config.use_classifier {
            let probabilities = |model| classify(model, &cells.expression).unwrap();
            assert_eq!(probabilities(&again), probabilities(&model), "{name}");
        }

        // What was read of the reference's files is exported to the same bytes.
        let second = tempfile::tempdir().unwrap();
        export(second.path(), &again, &again_card).unwrap();
        let weights = |folder: &Path| fs::read(folder.join("final_model_concord.pt")).unwrap();
        assert!(weights(second.path()) == weights(folder.path()), "{name}");
    }
}

#[test]
fn the_reference_normalises_to_ten_thousand_and_nothing_else() {
    let cells = Cells::new();
    let (model, card) = trained(&cells, &config());
    let with = |normalization| ModelCard { normalization: Some(normalization), ..card.clone() };
    for (normalization, expected) in [
        (Normalization::AsIs, false),
        (Normalization::TotalAndLog { target_sum: 2000.0 }, false),
        (Normalization::TotalAndLog { target_sum: 10_000.0 }, true),
    ] {
        let card = with(normalization);
        assert_eq!(normalizes_itself(&card), expected);
        let folder = tempfile::tempdir().unwrap();
        export(folder.path(), &model, &card).unwrap();
        let (_, again) = load(folder.path(), &Device::cpu()).unwrap();
        assert_eq!(again.normalization, expected.then_some(normalization));
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let cells = Cells::new();
    let (model, card) = trained(&cells, &config());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = export(&file, &model, &card).unwrap_err().to_string();
    assert!(error.starts_with(&file.display().to_string()), "{error}");
}

/// Embedding, classes and decoded expression by the reference, from the exported files alone, are ours.
#[test]
fn the_reference_loads_what_is_exported() {
    let Some(python) = python() else { return };
    let cells = Cells::new();
    for (name, config) in configs() {
        let (model, card) = trained(&cells, &config);
        let folder = tempfile::tempdir().unwrap();
        let path = |file: &str| folder.path().join(file);
        export(folder.path(), &model, &card).unwrap();
        let dense = cells.expression.matrix().to_dense();
        write_csv(&path("x.csv"), &dense);
        write_csv(&path("embedding.csv"), &embed(&model, &cells.expression).unwrap().into_values());
        let text = |labels: &Labels| -> String {
            (0..dense.nrows()).map(|cell| format!("{}\n", labels.name_of(cell).unwrap())).collect()
        };
        let sexes = sexes(&cells);
        for (column, labels) in [("domain", &cells.domains), ("donor", &cells.donors), ("sex", &sexes)] {
            fs::write(path(&format!("{column}.txt")), text(labels)).unwrap();
        }
        if config.use_classifier {
            write_csv(&path("probabilities.csv"), classify(&model, &cells.expression).unwrap().values());
            let covariates = [("donor", &cells.donors), ("sex", &sexes)];
            let decoded = decode(&model, &cells.expression, &cells.domains, &covariates).unwrap();
            write_csv(&path("decoded.csv"), &decoded);
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check_export.py");
        let output = Command::new(&python).arg(script).arg(folder.path()).output().unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name}: {stdout}{stderr}");

        // The check can fail: with other codes to compare it does.
        write_csv(&path("embedding.csv"), &Dense::zeros((dense.nrows(), 5)));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check_export.py");
        assert!(!Command::new(&python).arg(script).arg(folder.path()).output().unwrap().status.success(), "{name}");
    }
}

fn python() -> Option<OsString> {
    let python = std::env::var_os(PYTHON);
    if python.is_none() {
        #[allow(clippy::print_stderr, reason = "a skipped test is to be seen")]
        {
            eprintln!("SKIPPED: the_reference_loads_what_is_exported: {PYTHON} names no Python with concord-sc");
        }
    }
    python
}

fn write_csv(path: &Path, matrix: &Dense) {
    let line = |row: ndarray::ArrayView1<'_, f32>| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",") + "\n";
    fs::write(path, matrix.axis_iter(Axis(0)).map(line).collect::<String>()).unwrap();
}

/// A model that was saved and one that was exported lie in one folder: ours is read.
#[test]
fn files_of_both_kinds_do_not_disturb_each_other() {
    let cells = Cells::new();
    let (model, card) = trained(&cells, &config());
    let folder = tempfile::tempdir().unwrap();
    export(folder.path(), &model, &card).unwrap();
    save(folder.path(), &model, &card).unwrap();
    let (_, again) = load(folder.path(), &Device::cpu()).unwrap();
    assert_eq!(again.normalization, card.normalization);
}
