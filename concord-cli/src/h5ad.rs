//! What commands take out of an h5ad file beside its matrix.

use std::path::Path;

use concord_core::{Embedding, Table};
use concord_io::{Dataset, EntrySummary, read_obsm};
use ndarray::s;

use crate::{error::CliError, names::nearest_first, terminal::Terminal};

/// What a user is told of the places, such as `obsm/Concord`, that results take and that hold something else already.
pub(crate) fn replaced(places: &[String], dataset: &InFile<'_>) -> Vec<String> {
    let is_taken = |place: &&String| match place.split_once('/') {
        Some(("obs", name)) => dataset.obs.get(name).is_some(),
        Some(("obsm", name)) => dataset.obsm.iter().any(|known| known == name),
        Some(("layers", name)) => dataset.layers.iter().any(|known| known == name),
        _ => false,
    };
    let told =
        |place: &String| format!("{place} of the input is replaced in the result; --output-key gives another name");
    places.iter().filter(is_taken).map(told).collect()
}

/// What a file holds already.
pub(crate) struct InFile<'a> {
    pub(crate) obs: &'a Table,
    pub(crate) obsm: &'a [String],
    pub(crate) layers: &'a [String],
}

impl<'a> From<&'a Dataset> for InFile<'a> {
    fn from(Dataset { obs, obsm, layers, .. }: &'a Dataset) -> Self {
        Self { obs, obsm, layers }
    }
}

/// A matrix of obsm; `option` named it. An unknown name is answered with the names there are, the nearest first.
pub(crate) fn embedding(path: &Path, obsm: &[EntrySummary], name: &str, option: &str) -> Result<Embedding, CliError> {
    if obsm.iter().all(|entry| entry.name != name) {
        let names = nearest_first(name, obsm.iter().map(|entry| entry.name.as_str()));
        let known = if names.is_empty() {
            "obsm is empty; make one with `concord run`".to_owned()
        } else {
            format!("there are: {}", names.join(", "))
        };
        return Err(CliError::usage(format!(
            "{option} {name}: {} has no such matrix in obsm; {known}",
            path.display()
        )));
    }
    let values = read_obsm(path, name)?;
    if let Some(((cell, dimension), value)) = values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        return Err(CliError::usage(format!(
            "{option} {name}: the value of cell {cell} in dimension {dimension} is {value}; leave out such cells"
        )));
    }
    Ok(Embedding::new(values)?)
}

/// Two dimensions of a matrix of obsm, to be drawn, and what it is called: `wanted`, or the UMAP that suits best.
pub(crate) fn picture(
    path: &Path,
    obsm: &[EntrySummary],
    wanted: Option<&str>,
    terminal: &Terminal,
) -> Result<(Embedding, String), CliError> {
    let name = match wanted {
        Some(name) => name.to_owned(),
        None => best_umap(path, obsm, terminal)?,
    };
    let points = embedding(path, obsm, &name, "--basis")?;
    match points.n_dimensions() {
        1 => Err(CliError::usage(format!("--basis {name}: it has one dimension, a picture needs two"))),
        2 => Ok((points, name)),
        n_dimensions => {
            terminal.line(&format!("{name} has {n_dimensions} dimensions: the first two are drawn"));
            Ok((first_two(&points)?, name))
        }
    }
}

/// A picture with two dimensions: the first two when it has more; none of one with a single dimension.
pub(crate) fn flat(points: &Embedding) -> Result<Option<Embedding>, CliError> {
    match points.n_dimensions() {
        1 => Ok(None),
        2 => Ok(Some(points.clone())),
        _ => first_two(points).map(Some),
    }
}

/// The first two dimensions.
fn first_two(points: &Embedding) -> Result<Embedding, CliError> {
    Ok(Embedding::new(points.values().slice(s![.., ..2]).to_owned())?)
}

/// The UMAP that is drawn when none is named: ours before others, flat ones before others.
fn best_umap(path: &Path, obsm: &[EntrySummary], terminal: &Terminal) -> Result<String, CliError> {
    let rank = |entry: &EntrySummary| {
        let is_flat = entry.shape.get(1) == Some(&2);
        (!is_flat, entry.name != "Concord_UMAP", !entry.name.ends_with("_UMAP"))
    };
    let mut umaps: Vec<&EntrySummary> =
        obsm.iter().filter(|entry| entry.name.to_lowercase().contains("umap")).collect();
    umaps.sort_by_key(|entry| rank(entry));
    let Some((best, others)) = umaps.split_first() else {
        let names: Vec<&str> = obsm.iter().map(|entry| entry.name.as_str()).collect();
        let known = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        return Err(CliError::usage(format!(
            "{} has no UMAP in obsm, which holds: {known}; make one with `concord umap`, or name another with --basis",
            path.display()
        )));
    };
    if !others.is_empty() {
        let others: Vec<&str> = others.iter().map(|entry| entry.name.as_str()).collect();
        terminal.line(&format!("drawn on {}; --basis takes another: {}", best.name, others.join(", ")));
    }
    Ok(best.name.clone())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use concord_io::EntryKind;

    use super::*;

    fn best(entries: &[(&str, usize)]) -> Option<String> {
        let entry = |&(name, width): &(&str, usize)| EntrySummary {
            name: name.to_owned(),
            kind: EntryKind::Numbers,
            shape: vec![9, width],
        };
        let obsm: Vec<EntrySummary> = entries.iter().map(entry).collect();
        best_umap(Path::new("x.h5ad"), &obsm, &Terminal::new(true)).ok()
    }

    #[test]
    fn our_own_flat_umap_is_best() {
        assert_eq!(best(&[("X_pca", 50), ("X_umap", 2)]).unwrap(), "X_umap");
        assert_eq!(best(&[("Concord_UMAP_3D", 3), ("X_umap", 2)]).unwrap(), "X_umap");
        assert_eq!(best(&[("A_UMAP", 2), ("Concord_UMAP", 2), ("X_umap", 2)]).unwrap(), "Concord_UMAP");
        assert_eq!(best(&[("X_umap", 2), ("B_UMAP", 2)]).unwrap(), "B_UMAP");
        assert_eq!(best(&[("X_pca", 50)]), None);
    }
}
