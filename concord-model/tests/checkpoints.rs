//! Training that is interrupted and taken up again ends in the same bytes; and what a checkpoint does not survive.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use common::{Cells, same_bytes, small};
use concord_core::Labels;
use concord_model::{
    Checkpoint, CheckpointEvery, Checkpoints, Device, ModelError, NormType, Run, TrainConfig, TrainProgress, Trained,
    TrainingData, resume, train_model,
};

fn everything() -> TrainConfig {
    TrainConfig {
        n_epochs: 5,
        norm_type: NormType::BatchNorm,
        dropout_prob: 0.1,
        use_decoder: true,
        decoder_dims: vec![8],
        covariate_embedding_dims: vec!["donor=2".parse().unwrap()],
        use_classifier: true,
        use_importance_mask: true,
        importance_penalty_weight: 0.1,
        ..small()
    }
}

/// Trains, asking to stop after so many steps in all.
fn train_until(
    data: &TrainingData<'_>,
    config: &TrainConfig,
    from: Option<Checkpoint>,
    checkpoints: Checkpoints,
    n_steps: usize,
) -> Result<Trained, ModelError> {
    let stop = AtomicBool::new(false);
    let mut n_done = 0;
    let mut progress = |_: TrainProgress| {
        n_done += 1;
        stop.store(n_done == n_steps, Ordering::Relaxed);
    };
    let mut run = Run { stop: Some(&stop), checkpoints: Some(checkpoints), ..Run::new(&mut progress) };
    match from {
        None => train_model(data, config, &Device::cpu(), &mut run),
        Some(checkpoint) => resume(data, checkpoint, &Device::cpu(), &mut run),
    }
}

fn at(path: &Path, every: Option<CheckpointEvery>) -> Checkpoints {
    Checkpoints { path: path.to_owned(), every }
}

#[test]
fn interrupted_training_ends_in_the_same_bytes() {
    let cells = Cells::new();
    let data = cells.training_data();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    for (name, config) in [
        ("default", TrainConfig { n_epochs: 5, ..small() }),
        ("everything", everything()),
        ("validation", TrainConfig { train_frac: 0.7, ..everything() }),
        ("neighbours", TrainConfig { p_intra_knn: 0.3, sampler_knn: Some(20), ..everything() }),
    ] {
        let expected = train_model(&data, &config, &Device::cpu(), &mut Run::new(&mut |_| ())).unwrap();
        let n_per_epoch = expected.history[0].n_batches;
        // In the first epoch, at the end of one, after the warm-up, and at the very end.
        let last = expected.history.iter().map(|epoch| epoch.n_batches).sum();
        for n_steps in [1, n_per_epoch, 2 * n_per_epoch + 3, last] {
            let interrupted = train_until(&data, &config, None, at(&path, None), n_steps);
            let Err(ModelError::Interrupted { checkpoint, .. }) = interrupted else {
                panic!("{name}: not interrupted")
            };
            assert_eq!(checkpoint.as_deref(), Some(&*path), "{name}");
            let read = Checkpoint::read(&path).unwrap();
            assert_eq!(read.config(), &config);
            // Interrupted once more on the way.
            let again = train_until(&data, &config, Some(read), at(&path, None), 2);
            let resumed = match again {
                Err(ModelError::Interrupted { .. }) => {
                    let read = Checkpoint::read(&path).unwrap();
                    train_until(&data, &config, Some(read), at(&path, None), usize::MAX).unwrap()
                }
                finished => finished.unwrap(),
            };
            assert_eq!(resumed.history, expected.history, "{name} after {n_steps} steps");
            assert_eq!(resumed.best_epoch, expected.best_epoch);
            same_bytes(name, &resumed.encoder, &expected.encoder);
        }
    }
}

