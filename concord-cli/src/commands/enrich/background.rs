//! The genes among which a list was chosen.

use std::path::{Path, PathBuf};

use clap::Args;
use concord_enrich::Background;
use concord_io::{MatrixSource, read_genes};
use concord_model::{Device, load};

use crate::{Session, error::CliError, tables::read_text};

/// Where the background comes from.
#[derive(Debug, Args)]
#[group(id = "background_or_model", multiple = false)]
pub(super) struct BackgroundArgs {
    /// The model that the genes come from: its input genes are the background
    #[arg(long, value_name = "FOLDER")]
    model: Option<PathBuf>,
    /// Another background: a model's folder, the genes of an .h5ad file, a list of genes (one a line), a number of genes,
    /// or `gene-sets` for all genes of the gene sets
    #[arg(long, value_name = "WHICH")]
    background: Option<PathBuf>,
}

impl BackgroundArgs {
    pub(super) fn read(&self, session: &Session) -> Result<Background, CliError> {
        match (&self.model, &self.background) {
            (Some(folder), _) => of_model(folder),
            (None, Some(which)) => named(which, session),
            (None, None) => Err(CliError::usage(
                "--model FOLDER (or --background) is needed: a list is to be compared with the genes that could have got \
                 into it, the model's input genes; against 20,000 genes, sets stand out that the model's input was \
                 rich in from the start",
            )),
        }
    }
}

fn named(which: &Path, session: &Session) -> Result<Background, CliError> {
    if which.is_dir() {
        return of_model(which);
    }
    if which.is_file() {
        if which.extension().is_some_and(|extension| extension == "h5ad") {
            return Ok(Background::Genes(read_genes(which, &MatrixSource::X)?.names().to_vec()));
        }
        let text = read_text(which)?;
        let genes = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        return Ok(Background::Genes(genes.map(str::to_owned).collect()));
    }
    if which == Path::new("gene-sets") {
        return Ok(Background::GeneSets);
    }
    let number: Option<usize> = which.to_str().and_then(|text| text.replace('_', "").parse().ok());
    let Some(n_genes) = number.filter(|&n_genes| n_genes > 0) else {
        return Err(CliError::usage(format!(
            "--background {}: no such file or folder, and neither a number of genes nor `gene-sets`",
            which.display()
        )));
    };
    session.terminal.warning(&format!(
        "a background of {n_genes} genes whatever their names: where fewer could have got into the list, sets stand out \
         that do not deserve it; --model takes the model's input genes"
    ));
    Ok(Background::Number(n_genes))
}

fn of_model(folder: &Path) -> Result<Background, CliError> {
    match load(folder, &Device::cpu()) {
        Ok((_, card)) => Ok(Background::Genes(card.features)),
        Err(error) => {
            Err(CliError::usage(format!("no model can be read: {error}; give the folder that holds its files")))
        }
    }
}
