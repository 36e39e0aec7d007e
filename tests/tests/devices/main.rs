//! Every device of this build computes what the CPU does.
//!
//! In a build with no feature for devices there is the CPU alone, and the tests say that they are skipped:
//! `cargo xtask ci --only libtorch`, or `wgpu`, builds them with that feature.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use assert_cmd::Command;
use concord_core::{Column, Dense, Labels, LogNorm};
use concord_io::{ReadOptions, read_h5ad, read_obsm};
use concord_model::{
    Checkpoint, Checkpoints, CovariateDim, Device, DeviceKind, DeviceName, EpochSummary, ModelCard, ModelError,
    NormType, Normalization, Run, TrainConfig, Trained, TrainingData, classify, decode, devices, embed, load, resume,
    save, train_model,
};
use concord_prep::{NormalizeConfig, SelectConfig, normalize, select_features};
use concord_tests::repository_file;

/// The kinds that this build has besides the CPU, each with a device.
///
/// # Panics
/// When a kind was built and this machine has none: then nothing would be tested.
fn kinds(test: &str) -> Vec<DeviceKind> {
    let built: Vec<DeviceKind> =
        DeviceKind::ALL.into_iter().filter(|&kind| kind != DeviceKind::Cpu && kind.is_built()).collect();
    if built.is_empty() {
        #[allow(clippy::print_stderr, reason = "a skipped test is to be seen")]
        {
            eprintln!("SKIPPED: {test}: this build has no device but the CPU");
        }
    }
    for kind in &built {
        assert!(!devices(*kind).is_empty(), "{} was built, and this machine has none", kind.name());
    }
    built
}

fn demo_file() -> std::path::PathBuf {
    repository_file("concord-cli/demo/pbmc68k_reduced_counts.h5ad")
}

/// 300 genes of the embedded data set, and its columns of labels.
struct Cells {
    expression: LogNorm,
    genes: concord_core::Genes,
    phases: Labels,
    types: Labels,
}

impl Cells {
    fn read() -> Self {
        let dataset = read_h5ad(demo_file(), &ReadOptions::default()).unwrap();
        let labels = |name: &str| match dataset.obs.get(name) {
            Some(Column::Labels(labels)) => labels.clone(),
            _ => panic!("no categories in obs/{name}"),
        };
        let (phases, types) = (labels("phase"), labels("bulk_labels"));
        let config = SelectConfig { n_top_features: 300, ..SelectConfig::default() };
        let chosen = select_features(&dataset.counts, None, &config).unwrap().chosen;
        let expression = normalize(dataset.counts, &NormalizeConfig::default()).unwrap().select_genes(&chosen);
        Self { expression, genes: dataset.genes.select(&chosen), phases, types }
    }

    fn training_data(&self) -> TrainingData<'_> {
        TrainingData {
            classes: Some(&self.types),
            covariates: vec![("phase", &self.phases)],
            ..TrainingData::new(&self.expression, &self.phases)
        }
    }
}

/// One epoch of a plain encoder; of one with dropout and all heads; of another with batch normalisation and a mask; of one
/// without normalisation that stops by cells left out.
fn configs() -> Vec<(&'static str, TrainConfig)> {
    let plain =
        TrainConfig { encoder_dims: vec![64], latent_dim: 16, batch_size: 64, n_epochs: 1, ..TrainConfig::default() };
    let heads = TrainConfig {
        encoder_dims: vec![48, 32],
        dropout_prob: 0.1,
        use_decoder: true,
        decoder_dims: vec![40],
        use_classifier: true,
        covariate_embedding_dims: vec![CovariateDim { covariate: "phase".to_owned(), dim: 3 }],
        ..plain.clone()
    };
    let batch_norm = TrainConfig {
        norm_type: NormType::BatchNorm,
        use_importance_mask: true,
        importance_penalty_weight: 0.1,
        ..plain.clone()
    };
    // Without normalisation the losses of a step grow with the weights, which the usual learning rate makes large.
    let no_norm = TrainConfig { norm_type: NormType::None, lr: 1e-3, train_frac: 0.8, ..plain.clone() };
    vec![("plain", plain), ("heads", heads), ("batch norm", batch_norm), ("no norm", no_norm)]
}

/// Trains, and returns the number of cells and the loss of every step too.
fn trained(cells: &Cells, config: &TrainConfig, device: &Device) -> (Trained, Vec<(usize, f32)>) {
    let mut steps = Vec::new();
    let mut on_step = |progress: concord_model::TrainProgress| steps.push((progress.n_cells, progress.loss));
    let trained = train_model(&cells.training_data(), config, device, &mut Run::new(&mut on_step)).unwrap();
    (trained, steps)
}

fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    let difference = (found - expected).abs();
    assert!(difference <= tolerance * expected.abs().max(1.0), "{what}: {found}, on the CPU {expected}");
}

/// The largest difference of two matrices, as a part of the largest entry.
fn difference(found: &Dense, expected: &Dense) -> f32 {
    assert_eq!(found.dim(), expected.dim());
    let largest = |matrix: &Dense| matrix.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    largest(&(found - expected)) / largest(expected)
}

#[test]
fn an_epoch_has_the_losses_of_the_cpu() {
    let kinds = kinds("an_epoch_has_the_losses_of_the_cpu");
    let cells = Cells::read();
    for (name, config) in configs() {
        let (on_cpu, steps_on_cpu) = trained(&cells, &config, &Device::cpu());
        for kind in &kinds {
            let device = Device::open((*kind).into()).unwrap();
            let (on_device, steps) = trained(&cells, &config, &device);
            let what = format!("{name} on {}", kind.name());

            // Before anything has been learnt the weights are the same: so must batches and masks be for the loss to be.
            assert_eq!(steps.len(), steps_on_cpu.len(), "{what}");
            assert_near(&format!("{what}, first loss"), steps[0].1.into(), steps_on_cpu[0].1.into(), 1e-5);
            for (step, (found, expected)) in steps.iter().zip(&steps_on_cpu).enumerate() {
                assert_eq!(found.0, expected.0, "{what}, cells of step {step}");
                assert_near(&format!("{what}, step {step}"), found.1.into(), expected.1.into(), 1e-3);
            }
            let losses = |epoch: &EpochSummary| {
                let parts = [epoch.parts.reconstruction, epoch.parts.classification, epoch.parts.importance];
                [Some(epoch.loss), Some(epoch.parts.contrastive), parts[0], parts[1], parts[2], epoch.validation_loss]
            };
            for (found, expected) in losses(&on_device.history[0]).into_iter().zip(losses(&on_cpu.history[0])) {
                assert_eq!(found.is_some(), expected.is_some(), "{what}");
                assert_near(&what, found.unwrap_or_default(), expected.unwrap_or_default(), 1e-3);
            }
        }
    }
}

/// What was trained on a device gives the same codes, classes and expression on it and, from its files, on the CPU.
#[test]
fn a_model_gives_the_same_on_every_device() {
    let kinds = kinds("a_model_gives_the_same_on_every_device");
    let cells = Cells::read();
    let [_, (_, heads), (_, batch_norm), _] = &configs()[..] else { panic!("other configurations") };
    for (kind, config) in kinds.iter().flat_map(|kind| [(kind, heads), (kind, batch_norm)]) {
        let device = Device::open((*kind).into()).unwrap();
        let (on_device, _) = trained(&cells, config, &device);
        let folder = tempfile::tempdir().unwrap();
        let card =
            ModelCard::new(config.clone(), Normalization::AsIs, &cells.genes, &cells.expression, cells.phases.names());
        save(folder.path(), &on_device.encoder, &card).unwrap();
        let (on_cpu, _) = load(folder.path(), &Device::cpu()).unwrap();
        let (again, _) = load(folder.path(), &device).unwrap();

        let codes = |model| embed(model, &cells.expression).unwrap().into_values();
        let expected = codes(&on_cpu);
        assert!(difference(&codes(&on_device.encoder), &expected) < 1e-5, "{}", kind.name());
        assert!(difference(&codes(&again), &expected) < 1e-5, "{}", kind.name());
        if config.use_classifier {
            let classes = |model| classify(model, &cells.expression).unwrap().values().clone();
            assert!(difference(&classes(&again), &classes(&on_cpu)) < 1e-4, "{}", kind.name());
            let decoded = |model| decode(model, &cells.expression, &cells.phases, &[("phase", &cells.phases)]).unwrap();
            assert!(difference(&decoded(&again), &decoded(&on_cpu)) < 1e-4, "{}", kind.name());
        }
    }
}

