//! Matrices of several files put behind each other, as `anndata.concat` does it.

mod batches;
mod genes;
mod input;
mod place;
mod report;
mod tables;

use std::path::Path;

use concord_core::{Cells, Column, CoreError, Csr, Genes};

use crate::{Additions, H5adWriter, IoError, MatrixNotes, MatrixSource, TenxOptions, WriteOptions};

use batches::{batch_names, name_cells};
use genes::JoinedGenes;
use input::Input;
use place::ColumnMap;
pub use report::{GeneKey, JoinReport, JoinedInput};

/// Which genes (and columns about cells) of several inputs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Join {
    /// Those that all inputs have, in the order of the first
    #[default]
    Inner,
    /// Those of any input, in the order in which they first appear; a gene that an input does not have is 0 in its cells
    ///
    /// anndata sorts them by name as soon as two inputs differ.
    Outer,
}

/// What genes are called in the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum GeneNames {
    /// By their symbols, made unique; identifiers go to the column `gene_ids`
    #[default]
    Symbols,
    /// By their identifiers, which all inputs must have; symbols go to the column `gene_symbols`
    Ids,
}

/// How to read inputs and put them behind each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinOptions {
    /// Which genes and columns to keep.
    pub join: Join,
    /// The column about cells that tells from which input they are.
    pub batch_key: String,
    /// What the inputs are called in that column; taken from their paths when not given.
    pub batch_names: Option<Vec<String>>,
    /// What genes are called.
    pub gene_names: GeneNames,
    /// The part of 10x inputs to read.
    pub tenx: TenxOptions,
    /// The matrix of h5ad files to read.
    pub source: MatrixSource,
}

impl Default for JoinOptions {
    fn default() -> Self {
        Self {
            join: Join::default(),
            batch_key: "batch".to_owned(),
            batch_names: None,
            gene_names: GeneNames::default(),
            tenx: TenxOptions::default(),
            source: MatrixSource::default(),
        }
    }
}

/// Inputs that fit behind each other. All is read but their matrices, which [`Joined::for_each_block`] reads one after another.
///
/// An input is an h5ad file or whatever [`read_10x`](crate::read_10x) reads. Genes are matched by their identifiers, or by
/// their names when an input has no identifiers; what stands twice in one input is made unique first
/// ([`make_unique`](crate::make_unique)). In an h5ad file identifiers are the index when all its names look like those of
/// Ensembl; or else a column such as `gene_ids`, where scanpy puts them.
///
/// With several inputs there is a column that tells them apart, and the name of each cell gets the name of its input behind a
/// dash, as with `anndata.concat(..., label="batch", index_unique="-")`. Other columns about cells are kept when all inputs
/// have them (inner join), or all are (outer join; missing where an input has none). Columns about genes are kept when all
/// inputs have them and agree about the genes that they share.
///
/// ```
/// use concord_io::{Join, JoinOptions, Joined};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/10x");
/// let inputs = [format!("{folder}/v3.h5"), format!("{folder}/annotated.h5ad")];
/// let joined = Joined::open(&inputs, &JoinOptions { join: Join::Outer, ..JoinOptions::default() })?;
/// let mut n_cells = 0;
/// joined.for_each_block(|_, block| {
///     assert_eq!(block.cols(), joined.genes.len());
///     n_cells += block.rows();
///     Ok(())
/// })?;
/// assert_eq!(n_cells, joined.cells.len());
/// # Ok::<(), concord_io::IoError>(())
/// ```
#[derive(Debug)]
pub struct Joined {
    /// The genes of all cells.
    pub genes: Genes,
    /// The cells of all inputs, in their order.
    pub cells: Cells,
    /// Columns about cells.
    pub obs: Vec<(String, Column)>,
    /// Columns about genes.
    pub var: Vec<(String, Column)>,
    /// What was matched, changed and left out.
    pub report: JoinReport,
    inputs: Vec<Input>,
    maps: Vec<ColumnMap>,
}

impl Joined {
    /// Opens inputs and finds out how they fit behind each other.
    ///
    /// # Errors
    /// Those of [`read_h5ad`](crate::read_h5ad) and [`read_10x`](crate::read_10x) for each input, [`IoError::NoCommonGenes`],
    /// [`IoError::BatchNames`], [`IoError::NoGeneIds`], [`IoError::BatchKeyTaken`], and [`IoError::Core`] when no
    /// cells or no genes are left.
    pub fn open<P: AsRef<Path>>(paths: &[P], options: &JoinOptions) -> Result<Self, IoError> {
        let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        let batches = batch_names(&paths, options.batch_names.as_deref())?;
        let inputs = paths.iter().map(|path| Input::open(path, options)).collect::<Result<Vec<_>, _>>()?;
        let genes = JoinedGenes::new(&inputs, options)?;
        let (n_rows, n_columns) = (inputs.iter().map(|input| input.cells.len()).sum(), genes.len());
        if n_rows == 0 || n_columns == 0 {
            return Err(CoreError::EmptyMatrix { n_rows, n_columns }.into());
        }
        let mut report = JoinReport::new(&inputs, &batches, &genes);
        let var = tables::join_var(&inputs, &genes, options.gene_names, &mut report);
        let names_batches = inputs.len() > 1 || options.batch_names.is_some();
        let batch = names_batches.then_some((options.batch_key.as_str(), &batches[..]));
        let obs = tables::join_obs(&inputs, options.join, batch, &mut report)?;
        let (cells, n_renamed) = name_cells(&inputs, &batches);
        report.n_renamed_cells = n_renamed;
        let maps =
            inputs.iter().zip(&genes.places).map(|(input, places)| input.column_map(places, genes.len())).collect();
        Ok(Self { genes: Genes::new(genes.names), cells, obs, var, report, inputs, maps })
    }

    /// Reads the matrices of the inputs one after another and hands them over in blocks of rows, `[_, n_genes]`, with the
    /// number of the input. Returns what was noticed or put right in the matrices.
    ///
    /// No more is in memory than one 10x matrix, or some thousand rows of an h5ad file, and a block of a few thousand rows.
    ///
    /// # Errors
    /// Those of reading the matrices, and of `take`.
    pub fn for_each_block(
        &self,
        mut take: impl FnMut(usize, &Csr) -> Result<(), IoError>,
    ) -> Result<MatrixNotes, IoError> {
        let mut notes = MatrixNotes::default();
        for (number, (input, map)) in self.inputs.iter().zip(&self.maps).enumerate() {
            let found = input.for_each_block(map, &mut |block| take(number, block))?;
            notes.n_rounded += found.n_rounded;
            notes.n_unsorted += found.n_unsorted;
            notes.n_duplicates += found.n_duplicates;
        }
        Ok(notes)
    }

    /// Writes an h5ad file. `progress` is told the number of cells that were written, now and then.
    ///
    /// # Errors
    /// Those of [`Joined::for_each_block`] and of [`H5adWriter`]. The output is then what it was before.
    pub fn write_h5ad(
        self,
        path: impl AsRef<Path>,
        options: &WriteOptions,
        progress: &mut dyn FnMut(usize),
    ) -> Result<MatrixNotes, IoError> {
        let mut writer = H5adWriter::create(path, &self.genes, options)?;
        let notes = self.for_each_block(|_, block| {
            writer.append(block)?;
            progress(writer.n_cells());
            Ok(())
        })?;
        let Self { cells, obs, var, .. } = self;
        writer.finish(&cells, &Additions { obs, var, ..Additions::default() })?;
        Ok(notes)
    }
}
