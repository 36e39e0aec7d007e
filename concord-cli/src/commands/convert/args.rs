use std::path::PathBuf;

use clap::{Args, ValueEnum};
use concord_io::{FeatureType, GeneNames, Join, JoinOptions, TenxOptions, WriteCompression, WriteOptions};

use crate::args::{MatrixArgs, obsm_key};

const EXAMPLES: &str = "\
Examples:
  concord convert filtered_feature_bc_matrix.h5 -o data.h5ad
  concord convert ctrl/matrix.h5 stim/matrix.h5 -o both.h5ad --batch-key sample --batch-names ctrl,stim
  concord convert GSM1_matrix.mtx.gz old.h5ad --join outer -o all.h5ad
  concord convert filtered_feature_bc_matrix --feature-type \"Antibody Capture\" -o proteins.h5ad
  concord convert annotated.h5ad -o smaller.h5ad

Inputs are 10x matrices in HDF5 (of Cell Ranger 2 and later), folders with matrix.mtx, barcodes.tsv and features.tsv or
genes.tsv (compressed with gzip or not, also with a prefix), one of several such matrices by its own name, and h5ad files.

Several inputs are put behind each other. Genes are matched by their identifiers, or by their names when an input has none.
Cells get the name of their input behind their own, and a column that tells the inputs apart. Of h5ad files the matrix and the
columns about cells and genes are joined; what is left out is said.

A single h5ad file is written anew with all that is in it, without the room that replaced parts still take.";

/// Options of `concord convert`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct ConvertArgs {
    /// 10x matrices (HDF5 files or folders) and .h5ad files
    #[arg(value_name = "INPUT", required = true)]
    pub(super) inputs: Vec<PathBuf>,
    /// The .h5ad file to write
    #[arg(long, short, value_name = "OUT.h5ad")]
    pub(super) out: PathBuf,
    /// How the matrix in the new file is compressed
    #[arg(long, value_enum, default_value_t, value_name = "METHOD")]
    compression: CompressionMethod,

    /// The features of 10x matrices to take: Gene Expression, Antibody Capture, ..., or all
    #[arg(long, value_name = "TYPE", default_value = GENE_EXPRESSION, help_heading = "Genes")]
    feature_type: String,
    /// The genome of 10x matrices to take [default: all; of files and folders of Cell Ranger 2, the only one]
    #[arg(long, value_name = "NAME", help_heading = "Genes")]
    genome: Option<String>,
    /// What genes are called
    #[arg(long, value_enum, default_value_t, value_name = "NAMES", help_heading = "Genes")]
    gene_names: GeneNames,

    /// Which genes, and which columns about cells, of several inputs to keep
    #[arg(long, value_enum, default_value_t, value_name = "WHICH", help_heading = "Several inputs")]
    join: Join,
    /// The column in obs that tells the inputs apart
    #[arg(long, value_name = "COLUMN", default_value = "batch", value_parser = obsm_key, help_heading = "Several inputs")]
    batch_key: String,
    /// What the inputs are called in it, separated by commas [default: what their paths differ in]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "Several inputs")]
    batch_names: Option<Vec<String>>,

    #[command(flatten)]
    matrix: MatrixArgs,
}

/// How 10x calls the features that are genes.
const GENE_EXPRESSION: &str = "Gene Expression";

/// How a matrix is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum CompressionMethod {
    /// Smaller; all programs that read h5ad files read it
    #[default]
    Gzip,
    /// Faster to write and to read
    None,
}

impl ConvertArgs {
    pub(super) fn join_options(&self) -> JoinOptions {
        let feature_type = match self.feature_type.as_str() {
            "all" => FeatureType::All,
            GENE_EXPRESSION => FeatureType::GeneExpression,
            other => FeatureType::Named(other.to_owned()),
        };
        JoinOptions {
            join: self.join,
            batch_key: self.batch_key.clone(),
            batch_names: self.batch_names.clone(),
            gene_names: self.gene_names,
            tenx: TenxOptions { feature_type, genome: self.genome.clone() },
            source: self.matrix.source(),
        }
    }

    pub(super) fn write_options(&self) -> WriteOptions {
        let compression = match self.compression {
            CompressionMethod::Gzip => WriteCompression::default(),
            CompressionMethod::None => WriteCompression::None,
        };
        WriteOptions { compression }
    }

    /// Whether nothing is asked for that would change an h5ad file.
    pub(super) fn changes_nothing(&self) -> bool {
        let options = self.join_options();
        let usual = JoinOptions::default();
        (options.batch_names, options.gene_names, options.source) == (usual.batch_names, usual.gene_names, usual.source)
    }
}
