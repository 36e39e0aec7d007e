use std::path::{Path, PathBuf};

use concord_core::{Cells, Column, Csr, Labels, Table};

use super::JoinOptions;
use super::genes::InputGenes;
use super::place::{ABSENT, ColumnMap};
use crate::dataset::{find_source, member_names};
use crate::frame::FramePlace;
use crate::h5::H5File;
use crate::tenx::{TenxFeatures, TenxReader};
use crate::{IoError, MatrixNotes, MatrixSource, ReadOptions, RowReader, is_10x};

/// Rows of a block.
const BLOCK_ROWS: usize = 4096;

/// An input of which all is read but the matrix.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    pub(super) cells: Cells,
    pub(super) genes: InputGenes,
    pub(super) obs: Table,
    /// Columns about genes, but for names and identifiers.
    pub(super) var: Table,
    /// What the input has beside what is read of it.
    pub(super) left_out: Vec<String>,
    matrix: Matrix,
}

#[derive(Debug)]
enum Matrix {
    H5ad(RowReader),
    Tenx(TenxReader),
}

impl Input {
    pub(super) fn open(path: &Path, options: &JoinOptions) -> Result<Self, IoError> {
        if is_10x(path) { Self::open_10x(path, options) } else { Self::open_h5ad(path, &options.source) }
    }

    fn open_10x(path: &Path, options: &JoinOptions) -> Result<Self, IoError> {
        let reader = TenxReader::open(path, &options.tenx)?;
        let TenxFeatures { names, ids, .. } = reader.features.clone();
        Ok(Self {
            path: path.to_owned(),
            cells: reader.cells.clone(),
            genes: InputGenes { names, ids },
            obs: Table::new(reader.cells.len()),
            var: feature_columns(&reader.features)?,
            left_out: reader.left_out.iter().map(|(name, n_features)| format!("{n_features} x {name}")).collect(),
            matrix: Matrix::Tenx(reader),
        })
    }

    fn open_h5ad(path: &Path, source: &MatrixSource) -> Result<Self, IoError> {
        let reader = RowReader::open(path, &ReadOptions { source: source.clone() })?;
        let file = H5File::open(path)?;
        let obs = FramePlace::top_level(&file, "obs")?.read(&file)?;
        let (_, var) = find_source(&file, source)?;
        let var = var.read(&file)?;
        let skipped: Vec<String> =
            obs.skipped.iter().chain(&var.skipped).map(|column| format!("{}/{}", column.table, column.name)).collect();
        let (genes, var) = InputGenes::of_frame(var.names, &var.table)?;
        Ok(Self {
            path: path.to_owned(),
            cells: Cells::new(obs.names),
            genes,
            obs: obs.table,
            var,
            left_out: left_out(&file, source)?.into_iter().chain(skipped).collect(),
            matrix: Matrix::H5ad(reader),
        })
    }

    /// Where the columns of the whole matrix go, of which only some may have been asked for.
    pub(super) fn column_map(&self, places: &[u32], n_columns: usize) -> ColumnMap {
        let new_places = match &self.matrix {
            Matrix::H5ad(_) => places.to_vec(),
            Matrix::Tenx(reader) => reader.spread(places, ABSENT),
        };
        ColumnMap::new(new_places, n_columns)
    }

    pub(super) fn for_each_block(
        &self,
        map: &ColumnMap,
        take: &mut dyn FnMut(&Csr) -> Result<(), IoError>,
    ) -> Result<MatrixNotes, IoError> {
        match &self.matrix {
            Matrix::H5ad(reader) => {
                let mut blocks = reader.blocks(BLOCK_ROWS);
                for block in &mut blocks {
                    map.place_rows(&block?.matrix, BLOCK_ROWS, take)?;
                }
                Ok(blocks.notes())
            }
            Matrix::Tenx(reader) => {
                let (matrix, notes) = reader.read_whole()?;
                map.place_rows(&matrix, BLOCK_ROWS, take)?;
                Ok(notes)
            }
        }
    }
}

/// What a 10x input tells about features, as columns.
fn feature_columns(features: &TenxFeatures) -> Result<Table, IoError> {
    let mut var = Table::new(features.len());
    for (name, texts) in [("feature_types", &features.types), ("genome", &features.genomes)] {
        if let Some(texts) = texts {
            var.insert(name, Column::Labels(Labels::from_texts(texts)))?;
        }
    }
    for (name, column) in &features.other {
        var.insert(name, categories_of(column))?;
    }
    Ok(var)
}

/// Texts of which some are the same as categories, which is what anndata makes of them.
fn categories_of(column: &Column) -> Column {
    match column {
        Column::Texts(texts) => {
            let labels = Labels::from_optional_texts(texts);
            if labels.n_categories() < texts.len() { Column::Labels(labels) } else { column.clone() }
        }
        other => other.clone(),
    }
}

/// What of a file is not taken into a join.
fn left_out(file: &H5File, source: &MatrixSource) -> Result<Vec<String>, IoError> {
    let mut left_out = Vec::new();
    for name in file.root().names() {
        match name.as_str() {
            "obs" | "var" => {}
            "X" if *source == MatrixSource::X => {}
            "raw" if *source == MatrixSource::Raw => {}
            // Files from before anndata 0.7.
            "X" | "raw" | "raw.X" | "raw.var" | "raw.cat" | "raw.varm" => left_out.push(name),
            _ => {
                let members = member_names(file, file.root(), &name)?;
                let is_taken = |member: &String| matches!(source, MatrixSource::Layer(layer) if name == "layers" && layer == member);
                let members = members.into_iter().filter(|member| !is_taken(member));
                left_out.extend(members.map(|member| format!("{name}/{member}")));
            }
        }
    }
    Ok(left_out)
}
