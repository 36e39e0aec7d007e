//! What is wrong with additions, found before anything is written.

use std::collections::HashSet;
use std::path::PathBuf;

use concord_core::{Column, Dense};

use super::Additions;
use crate::IoError;
use crate::frame::{FramePlace, FrameShape};
use crate::h5::H5File;

/// Names inside a data frame that are no columns.
const RESERVED: [&str; 2] = ["_index", "__categories"];

/// The data frames that are added to.
#[derive(Debug)]
pub(crate) struct Frames {
    pub(crate) obs: FrameShape,
    pub(crate) var: FrameShape,
    path: PathBuf,
}

impl Frames {
    /// Those of a file.
    pub(crate) fn of(file: &H5File) -> Result<Self, IoError> {
        let shape = |name| FramePlace::top_level(file, name)?.shape(file);
        Ok(Self { obs: shape("obs")?, var: shape("var")?, path: file.path().to_owned() })
    }

    /// Those of a new file.
    pub(crate) fn new(n_cells: usize, n_genes: usize) -> Self {
        let shape = |n_rows| FrameShape { n_rows, index: "_index".to_owned(), is_records: false };
        Self { obs: shape(n_cells), var: shape(n_genes), path: PathBuf::new() }
    }
}

pub(crate) fn check_additions(frames: &Frames, additions: &Additions) -> Result<(), IoError> {
    let Frames { obs, var, path } = frames;
    check_matrices("obsm", &additions.obsm, obs.n_rows)?;
    check_matrices("varm", &additions.varm, var.n_rows)?;
    check_columns("obs", &additions.obs, obs.n_rows, &obs.index)?;
    check_columns("var", &additions.var, var.n_rows, &var.index)?;
    for (table, shape, columns) in [("obs", obs, &additions.obs), ("var", var, &additions.var)] {
        if shape.is_records && !columns.is_empty() {
            let detail = "columns cannot be added to a data frame in the form of before anndata 0.7; read and write the \
                          file once with a newer anndata";
            let (path, object) = (path.clone(), table.to_owned());
            return Err(IoError::Unsupported { path, object, detail: detail.to_owned() });
        }
    }
    for (name, layer) in &additions.layers {
        check_name("layers", name)?;
        check_length("layers", name, obs.n_rows, layer.shape().0)?;
        if layer.shape().1 != var.n_rows {
            let detail = format!("has {} columns, but the file has {} genes", layer.shape().1, var.n_rows);
            return Err(invalid("layers", name, &detail));
        }
    }
    for (name, value) in &additions.uns {
        check_name("uns", name)?;
        value.check_names(&format!("uns/{name}"), &check_name)?;
    }
    Ok(())
}

fn check_matrices(place: &str, matrices: &[(String, Dense)], n_rows: usize) -> Result<(), IoError> {
    for (name, values) in matrices {
        check_name(place, name)?;
        check_length(place, name, n_rows, values.nrows())?;
    }
    Ok(())
}

fn check_columns(table: &str, columns: &[(String, Column)], n_rows: usize, index: &str) -> Result<(), IoError> {
    for (name, column) in columns {
        check_name(table, name)?;
        check_length(table, name, n_rows, column.len())?;
        if name == index || RESERVED.contains(&name.as_str()) {
            return Err(invalid(table, name, "the name is taken by the index; choose another"));
        }
        if let Column::Labels(labels) = column {
            let distinct: HashSet<&String> = labels.names().iter().collect();
            if distinct.len() != labels.n_categories() {
                return Err(invalid(table, name, "two categories have the same name"));
            }
        }
    }
    Ok(())
}

fn check_length(place: &str, name: &str, expected: usize, found: usize) -> Result<(), IoError> {
    if expected == found {
        return Ok(());
    }
    Err(invalid(place, name, &format!("has {found} rows, but the file has {expected}")))
}

fn check_name(place: &str, name: &str) -> Result<(), IoError> {
    if name.is_empty() || name == "." || name.contains(['/', '\0']) {
        return Err(invalid(place, name, "a name must not be empty, a point, or hold a slash"));
    }
    Ok(())
}

fn invalid(place: &str, name: &str, detail: &str) -> IoError {
    IoError::InvalidAddition { object: format!("{place}/{name}"), detail: detail.to_owned() }
}
