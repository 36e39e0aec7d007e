use std::collections::HashSet;
use std::path::{Component, Path};

use concord_core::Cells;

use super::input::Input;
use crate::{IoError, make_unique};

/// What files and folders with matrices are called whatever the sample, and so tells nothing about it.
const GENERAL: [&str; 9] = [
    "matrix",
    "outs",
    "count",
    "filtered_feature_bc_matrix",
    "raw_feature_bc_matrix",
    "sample_filtered_feature_bc_matrix",
    "filtered_gene_bc_matrices",
    "raw_gene_bc_matrices",
    "filtered_gene_bc_matrices_h5",
];

/// The names of the inputs: those given, or else what their paths differ in.
pub(super) fn batch_names(paths: &[&Path], given: Option<&[String]>) -> Result<Vec<String>, IoError> {
    let Some(given) = given else { return Ok(names_of_paths(paths)) };
    let distinct: HashSet<&String> = given.iter().collect();
    if given.len() == paths.len() && distinct.len() == given.len() && !distinct.contains(&String::new()) {
        return Ok(given.to_vec());
    }
    Err(IoError::BatchNames { n_inputs: paths.len(), names: given.to_vec() })
}

/// The names of cells, with the name of their input behind them when there are several inputs; and how many were changed
/// because they stood twice in an input.
pub(super) fn name_cells(inputs: &[Input], batches: &[String]) -> (Cells, usize) {
    if let [input] = inputs {
        return (input.cells.clone(), 0);
    }
    let named = |(input, batch): (&Input, &String)| -> Vec<String> {
        input.cells.names().iter().map(|cell| format!("{cell}-{batch}")).collect()
    };
    let mut names: Vec<String> = inputs.iter().zip(batches).flat_map(named).collect();
    let n_renamed = make_unique(&mut names);
    (Cells::new(names), n_renamed)
}

/// Names of inputs that differ: from the last part of the paths in which all differ, or the last, made unique.
fn names_of_paths(paths: &[&Path]) -> Vec<String> {
    let parts: Vec<Vec<String>> = paths.iter().map(|path| telling_parts(path)).collect();
    let n_levels = parts.iter().map(Vec::len).min().unwrap_or(0);
    for level in 0..n_levels {
        let names: Vec<&String> = parts.iter().map(|parts| &parts[level]).collect();
        if names.iter().collect::<HashSet<_>>().len() == names.len() {
            return names.into_iter().cloned().collect();
        }
    }
    let last = |parts: Vec<String>| parts.into_iter().next().unwrap_or_else(|| "batch".to_owned());
    let mut names: Vec<String> = parts.into_iter().map(last).collect();
    make_unique(&mut names);
    names
}

/// The parts of a path that say something about the sample, the last first.
fn telling_parts(path: &Path) -> Vec<String> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut parts = Vec::new();
    for component in whole.components() {
        match component {
            Component::Normal(part) => parts.push(bare_name(&part.to_string_lossy()).to_owned()),
            Component::ParentDir => drop(parts.pop()),
            _ => {}
        }
    }
    parts.reverse();
    parts.retain(|part| !part.is_empty() && !GENERAL.contains(&part.as_str()));
    parts
}

/// The name of a file without what says that it holds a matrix.
fn bare_name(name: &str) -> &str {
    let name = [".h5ad", ".h5", ".mtx.gz", ".mtx"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let is_separator = |letter: char| matches!(letter, '_' | '-' | '.');
    let general =
        GENERAL.iter().rev().find_map(|general| name.strip_suffix(general).filter(|rest| rest.ends_with(is_separator)));
    general.map_or(name, |rest| rest.trim_end_matches(is_separator))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(paths: &[&str], expected: &[&str]) {
        let paths: Vec<&Path> = paths.iter().map(Path::new).collect();
        assert_eq!(batch_names(&paths, None).unwrap(), expected);
    }

    #[test]
    fn names_are_what_paths_differ_in() {
        check(&["data/a.h5ad", "b.h5ad"], &["a", "b"]);
        check(&["s1/outs/filtered_feature_bc_matrix.h5", "s2/outs/filtered_feature_bc_matrix.h5"], &["s1", "s2"]);
        check(&["s1/filtered_gene_bc_matrices/hg19", "s2/filtered_gene_bc_matrices/hg19/"], &["s1", "s2"]);
        check(&["GSM1_ctrl_matrix.mtx.gz", "GSM2_matrix.mtx"], &["GSM1_ctrl", "GSM2"]);
        check(&["x/a.filtered_feature_bc_matrix.h5", "y/a.h5ad", "x/../z/a"], &["x", "y", "z"]);
        check(&["a/x.h5ad", "a/x.h5ad", "a/y.h5ad"], &["x", "x-1", "y"]);
    }

    #[test]
    fn names_that_are_given_must_fit() {
        let paths = [Path::new("a"), Path::new("b")];
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<String>>();
        assert_eq!(batch_names(&paths, Some(&names(&["s", "t"]))).unwrap(), ["s", "t"]);
        for wrong in [&["s"][..], &["s", "s"], &["s", ""], &["s", "t", "u"]] {
            assert!(matches!(batch_names(&paths, Some(&names(wrong))), Err(IoError::BatchNames { n_inputs: 2, .. })));
        }
    }
}
