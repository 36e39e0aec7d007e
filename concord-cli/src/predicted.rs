//! The classes that a model gives to cells.

use concord_core::{Column, Labels};
use concord_io::{Additions, UnsValue};
use concord_model::{ClassAssessment, ClassProbabilities};

use crate::{assessment::unknown_beside, error::CliError};

/// Predicted classes.
pub(crate) struct Predicted {
    probabilities: ClassProbabilities,
    threshold: f32,
    /// The classes, and behind them what unknown cells are called if there is a threshold.
    labels: Labels,
    n_unknown: usize,
    /// The probability of the most probable class.
    best: Vec<f32>,
}

impl Predicted {
    pub(crate) fn new(probabilities: ClassProbabilities, threshold: f32) -> Result<Self, CliError> {
        let labels = probabilities.labels(threshold);
        let mut names = labels.names().to_vec();
        let unknown = names.len() as u32;
        if threshold > 0.0 {
            names.push(unknown_beside(&names));
        }
        let codes = labels.codes().iter().map(|code| code.or(Some(unknown))).collect();
        let best = probabilities.values().rows().into_iter().map(|row| row.fold(0.0f32, |a, &b| a.max(b))).collect();
        let n_unknown = labels.n_missing();
        Ok(Self { probabilities, threshold, labels: Labels::new(codes, names)?, n_unknown, best })
    }

    /// How many cells are called unknown.
    pub(crate) fn n_unknown(&self) -> usize {
        self.n_unknown
    }

    /// Puts them among what is added to the file.
    pub(crate) fn add_to(&self, additions: &mut Additions, key: &str) {
        let [class, probability, probabilities] = names(key);
        additions.obs.push((class, Column::Labels(self.labels.clone())));
        let best = self.best.iter().map(|&probability| f64::from(probability)).collect();
        additions.obs.push((probability, Column::Floats(best)));
        additions.obsm.push((probabilities, self.probabilities.values().clone()));
    }

    /// The places in the file that they take.
    pub(crate) fn places(key: &str) -> [String; 3] {
        let [class, probability, probabilities] = names(key);
        [format!("obs/{class}"), format!("obs/{probability}"), format!("obsm/{probabilities}")]
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

/// The names of the class, of its probability, and of the probabilities of all classes.
fn names(key: &str) -> [String; 3] {
    ["class_pred", "class_probability", "class_probabilities"].map(|what| format!("{key}_{what}"))
}