#[test]
fn checkpoints_are_written_as_often_as_asked_for() {
    let cells = Cells::new();
    let data = cells.training_data();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let config = small();
    let place = || Checkpoint::read(&path).map(|checkpoint| (checkpoint.n_epochs(), checkpoint.n_steps())).ok();
    for (every, expected) in [
        // Seven batches an epoch; looked at before the checkpoint of each step.
        (CheckpointEvery::Steps(4), [(1, None), (4, None), (5, Some((0, 4))), (8, Some((0, 4))), (9, Some((1, 1)))]),
        (CheckpointEvery::Epochs(2), [(1, None), (7, None), (14, None), (15, Some((2, 0))), (21, Some((2, 0)))]),
    ] {
        let _ = fs::remove_file(&path);
        let (mut n_steps, mut seen) = (0, Vec::new());
        let mut progress = |_: TrainProgress| {
            n_steps += 1;
            if expected.iter().any(|(step, _)| *step == n_steps) {
                seen.push((n_steps, place()));
            }
        };
        let mut run = Run { checkpoints: Some(at(&path, Some(every))), ..Run::new(&mut progress) };
        train_model(&data, &config, &Device::cpu(), &mut run).unwrap();
        assert_eq!(seen, expected, "{every:?}");
    }
    let mut nothing = |_: TrainProgress| ();
    let mut run = Run { checkpoints: Some(at(&path, Some(CheckpointEvery::Steps(0)))), ..Run::new(&mut nothing) };
    let error = train_model(&data, &config, &Device::cpu(), &mut run).unwrap_err().to_string();
    assert_eq!(error, "--checkpoint-every 0 is out of range: at least 1");
}

#[test]
fn a_loss_that_is_no_number_keeps_the_last_good_checkpoint() {
    let cells = Cells::new();
    let data = cells.training_data();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    // Without a normalisation such steps soon overflow.
    let config = TrainConfig { norm_type: NormType::None, use_decoder: true, lr: 1e12, n_epochs: 50, ..small() };
    let mut n_steps = 0;
    let mut progress = |_: TrainProgress| n_steps += 1;
    let mut run = Run { checkpoints: Some(at(&path, Some(CheckpointEvery::Steps(1)))), ..Run::new(&mut progress) };
    let error = train_model(&data, &config, &Device::cpu(), &mut run).unwrap_err();
    let (ModelError::Diverged { epoch, step, ref checkpoint, .. }
    | ModelError::WeightsDiverged { epoch, step, ref checkpoint, .. }) = error
    else {
        panic!("{error}")
    };
    assert!(n_steps < 300 && epoch >= 1 && step >= 1);
    assert!(error.to_string().contains("lower the learning rate (it was 1"), "{error}");
    if n_steps > 1 {
        assert_eq!(checkpoint.as_deref(), Some(&*path));
        assert!(error.to_string().ends_with(&format!("; the last checkpoint is kept in {}", path.display())));
        Checkpoint::read(&path).unwrap();
    }
}

#[test]
fn other_data_and_damaged_files_are_refused() {
    let cells = Cells::new();
    let data = cells.training_data();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let config = everything();
    train_until(&data, &config, None, at(&path, None), 3).unwrap_err();

    let others = Labels::from_texts(&(0..240).map(|cell| ["a", "b"][cell % 2]).collect::<Vec<_>>());
    let other = TrainingData { domains: &others, ..data.clone() };
    let read = Checkpoint::read(&path).unwrap();
    let error = resume(&other, read, &Device::cpu(), &mut Run::new(&mut |_| ())).unwrap_err();
    assert!(matches!(&error, ModelError::OtherData { path: of } if *of == path), "{error}");

    let whole = fs::read(&path).unwrap();
    let damaged = folder.path().join("damaged");
    for n_bytes in (0..whole.len()).step_by(whole.len() / 40) {
        fs::write(&damaged, &whole[..n_bytes]).unwrap();
        let error = Checkpoint::read(&damaged).unwrap_err().to_string();
        assert!(error.contains("not a whole checkpoint"), "{n_bytes} bytes: {error}");
    }
    for place in (0..whole.len()).step_by(whole.len() / 40) {
        let mut flipped = whole.clone();
        flipped[place] ^= 0x10;
        fs::write(&damaged, flipped).unwrap();
        assert!(Checkpoint::read(&damaged).is_err(), "byte {place}");
    }
    let nowhere = folder.path().join("nowhere");
    assert!(matches!(Checkpoint::read(&nowhere), Err(ModelError::Io { path, .. }) if path == nowhere));
}
