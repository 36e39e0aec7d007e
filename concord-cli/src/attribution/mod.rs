//! From a model and cells with labels to ranked genes: what `concord run` and `concord attribute` share.

mod args;
mod compare;
mod contexts;
mod trust;
mod write;

use concord_attr::{
    AttributeConfig, Attribution, Baseline, GeneStatistics, Method, Network, RankedGene, attribute, gene_statistics,
    importance, ranked_genes,
};
use concord_core::{Dense, Embedding, Labels, LogNorm};
use concord_model::{Encoder, EncoderNetwork};
use ndarray::Axis;
use rayon::prelude::*;

pub(crate) use args::{AttributionArgs, BaselineName};
pub(crate) use contexts::{Neurons, Wanted};
pub(crate) use trust::{TRUST_GLOSSARY, to_table, to_text};
pub(crate) use write::{importance_matrix, ranked_rows, ranked_uns, trust_rows, write_ranked};

use self::{
    compare::{compare_with_random_weights, compare_with_seeds},
    contexts::{Context, contexts},
};
use crate::{
    error::CliError,
    record::Recorder,
    sample::evenly_spaced,
    tables::{ConsensusRow, TrustRow},
    terminal::Terminal,
};

/// A network and cells.
struct Subject<'a, N> {
    network: &'a N,
    data: &'a LogNorm,
    baseline: Option<&'a LogNorm>,
}

/// What was found in a context.
pub(crate) struct ContextResult {
    pub(crate) name: String,
    pub(crate) n_cells: usize,
    pub(crate) targets: Vec<TargetResult>,
}

/// What was found for a target.
pub(crate) struct TargetResult {
    pub(crate) name: String,
    pub(crate) neuron: Option<usize>,
    /// Importance of all genes of the model.
    pub(crate) scores: Vec<f32>,
    /// The genes that pass the filter, best first.
    pub(crate) list: Vec<RankedGene>,
    /// For the integrated methods the median relative error of the sum.
    pub(crate) sum_error: Option<f64>,
    /// What perturbing the genes does, of the list and of other rankings.
    pub(crate) trust: Vec<TrustRow>,
    /// Scores of single cells, `[n_cells, n_genes]`, and which cells these are, when they were asked for.
    pub(crate) cells: Option<(Vec<usize>, Dense)>,
}

/// A model that is explained.
pub(crate) struct Model<'a> {
    pub(crate) encoder: &'a Encoder,
    /// The encoder, or its first layers.
    pub(crate) network: &'a EncoderNetwork,
    /// Their output for all cells.
    pub(crate) latent: &'a Embedding,
}

/// The cells that models are explained with, and what is explained.
pub(crate) struct Cells<'a> {
    /// The model's input, `[n_cells, n_genes]`.
    pub(crate) data: &'a LogNorm,
    /// Names of these genes.
    pub(crate) genes: &'a [String],
    pub(crate) labels: &'a Labels,
    pub(crate) wanted: &'a Wanted,
    /// Cells where integrated and expected gradients start, instead of what the options say.
    pub(crate) baseline: Option<&'a LogNorm>,
}

/// Everything that was found.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) contexts: Vec<ContextResult>,
    /// What several models agree on, when there are several.
    pub(crate) consensus: Vec<ConsensusRow>,
}

/// What a user is told whose genes are those of raw.
pub(crate) const NOT_IN_VARM: &str =
    "the genes of raw are not the rows of var, so varm gets no importance of genes; the tables have it";

/// Median relative errors of sums above this are worth a warning.
const LARGEST_SUM_ERROR: f64 = 0.1;

impl TargetResult {
    fn misses(&self) -> bool {
        self.sum_error.is_some_and(|error| error > LARGEST_SUM_ERROR)
    }
}

