//! Model directories of the reference: small ones that concord-sc wrote (`golden/make_reference_models.py`), and damaged
//! ones made of them.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use concord_core::{Csr, Dense, Labels, LogNorm};
use concord_model::{
    Device, ModelError, Normalization, Origin, TrainConfig, classify, decode, embed, learned_embeddings, load, save,
};
use safetensors::SafeTensors;
use serde_json::{Value, json};

type TestResult = Result<(), Box<dyn Error>>;

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/reference_models")
}

/// The cells, and the latent code that the reference gives them.
fn golden(model: &str) -> Result<(LogNorm, Dense), Box<dyn Error>> {
    let json: Value = serde_json::from_str(&fs::read_to_string(golden_folder().join("golden.json"))?)?;
    let matrix = |name: &str| -> Result<Dense, Box<dyn Error>> {
        let rows: Vec<Vec<f32>> = serde_json::from_value(json[name].clone())?;
        Ok(Dense::from_shape_vec((rows.len(), rows.first().map_or(0, Vec::len)), rows.concat())?)
    };
    let cells = Csr::csr_from_dense(matrix("x")?.view(), 0.0);
    Ok((LogNorm::from_logged(cells)?, matrix(model)?))
}

/// A copy of a golden model under names of its own, to be damaged.
struct ModelCopy {
    folder: tempfile::TempDir,
    config: PathBuf,
    weights: PathBuf,
}

impl ModelCopy {
    fn new(model: &str) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let (config, weights) = (folder.path().join("config_new.json"), folder.path().join("final_model_new.pt"));
        for entry in fs::read_dir(golden_folder().join(model))? {
            let path = entry?.path();
            fs::copy(&path, if path.extension().is_some_and(|end| end == "pt") { &weights } else { &config })?;
        }
        Ok(Self { folder, config, weights })
    }

    /// Puts other values into the configuration.
    fn with(model: &str, changes: &Value) -> Result<Self, Box<dyn Error>> {
        let copy = Self::new(model)?;
        let mut config: Value = serde_json::from_str(&fs::read_to_string(&copy.config)?)?;
        for (name, value) in changes.as_object().ok_or("no object")? {
            config[name] = value.clone();
        }
        fs::write(&copy.config, config.to_string())?;
        Ok(copy)
    }

    /// What loading it says, after the path of the file that is to blame.
    #[track_caller]
    fn error(&self, to_blame: &Path) -> Result<String, String> {
        let Err(error) = load(self.folder.path(), &Device::cpu()) else { return Err("was loaded".to_owned()) };
        let error = error.to_string();
        let detail = error.strip_prefix(&format!("{}: ", to_blame.display()));
        detail.map(str::to_owned).ok_or(format!("does not begin with {}: {error}", to_blame.display()))
    }
}

const MODELS: [&str; 4] = ["deep", "flat", "batch_norm", "no_norm"];

fn assert_close(what: &str, ours: &Dense, expected: &Dense) {
    assert_eq!(ours.dim(), expected.dim(), "{what}");
    let difference = (ours - expected).iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    assert!(difference <= 1e-5, "{what}: {difference}");
}

#[test]
fn cells_get_the_code_of_the_reference() -> TestResult {
    for model in MODELS {
        let (cells, expected) = golden(model)?;
        let (encoder, card) = load(&golden_folder().join(model), &Device::cpu())?;
        let code = embed(&encoder, &cells)?;
        assert_close(model, code.values(), &expected);

        // As a model of ours it is the same.
        let folder = tempfile::tempdir()?;
        save(folder.path(), &encoder, &card)?;
        let (again, same_card) = load(folder.path(), &Device::cpu())?;
        assert_eq!(same_card, card);
        assert_eq!(embed(&again, &cells)?, code);
        assert_eq!(again.gene_importances(), encoder.gene_importances());
        assert_eq!(learned_embeddings(&again), learned_embeddings(&encoder));
    }
    Ok(())
}

/// The labels of the cells in `make_reference_models.py`: each name in turn.
fn in_turn(names: &[&str]) -> Labels {
    Labels::from_texts(&(0..40).map(|cell| names[cell % names.len()]).collect::<Vec<_>>())
}

