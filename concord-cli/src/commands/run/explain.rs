//! Which genes drive contexts and neurons of the model that was just trained.

use std::collections::BTreeMap;

use concord_core::{Embedding, Genes, LogNorm};
use concord_enrich::GeneSet;
use concord_model::Trained;

use super::{args::RunArgs, data::Described, steps::train_replicates};
use crate::{
    attribution::{
        Cells, ContextResult, Neurons, Subject, Wanted, compare_with_random_weights, compare_with_seeds, contexts,
        explain as explain_contexts, ranked_rows, trust_rows,
    },
    commands::enrich::in_ranked,
    error::CliError,
    record::Recorder,
    report_page::drawn_genes,
    tables::{ConsensusRow, EnrichedRow, Group, RankedGene, TrustRow, grouped},
    terminal::Terminal,
};

/// What was found; nothing for cells without labels.
#[derive(Default)]
pub(super) struct Explained {
    pub(super) results: Vec<ContextResult>,
    pub(super) ranked: Vec<Group<RankedGene>>,
    pub(super) trust: Vec<TrustRow>,
    pub(super) consensus: Vec<ConsensusRow>,
    pub(super) enriched: Vec<Group<EnrichedRow>>,
    /// Expression of the genes that are drawn.
    pub(super) expression: BTreeMap<String, Vec<f32>>,
}

/// Does all of it.
#[allow(clippy::too_many_arguments, reason = "these are the results of the steps before")]
pub(super) fn explain(
    data: &LogNorm,
    features: &Genes,
    dataset: &Described,
    trained: &Trained,
    latent: &Embedding,
    args: &RunArgs,
    sets: Option<&[GeneSet]>,
    recorder: &mut Recorder<'_>,
    terminal: &Terminal,
) -> Result<Explained, CliError> {
    let Some((by, labels)) = &dataset.contexts else {
        if !args.no_attribution {
            recorder.warn(
                &"no column of obs says which cells belong together, so no genes are attributed; name one with --by",
            );
        }
        return Ok(Explained::default());
    };
    let wanted = Wanted { contrast: true, neurons: Neurons::Top(args.attribution.top_neurons), ..Wanted::default() };
    let config = concord_attr::AttributeConfig { seed: args.train.seed, ..args.attribution.config.clone() };
    let network = trained.encoder.network();
    let genes = features.names();
    let mut results = recorder.step("attribute", || {
        let contexts = contexts(latent, labels, &wanted)?;
        let results =
            explain_contexts(&Subject { network: &network, data }, &contexts, &args.attribution, &config, terminal)?;
        let n_targets: usize = results.iter().map(|context| context.targets.len()).sum();
        let summary = format!("{n_targets} targets in {} contexts of {by}, {}", results.len(), config.method.name());
        Ok::<_, CliError>((results, summary))
    })?;
    let cells = Cells { data, genes, labels, wanted: &wanted };
    if !args.attribution.no_trust {
        compare_with_random_weights(&mut results, &trained.encoder, &cells, &args.attribution, terminal)?;
    }
    let mut consensus = Vec::new();
    if args.attribution.replicates > 1 {
        let n_models = args.attribution.replicates;
        let others = recorder
            .step("replicates", || train_replicates(data, &dataset.domains, &args.train, n_models, terminal))?;
        consensus = compare_with_seeds(&mut results, &others, &cells, &args.attribution, terminal)?;
    }
    let ranked = grouped(ranked_rows(&results, genes));
    let enriched = match sets {
        None => Vec::new(),
        Some(sets) => recorder.step("enrich", || {
            let rows = in_ranked(&ranked, sets, genes, terminal)?;
            let summary = format!("{} gene sets in {} lists", sets.len(), ranked.len());
            Ok::<_, CliError>((grouped(rows), summary))
        })?,
    };
    let expression = expression_of(&drawn_genes(&ranked), features, data);
    Ok(Explained { trust: trust_rows(&results), results, ranked, consensus, enriched, expression })
}

/// The expression of single genes.
fn expression_of(names: &[String], features: &Genes, data: &LogNorm) -> BTreeMap<String, Vec<f32>> {
    let positions: Vec<usize> = names.iter().filter_map(|name| features.position(name)).collect();
    let values = data.select_genes(&positions).matrix().to_dense();
    names.iter().zip(values.columns()).map(|(name, values)| (name.clone(), values.to_vec())).collect()
}
