//! `concord run`: the whole job, from an h5ad file to a folder of results.

mod figures;
mod input;
mod write;

use concord_core::{Embedding, Genes, Labels, LogNorm};
use concord_io::Dataset;
use concord_model::{Device, ModelCard, TrainProgress, Trained, embed, train};
use concord_prep::{FeatureSelection, MatrixState, knn, matrix_state, normalize, select_features};

use crate::{
    args::{DeviceName, GlobalArgs, RunArgs},
    columns,
    error::CliError,
    outputs::Outputs,
    record::Recorder,
    terminal::Terminal,
};

/// The name of the domain of data without batches, as in the reference.
const SINGLE_DOMAIN: &str = "single_domain";

/// Everything that a run found, on its way into files.
struct Results<'a> {
    args: &'a RunArgs,
    dataset: Described,
    selection: FeatureSelection,
    trained: Trained,
    card: ModelCard,
    latent: Embedding,
    umap: Embedding,
}

/// What is left of the input when its matrix has become the model's input.
struct Described {
    n_cells: usize,
    n_genes: usize,
    genes: Genes,
    obs: concord_core::Table,
    state: MatrixState,
    batch: Option<Labels>,
    labels: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &RunArgs, global: &GlobalArgs, terminal: &Terminal) -> Result<(), CliError> {
    super::use_threads(global.threads)?;
    args.train.validate()?;
    args.umap.validate()?;
    let input = input::Input::open(args)?;
    let mut recorder = Recorder::new(terminal);

    let dataset = recorder.step("read", || input::read(&input, args))?;
    for warning in input::warnings(&dataset) {
        recorder.warn(&warning);
    }
    let (counts, dataset) = describe(dataset, args)?;
    let outputs = Outputs::new(&args.out)?;

    let select_config =
        concord_prep::SelectConfig { state: Some(dataset.state), seed: args.train.seed, ..args.select.clone() };
    let selection = recorder.step("select", || -> Result<_, CliError> {
        let selection = select_features(&counts, dataset.batch.as_ref(), &select_config)?;
        let summary = format!("{} genes by {}", selection.chosen.len(), selection.flavor);
        Ok((selection, summary))
    })?;
    for warning in &selection.warnings {
        recorder.warn(warning);
    }
    if dataset.state == MatrixState::Logged {
        recorder.warn(&"the matrix seems to be logged already: it is used as it is, without normalisation");
    }
    let data = recorder.step("normalise", || to_input(counts, dataset.state, &selection, args))?;

    let domains = dataset.batch.clone().unwrap_or_else(|| Labels::single(dataset.n_cells, SINGLE_DOMAIN));
    let device = match args.device {
        DeviceName::Cpu => Device::cpu(),
    };
    let trained = recorder.step("train", || train_encoder(&data, &domains, args, &device, terminal))?;
    let latent = recorder.step("embed", || -> Result<_, CliError> {
        let latent = embed(&trained.encoder, &data)?;
        let summary = format!("{} cells x {} neurons", latent.n_cells(), latent.n_dimensions());
        Ok((latent, summary))
    })?;
    let umap = recorder.step("umap", || draw_umap(&latent, args, terminal))?;
    let features = dataset.genes.select(&selection.chosen);
    let card = ModelCard::new(args.train.clone(), &features, &data, domains.names());
    drop(data);

    let results = Results { args, dataset, selection, trained, card, latent, umap };
    recorder.step("figures", || figures::draw(&results, &input, &outputs))?;
    recorder.step("write", || write::write(&results, &input, &outputs))?;
    write::finish(&results, &input, outputs, &recorder, global, terminal)
}

/// Checks the columns that the options name, and takes the matrix out.
fn describe(dataset: Dataset, args: &RunArgs) -> Result<(concord_core::Counts, Described), CliError> {
    let obs = dataset.obs;
    let batch = args.batch.as_deref().map(|key| columns::labels(&obs, key, "--batch")).transpose()?;
    for key in &args.labels {
        columns::exists(&obs, key, "--label")?;
    }
    let mut labels = if args.labels.is_empty() { columns::unasked(&obs) } else { args.labels.clone() };
    if let Some(key) = args.batch.as_ref().filter(|key| !labels.contains(key)) {
        labels.insert(0, key.clone());
    }
    let described = Described {
        n_cells: dataset.counts.n_cells(),
        n_genes: dataset.counts.n_genes(),
        genes: dataset.genes,
        state: matrix_state(&dataset.counts),
        obs,
        batch,
        labels,
    };
    Ok((dataset.counts, described))
}

/// The chosen genes of the normalised matrix: the encoder's input.
fn to_input(
    counts: concord_core::Counts,
    state: MatrixState,
    selection: &FeatureSelection,
    args: &RunArgs,
) -> Result<(LogNorm, String), CliError> {
    let (data, what) = match state {
        MatrixState::Logged => (LogNorm::from_logged(counts.into_matrix())?, "used as it is".to_owned()),
        MatrixState::Counts | MatrixState::Normalized => {
            let target =
                args.normalize.target_sum.map_or("the median total".to_owned(), |sum| format!("a total of {sum}"));
            (normalize(counts, &args.normalize)?, format!("cells to {target}, log1p"))
        }
    };
    Ok((data.select_genes(&selection.chosen), what))
}

fn train_encoder(
    data: &LogNorm,
    domains: &Labels,
    args: &RunArgs,
    device: &Device,
    terminal: &Terminal,
) -> Result<(Trained, String), CliError> {
    let bar = terminal.bar("train", args.train.n_epochs);
    let start = std::time::Instant::now();
    let (mut n_seen, mut epoch_loss) = (0, 0.0);
    let mut on_step = |progress: TrainProgress| {
        n_seen += progress.n_cells;
        epoch_loss += f64::from(progress.loss);
        let cells_per_second = n_seen as f64 / start.elapsed().as_secs_f64();
        let TrainProgress { epoch, n_epochs, step, n_steps, .. } = progress;
        let loss = epoch_loss / (step + 1) as f64;
        let message = format!("epoch {}/{n_epochs}  loss {loss:.3}  {cells_per_second:.0} cells/s", epoch + 1);
        if step + 1 == n_steps {
            terminal.log(&format!("train      {message}"));
            epoch_loss = 0.0;
            bar.inc(1);
        }
        bar.set_message(message);
    };
    let trained = train(data, domains, &args.train, device, &mut on_step);
    bar.finish_and_clear();
    let trained = trained?;
    let last = trained.history.last().map_or(f64::NAN, |epoch| epoch.loss);
    let summary = format!(
        "{} epochs, loss {last:.3}, {:.0} cells/s",
        trained.history.len(),
        n_seen as f64 / start.elapsed().as_secs_f64()
    );
    Ok((trained, summary))
}

fn draw_umap(latent: &Embedding, args: &RunArgs, terminal: &Terminal) -> Result<(Embedding, String), CliError> {
    let config = concord_embed::UmapConfig { seed: args.train.seed, ..args.umap.clone() };
    let graph = knn(latent, config.n_graph_neighbors(latent.n_cells()), args.umap_metric)?;
    let bar = terminal.bar("umap", 1);
    let umap = concord_embed::umap(latent, &graph, &config, &mut |epoch, n_epochs| {
        bar.set_length(n_epochs as u64);
        bar.set_position(epoch as u64);
    });
    bar.finish_and_clear();
    let summary = format!("{} neighbours, {}, min_dist {}", config.n_neighbors, args.umap_metric, config.min_dist);
    Ok((umap?, summary))
}
