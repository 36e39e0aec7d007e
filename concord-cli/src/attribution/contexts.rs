//! Which contexts are explained, and what in them.

use concord_attr::{Target, context_means, rest_mean, top_neurons};
use concord_core::{Dense, Embedding, Labels};
use ndarray::{Array1, ArrayView1};

use crate::error::CliError;

/// A group of cells and what is explained in it.
pub(super) struct Context {
    pub(super) name: String,
    /// All its cells.
    pub(super) cells: Vec<usize>,
    /// The cells of the other contexts.
    pub(super) others: Vec<usize>,
    pub(super) targets: Vec<ContextTarget>,
    /// Whether the others are one context, and not all the rest.
    pub(super) is_pair: bool,
}

/// A target in a context.
pub(super) struct ContextTarget {
    pub(super) target: Target,
    /// The neuron, when the target is one.
    pub(super) neuron: Option<usize>,
    /// Its mean over the cells of the other contexts.
    pub(super) level_of_others: f64,
    /// Whether it is clearly higher in the context: else there is no way from there to the others to measure on.
    pub(super) is_active: bool,
}

/// What is explained in each context.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Names of contexts; all when there are none.
    pub(crate) contexts: Vec<String>,
    /// The context to hold the others against, instead of all the rest.
    pub(crate) against: Option<String>,
    /// Whether the context is held against the rest at all.
    pub(crate) contrast: bool,
    pub(crate) neurons: Neurons,
    /// A direction of the latent code, `[n_neurons]`.
    pub(crate) direction: Option<Vec<f32>>,
    /// The layer whose neurons these are, when it is not the latent code.
    pub(crate) layer: Option<usize>,
}

/// Neurons that are explained.
#[derive(Debug, Clone)]
pub(crate) enum Neurons {
    /// So many of the most active ones of each context.
    Top(usize),
    /// These.
    Given(Vec<usize>),
    All,
}

impl Default for Neurons {
    fn default() -> Self {
        Self::Top(2)
    }
}

/// Makes the contexts of the categories of `labels`; those without cells are left out.
pub(super) fn contexts(latent: &Embedding, labels: &Labels, wanted: &Wanted) -> Result<Vec<Context>, CliError> {
    let means = context_means(latent, labels);
    let members = labels.members();
    let position = |name: &str| labels.names().iter().position(|known| known == name);
    let against = wanted.against.as_deref().and_then(position);
    let n_top = if let Neurons::Top(n) = wanted.neurons { n } else { 0 };
    let top = top_neurons(means.view(), n_top);
    let mut contexts = Vec::new();
    for (context, name) in labels.names().iter().enumerate() {
        let is_wanted = wanted.contexts.is_empty() || wanted.contexts.contains(name);
        if !is_wanted || members[context].is_empty() || Some(context) == against {
            continue;
        }
        let (other_name, other_mean) = match against {
            Some(other) => (labels.names()[other].as_str(), means.row(other).to_owned()),
            None => ("the rest", rest_mean(means.view(), labels, context)),
        };
        let neurons: Vec<usize> = match &wanted.neurons {
            Neurons::Top(_) => top[context].clone(),
            Neurons::Given(neurons) => neurons.clone(),
            Neurons::All => (0..latent.n_dimensions()).collect(),
        };
        let is_other = |code: Option<u32>| match (code, against) {
            (Some(code), Some(other)) => code as usize == other,
            (Some(code), None) => code as usize != context,
            (None, _) => false,
        };
        let others: Vec<usize> = (0..labels.n_cells()).filter(|&cell| is_other(labels.codes()[cell])).collect();
        contexts.push(Context {
            name: name.clone(),
            cells: members[context].clone(),
            targets: targets(latent, &means, context, other_name, &other_mean, &neurons, wanted)?,
            is_pair: against.is_some(),
            others,
        });
    }
    Ok(contexts)
}

/// A target is active where its mean is above that of the others by this part of its standard deviation.
const ACTIVE_FROM: f64 = 0.1;

fn targets(
    latent: &Embedding,
    means: &Dense,
    context: usize,
    other_name: &str,
    other_mean: &Array1<f32>,
    neurons: &[usize],
    wanted: &Wanted,
) -> Result<Vec<ContextTarget>, CliError> {
    let n_neurons = means.ncols();
    let mut targets = Vec::new();
    // A single context has no rest to be held against.
    if wanted.contrast && other_mean.iter().all(|mean| mean.is_finite()) {
        // Two contexts of equal codes have no direction between them; there is nothing to explain then.
        if let Ok(target) = Target::contrast(format!("against {other_name}"), means.row(context), other_mean.view()) {
            targets.push((target, None));
        }
    }
    for &neuron in neurons {
        let target = Target::neuron(neuron, n_neurons)?;
        targets.push(match wanted.layer {
            None => (target, Some(neuron)),
            // Neurons of other layers are not to be taken for those of the latent code.
            Some(layer) => {
                let name = format!("layer {layer} neuron {neuron}");
                (Target::direction(name, target.as_direction().to_owned())?, None)
            }
        });
    }
    if let Some(direction) = &wanted.direction {
        if direction.len() != n_neurons {
            return Err(CliError::usage(format!(
                "--direction has {} numbers, and one for each of the {n_neurons} neurons is needed",
                direction.len()
            )));
        }
        targets.push((Target::direction("direction", direction.iter().copied().collect())?, None));
    }
    let with_level = |(target, neuron): (Target, _)| {
        let level = |mean: ArrayView1<'_, f32>| f64::from(mean.dot(&target.as_direction()));
        let (level_of_others, level_here) = (level(other_mean.view()), level(means.row(context)));
        let is_active = level_here - level_of_others > ACTIVE_FROM * sd(latent, &target);
        ContextTarget { target, neuron, level_of_others, is_active }
    };
    Ok(targets.into_iter().map(with_level).collect())
}

/// The standard deviation of a target over all cells.
fn sd(latent: &Embedding, target: &Target) -> f64 {
    let levels = latent.values().dot(&target.as_direction()).mapv(f64::from);
    levels.std(0.0)
}
