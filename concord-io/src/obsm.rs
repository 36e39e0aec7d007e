use std::path::Path;

use concord_core::{Cells, Column, Dense, Genes, Table};
use ndarray::{ArrayView2, s};

use crate::IoError;
use crate::dataset::{MatrixSource, find_source, member_names};
use crate::frame::{FramePlace, SkippedColumn, read_group};
use crate::h5::{Block, Dataset, Group, H5File, Node, NumericArray, Records, Scratch, attribute_text};
use crate::inspect::{EntrySummary, entry_summaries};
use crate::matrix::StoredMatrix;

/// What a file says about its cells, without any matrix.
#[derive(Debug, Clone)]
pub struct Annotation {
    /// The names of the cells: the index of `obs`.
    pub cells: Cells,
    /// The annotation of the cells.
    pub obs: Table,
    /// What is in `obsm`, to be read by [`read_obsm`].
    pub obsm: Vec<EntrySummary>,
    /// Columns of `obs` that are in the file but not in the table.
    pub skipped: Vec<SkippedColumn>,
}

/// Reads the annotation of the cells alone: enough to colour an embedding, and quick in a file of any size.
///
/// # Errors
/// Those of [`read_h5ad`](crate::read_h5ad) for a file that cannot be opened or has no `obs`.
///
/// ```no_run
/// let annotation = concord_io::read_annotation("pbmc3k.h5ad")?;
/// let columns: Vec<&str> = annotation.obs.names().collect();
/// # Ok::<(), concord_io::IoError>(())
/// ```
pub fn read_annotation(path: impl AsRef<Path>) -> Result<Annotation, IoError> {
    let file = H5File::open(path.as_ref())?;
    let obs = FramePlace::top_level(&file, "obs")?.read(&file)?;
    Ok(Annotation {
        cells: Cells::new(obs.names),
        obs: obs.table,
        obsm: entry_summaries(&file, "obsm")?,
        skipped: obs.skipped,
    })
}

/// Reads the names of the genes of a matrix, but not the matrix.
///
/// # Errors
/// As [`read_h5ad`](crate::read_h5ad).
pub fn read_genes(path: impl AsRef<Path>, source: &MatrixSource) -> Result<Genes, IoError> {
    let file = H5File::open(path.as_ref())?;
    let (_, var) = find_source(&file, source)?;
    Ok(Genes::new(var.read(&file)?.names))
}

/// Reads a matrix about cells, `[n_cells, n_dimensions]`: an embedding, usually. Its values may be of any kind, NaN too.
///
/// Dense and sparse arrays, data frames of numbers, and the records of before anndata 0.7 can be read.
///
/// # Errors
/// [`IoError::MissingObsm`], [`IoError::ShapeMismatch`] when it has rows for another number of cells,
/// [`IoError::Unsupported`] when it holds no numbers, and those of [`read_h5ad`](crate::read_h5ad) for the file.
///
/// ```no_run
/// let umap = concord_io::read_obsm("pbmc3k.h5ad", "X_umap")?;
/// assert_eq!(umap.ncols(), 2);
/// # Ok::<(), concord_io::IoError>(())
/// ```
pub fn read_obsm(path: impl AsRef<Path>, name: &str) -> Result<Dense, IoError> {
    let file = H5File::open(path.as_ref())?;
    let object = format!("obsm/{name}");
    let n_cells = FramePlace::top_level(&file, "obs")?.shape(&file)?.n_rows;
    let available = member_names(&file, file.root(), "obsm")?;
    let found = match file.node(file.root(), "obsm")? {
        Some(Node::Group(obsm)) if available.iter().any(|known| known == name) => read_member(&file, &obsm, name)?,
        Some(Node::Dataset(records)) => read_field(&file, &records, name)?,
        _ => None,
    };
    let values =
        found.ok_or_else(|| IoError::MissingObsm { path: file.path().to_owned(), name: name.to_owned(), available })?;
    if values.nrows() == n_cells {
        return Ok(values);
    }
    let (path, found) = (file.path().to_owned(), values.nrows());
    Err(IoError::ShapeMismatch { path, object, unit: "cells", expected: n_cells, found })
}

fn read_member(file: &H5File, obsm: &Group, name: &str) -> Result<Option<Dense>, IoError> {
    let object = format!("obsm/{name}");
    match file.node(obsm, name)? {
        Some(Node::Group(group)) if attribute_text(file, &group, "encoding-type")?.as_deref() == Some("dataframe") => {
            read_frame(file, &group, &object).map(Some)
        }
        Some(Node::Dataset(dataset)) => {
            let array = NumericArray::open(file, &dataset, &object)?;
            read_array(file, &array).map(Some)
        }
        _ => match StoredMatrix::find(file, obsm, name)? {
            Some(matrix) => Ok(Some(matrix.read()?.0.to_dense())),
            None => Ok(None),
        },
    }
}

/// A dense array, block by block.
fn read_array(file: &H5File, array: &NumericArray) -> Result<Dense, IoError> {
    let &[n_rows, n_columns] = array.shape() else {
        return Err(file.unsupported(array.object(), format!("has {} dimensions, not two", array.shape().len())));
    };
    let mut values = Dense::zeros((n_rows, n_columns));
    let mut scratch = Scratch::new();
    for index in 0..array.n_blocks() {
        let (part, _) = array.read_block::<f32>(index, &mut scratch)?;
        let Block { start, extent } = array.block(index);
        let part = ArrayView2::from_shape((extent[0], extent[1]), &part)
            .map_err(|error| file.corrupt(array.object(), error))?;
        values.slice_mut(s![start[0]..start[0] + extent[0], start[1]..start[1] + extent[1]]).assign(&part);
    }
    Ok(values)
}

/// A data frame of numbers; its columns are the dimensions.
fn read_frame(file: &H5File, group: &Group, object: &str) -> Result<Dense, IoError> {
    let frame = read_group(file, group)?;
    let mut values = Dense::zeros((frame.names.len(), frame.table.names().count()));
    for ((name, column), place) in frame.table.iter().zip(values.columns_mut()) {
        let numbers: Vec<f32> = match column {
            Column::Floats(numbers) => numbers.iter().map(|&number| number as f32).collect(),
            Column::Integers(numbers) => numbers.iter().map(|&number| number as f32).collect(),
            _ => return Err(file.unsupported(object, format!("its column '{name}' holds no numbers"))),
        };
        place.into_iter().zip(numbers).for_each(|(value, number)| *value = number);
    }
    Ok(values)
}

/// A field of the records that `obsm` was before anndata 0.7.
fn read_field(file: &H5File, dataset: &Dataset, name: &str) -> Result<Option<Dense>, IoError> {
    let Some(records) = Records::read(file, dataset)? else { return Ok(None) };
    let Some(field) = records.fields().iter().find(|field| field.name == name) else { return Ok(None) };
    let (values, _) = records.numbers(field)?;
    let shape = (records.n_records(), field.n_elements);
    Dense::from_shape_vec(shape, values).map(Some).map_err(|error| file.corrupt(&format!("obsm/{name}"), error))
}
