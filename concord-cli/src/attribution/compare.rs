//! What other models say of the same contexts: one with random weights, and those trained with other seeds.

use concord_attr::{consensus, spearman, top_overlap};
use concord_core::Embedding;
use concord_model::{Encoder, embed};
use ndarray::{Array1, ArrayView1};

use super::{AttributionArgs, Cells, ContextResult, Neurons, Subject, TargetResult, Wanted, contexts, explain};
use crate::{error::CliError, tables::ConsensusRow, terminal::Terminal};

/// The part of the genes that counts as the best.
const BEST: f64 = 0.05;
/// Cells of a context that a model with random weights is asked about: whether it agrees shows in few.
const N_CELLS: usize = 200;
/// Any seed but one that a model is trained with by chance.
const RANDOM_SEED: u64 = 0x0005_eed0_f0e5_7a11;

/// Rank correlations with a model of the same shape with random weights, filled into the trust rows.
///
/// Only contexts against others are compared: a neuron of another model is another neuron.
pub(super) fn compare_with_random_weights(
    results: &mut [ContextResult],
    encoder: &Encoder,
    cells: &Cells<'_>,
    args: &AttributionArgs,
    terminal: &Terminal,
) -> Result<(), CliError> {
    let others = contrasts(&encoder.with_random_weights(RANDOM_SEED), cells, &args.for_comparison(N_CELLS), terminal)?;
    for context in results {
        let Some(result) = context.targets.iter_mut().find(|target| is_contrast(target)) else { continue };
        let Some(other) = same(&others, &context.name, result) else { continue };
        if let Some(row) = result.trust.first_mut() {
            row.random_weights = Some(spearman(ArrayView1::from(&result.scores), ArrayView1::from(&other.scores)));
        }
    }
    Ok(())
}

/// Agreement with models trained with other seeds, filled into the trust rows; and what all of them agree on.
pub(super) fn compare_with_seeds(
    results: &mut [ContextResult],
    encoders: &[Encoder],
    cells: &Cells<'_>,
    args: &AttributionArgs,
    terminal: &Terminal,
) -> Result<Vec<ConsensusRow>, CliError> {
    let mut of_models = Vec::with_capacity(encoders.len());
    for encoder in encoders {
        of_models.push(contrasts(encoder, cells, &args.for_comparison(usize::MAX), terminal)?);
    }
    let mut rows = Vec::new();
    for context in results {
        let Some(result) = context.targets.iter_mut().find(|target| is_contrast(target)) else { continue };
        let others: Vec<&TargetResult> =
            of_models.iter().filter_map(|model| same(model, &context.name, result)).collect();
        // The genes of the list alone: the others are not shown, and rank in between.
        let scores = |target: &TargetResult| -> Array1<f32> {
            result.list.iter().map(|ranked| target.scores[ranked.gene]).collect()
        };
        let mut all = vec![scores(result)];
        all.extend(others.iter().map(|&other| scores(other)));
        let overlaps: Vec<f64> = all[1..].iter().map(|other| top_overlap(all[0].view(), other.view(), BEST)).collect();
        if let Some(row) = result.trust.first_mut() {
            row.seeds = (!overlaps.is_empty()).then(|| overlaps.iter().sum::<f64>() / overlaps.len() as f64);
        }
        rows.extend(consensus_rows(&context.name, result, &all, cells.genes));
    }
    Ok(rows)
}

/// The contexts of a model against the others, without neurons.
fn contrasts(
    encoder: &Encoder,
    cells: &Cells<'_>,
    args: &AttributionArgs,
    terminal: &Terminal,
) -> Result<Vec<ContextResult>, CliError> {
    let latent: Embedding = embed(encoder, cells.data)?;
    let wanted = Wanted { neurons: Neurons::Given(Vec::new()), direction: None, ..cells.wanted.clone() };
    let contexts = contexts::contexts(&latent, cells.labels, &wanted)?;
    let subject = Subject { network: &encoder.network(), data: cells.data, baseline: cells.baseline };
    let config = concord_attr::AttributeConfig { keep_cells: false, ..args.config.clone() };
    explain(&subject, &contexts, args, &config, terminal)
}

fn is_contrast(target: &TargetResult) -> bool {
    target.neuron.is_none() && target.name.starts_with("against ")
}

/// The same target of the same context in another model.
fn same<'a>(model: &'a [ContextResult], context: &str, target: &TargetResult) -> Option<&'a TargetResult> {
    let context = model.iter().find(|other| other.name == context)?;
    context.targets.iter().find(|other| other.name == target.name)
}

/// The genes of a list in the order on which the models agree best; `scores` are those of the list's genes.
fn consensus_rows(context: &str, result: &TargetResult, scores: &[Array1<f32>], genes: &[String]) -> Vec<ConsensusRow> {
    let views: Vec<ArrayView1<'_, f32>> = scores.iter().map(|scores| scores.view()).collect();
    (1..)
        .zip(consensus(&views, BEST))
        .map(|(rank, gene)| ConsensusRow {
            context: context.to_owned(),
            target: result.name.clone(),
            rank,
            gene: genes[result.list[gene.gene].gene].clone(),
            importance: gene.importance,
            importance_sd: gene.sd,
            mean_rank: gene.mean_rank,
            best_rank: gene.rank_interval.0,
            worst_rank: gene.rank_interval.1,
            stability: gene.stability,
            n_models: scores.len(),
        })
        .collect()
}