/// Interrupted on a device and taken up on it or on the CPU, training goes on as it would have.
#[test]
fn checkpoints_go_from_device_to_device() {
    let kinds = kinds("checkpoints_go_from_device_to_device");
    let cells = Cells::read();
    let (_, config) = configs().swap_remove(1);
    let config = TrainConfig { n_epochs: 2, ..config };
    for kind in kinds {
        let device = Device::open(kind.into()).unwrap();
        let (whole, _) = trained(&cells, &config, &device);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        let stop = AtomicBool::new(false);
        let mut on_step = |progress: concord_model::TrainProgress| {
            stop.store((progress.epoch, progress.step) == (1, 1), Ordering::Relaxed);
        };
        let mut run = Run {
            stop: Some(&stop),
            checkpoints: Some(Checkpoints { path: path.clone(), every: None }),
            ..Run::new(&mut on_step)
        };
        let interrupted = train_model(&cells.training_data(), &config, &device, &mut run);
        assert!(matches!(interrupted, Err(ModelError::Interrupted { epoch: 2, .. })), "{}", kind.name());
        for device in [&device, &Device::cpu()] {
            let checkpoint = Checkpoint::read(&path).unwrap();
            let resumed = resume(&cells.training_data(), checkpoint, device, &mut Run::new(&mut |_| ())).unwrap();
            assert_eq!(resumed.history.len(), whole.history.len(), "{}", kind.name());
            for (found, expected) in resumed.history.iter().zip(&whole.history) {
                assert_near(kind.name(), found.loss, expected.loss, 1e-3);
            }
        }
    }
}

#[test]
fn names_that_cannot_be_opened_say_why() {
    for kind in DeviceKind::ALL {
        let error = match Device::open(DeviceName { kind, index: 99 }) {
            Ok(_) => panic!("there are no 100 devices of kind {}", kind.name()),
            Err(error) => error.to_string(),
        };
        let expected = if kind.is_built() { "concord devices" } else { "--features" };
        assert!(error.contains(expected), "{error}");
    }
}

/// `concord` with these arguments.
fn concord(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concord-under-test"));
    command.args(arguments);
    command
}

fn codes(path: &Path) -> Dense {
    read_obsm(path, "Concord").unwrap()
}

#[test]
fn the_command_line_names_devices_and_uses_them() {
    let output = concord(&["devices", "--json"]).assert().success();
    let listed: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    let kinds_listed = listed.as_array().unwrap();
    assert_eq!(kinds_listed.len(), DeviceKind::ALL.len());
    for (kind, listed) in DeviceKind::ALL.into_iter().zip(kinds_listed) {
        assert_eq!(listed["kind"], kind.name());
        assert_eq!(listed["is_built"], kind.is_built());
        assert_eq!(listed["devices"].as_array().unwrap().len(), devices(kind).len());
    }

    let folder = tempfile::tempdir().unwrap();
    let refused = DeviceKind::ALL.into_iter().find(|kind| !kind.is_built()).unwrap();
    let refused =
        concord(&["train", "--device", refused.name(), "-o"]).arg(folder.path()).arg(demo_file()).assert().code(2);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(said.contains("--features"), "{said}");

    for kind in kinds("the_command_line_names_devices_and_uses_them") {
        let out = folder.path().join(kind.name());
        let options =
            ["train", "--n-top-features", "300", "--encoder-dims", "32", "--latent-dim", "8", "--epochs", "1"];
        concord(&options).args(["--device", kind.name(), "-o"]).arg(&out).arg(demo_file()).assert().success();
        let record: serde_json::Value = serde_json::from_slice(&fs::read(out.join("train.json")).unwrap()).unwrap();
        assert_eq!(record["device"], kind.name());
        let trained = codes(&out.join("annotated.h5ad"));
        for device in [kind.name(), "cpu"] {
            let embedded = folder.path().join("embedded.h5ad");
            concord(&["embed", "--device", device, "-o"])
                .arg(&embedded)
                .arg(demo_file())
                .arg("--model")
                .arg(out.join("model"))
                .assert()
                .success();
            assert!(difference(&codes(&embedded), &trained) < 1e-5, "{device}");
        }

        // Begun there, and gone on with on the CPU.
        let parts = folder.path().join("parts");
        let mut begin = concord(&options);
        begin.args(["--device", kind.name(), "--batch-size", "64", "--stop-after", "3", "-o"]).arg(&parts);
        begin.arg(demo_file()).assert().code(130);
        concord(&["train", "--device", "cpu", "--resume"]).arg(&parts).assert().success();
        let record: serde_json::Value = serde_json::from_slice(&fs::read(parts.join("train.json")).unwrap()).unwrap();
        assert_eq!(record["device"], "cpu");
    }
}
