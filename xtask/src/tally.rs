//! Adds up the result lines of `cargo test`.

use std::fmt;
use std::io::{BufRead, Write};

use anyhow::Result;

/// How many tests passed, failed and were ignored, over all test programs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Tally {
    /// Copies the output of `cargo test` line by line, as it comes, and adds up its result lines.
    pub(crate) fn of(mut input: impl BufRead, mut output: impl Write) -> Result<Self> {
        let mut tally = Self::default();
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line)? > 0 {
            output.write_all(&line)?;
            output.flush()?;
            tally.add(&String::from_utf8_lossy(&line));
            line.clear();
        }
        Ok(tally)
    }

    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; ...`; others change nothing.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for part in counts.split(';') {
            let mut words = part.split_whitespace();
            let (Some(Ok(count)), Some(kind)) = (words.next().map(str::parse::<u64>), words.next()) else { continue };
            match kind {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.ignored > 0 {
            write!(f, ", {} skipped", self.ignored)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OUTPUT: &str = "\
running 2 tests
test a ... ok
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s

test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s
";

    #[test]
    fn result_lines_are_added_up_and_everything_is_copied() {
        let mut copied = Vec::new();
        let tally = Tally::of(OUTPUT.as_bytes(), &mut copied).unwrap();
        assert_eq!(tally, Tally { passed: 17, failed: 2, ignored: 1 });
        assert_eq!(copied, OUTPUT.as_bytes());
        assert_eq!(tally.to_string(), "17 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn bytes_that_are_no_text_are_copied_too() {
        let mut copied = Vec::new();
        let tally = Tally::of(&b"\xff\xfe\ntest result: ok. 1 passed; 0 failed"[..], &mut copied).unwrap();
        assert_eq!(tally.to_string(), "1 passed, 0 failed");
        assert!(copied.starts_with(b"\xff\xfe\n"));
    }

    #[test]
    fn other_lines_change_nothing() {
        let mut tally = Tally::default();
        for line in ["test result: ", "3 passed; 0 failed", "test test_result ... ok", "test result: ok. x passed; y"] {
            tally.add(line);
        }
        assert_eq!(tally, Tally::default());
    }
}
