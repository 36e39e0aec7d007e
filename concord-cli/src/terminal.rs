//! What the user sees on stderr, and the log that keeps the same lines without the bars.

use std::{cell::RefCell, fmt, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Writes to stderr and remembers every line for the log.
pub(crate) struct Terminal {
    quiet: bool,
    lines: RefCell<Vec<String>>,
}

impl Terminal {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, lines: RefCell::new(Vec::new()) }
    }

    /// One line about a step that is done.
    pub(crate) fn step(&self, name: &str, summary: &str, seconds: f64) {
        self.line(&format!("{name:<10} {summary:<64} {:>8}", format!("{seconds:.2} s")));
    }

    pub(crate) fn warning(&self, message: &str) {
        self.line(&format!("warning: {message}"));
    }

    /// A line for the user and the log.
    pub(crate) fn line(&self, line: &str) {
        if !self.quiet {
            print_to_stderr(line);
        }
        self.log(line);
    }

    /// A line for the log alone.
    pub(crate) fn log(&self, line: &str) {
        self.lines.borrow_mut().push(line.trim_end().to_owned());
    }

    /// The reason why a command failed; shown even when quiet.
    #[allow(clippy::unused_self, reason = "errors go the way of all other lines")]
    pub(crate) fn error(&self, error: &dyn fmt::Display) {
        print_to_stderr(&format!("error: {error}"));
    }

    /// All lines so far.
    pub(crate) fn log_text(&self) -> String {
        let mut text = self.lines.borrow().join("\n");
        text.push('\n');
        text
    }

    /// A bar for a step of `length` parts; hidden when quiet and where stderr is no terminal.
    pub(crate) fn bar(&self, name: &str, length: usize) -> ProgressBar {
        let target = if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(length as u64), target);
        let template = "{prefix:<10} {bar:28} {msg}  {eta} left";
        // The template is a constant; were it wrong, the bar would only look different.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━━─"));
        }
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

#[allow(clippy::print_stderr, reason = "this is the one place that writes to stderr")]
fn print_to_stderr(line: &str) {
    eprintln!("{}", line.trim_end());
}
