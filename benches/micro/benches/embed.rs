//! UMAP, and the measures of a picture.

use std::hint::black_box;

use concord_embed::{Initialization, Metric, UmapConfig, neighbor_preservation, trustworthiness, umap};
use concord_micro::embedding;
use concord_prep::knn;
use criterion::{Criterion, Throughput};

const N_CELLS: usize = 3_000;
const N_EPOCHS: usize = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let embedding = embedding(N_CELLS, 100)?;
    let graph = knn(&embedding, UmapConfig::default().n_graph_neighbors(N_CELLS), Metric::Euclidean)?;
    let config = |initialization| UmapConfig { n_epochs: Some(N_EPOCHS), initialization, ..UmapConfig::default() };

    let mut group = criterion.benchmark_group("umap");
    group.throughput(Throughput::Elements((N_CELLS * N_EPOCHS) as u64));
    for initialization in [Initialization::Spectral, Initialization::Random] {
        let config = config(initialization);
        group.bench_function(format!("{initialization:?}"), |bencher| {
            bencher.iter(|| black_box(umap(&embedding, &graph, &config, &mut |_, _| ())));
        });
    }
    group.finish();

    let picture = umap(&embedding, &graph, &config(Initialization::Random), &mut |_, _| ())?;
    let mut group = criterion.benchmark_group("quality");
    group.bench_function("trustworthiness", |bencher| {
        bencher.iter(|| black_box(trustworthiness(&embedding, &picture, 15, Metric::Euclidean)));
    });
    group.bench_function("neighbor_preservation", |bencher| {
        bencher.iter(|| black_box(neighbor_preservation(&embedding, &picture, 15, Metric::Euclidean)));
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}