/// Explains a model: attributes all targets of all contexts, measures trust, and asks other models; `more_models` trains
/// those.
pub(crate) fn find(
    model: &Model<'_>,
    cells: &Cells<'_>,
    args: &AttributionArgs,
    config: &AttributeConfig,
    recorder: &mut Recorder<'_>,
    more_models: impl FnOnce() -> Result<(Vec<Encoder>, String), CliError>,
) -> Result<Findings, CliError> {
    let terminal = recorder.terminal();
    // Every comparison is made as the lists are, with the same seed.
    let args = &AttributionArgs { config: config.clone(), ..args.clone() };
    if args.baseline == BaselineName::Zeros && config.method.is_integrated() && cells.baseline.is_none() {
        recorder.warn(
            &"--baseline zeros: a network with layer normalisation is not defined well where nothing is expressed; look at \
              the sum errors, and prefer the mean of cells",
        );
    }
    let mut found = recorder.step("attribute", || {
        let contexts = contexts(model.latent, cells.labels, cells.wanted)?;
        let n_targets: usize = contexts.iter().map(|context| context.targets.len()).sum();
        if n_targets == 0 {
            return Err(CliError::usage(
                "there is nothing to attribute: a single context has no rest to be held against; name neurons",
            ));
        }
        if args.replicates > 1 && !cells.wanted.contrast {
            return Err(CliError::usage(
                "--replicates compares contexts against others, which are not attributed here: neurons differ between models",
            ));
        }
        if let Some(alone) = contexts.iter().find(|context| context.others.is_empty()) {
            terminal.warning(&format!(
                "all cells with a label are of one context, {}: it is held against nothing, and trust is not measured",
                alone.name
            ));
        }
        let subject = Subject { network: model.network, data: cells.data, baseline: cells.baseline };
        let mut found = explain(&subject, &contexts, args, config, terminal)?;
        if cells.wanted.contrast && !args.no_trust {
            compare_with_random_weights(&mut found, model.encoder, cells, args, terminal)?;
        }
        let summary = format!("{n_targets} targets in {} contexts, {}", contexts.len(), config.method.name());
        Ok((found, summary))
    })?;
    for context in &found {
        if let Some(empty) = context.targets.iter().find(|target| target.list.is_empty()) {
            recorder.warn(&format!(
                "no gene passes the filter for {}, {}: lower --min-nonzero-fraction or --min-expression",
                context.name, empty.name
            ));
        }
    }
    let n_missed = found.iter().flat_map(|context| &context.targets).filter(|target| target.misses()).count();
    if n_missed > 0 {
        recorder.warn(&format!(
            "the scores of {n_missed} of the targets miss the sum that they should have by more than {} % in half of the \
             cells: raise --n-steps or --n-samples",
            100.0 * LARGEST_SUM_ERROR
        ));
    }
    let mut consensus = Vec::new();
    if args.replicates > 1 {
        let others = recorder.step("replicates", more_models)?;
        consensus = compare_with_seeds(&mut found, &others, cells, args, terminal)?;
    }
    Ok(Findings { contexts: found, consensus })
}

/// Attributes all targets of all contexts.
fn explain<N: Network>(
    subject: &Subject<'_, N>,
    contexts: &[Context],
    args: &AttributionArgs,
    config: &AttributeConfig,
    terminal: &Terminal,
) -> Result<Vec<ContextResult>, CliError> {
    let all = gene_statistics(subject.data);
    let bar = terminal.bar("attribute", contexts.len());
    let explain = |context: &Context| {
        let result = explain_context(subject, context, args, config, &all);
        bar.set_message(context.name.clone());
        bar.inc(1);
        result
    };
    // As many contexts at once as there are threads, so that memory does not grow with their number.
    let mut results = Vec::with_capacity(contexts.len());
    for contexts in contexts.chunks(rayon::current_num_threads()) {
        let explained: Vec<_> = contexts.par_iter().map(explain).collect();
        results.extend(explained.into_iter().collect::<Result<Vec<_>, _>>()?);
    }
    bar.finish_and_clear();
    Ok(results)
}

