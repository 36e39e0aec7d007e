//! What `concord embed` leaves behind.

use concord_core::Column;
use concord_io::{Additions, UnsValue, annotate_h5ad, annotate_h5ad_in_place};
use serde_json::json;

use super::{EmbedArgs, Results, args::DecodedAs, decoded, input::Input, numbers};
use crate::{Session, assessment, error::CliError, output_files, predicted::Predicted, text_table::text_table};

/// The column that tells how much missing genes matter.
pub(super) fn missing_key(args: &EmbedArgs) -> String {
    format!("{}_missing_effect", args.output_key)
}

/// The layer of decoded expression, as the reference names it; none where nothing is decoded.
pub(super) fn layer_key(args: &EmbedArgs) -> Option<String> {
    let key = &args.output_key;
    args.decoded_as().map(|decoded_as| match decoded_as {
        // A slash would end the name in an HDF5 file.
        DecodedAs::Batch(batch) => format!("{key}_decoded_{}", batch.replace('/', "_")),
        DecodedAs::Column(_) => format!("{key}_decoded"),
    })
}

/// Writes the tables that were asked for, then the file.
pub(super) fn write(args: &EmbedArgs, input: &Input, results: &Results) -> Result<((), String), CliError> {
    let mut tables = Vec::new();
    if let Some(path) = &args.gene_matching {
        tables.push((path.as_path(), input.found.table()?));
    }
    if let Some((path, assessment)) = args.confusion.as_ref().zip(results.assessment.as_ref()) {
        tables.push((path.as_path(), assessment::csv(assessment)?));
    }
    let additions = additions(args, input, results);
    if args.in_place {
        annotate_h5ad_in_place(&args.input, &additions)?;
    } else {
        annotate_h5ad(&args.input, args.out(), &additions)?;
    }
    output_files::write(&tables)?;
    let names = additions.obsm.iter().map(|(name, _)| format!("obsm/{name}"));
    let names = names.chain(additions.obs.iter().map(|(name, _)| format!("obs/{name}")));
    let names = names.chain(additions.layers.iter().map(|(name, _)| format!("layers/{name}")));
    Ok(((), format!("{} in {}", names.collect::<Vec<_>>().join(", "), args.out().display())))
}

fn additions(args: &EmbedArgs, input: &Input, results: &Results) -> Additions {
    let key = &args.output_key;
    let mut additions =
        Additions { obsm: vec![(key.clone(), results.latent.values().clone())], ..Additions::default() };
    if let Some(effects) = &results.missing_effect {
        additions.obs.push((missing_key(args), numbers(effects)));
    }
    let mut about = vec![
        ("version", UnsValue::from(env!("CARGO_PKG_VERSION"))),
        ("model", UnsValue::Text(args.model.display().to_string())),
        ("features", UnsValue::Texts(input.card.features.clone())),
        ("missing_features", UnsValue::Texts(input.found.missing().into_iter().map(str::to_owned).collect())),
    ];
    if let Some(predicted) = &results.predicted {
        predicted.add_to(&mut additions, key);
        about.push(("classes", predicted.about()));
    }
    if let (Some(values), Some(decoded_as), Some(layer)) = (&results.decoded, args.decoded_as(), layer_key(args)) {
        additions.layers.push((layer, decoded::layer(values, &input.found, input.n_genes)));
        about.push(("decoded_batch", UnsValue::Text(decoded_as.to_string())));
    }
    // The genes of raw are not the rows of var.
    if Input::is_var(args) {
        let mut is_feature = vec![Some(false); input.n_genes];
        input.found.positions.iter().for_each(|&gene| is_feature[gene] = Some(true));
        additions.var.push((format!("{}_feature", key.to_lowercase()), Column::Booleans(is_feature)));
    }
    additions.uns.push((format!("{}_embed", key.to_lowercase()), UnsValue::dict(about)));
    additions
}

/// Says how predicted and true classes agree; or prints all that was found as JSON.
pub(super) fn tell(args: &EmbedArgs, input: &Input, results: &Results, session: &Session) {
    if let Some(assessment) = &results.assessment {
        session.terminal.line(&assessment::summary(assessment));
        if !session.json {
            super::super::print(&text_table(assessment::table(assessment)));
        }
    }
    if session.json {
        let latent = &results.latent;
        super::super::print_json(&json!({
            "file": args.out(),
            "model": args.model,
            "key": args.output_key,
            "n_cells": latent.n_cells(),
            "n_neurons": latent.n_dimensions(),
            "genes_found_by": input.found.record(),
            "missing_genes": input.found.missing(),
            "classes": results.predicted.as_ref().map(|_| &input.card.categories.classes),
            "n_unknown": results.predicted.as_ref().map(Predicted::n_unknown),
            "confusion": results.assessment.as_ref().map(assessment::record),
            "decoded": args.decoded_as().map(|decoded_as| decoded_as.to_string()),
        }));
    }
}
