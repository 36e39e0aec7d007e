//! What watches over training: checkpoints, the caller's wish to stop, and numbers that are none.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{
    CheckpointEvery, Checkpoints, ModelError, architecture::Architecture, checkpoint, data::CheckedData,
    trainer::State, weights,
};

pub(crate) struct Keeper<'a> {
    architecture: &'a Architecture,
    stop: Option<&'a AtomicBool>,
    checkpoints: Option<Checkpoints>,
    /// Hash of the data, where checkpoints are written.
    data_sha256: String,
    /// The last checkpoint that there is.
    last: Option<PathBuf>,
}

impl<'a> Keeper<'a> {
    pub(crate) fn new(
        data: &'a CheckedData<'a>,
        stop: Option<&'a AtomicBool>,
        checkpoints: Option<Checkpoints>,
        last: Option<PathBuf>,
    ) -> Result<Self, ModelError> {
        if let Some(CheckpointEvery::Epochs(0) | CheckpointEvery::Steps(0)) =
            checkpoints.as_ref().and_then(|to| to.every)
        {
            let value = "0".to_owned();
            return Err(ModelError::Option { option: "checkpoint-every", value, expected: "at least 1" });
        }
        let data_sha256 = checkpoints.as_ref().map_or_else(String::new, |_| data.sha256());
        Ok(Self { architecture: &data.architecture, stop, checkpoints, data_sha256, last })
    }

    /// Writes a checkpoint if this is the time for one, and ends training if the caller wants that.
    pub(crate) fn after_step(&mut self, state: &State) -> Result<(), ModelError> {
        let stops = self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
        let is_written = self.write_if(state, stops || self.is_due(CheckpointEvery::Steps(state.n_steps_in_all)))?;
        if stops {
            let checkpoint = self.last.clone().filter(|_| is_written);
            return Err(ModelError::Interrupted { epoch: state.epoch + 1, step: state.step, checkpoint });
        }
        Ok(())
    }

    /// Writes a checkpoint if this is the time for one.
    pub(crate) fn after_epoch(&mut self, state: &State) -> Result<(), ModelError> {
        self.write_if(state, self.is_due(CheckpointEvery::Epochs(state.epoch))).map(|_| ())
    }

    fn is_due(&self, place: CheckpointEvery) -> bool {
        let every = self.checkpoints.as_ref().and_then(|checkpoints| checkpoints.every);
        every.is_some_and(|every| every.is_due(place))
    }

    fn write_if(&mut self, state: &State, is_due: bool) -> Result<bool, ModelError> {
        let Some(Checkpoints { path, .. }) = self.checkpoints.as_ref().filter(|_| is_due) else { return Ok(false) };
        self.check_weights(state)?;
        checkpoint::write(path, state, self.architecture, &self.data_sha256)?;
        self.last = Some(path.clone());
        Ok(true)
    }

    /// A loss that is finite can give weights that are not: these are neither kept nor returned.
    pub(crate) fn check_weights(&self, state: &State) -> Result<(), ModelError> {
        let is_finite = |bytes: &[u8; 4]| f32::from_le_bytes(*bytes).is_finite();
        let tensors = weights::tensors(&state.module, self.architecture);
        if tensors.iter().all(|(_, _, bytes)| bytes.as_chunks::<4>().0.iter().all(is_finite)) {
            return Ok(());
        }
        // At the end of training the last step belongs to the epoch before.
        let epoch = if state.step == 0 { state.epoch } else { state.epoch + 1 };
        let learning_rate = self.architecture.config.learning_rate(epoch.saturating_sub(1));
        let step = if state.step == 0 { state.history.last().map_or(0, |last| last.n_batches) } else { state.step };
        Err(ModelError::WeightsDiverged { epoch, step, learning_rate, checkpoint: self.last.clone() })
    }

    /// What to say of a loss that is no number, in the step that comes next.
    pub(crate) fn diverged(&self, loss: f32, state: &State) -> ModelError {
        let learning_rate = self.architecture.config.learning_rate(state.epoch);
        let (epoch, step) = (state.epoch + 1, state.step + 1);
        ModelError::Diverged { loss, epoch, step, learning_rate, checkpoint: self.last.clone() }
    }
}