#[test]
fn decoder_and_classifier_say_what_the_reference_says() -> TestResult {
    let batches = in_turn(&["left", "right"]);
    // The reference does not keep the names of a covariate's categories.
    let (sex, donor) = (in_turn(&["0", "0", "1", "1"]), in_turn(&["0", "1", "2", "3", "4"]));
    let covariates = [("donor", &donor), ("sex", &sex)];
    for model in ["deep", "batch_norm", "no_norm"] {
        let (cells, probabilities) = golden(&format!("{model}/probabilities"))?;
        let (_, decoded) = golden(&format!("{model}/decoded"))?;
        let (_, decoded_as_left) = golden(&format!("{model}/decoded as left"))?;
        let (loaded, _) = load(&golden_folder().join(model), &Device::cpu())?;

        let classes = classify(&loaded, &cells)?;
        assert_eq!(classes.classes(), if model == "batch_norm" { &["b", "c"][..] } else { &["a", "b", "c"] });
        assert_close(model, classes.values(), &probabilities);
        let certain = classes.labels(0.9);
        for (cell, row) in probabilities.rows().into_iter().enumerate() {
            let (_, largest) =
                row.iter().copied().enumerate().reduce(|a, b| if b.1 > a.1 { b } else { a }).ok_or("")?;
            assert_eq!(certain.codes()[cell].is_some(), largest >= 0.9, "cell {cell} of {model}");
        }

        assert_close(model, &decode(&loaded, &cells, &batches, &covariates)?, &decoded);
        let left = Labels::single(40, "left");
        assert_close(model, &decode(&loaded, &cells, &left, &covariates)?, &decoded_as_left);
    }
    Ok(())
}

#[test]
fn questions_that_a_model_cannot_answer_are_refused() -> TestResult {
    let (cells, _) = golden("flat")?;
    let (flat, _) = load(&golden_folder().join("flat"), &Device::cpu())?;
    let message = |error: ModelError| error.to_string();
    let no_classifier = classify(&flat, &cells).map_err(message).err();
    assert_eq!(no_classifier.as_deref(), Some("the model has no classifier: train one with --use-classifier"));
    let (with_covariates, _) = load(&golden_folder().join("batch_norm"), &Device::cpu())?;
    let decoded = |model, domain| decode(model, &cells, &Labels::single(40, domain), &[]).map_err(message).err();
    assert_eq!(decoded(&flat, "left").as_deref(), Some("the model has no decoder: train one with --use-decoder"));
    assert_eq!(
        decoded(&with_covariates, "middle").as_deref(),
        Some("there is no domain 'middle': known are left, right")
    );
    assert_eq!(
        decoded(&with_covariates, "left").as_deref(),
        Some("--covariate-embedding-dims needs the covariate 'sex' of the cells: give them, or leave the option out")
    );
    let embeddings = learned_embeddings(&with_covariates);
    let shapes: Vec<_> = embeddings.iter().map(|table| (table.covariate.as_deref(), table.values.dim())).collect();
    assert_eq!(shapes, [(None, (2, 8)), (Some("sex"), (2, 2)), (Some("donor"), (5, 3))]);
    assert!(learned_embeddings(&flat).is_empty());
    Ok(())
}

#[test]
fn the_card_tells_what_the_configuration_does() -> TestResult {
    let (_, card) = load(&golden_folder().join("deep"), &Device::cpu())?;
    assert_eq!(card.features.len(), 12);
    assert_eq!(card.features[10], "gene 10");
    assert_eq!((card.training.n_epochs, card.training.batch_size, card.training.seed), (3, 10, 3));
    assert_eq!((&card.training.encoder_dims[..], card.training.latent_dim), (&[8, 6][..], 4));
    assert!((card.training.lr - 0.05).abs() < f64::EPSILON);
    assert!(card.training.drop_partial_batches);
    assert_eq!(card.provenance.origin, Origin::ConcordSc);
    assert_eq!(card.provenance.domains, ["left", "right"]);
    assert_eq!((card.provenance.concord_version, card.provenance.n_cells), (None, None));
    let config = card.provenance.reference_config.ok_or("no configuration")?;
    assert_eq!(config["use_decoder"], json!(true));
    assert!(!config.contains_key("input_feature"), "the genes are not there twice");
    Ok(())
}

#[test]
fn the_newest_files_are_read() -> TestResult {
    let copy = ModelCopy::new("flat")?;
    let other = ModelCopy::new("deep")?;
    // By name these come last.
    let (config, weights) = (copy.folder.path().join("config_zzz.json"), copy.folder.path().join("final_model_zzz.pt"));
    fs::copy(&other.config, &config)?;
    fs::copy(&other.weights, &weights)?;
    let set_age = |path: &Path, hours: u64| -> std::io::Result<()> {
        let time = SystemTime::now() - Duration::from_hours(hours);
        fs::File::options().write(true).open(path)?.set_modified(time)
    };
    for (age, n_layers) in [(2, 0), (0, 2)] {
        set_age(&copy.config, 1)?;
        set_age(&copy.weights, 1)?;
        set_age(&config, age)?;
        set_age(&weights, age)?;
        let (_, card) = load(copy.folder.path(), &Device::cpu())?;
        assert_eq!(card.training.encoder_dims.len(), n_layers);
    }
    // One of each model do not go together.
    set_age(&weights, 2)?;
    assert!(copy.error(&copy.weights)?.starts_with("encoder.0.weight is F32 [4, 12], but"));
    Ok(())
}

