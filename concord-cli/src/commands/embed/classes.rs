//! The classes that a model gives to cells, and how well they agree with those that are known.

use anyhow::Context;
use concord_core::{Column, Labels};
use concord_io::{Additions, UnsValue};
use concord_model::ClassProbabilities;
use serde_json::{Value, json};

use crate::{error::CliError, text_table::text_table};

/// What cells are called whose class is not certain enough.
const UNKNOWN: &str = "unknown";

/// Predicted classes.
pub(super) struct Predicted {
    probabilities: ClassProbabilities,
    /// The classes, and behind them `unknown` if there is a threshold.
    labels: Labels,
    /// The probability of the most probable class.
    best: Vec<f32>,
}

impl Predicted {
    pub(super) fn new(probabilities: ClassProbabilities, threshold: f32) -> Result<Self, CliError> {
        let labels = probabilities.labels(threshold);
        let mut names = labels.names().to_vec();
        // A class of this name may be among those that were learned.
        let unknown = names.iter().position(|name| name == UNKNOWN).unwrap_or(names.len());
        if threshold > 0.0 && unknown == names.len() {
            names.push(UNKNOWN.to_owned());
        }
        let codes = labels.codes().iter().map(|code| code.or(Some(unknown as u32))).collect();
        let best = probabilities.values().rows().into_iter().map(|row| row.fold(0.0f32, |a, &b| a.max(b))).collect();
        Ok(Self { probabilities, labels: Labels::new(codes, names)?, best })
    }

    /// How many cells are called unknown.
    pub(super) fn n_unknown(&self) -> usize {
        let unknown = self.labels.names().iter().position(|name| name == UNKNOWN);
        unknown.map_or(0, |unknown| self.labels.sizes()[unknown])
    }

    /// Puts them among what is added to the file.
    pub(super) fn add_to(&self, additions: &mut Additions, key: &str) {
        additions.obs.push((format!("{key}_class"), Column::Labels(self.labels.clone())));
        let best = self.best.iter().map(|&probability| f64::from(probability)).collect();
        additions.obs.push((format!("{key}_class_probability"), Column::Floats(best)));
        additions.obsm.push((format!("{key}_class_probabilities"), self.probabilities.values().clone()));
    }

    /// What the columns of the probabilities mean.
    pub(super) fn about(&self) -> UnsValue {
        UnsValue::Texts(self.probabilities.classes().to_vec())
    }

    /// Holds them against what is true.
    pub(super) fn compare(&self, truth: &Labels) -> Confusion {
        let mut counts = vec![vec![0; self.labels.n_categories()]; truth.n_categories()];
        let (mut n_known, mut n_unknown, mut n_right, mut bins) = (0, 0, 0, vec![Bin::default(); N_BINS]);
        for (cell, (truth_code, code)) in truth.codes().iter().zip(self.labels.codes()).enumerate() {
            let (Some(truth_code), Some(code)) = (truth_code, code) else { continue };
            counts[*truth_code as usize][*code as usize] += 1;
            let name = &truth.names()[*truth_code as usize];
            let Some(class) = self.probabilities.classes().iter().position(|class| class == name) else { continue };
            n_known += 1;
            n_right += usize::from(*code as usize == class);
            n_unknown += usize::from(self.labels.names()[*code as usize] == UNKNOWN && name != UNKNOWN);
            let row = self.probabilities.values().row(cell);
            let is_best = row[class] >= self.best[cell];
            let bin = ((self.best[cell] * N_BINS as f32) as usize).min(N_BINS - 1);
            bins[bin].add(self.best[cell], is_best);
        }
        let gaps = bins.iter().map(Bin::gap).sum::<f64>();
        Confusion {
            truth: truth.names().to_vec(),
            predicted: self.labels.names().to_vec(),
            counts,
            n_known,
            n_unknown,
            n_right,
            calibration_error: gaps / (n_known.max(1) as f64),
        }
    }
}

/// Cells of like probability are held together to see how many of them are right.
const N_BINS: usize = 10;

#[derive(Debug, Clone, Default)]
struct Bin {
    probability: f64,
    n_right: f64,
}

impl Bin {
    fn add(&mut self, probability: f32, is_right: bool) {
        self.probability += f64::from(probability);
        self.n_right += f64::from(u8::from(is_right));
    }

    fn gap(&self) -> f64 {
        (self.probability - self.n_right).abs()
    }
}

/// True classes (rows) and predicted ones.
#[derive(Debug, PartialEq)]
pub(super) struct Confusion {
    truth: Vec<String>,
    predicted: Vec<String>,
    counts: Vec<Vec<usize>>,
    /// Cells whose true class the model knows; those of other classes cannot be right.
    pub(super) n_known: usize,
    /// Those of them that are called unknown.
    n_unknown: usize,
    n_right: usize,
    /// Mean difference between the probability of the most probable class and how often it is right, in ten bins.
    calibration_error: f64,
}

impl Confusion {
    /// 0 when there is no cell that could be right.
    fn accuracy(&self) -> f64 {
        self.n_right as f64 / self.n_known.max(1) as f64
    }

    /// In a sentence.
    pub(super) fn summary(&self) -> String {
        let n_all: usize = self.counts.iter().flatten().sum();
        let others = match n_all - self.n_known {
            0 => String::new(),
            n_others => format!("; {n_others} more are of classes that the model does not know"),
        };
        let unknown = match self.n_unknown {
            0 => String::new(),
            n_unknown => {
                let share = 100.0 * self.n_right as f64 / (self.n_known - n_unknown).max(1) as f64;
                format!("; {share:.1} % without the {n_unknown} unknown ones")
            }
        };
        format!(
            "{} of {} cells are of the class that was predicted ({:.1} %{unknown}), calibration error {:.3}{others}",
            self.n_right,
            self.n_known,
            100.0 * self.accuracy(),
            self.calibration_error
        )
    }

    fn table(&self) -> Vec<Vec<String>> {
        let header = std::iter::once("true \\ predicted".to_owned()).chain(self.predicted.iter().cloned()).collect();
        let used = self.truth.iter().zip(&self.counts).filter(|(_, row)| row.iter().any(|&n_cells| n_cells > 0));
        let rows = used.map(|(name, row)| {
            std::iter::once(name.clone()).chain(row.iter().map(ToString::to_string)).collect::<Vec<String>>()
        });
        std::iter::once(header).chain(rows).collect()
    }

    /// For the terminal.
    pub(super) fn text(&self) -> String {
        text_table(self.table())
    }

    pub(super) fn csv(&self) -> anyhow::Result<Vec<u8>> {
        let failed = "cannot write the table of classes";
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in self.table() {
            writer.write_record(row).context(failed)?;
        }
        writer.into_inner().map_err(csv::IntoInnerError::into_error).context(failed)
    }

    pub(super) fn record(&self) -> Value {
        json!({
            "n_cells_of_known_classes": self.n_known,
            "n_unknown_of_these": self.n_unknown,
            "accuracy": self.accuracy(),
            "calibration_error": self.calibration_error,
            "true": self.truth,
            "predicted": self.predicted,
            "counts": self.counts,
        })
    }
}
