use std::{
    fmt,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    args::{DeviceArgs, MatrixArgs, obsm_key},
    error::CliError,
    gene_matching::Missing,
    model_input::IfLogged,
    output_files,
};

const EXAMPLES: &str = "\
Examples:
  concord embed new.h5ad --model run/model -o embedded.h5ad
  concord embed new.h5ad --model run/model --in-place --fill-missing --gene-matching genes.csv

Cell types of new cells by a model with a classifier, held against those that are known:
  concord embed new.h5ad --model run/model -o typed.h5ad --unknown-below 0.8 --class-key cell_type \\
      --confusion confusion.csv

Expression as it would be in another batch, by a model with a decoder:
  concord embed new.h5ad --model run/model -o decoded.h5ad --decode \"batch 1\"";

/// Options of `concord embed`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct EmbedArgs {
    /// The .h5ad file with the cells
    #[arg(value_name = "IN.h5ad")]
    pub(super) input: PathBuf,
    /// The model: a folder of `concord run` or `concord train`, or of the Python package
    #[arg(long, value_name = "FOLDER")]
    pub(super) model: PathBuf,
    /// Where to write the copy with the latent code in it
    #[arg(long, short, value_name = "OUT.h5ad", required_unless_present = "in_place")]
    out: Option<PathBuf>,
    /// Put the results into the input itself; until they are complete it stays as it was
    #[arg(long, conflicts_with = "out")]
    pub(super) in_place: bool,
    #[command(flatten)]
    pub(super) device: DeviceArgs,
    #[command(flatten)]
    pub(super) matrix: MatrixArgs,
    /// Take genes of the model that the file does not have for genes without expression, instead of refusing the file
    #[arg(long, help_heading = "Data")]
    fill_missing: bool,
    /// Log a logged matrix once more, for a model that was trained with --tutorial
    ///
    /// Without it, the logarithm of such a matrix is undone for a model that was trained on counts.
    #[arg(long, help_heading = "Data")]
    tutorial: bool,
    /// Write a table of how each gene of the model was found
    #[arg(long, value_name = "FILE.csv", help_heading = "Results")]
    pub(super) gene_matching: Option<PathBuf>,
    /// Call cells `unknown` whose most probable class has a probability below this
    #[arg(long, value_name = "P", default_value_t = 0.0, help_heading = "Classes")]
    pub(super) unknown_below: f32,
    /// Column of obs with the true classes; holds the predicted ones against them
    #[arg(long, value_name = "KEY", help_heading = "Classes")]
    pub(super) class_key: Option<String>,
    /// Write the table of true and predicted classes
    #[arg(long, value_name = "FILE.csv", requires = "class_key", help_heading = "Classes")]
    pub(super) confusion: Option<PathBuf>,
    /// Decode the expression of all cells as it would be in this batch of the training, into a layer
    #[arg(long, value_name = "BATCH", help_heading = "Decoder")]
    decode: Option<String>,
    /// Decode the expression of every cell as in its own batch, which this column of obs names, into a layer
    #[arg(long, value_name = "KEY", conflicts_with = "decode", help_heading = "Decoder")]
    decode_by: Option<String>,
    /// Name of the latent code in obsm; what else is added has names that begin with it
    #[arg(long, value_name = "NAME", default_value = "Concord", value_parser = obsm_key, help_heading = "Results")]
    pub(super) output_key: String,
}

/// The batches in which cells are decoded.
#[derive(Debug, Clone, Copy)]
pub(super) enum DecodedAs<'a> {
    /// The same for all.
    Batch(&'a str),
    /// Their own, in a column of obs.
    Column(&'a str),
}

impl fmt::Display for DecodedAs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(batch) => f.write_str(batch),
            Self::Column(key) => write!(f, "the batch of each cell in obs/{key}"),
        }
    }
}

impl EmbedArgs {
    /// Where the result goes.
    pub(super) fn out(&self) -> &Path {
        self.out.as_deref().unwrap_or(&self.input)
    }

    /// What messages call the table of how genes were found.
    pub(super) fn table_name(&self) -> String {
        self.gene_matching
            .as_ref()
            .map_or_else(|| "--gene-matching FILE.csv".to_owned(), |path| path.display().to_string())
    }

    pub(super) fn missing(&self) -> Missing {
        if self.fill_missing { Missing::Fill } else { Missing::Refuse }
    }

    pub(super) fn if_logged(&self) -> IfLogged {
        if self.tutorial { IfLogged::LogAgain } else { IfLogged::Undo }
    }

    /// In which batches cells are to be decoded, if they are.
    pub(super) fn decoded_as(&self) -> Option<DecodedAs<'_>> {
        let one = self.decode.as_deref().map(DecodedAs::Batch);
        one.or_else(|| self.decode_by.as_deref().map(DecodedAs::Column))
    }

    /// Refuses what could not be done in the end, before anything is read.
    pub(super) fn check(&self) -> Result<(), CliError> {
        if !(0.0..=1.0).contains(&self.unknown_below) {
            return Err(CliError::usage(format!(
                "--unknown-below {} is out of range: from 0 to 1",
                self.unknown_below
            )));
        }
        if self.decoded_as().is_some() && self.matrix.use_raw {
            return Err(CliError::usage(
                "--decode and --decode-by do not go with --use-raw: the genes of raw are not those of layers",
            ));
        }
        let tables = [&self.gene_matching, &self.confusion].into_iter().flatten().map(PathBuf::as_path);
        let mut outputs: Vec<&Path> = tables.collect();
        if !self.in_place {
            if output_files::is_same_file(&self.input, self.out()) {
                return Err(CliError::usage(format!(
                    "{} would be replaced by the result; choose another -o, or give --in-place instead of it",
                    self.input.display()
                )));
            }
            outputs.push(self.out());
        }
        output_files::check(&outputs, &[&self.input])
    }
}