#[test]
fn configurations_of_no_model_are_refused() -> TestResult {
    for (model, changes, expected) in [
        ("flat", json!({"norm_type": "group_norm"}), "unknown variant `group_norm`"),
        ("flat", json!({"input_feature": null}), "input_feature is missing: the genes of the model are not known"),
        ("flat", json!({"encoder_dims": [usize::MAX]}), "is out of range: widths from 1 to 65536"),
        ("flat", json!({"latent_dim": "four"}), "an option is not as expected: invalid type: string \"four\""),
        ("flat", json!({"input_feature": ["A", 1]}), "input_feature is not as expected: invalid type: integer `1`"),
        ("deep", json!({"unique_domains": []}), "the domains of the decoder are missing"),
        ("deep", json!({"unique_classes": null}), "the classes of the classifier are missing"),
        ("batch_norm", json!({"covariate_num_categories": {"sex": 2}}), "covariate_num_categories has no donor"),
    ] {
        let copy = ModelCopy::with(model, &changes)?;
        let error = copy.error(&copy.config)?;
        assert!(error.contains(expected), "{changes}: {error}");
    }
    Ok(())
}

#[test]
fn a_step_of_normalisation_may_be_alone() -> TestResult {
    for (changes, normalization, step) in [
        (json!({"log1p": true}), None, Some("log1p")),
        (json!({"normalize_total": true}), None, Some("normalize_total")),
        (json!({}), None, None),
        (
            json!({"log1p": true, "normalize_total": true}),
            Some(Normalization::TotalAndLog { target_sum: 10_000.0 }),
            None,
        ),
    ] {
        let (_, card) = load(ModelCopy::with("flat", &changes)?.folder.path(), &Device::cpu())?;
        assert_eq!((card.normalization, card.lone_step()), (normalization, step), "{changes}");
    }
    Ok(())
}

#[test]
fn weights_that_do_not_fit_are_refused() -> TestResult {
    let one_gene_less: Vec<String> = (0..11).map(|gene| format!("gene {gene}")).collect();
    for (changes, expected) in [
        (
            json!({"input_feature": one_gene_less}),
            "encoder.0.weight is F32 [8, 12], but the configuration asks for F32 [8, 11]",
        ),
        (json!({"latent_dim": 5}), "encoder.8.weight is F32 [4, 6], but the configuration asks for F32 [5, 6]"),
        (
            json!({"unique_domains": ["left"]}),
            "domain_embedding.weight is F32 [2, 8], but the configuration asks for F32 [1, 8]",
        ),
        (json!({"decoder_dims": []}), "has a parameter decoder.4.weight, but the configuration asks for 1 layers"),
        (json!({"norm_type": "batch_norm"}), "has no parameter encoder.1.running_mean"),
        (json!({"use_importance_mask": true}), "has no parameter importance_mask"),
        (json!({"encoder_dims": [8, 6, 4]}), "has no parameter encoder.12.weight"),
        (
            json!({"encoder_dims": [8], "latent_dim": 6}),
            "has a parameter encoder.8.weight, but the configuration asks for 2 layers",
        ),
    ] {
        let copy = ModelCopy::with("deep", &changes)?;
        assert_eq!(copy.error(&copy.weights)?, expected, "{changes}");
    }
    Ok(())
}

#[test]
fn no_widths_at_all_are_a_single_layer() -> TestResult {
    let copy = ModelCopy::with("flat", &json!({"encoder_dims": null}))?;
    let (encoder, card) = load(copy.folder.path(), &Device::cpu())?;
    assert_eq!((encoder.n_genes(), encoder.n_latent()), (12, 4));
    assert_eq!(card.training.encoder_dims, [0_usize; 0]);
    Ok(())
}

#[test]
fn damaged_files_are_errors_that_name_them() -> TestResult {
    let copy = ModelCopy::new("deep")?;
    let whole = fs::read(&copy.weights)?;
    for n_bytes in (0..whole.len()).step_by(97) {
        fs::write(&copy.weights, &whole[..n_bytes])?;
        let error = copy.error(&copy.weights)?;
        assert!(error.starts_with("not a readable PyTorch file ("), "{n_bytes} bytes: {error}");
    }
    for garbage in [&b"\x80\x02garbage"[..], &[0xff; 4096], b"PK\x03\x04 and nothing else", b"<html>not found</html>"] {
        fs::write(&copy.weights, garbage)?;
        assert!(copy.error(&copy.weights)?.starts_with("not a readable PyTorch file ("));
    }
    // A byte that is not as it was is found by a checksum, or changes nothing that is read; never does it panic.
    for place in (0..whole.len()).step_by(23) {
        let mut flipped = whole.clone();
        flipped[place] ^= 0xff;
        fs::write(&copy.weights, flipped)?;
        let _ = load(copy.folder.path(), &Device::cpu());
    }

    fs::write(&copy.weights, &whole)?;
    let config = fs::read(&copy.config)?;
    for text in [&config[..config.len() / 2], b"", b"[]", b"{}"] {
        fs::write(&copy.config, text)?;
        copy.error(&copy.config)?;
    }
    Ok(())
}

