//! `concord plot neurons`: the most active neurons of each context, as a list and as a heat map.

use std::path::PathBuf;

use clap::Args;
use concord_attr::{context_means, top_neurons};
use concord_plot::mean_activation;
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
struct Context<'a> {
    position: usize,
    name: &'a str,
    neurons: Vec<usize>,
}

/// Runs the command.
pub(crate) fn run(args: &NeuronsArgs, session: &Session) -> Result<(), CliError> {
    args.figure.check(&[&args.input])?;
    let annotation = h5ad::annotation(&args.input)?;
    let labels = columns::labels(&annotation.obs, &args.by, "--by")?;
    let latent = h5ad::embedding(&args.input, &annotation.obsm, &args.basis)?;
    let means = context_means(&latent, &labels);
    let top = top_neurons(means.view(), usize::from(args.top));
    let contexts: Vec<Context<'_>> = (0..)
        .zip(labels.names())
        .zip(top)
        .map(|((position, name), neurons)| Context { position, name, neurons })
        .filter(|context| !context.neurons.is_empty())
        .collect();

    let drawn = union(&contexts);
    let positions: Vec<usize> = contexts.iter().map(|context| context.position).collect();
    let table = means.select(Axis(0), &positions).select(Axis(1), &drawn).reversed_axes();
    let neurons: Vec<String> = drawn.iter().map(ToString::to_string).collect();
    let names: Vec<String> = contexts.iter().map(|context| context.name.to_owned()).collect();
    args.figure.save(&mean_activation(&table, &neurons, &names, &args.title)?)?;

    let json: Vec<Value> = contexts
        .iter()
        .map(|context| {
            let means: Vec<f32> = context.neurons.iter().map(|&neuron| means[[context.position, neuron]]).collect();
            json!({"context": context.name, "neurons": context.neurons, "mean_activations": means})
        })
        .collect();
    if !session.json {
        crate::commands::print(&to_text(args, &contexts));
    }
    report(&args.figure, json!({"basis": args.basis, "by": args.by, "contexts": json, "neurons": drawn}), session);
    Ok(())
}

/// The neurons of all contexts, each once, in the order in which they first come up.
fn union(contexts: &[Context<'_>]) -> Vec<usize> {
    let mut seen = std::collections::HashSet::new();
    contexts.iter().flat_map(|context| &context.neurons).copied().filter(|&neuron| seen.insert(neuron)).collect()
}

fn to_text(args: &NeuronsArgs, contexts: &[Context<'_>]) -> String {
    let row = |context: &Context<'_>| {
        let neurons: Vec<String> = context.neurons.iter().map(ToString::to_string).collect();
        vec![context.name.to_owned(), neurons.join(", ")]
    };
    format!("Most active neurons of each {}\n{}", args.by, text_table(contexts.iter().map(row)))
}
