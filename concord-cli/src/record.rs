//! What a run did, step by step: `run.json`.

use std::time::Instant;

use serde::Serialize;

use crate::{memory, terminal::Terminal};

/// Time and memory of one step.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StepRecord {
    pub(crate) name: &'static str,
    /// What the step found, in words.
    pub(crate) summary: String,
    pub(crate) seconds: f64,
    /// Largest resident set during the step; null where the system does not tell.
    pub(crate) peak_memory_bytes: Option<u64>,
}

/// Times the steps of a run and tells the terminal about each.
pub(crate) struct Recorder<'a> {
    terminal: &'a Terminal,
    start: Instant,
    steps: Vec<StepRecord>,
    warnings: Vec<String>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, start: Instant::now(), steps: Vec::new(), warnings: Vec::new() }
    }

    pub(crate) fn terminal(&self) -> &'a Terminal {
        self.terminal
    }

    /// Does one step. `work` returns its result and a summary of it in a few words.
    pub(crate) fn step<T, E>(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<(T, String), E>,
    ) -> Result<T, E> {
        memory::reset_peak();
        let start = Instant::now();
        let (result, summary) = work()?;
        let seconds = start.elapsed().as_secs_f64();
        self.terminal.step(name, &summary, seconds);
        self.steps.push(StepRecord { name, summary, seconds, peak_memory_bytes: memory::peak() });
        Ok(result)
    }

    /// Tells the user something that needs attention, now and in the record.
    pub(crate) fn warn(&mut self, message: &dyn std::fmt::Display) {
        let message = message.to_string();
        self.terminal.warning(&message);
        self.warnings.push(message);
    }

    pub(crate) fn steps(&self) -> &[StepRecord] {
        &self.steps
    }

    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// The largest of the steps' peaks.
    pub(crate) fn peak_memory_bytes(&self) -> Option<u64> {
        self.steps.iter().filter_map(|step| step.peak_memory_bytes).max()
    }
}
