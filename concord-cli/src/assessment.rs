//! Predicted classes against true ones: in words, as a table, for a record.

use anyhow::Context;
use concord_model::ClassAssessment;
use serde_json::{Value, json};

/// What cells are called whose class is not certain enough: `unknown`, or `unknown_2` where a class has that name.
pub(crate) fn unknown_beside(classes: &[String]) -> String {
    let numbered = (2..).map(|number| format!("unknown_{number}"));
    let mut names = std::iter::once("unknown".to_owned()).chain(numbered);
    names.find(|name| !classes.contains(name)).unwrap_or_default()
}

/// In a sentence.
pub(crate) fn summary(assessment: &ClassAssessment) -> String {
    let ClassAssessment { counts, n_known, n_unknown, n_right, calibration_error, .. } = assessment;
    let others = match counts.iter().flatten().sum::<usize>() - n_known {
        0 => String::new(),
        n_others => format!("; {n_others} more are of classes that the model does not know"),
    };
    let unknown = match *n_unknown {
        0 => String::new(),
        n_unknown => {
            let share = 100.0 * *n_right as f64 / (n_known - n_unknown).max(1) as f64;
            format!("; {share:.1} % without the {n_unknown} unknown ones")
        }
    };
    format!(
        "{n_right} of {n_known} cells are of the class that was predicted ({:.1} %{unknown}), calibration error \
         {calibration_error:.3}{others}",
        100.0 * assessment.accuracy(),
    )
}

/// A row for every true class that a cell has, below a header; a column for unknown cells where there are some.
pub(crate) fn table(assessment: &ClassAssessment) -> Vec<Vec<String>> {
    let ClassAssessment { truth, predicted, counts, .. } = assessment;
    let has_unknown = counts.iter().any(|row| row.last() > Some(&0));
    let n_columns = predicted.len() + usize::from(has_unknown);
    let columns = predicted.iter().cloned().chain([unknown_beside(predicted)]).take(n_columns);
    let header = std::iter::once("true \\ predicted".to_owned()).chain(columns).collect();
    let used = truth.iter().zip(counts).filter(|(_, row)| row.iter().any(|&n_cells| n_cells > 0));
    let rows = used.map(|(name, row)| {
        std::iter::once(name.clone()).chain(row.iter().map(ToString::to_string).take(n_columns)).collect()
    });
    std::iter::once(header).chain(rows).collect()
}

/// The table as CSV.
pub(crate) fn csv(assessment: &ClassAssessment) -> anyhow::Result<Vec<u8>> {
    let failed = "cannot write the table of classes";
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in table(assessment) {
        writer.write_record(row).context(failed)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error).context(failed)
}

/// All of it.
pub(crate) fn record(assessment: &ClassAssessment) -> Value {
    let predicted = [&assessment.predicted[..], &[unknown_beside(&assessment.predicted)]].concat();
    json!({
        "n_cells_of_known_classes": assessment.n_known,
        "n_unknown_of_these": assessment.n_unknown,
        "accuracy": assessment.accuracy(),
        "calibration_error": assessment.calibration_error,
        "true": assessment.truth,
        "predicted": predicted,
        "counts": assessment.counts,
    })
}

#[cfg(test)]
mod tests {
    use super::unknown_beside;

    #[test]
    fn no_class_is_called_as_unknown_cells_are() {
        let classes = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(unknown_beside(&classes(&["B", "T"])), "unknown");
        assert_eq!(unknown_beside(&classes(&["unknown", "T", "unknown_2"])), "unknown_3");
    }
}
