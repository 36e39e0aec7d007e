//! `concord export`: a model for the Python package.

use std::path::PathBuf;

use clap::Args;
use concord_model::{Covariate, Device, ModelCard, Normalization, Origin, export, normalizes_itself};
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
    for advice in [advice(&card), batches(&card), covariates(&card)].into_iter().flatten() {
        session.terminal.line(&advice);
    }
    Ok(())
}

/// The batches that the Python package must find in this order, since it decodes by their numbers.
fn batches(card: &ModelCard) -> Option<String> {
    let domains = &card.categories.domains;
    (!domains.is_empty() && card.training.domain_embedding_dim > 0).then(|| {
        format!(
            "with return_decoded, predict_adata goes by the numbers of batches: give the column that you name as \
             domain_key exactly these categories with .cat.set_categories, in this order: {domains:?}; batches without \
             a cell are dropped, and those behind them taken for others, so each needs a cell"
        )
    })
}

/// The columns of covariates that the Python package must find, and their categories.
fn covariates(card: &ModelCard) -> Option<String> {
    // A model of the Python package does not tell the names.
    let names_are_known = card.provenance.origin != Origin::ConcordSc;
    let column = |Covariate { name, categories }: &Covariate| {
        if names_are_known {
            format!("{name}: {categories:?}")
        } else {
            format!("{name}: the {} of its training", categories.len())
        }
    };
    let columns: Vec<String> = card.categories.covariates.iter().map(column).collect();
    (!columns.is_empty()).then(|| {
        format!(
            "predict_adata needs the columns of covariates in obs, for codes alone too: give them exactly these \
             categories with .cat.set_categories, in this order, also those without a cell; {}",
            columns.join("; ")
        )
    })
}

/// What has to be done to new data before the Python package takes them; nothing where it does so itself.
fn advice(card: &ModelCard) -> Option<String> {
    match card.normalization {
        _ if normalizes_itself(card) || card.lone_step().is_some() => None,
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
