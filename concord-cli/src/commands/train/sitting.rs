//! Training that can be interrupted, and goes on another time.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::Context;
use clap::Parser;
use concord_model::{Checkpoint, CheckpointEvery, Checkpoints, Model};
use serde::{Deserialize, Serialize};
use signal_hook::{
    consts::SIGINT,
    flag::{register, register_conditional_shutdown},
};

use super::TrainArgs;
use crate::{
    args::{Cli, Command},
    error::{CliError, INTERRUPTED},
};

/// The state of training.
const CHECKPOINT: &str = "checkpoint.safetensors";

/// The options of the training that it is of.
const ORDER: &str = "checkpoint.json";

/// What goes on beside the steps of training; by default nothing.
#[derive(Default)]
pub(crate) struct Sitting<'a> {
    /// Where to take it up.
    pub(super) from: Option<Checkpoint>,
    /// The model to begin with.
    pub(super) pretrained: Option<&'a Model>,
    pub(super) checkpoints: Option<Checkpoints>,
    /// Becomes true when training is to stop.
    pub(super) stop: Option<&'a AtomicBool>,
    /// Steps after which it is made true.
    pub(super) stop_after: Option<usize>,
}

impl<'a> Sitting<'a> {
    /// One that begins with a model, if there is one, and goes on to the end.
    pub(crate) fn uninterrupted(pretrained: Option<&'a Model>) -> Self {
        Self { pretrained, ..Self::default() }
    }
}

/// What `concord train` was told to do.
#[derive(Serialize, Deserialize)]
struct Order {
    arguments: Vec<String>,
    /// Absolute paths, for training may go on in another folder: that of the input,
    input: PathBuf,
    /// of the list of genes,
    input_feature: Option<PathBuf>,
    /// and of the model to begin with.
    pretrained_model: Option<PathBuf>,
}

/// The options of an interrupted training; those for interruption, and the device if there is one, are the new ones.
pub(super) fn taken_up(args: &TrainArgs, folder: &Path, command_line: &[String]) -> Result<TrainArgs, CliError> {
    const DEVICE: &str = "--device";
    const ALLOWED: [&str; 7] =
        ["--resume", "--checkpoint-every", "--stop-after", "--threads", "--quiet", "--json", DEVICE];
    let option = |argument: &String| argument.split('=').next().unwrap_or_default().to_owned();
    let is_other = |argument: &&String| argument.starts_with("--") && !ALLOWED.contains(&option(argument).as_str());
    if let Some(other) = command_line.iter().find(is_other) {
        return Err(CliError::usage(format!(
            "{other} does not go with --resume: the options are those that training was begun with; leave it out, or begin \
             anew with -o"
        )));
    }
    let refuse = |reason: &dyn std::fmt::Display| {
        let folder = folder.display();
        CliError::usage(format!("--resume {folder}: {reason}; give the folder of an interrupted concord train"))
    };
    let text = fs::read_to_string(folder.join(ORDER)).map_err(|error| refuse(&format!("{ORDER}: {error}")))?;
    let order: Order = serde_json::from_str(&text).map_err(|error| refuse(&format!("{ORDER}: {error}")))?;
    let Ok(Cli { command: Command::Train(begun), .. }) = Cli::try_parse_from(&order.arguments) else {
        return Err(refuse(&format!("{ORDER} holds no options of concord train")));
    };
    // Training can go on elsewhere than where it was begun.
    let mut training = begun.training.clone();
    training.input_feature = order.input_feature.or(training.input_feature);
    training.pretrained_model = order.pretrained_model.or(training.pretrained_model);
    if command_line.iter().any(|argument| option(argument) == DEVICE) {
        training.device = args.training.device;
    }
    Ok(TrainArgs {
        training,
        input: args.input.clone().or(Some(order.input)),
        out: Some(folder.to_owned()),
        resume: args.resume.clone(),
        checkpoint_every: args.checkpoint_every.or(begun.checkpoint_every),
        stop_after: args.stop_after,
        ..*begun
    })
}

/// The checkpoints in the folder of the results.
pub(super) struct Desk {
    folder: PathBuf,
    from: Option<Checkpoint>,
    /// Becomes true when training is to stop.
    stop: Arc<AtomicBool>,
}

