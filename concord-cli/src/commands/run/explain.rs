//! Which genes drive contexts and neurons of the model that was just trained.

use std::collections::BTreeMap;

use concord_attr::AttributeConfig;
use concord_core::{Embedding, Genes, LogNorm};
use concord_enrich::GeneSet;
use concord_io::MatrixSource;
use concord_model::{Device, Trained};

use super::{args::RunArgs, data::Described};
use crate::{
    attribution::{Cells, Findings, Model, NOT_IN_VARM, Neurons, Wanted, find, ranked_rows, trust_rows},
    commands::{enrich::in_ranked, train::train_replicates},
    error::CliError,
    record::Recorder,
    report_page::drawn_genes,
    tables::{EnrichedRow, Group, RankedGene, TrustRow, grouped},
};

/// What the steps before found.
pub(super) struct Trainee<'a> {
    pub(super) data: &'a LogNorm,
    pub(super) features: &'a Genes,
    pub(super) dataset: &'a Described,
    pub(super) trained: &'a Trained,
    pub(super) latent: &'a Embedding,
    pub(super) device: &'a Device,
}

/// What was found; nothing for cells without labels.
#[derive(Default)]
pub(super) struct Explained {
    pub(super) found: Findings,
    pub(super) ranked: Vec<Group<RankedGene>>,
    pub(super) trust: Vec<TrustRow>,
    pub(super) enriched: Vec<Group<EnrichedRow>>,
    /// Expression of the genes that are drawn.
    pub(super) expression: BTreeMap<String, Vec<f32>>,
}

/// Does all of it; `sets` are tested in the lists.
pub(super) fn explain(
    trainee: &Trainee<'_>,
    sets: Option<&[GeneSet]>,
    args: &RunArgs,
    recorder: &mut Recorder<'_>,
) -> Result<Explained, CliError> {
    let Trainee { data, features, dataset, trained, latent, device } = *trainee;
    if args.no_attribution {
        return Ok(Explained::default());
    }
    let Some((_, labels)) = &dataset.contexts else {
        let also = if sets.is_some() { ", and no gene sets tested" } else { "" };
        recorder.warn(&format!(
            "no column of obs says which cells belong together, so no genes are attributed{also}; name one with --by"
        ));
        return Ok(Explained::default());
    };
    let terminal = recorder.terminal();
    if args.training.matrix.source() == MatrixSource::Raw {
        terminal.line(NOT_IN_VARM);
    }
    let wanted = Wanted { contrast: true, neurons: Neurons::Top(args.attribution.top_neurons), ..Wanted::default() };
    let config = AttributeConfig { seed: args.training.config.seed, ..args.attribution.config.clone() };
    let model = Model { encoder: &trained.encoder, network: &trained.encoder.network(), latent };
    let genes = features.names();
    let cells = Cells { data, genes, labels, wanted: &wanted, baseline: None };
    let training = dataset.subject.data(data);
    let n_models = args.attribution.replicates;
    let more_models = || train_replicates(&training, &args.training.config, n_models, device, terminal);
    let found = find(&model, &cells, &args.attribution, &config, recorder, more_models)?;
    let ranked = grouped(ranked_rows(&found.contexts, genes));
    let enriched = match sets {
        None => Vec::new(),
        Some(sets) => {
            let tested = recorder.step("enrich", || {
                let rows = in_ranked(&ranked, sets, genes, terminal)?;
                let summary = format!("{} gene sets in {} lists", sets.len(), ranked.len());
                Ok::<_, CliError>((grouped(rows), summary))
            });
            // What was trained is worth more than what it is tested for.
            tested.unwrap_or_else(|error| {
                recorder.warn(&format!("no gene sets were tested: {error}"));
                Vec::new()
            })
        }
    };
    let expression = expression_of(&drawn_genes(&ranked), features, data);
    Ok(Explained { trust: trust_rows(&found.contexts), found, ranked, enriched, expression })
}

/// The expression of single genes.
fn expression_of(names: &[String], features: &Genes, data: &LogNorm) -> BTreeMap<String, Vec<f32>> {
    let positions: Vec<usize> = names.iter().filter_map(|name| features.position(name)).collect();
    let values = data.select_genes(&positions).matrix().to_dense();
    names.iter().zip(values.columns()).map(|(name, values)| (name.clone(), values.to_vec())).collect()
}
