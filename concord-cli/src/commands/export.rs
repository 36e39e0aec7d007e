//! `concord export`: a model for the Python package.

use std::path::PathBuf;

use clap::Args;
use concord_model::{Categories, Device, ModelCard, Normalization, export, normalizes_itself};
use serde_json::json;

use crate::{Session, error::CliError, model_input::load_model, outputs::Outputs};

const EXAMPLES: &str = "\
Examples:
  concord export run/model -o for_python

Then in Python:
  model = concord.Concord.load(\"for_python\")
  model.predict_adata(adata, output_key=\"Concord\")";

/// Options of `concord export`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct ExportArgs {
    /// The model: a folder of `concord run` or `concord train`
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Folder for the files of the Python package
    #[arg(long, short, value_name = "FOLDER")]
    out: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &ExportArgs, session: &Session) -> Result<(), CliError> {
    let (model, card) = load_model(&args.model, &Device::cpu())?;
    let outputs = Outputs::new(&args.out)?;
    export(outputs.folder(), &model, &card)?;
    let files = outputs.publish()?;
    if session.json {
        super::print_json(&json!({"files": files, "normalization": card.normalization}));
        return Ok(());
    }
    for file in &files {
        session.terminal.line(&format!("wrote {}", file.display()));
    }
    session.terminal.line(&format!("concord-sc reads it with Concord.load({:?})", args.out.display().to_string()));
    for advice in advice(&card).into_iter().chain(categories(&card)) {
        session.terminal.line(&advice);
    }
    Ok(())
}

/// The categories that columns must have, since the Python package goes by their numbers.
fn categories(card: &ModelCard) -> Option<String> {
    let Categories { domains, covariates, .. } = &card.categories;
    let column = |name: &str, categories: &[String]| format!("{name}: {categories:?}");
    let domains = (!domains.is_empty()).then(|| column("batches", domains));
    let covariates = covariates.iter().map(|covariate| column(&covariate.name, &covariate.categories));
    let columns: Vec<String> = domains.into_iter().chain(covariates).collect();
    (!columns.is_empty()).then(|| {
        format!(
            "predict_adata goes by the numbers of categories: with .cat.set_categories give these, all of them and in this \
             order, to the columns of obs; {}",
            columns.join("; ")
        )
    })
}

/// What has to be done to new data before the Python package takes them; nothing where it does so itself.
fn advice(card: &ModelCard) -> Option<String> {
    match card.normalization {
        _ if normalizes_itself(card) => None,
        Some(Normalization::TotalAndLog { target_sum }) => Some(format!(
            "before predict_adata, counts need scanpy.pp.normalize_total(adata, target_sum={target_sum}) and \
             scanpy.pp.log1p(adata), with all their genes, as was done for the training"
        )),
        Some(Normalization::AsIs) => {
            Some("predict_adata needs normalised and logged data, as the model was trained on".to_owned())
        }
        None => {
            Some("how the data of the training were normalised is not known: predict_adata needs the same".to_owned())
        }
    }
}
