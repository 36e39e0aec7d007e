//! `concord plot neurons`: the most active neurons of each context, as a list and as a heat map.

use std::path::PathBuf;

use clap::Args;
use concord_attr::{context_means, top_neurons};
use concord_core::{Embedding, Labels};
use concord_io::read_annotation;
use concord_plot::{Figure, mean_activation};
use ndarray::Axis;
use serde_json::{Value, json};

use super::report;
use crate::{Session, columns, error::CliError, figures::FigureArgs, h5ad, text_table::text_table};

const EXAMPLES: &str = "\
Examples:
  concord plot neurons run/annotated.h5ad --by cell_type -o neurons.pdf";

/// Options of `concord plot neurons`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct NeuronsArgs {
    /// The .h5ad file
    #[arg(value_name = "IN.h5ad")]
    input: PathBuf,
    #[command(flatten)]
    figure: FigureArgs,
    /// The latent code in obsm
    #[arg(long, value_name = "NAME", default_value = "Concord")]
    basis: String,
    /// Column of obs whose categories are the contexts
    #[arg(long, value_name = "KEY")]
    by: String,
    /// How many neurons to take of each context: those of largest mean activation
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    top: u16,
    /// What stands above the heat map
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, help_heading = "Look")]
    title: String,
}

/// A context that has cells, and its most active neurons.
pub(crate) struct Context {
    name: String,
    neurons: Vec<usize>,
    /// The means of these neurons.
    means: Vec<f32>,
}

/// Runs the command.
pub(crate) fn run(args: &NeuronsArgs, session: &Session) -> Result<(), CliError> {
    args.figure.check(&[&args.input])?;
    let annotation = read_annotation(&args.input)?;
    let labels = columns::labels(&annotation.obs, &args.by, "--by")?;
    let latent = h5ad::embedding(&args.input, &annotation.obsm, &args.basis, "--basis")?;
    let (contexts, figure) = neuron_means(&latent, &labels, usize::from(args.top), &args.title)?;
    args.figure.save(&figure)?;
    let json: Vec<Value> = contexts
        .iter()
        .map(|Context { name, neurons, means }| json!({"context": name, "neurons": neurons, "mean_activations": means}))
        .collect();
    if !session.json {
        crate::commands::print(&to_text(args, &contexts));
    }
    let drawn = union(&contexts);
    report(&args.figure, json!({"basis": args.basis, "by": args.by, "contexts": json, "neurons": drawn}), session);
    Ok(())
}

/// The most active neurons of each context, and the heat map of their means in all contexts.
pub(crate) fn neuron_means(
    latent: &Embedding,
    labels: &Labels,
    n_top: usize,
    title: &str,
) -> Result<(Vec<Context>, Figure), CliError> {
    let means = context_means(latent, labels);
    let top = top_neurons(means.view(), n_top);
    // A category without cells has no neurons.
    let positions: Vec<usize> = (0..top.len()).filter(|&context| !top[context].is_empty()).collect();
    let context = |&position: &usize| Context {
        name: labels.names()[position].clone(),
        neurons: top[position].clone(),
        means: top[position].iter().map(|&neuron| means[[position, neuron]]).collect(),
    };
    let contexts: Vec<Context> = positions.iter().map(context).collect();
    let drawn = union(&contexts);
    let table = means.select(Axis(0), &positions).select(Axis(1), &drawn).reversed_axes();
    let neurons: Vec<String> = drawn.iter().map(ToString::to_string).collect();
    let names: Vec<String> = contexts.iter().map(|context| context.name.clone()).collect();
    let figure = mean_activation(&table, &neurons, &names, title)?;
    Ok((contexts, figure))
}

/// The neurons of all contexts, each once, in the order in which they first come up.
fn union(contexts: &[Context]) -> Vec<usize> {
    let mut seen = std::collections::HashSet::new();
    contexts.iter().flat_map(|context| &context.neurons).copied().filter(|&neuron| seen.insert(neuron)).collect()
}

fn to_text(args: &NeuronsArgs, contexts: &[Context]) -> String {
    let row = |context: &Context| {
        let neurons: Vec<String> = context.neurons.iter().map(ToString::to_string).collect();
        vec![context.name.clone(), neurons.join(", ")]
    };
    format!("Most active neurons of each {}\n{}", args.by, text_table(contexts.iter().map(row)))
}