impl Desk {
    /// Makes the folder; reads the checkpoint of what is taken up, or takes an older one away. Says in `checkpoint.json`
    /// what is being done.
    pub(super) fn set_up(args: &TrainArgs, folder: &Path, command_line: &[String]) -> Result<Self, CliError> {
        let path = folder.join(CHECKPOINT);
        if args.resume.is_some() {
            // A program that was killed early has left no checkpoint: then training begins anew.
            let exists = path.exists();
            let from = exists.then(|| Checkpoint::read(&path)).transpose();
            let from = from.map_err(|error| CliError::usage(format!("--resume: {error}")))?;
            if from.as_ref().is_some_and(|from| *from.config() != args.training.config) {
                return Err(CliError::usage(format!("--resume: {ORDER} and {CHECKPOINT} are of different trainings")));
            }
            return Ok(Self { folder: folder.to_owned(), from, stop: Arc::default() });
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        remove(&path)?;
        let absolute = |path: &PathBuf| {
            std::path::absolute(path).with_context(|| format!("cannot name {} by an absolute path", path.display()))
        };
        let order = Order {
            arguments: command_line.to_vec(),
            input: absolute(&args.input.clone().unwrap_or_default())?,
            input_feature: args.training.input_feature.as_ref().map(absolute).transpose()?,
            pretrained_model: args.training.pretrained_model.as_ref().map(absolute).transpose()?,
        };
        let text = serde_json::to_string_pretty(&order).context("cannot write down the options")?;
        let place = folder.join(ORDER);
        fs::write(&place, format!("{text}\n")).with_context(|| format!("cannot write {}", place.display()))?;
        Ok(Self { folder: folder.to_owned(), from: None, stop: Arc::default() })
    }

    /// Where training is taken up, in words.
    pub(super) fn place(&self) -> String {
        let Some(from) = &self.from else { return "there is no checkpoint: training begins anew".to_owned() };
        format!("training goes on in epoch {}, after step {}", from.n_epochs() + 1, from.n_steps())
    }

    /// Begins, with a model if there is one.
    pub(super) fn sit_down<'a>(
        &'a mut self,
        args: &TrainArgs,
        pretrained: Option<&'a Model>,
    ) -> Result<Sitting<'a>, CliError> {
        stop_by_ctrl_c(&self.stop)?;
        let every = args.checkpoint_every.map(|n_epochs| CheckpointEvery::Epochs(n_epochs.get()));
        Ok(Sitting {
            from: self.from.take(),
            pretrained,
            checkpoints: Some(Checkpoints { path: self.folder.join(CHECKPOINT), every }),
            stop: Some(self.stop.as_ref()),
            stop_after: args.stop_after.map(std::num::NonZeroUsize::get),
        })
    }

    /// How to go on.
    pub(super) fn advice(folder: &Path) -> String {
        format!("go on with: concord train --resume {}", folder.display())
    }

    /// Takes everything away that is for going on: training is complete.
    pub(super) fn clear(&self) -> Result<(), CliError> {
        remove(&self.folder.join(ORDER))?;
        remove(&self.folder.join(CHECKPOINT))
    }

    /// After a failure: without a checkpoint nothing can go on.
    pub(super) fn leave(&self) {
        if !self.folder.join(CHECKPOINT).exists() {
            let _ = fs::remove_file(self.folder.join(ORDER));
            // Only if nothing else is in it.
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

fn remove(path: &Path) -> Result<(), CliError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(anyhow::anyhow!("cannot remove {}: {error}", path.display()).into())
        }
        _ => Ok(()),
    }
}

/// Makes it true with the first Ctrl-C; the second ends the program at once.
fn stop_by_ctrl_c(stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let failed = "cannot listen for Ctrl-C";
    // In this order: the first signal finds it false and makes it true, the second finds it true.
    register_conditional_shutdown(SIGINT, i32::from(INTERRUPTED), Arc::clone(stop)).context(failed)?;
    register(SIGINT, Arc::clone(stop)).context(failed)?;
    Ok(())
}
