//! Selection, normalisation and nearest neighbours.

use std::hint::black_box;

use concord_micro::{counts, embedding};
use concord_prep::{Flavor, Metric, NormalizeConfig, SelectConfig, knn, normalize, select_features};
use criterion::{BatchSize, Criterion, Throughput};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let counts = counts(3_000, 10_000)?;

    let mut group = criterion.benchmark_group("select_features");
    group.throughput(Throughput::Elements(counts.matrix().nnz() as u64));
    for flavor in [Flavor::SeuratV3, Flavor::Seurat] {
        let config = SelectConfig { flavor, ..SelectConfig::default() };
        group.bench_function(flavor.name(), |bencher| {
            bencher.iter(|| black_box(select_features(&counts, None, &config)))
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("normalize");
    group.throughput(Throughput::Elements(counts.matrix().nnz() as u64));
    group.bench_function("in place", |bencher| {
        let config = NormalizeConfig::default();
        bencher.iter_batched(|| counts.clone(), |counts| normalize(counts, &config), BatchSize::LargeInput);
    });
    group.finish();

    let mut group = criterion.benchmark_group("knn");
    for n_cells in [1_000, 4_000] {
        let embedding = embedding(n_cells, 100)?;
        group.throughput(Throughput::Elements((n_cells * n_cells) as u64));
        for metric in [Metric::Euclidean, Metric::Cosine] {
            group.bench_function(format!("{n_cells} cells, {metric:?}"), |bencher| {
                bencher.iter(|| black_box(knn(&embedding, 29, metric)));
            });
        }
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
