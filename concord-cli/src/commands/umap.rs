//! `concord umap`: a picture of any matrix about cells, added to its file or to a copy.

use std::path::PathBuf;

use clap::Args;
use concord_core::{Embedding, Metric};
use concord_embed::UmapConfig;
use concord_io::{Additions, annotate_h5ad, annotate_h5ad_in_place, read_annotation};
use concord_prep::knn;
use serde_json::json;

use crate::{Session, args::obsm_key, error::CliError, h5ad, output_files, record::Recorder, terminal::Terminal};

const EXAMPLES: &str = "\
Examples:
  concord umap run/annotated.h5ad -o with_3d.h5ad --umap-n-components 3
  concord umap data.h5ad --in-place --basis X_pca --key X_umap";

/// Options of `concord umap`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct UmapArgs {
    /// The .h5ad file
    #[arg(value_name = "IN.h5ad")]
    input: PathBuf,
    /// Where to write the copy with the UMAP in it
    #[arg(long, short, value_name = "OUT.h5ad", required_unless_present = "in_place")]
    out: Option<PathBuf>,
    /// Add the UMAP to the input itself, without a copy; until it is complete the input stays as it was
    #[arg(long, conflicts_with = "out")]
    in_place: bool,
    /// The matrix in obsm to start from
    #[arg(long, value_name = "NAME", default_value = "Concord")]
    basis: String,
    /// Name of the UMAP in obsm [default: the basis with _UMAP behind it, and _3D when it has three dimensions]
    #[arg(long, value_name = "NAME", value_parser = obsm_key)]
    key: Option<String>,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How distances between cells are measured
    #[arg(long, value_enum, default_value_t, value_name = "METRIC", help_heading = "UMAP")]
    umap_metric: Metric,
    #[command(flatten, next_help_heading = "UMAP")]
    umap: UmapConfig,
}

/// The name of a UMAP when none is given.
pub(crate) fn umap_key(basis: &str, n_components: usize) -> String {
    match n_components {
        2 => format!("{basis}_UMAP"),
        n_components => format!("{basis}_UMAP_{n_components}D"),
    }
}

/// Runs the command.
pub(crate) fn run(args: &UmapArgs, session: &Session) -> Result<(), CliError> {
    args.umap.validate()?;
    let out = args.out.as_ref().unwrap_or(&args.input);
    if !args.in_place {
        if output_files::is_same_file(&args.input, out) {
            return Err(CliError::usage(format!(
                "{} would be replaced by the result; choose another -o, or give --in-place instead of it",
                args.input.display()
            )));
        }
        output_files::check(&[out], &[])?;
    }
    let mut recorder = Recorder::new(&session.terminal);
    let key = args.key.clone().unwrap_or_else(|| umap_key(&args.basis, args.umap.n_components));
    let basis = recorder.step("read", || {
        let annotation = read_annotation(&args.input)?;
        if annotation.obsm.iter().any(|entry| entry.name == key) {
            session.terminal.warning(&format!("obsm/{key} of the input is replaced; --key gives another name"));
        }
        let basis = h5ad::embedding(&args.input, &annotation.obsm, &args.basis, "--basis")?;
        let summary = format!("{} cells x {} dimensions of {}", basis.n_cells(), basis.n_dimensions(), args.basis);
        Ok::<_, CliError>((basis, summary))
    })?;
    let config = UmapConfig { seed: args.seed, ..args.umap.clone() };
    let umap = recorder.step("umap", || compute(&basis, &config, args.umap_metric, &session.terminal))?;
    let additions = Additions { obsm: vec![(key.clone(), umap.into_values())], ..Additions::default() };
    recorder.step("write", || {
        if args.in_place {
            annotate_h5ad_in_place(out, &additions)?;
        } else {
            annotate_h5ad(&args.input, out, &additions)?;
        }
        Ok::<_, CliError>(((), format!("obsm/{key} in {}", out.display())))
    })?;
    if session.json {
        super::print_json(&json!({"file": out, "basis": args.basis, "key": key, "umap": config}));
    }
    Ok(())
}

/// The UMAP of a matrix about cells, through its exact nearest neighbours, and a summary in words.
pub(crate) fn compute(
    basis: &Embedding,
    config: &UmapConfig,
    metric: Metric,
    terminal: &Terminal,
) -> Result<(Embedding, String), CliError> {
    let graph = knn(basis, config.n_graph_neighbors(basis.n_cells()), metric)?;
    let bar = terminal.bar("umap", 1);
    let umap = concord_embed::umap(basis, &graph, config, &mut |epoch, n_epochs| {
        bar.set_length(n_epochs as u64);
        bar.set_position(epoch as u64);
    });
    bar.finish_and_clear();
    let summary = format!("{} neighbours, {metric}, min_dist {}", config.n_neighbors, config.min_dist);
    Ok((umap?, summary))
}
