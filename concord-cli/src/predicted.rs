//! The classes that a model gives to cells.

use concord_core::{Column, Labels};
use concord_io::{Additions, UnsValue};
use concord_model::{ClassAssessment, ClassProbabilities};

use crate::{assessment::UNKNOWN, error::CliError};

/// Predicted classes.
pub(crate) struct Predicted {
    probabilities: ClassProbabilities,
    threshold: f32,
    /// The classes, and behind them `unknown` if there is a threshold.
    labels: Labels,
    /// The probability of the most probable class.
    best: Vec<f32>,
}

impl Predicted {
    pub(crate) fn new(probabilities: ClassProbabilities, threshold: f32) -> Result<Self, CliError> {
        let labels = probabilities.labels(threshold);
        let mut names = labels.names().to_vec();
        // A class of this name may be among those that were learned.
        let unknown = names.iter().position(|name| name == UNKNOWN).unwrap_or(names.len());
        if threshold > 0.0 && unknown == names.len() {
            names.push(UNKNOWN.to_owned());
        }
        let codes = labels.codes().iter().map(|code| code.or(Some(unknown as u32))).collect();
        let best = probabilities.values().rows().into_iter().map(|row| row.fold(0.0f32, |a, &b| a.max(b))).collect();
        Ok(Self { probabilities, threshold, labels: Labels::new(codes, names)?, best })
    }

    /// How many cells are called unknown.
    pub(crate) fn n_unknown(&self) -> usize {
        let unknown = self.labels.names().iter().position(|name| name == UNKNOWN);
        unknown.map_or(0, |unknown| self.labels.sizes()[unknown])
    }

    /// Puts them among what is added to the file.
    pub(crate) fn add_to(&self, additions: &mut Additions, key: &str) {
        additions.obs.push((format!("{key}_class_pred"), Column::Labels(self.labels.clone())));
        let best = self.best.iter().map(|&probability| f64::from(probability)).collect();
        additions.obs.push((format!("{key}_class_probability"), Column::Floats(best)));
        additions.obsm.push((format!("{key}_class_probabilities"), self.probabilities.values().clone()));
    }

    /// What the columns of the probabilities mean.
    pub(crate) fn about(&self) -> UnsValue {
        UnsValue::Texts(self.probabilities.classes().to_vec())
    }

    /// Holds them against what is true.
    pub(crate) fn assess(&self, truth: &Labels) -> Result<ClassAssessment, CliError> {
        Ok(self.probabilities.assess(truth, self.threshold)?)
    }
}