fn explain_context<N: Network>(
    subject: &Subject<'_, N>,
    context: &Context,
    args: &AttributionArgs,
    config: &AttributeConfig,
    all: &GeneStatistics,
) -> Result<ContextResult, CliError> {
    let statistics = gene_statistics(&subject.data.select_cells(&context.cells));
    let chosen: Vec<usize> =
        evenly_spaced(context.cells.len(), args.max_cells).into_iter().map(|place| context.cells[place]).collect();
    let cells = subject.data.select_cells(&chosen);
    // A pair is explained by itself: where the average of all cells stands has nothing to do with it.
    let of_pair = context.is_pair.then(|| gene_statistics(&subject.data.select_cells(&context.others)));
    let reference = of_pair.as_ref().unwrap_or(all);
    let attribution = attribution(subject, &cells, context, args, config, reference)?;
    let mut targets = Vec::with_capacity(context.targets.len());
    let mut kept = attribution.cells.unwrap_or_default().into_iter();
    for (place, target) in context.targets.iter().enumerate() {
        let list = ranked_genes(attribution.scores.column(place), &statistics, reference, &args.filter);
        targets.push(TargetResult {
            name: target.target.name().to_owned(),
            neuron: target.neuron,
            scores: attribution.scores.column(place).to_vec(),
            list,
            sum_error: attribution.completeness.as_ref().map(|all| all[place].median_relative_error),
            trust: Vec::new(),
            cells: kept.next().map(|scores| (chosen.clone(), scores)),
        });
    }
    // What perturbing does is told on the way to the other cells: where there are none, there is no way.
    if !args.no_trust && !context.others.is_empty() {
        trust::measure(subject, context, &cells, reference, &mut targets, config)?;
    }
    Ok(ContextResult { name: context.name.clone(), n_cells: context.cells.len(), targets })
}

/// Whether the cells of the other contexts are needed as the baseline, rather than a mean that is known.
fn wants_others(context: &Context, args: &AttributionArgs, config: &AttributeConfig) -> bool {
    let by_name = args.baseline == BaselineName::OtherContexts && !context.others.is_empty();
    by_name || (context.is_pair && config.method == Method::ExpectedGradients)
}

/// Attributes the targets of a context; many neurons by the plain gradient are found in one go.
fn attribution<N: Network>(
    subject: &Subject<'_, N>,
    cells: &LogNorm,
    context: &Context,
    args: &AttributionArgs,
    config: &AttributeConfig,
    reference: &GeneStatistics,
) -> Result<Attribution, CliError> {
    let targets: Vec<_> = context.targets.iter().map(|target| target.target.clone()).collect();
    if config.method == Method::Gradient && config.sign == concord_attr::Sign::Signed && !config.keep_cells {
        let jacobian = importance(subject.network, cells)?;
        let mut directions = Dense::zeros((jacobian.ncols(), targets.len()));
        for (target, mut direction) in targets.iter().zip(directions.axis_iter_mut(Axis(1))) {
            direction.assign(&target.as_direction());
        }
        let scores = jacobian.dot(&directions);
        let names = targets.iter().map(|target| target.name().to_owned()).collect();
        return Ok(Attribution { targets: names, scores, completeness: None, cells: None });
    }
    let mean: Vec<f32> = reference.mean_expression.iter().map(|&mean| mean as f32).collect();
    let others;
    let baseline = match (subject.baseline, args.baseline) {
        (Some(cells), _) => Baseline::Cells(cells),
        (None, BaselineName::Zeros) => Baseline::Zeros,
        (None, _) if wants_others(context, args, config) => {
            others = subject.data.select_cells(&context.others);
            Baseline::Cells(&others)
        }
        // Expected gradients draw single cells.
        _ if config.method == Method::ExpectedGradients => Baseline::Cells(subject.data),
        _ => Baseline::Point(&mean),
    };
    Ok(attribute(subject.network, cells, &targets, &baseline, config)?)
}