#[test]
fn missing_files_are_named() -> TestResult {
    let copy = ModelCopy::new("flat")?;
    let folder = copy.folder.path();
    fs::rename(&copy.weights, folder.join("elsewhere"))?;
    assert!(copy.error(folder)?.starts_with("has no final_model_*.pt to go with "));
    fs::rename(folder.join("elsewhere"), &copy.weights)?;
    fs::remove_file(&copy.config)?;
    assert!(copy.error(folder)?.starts_with("has no config_*.json to go with "));
    fs::remove_file(&copy.weights)?;
    assert!(copy.error(folder)?.starts_with("holds no model: "));
    let nowhere = folder.join("nowhere");
    assert!(matches!(load(&nowhere, &Device::cpu()), Err(ModelError::Io { path, .. }) if path == nowhere));
    Ok(())
}

/// Python runs `touch code-of-a-pickle-was-run` when it unpickles these.
#[test]
fn code_in_a_pickle_is_not_run() -> TestResult {
    let copy = ModelCopy::new("flat")?;
    fs::copy(golden_folder().join("hostile.pt"), &copy.weights)?;
    assert_eq!(copy.error(&copy.weights)?, "has no parameter encoder.0.bias");
    for pickle in [
        &b"cos\nsystem\n(X\x1e\0\0\0touch code-of-a-pickle-was-runtR."[..],
        b"}X\x10\0\0\0encoder.0.weightcos\nsystem\n(X\x1e\0\0\0touch code-of-a-pickle-was-runtRs.",
        b"c__builtin__\neval\n(X\x39\0\0\0__import__(\"os\").system(\"touch code-of-a-pickle-was-run\")tR.",
    ] {
        fs::write(&copy.weights, pickle)?;
        copy.error(&copy.weights)?;
    }
    assert!(!Path::new("code-of-a-pickle-was-run").exists());
    Ok(())
}

/// The configuration of a model names all options of the reference, with its default where none was given.
#[test]
fn defaults_are_those_of_the_reference() -> TestResult {
    let (_, card) = load(&golden_folder().join("flat"), &Device::cpu())?;
    let expected = TrainConfig {
        // As given in `make_reference_models.py`.
        batch_size: 10,
        n_epochs: 3,
        encoder_dims: Vec::new(),
        latent_dim: 4,
        lr: 0.05,
        seed: 3,
        // The reference writes 0 where it seeks no neighbours.
        knn_warmup_epochs: 0,
        drop_partial_batches: true,
        ..TrainConfig::default()
    };
    assert_eq!(card.training, expected);
    let TrainConfig { batch_size, n_epochs, encoder_dims, latent_dim, seed, knn_warmup_epochs, .. } =
        TrainConfig::default();
    assert_eq!((batch_size, n_epochs, latent_dim, seed, knn_warmup_epochs), (256, 15, 100, 0, 2));
    assert_eq!(encoder_dims, [1000]);
    Ok(())
}

#[test]
fn learned_embeddings_are_the_tables_of_the_files() -> TestResult {
    let mut n_tables = 0;
    for model in MODELS {
        let (encoder, card) = load(&golden_folder().join(model), &Device::cpu())?;
        let folder = tempfile::tempdir()?;
        save(folder.path(), &encoder, &card)?;
        let bytes = fs::read(folder.path().join("model.safetensors"))?;
        let file = SafeTensors::deserialize(&bytes)?;
        for table in learned_embeddings(&encoder) {
            let of_covariate = |name: &String| format!("covariate_embeddings.{name}.weight");
            let name = table.covariate.as_ref().map_or("domain_embedding.weight".to_owned(), of_covariate);
            let tensor = file.tensor(&name)?;
            let values = tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            assert_eq!(table.values, Dense::from_shape_vec(table.values.dim(), values)?, "{model}: {name}");
            assert_eq!(table.categories.len(), table.values.nrows(), "{model}: {name}");
            n_tables += 1;
        }
    }
    assert_eq!(n_tables, 1 + 3);
    Ok(())
}
