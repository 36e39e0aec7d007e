//! Feature selection on real data against the numbers that scanpy printed (`shared/golden/hvg_*.csv.gz`).

// Where the reference's number must be met exactly.
#![allow(clippy::float_cmp)]

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::path::Path;

use concord_core::{Column, Counts, Labels, select_columns, select_rows};
use concord_io::{Dataset, ReadOptions, read_h5ad};
use concord_prep::{FeatureSelection, Flavor, SelectConfig, Variability, select_features};
use concord_tests::shared;
use flate2::read::GzDecoder;

type TestResult = Result<(), Box<dyn Error>>;

/// scanpy's table: numbers by column; missing ones are NaN, true is 1.
struct Golden {
    genes: Vec<String>,
    columns: HashMap<String, Vec<f64>>,
}

impl Golden {
    fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(path)?));
        let names: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
        let (mut genes, mut columns) = (Vec::new(), vec![Vec::new(); names.len()]);
        for record in reader.records() {
            let record = record?;
            genes.push(record[0].to_owned());
            for (column, field) in columns.iter_mut().zip(&record) {
                column.push(match field {
                    "True" => 1.0,
                    "False" => 0.0,
                    number => number.parse().unwrap_or(f64::NAN),
                });
            }
        }
        Ok(Self { genes, columns: names.into_iter().zip(columns).collect() })
    }

    fn column(&self, name: &str) -> Result<&[f64], String> {
        self.columns.get(name).map(Vec::as_slice).ok_or_else(|| format!("no column {name}"))
    }
}

/// Fails unless all numbers agree to a share of themselves, or to an absolute difference.
#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], relative: f64, absolute: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let agree = (found.is_nan() && expected.is_nan())
            || found == expected
            || (found - expected).abs() <= absolute.max(relative * expected.abs());
        assert!(agree, "{what}, gene {place}: found {found}, expected {expected}");
    }
}

/// Which of the tested genes have the standardised variance of another gene, in any of the batches.
///
/// scanpy orders such genes by an unstable sort, so their ranks (and who is chosen at the cut) depend on the machine.
fn tied(counts: &Counts, batches: Option<&Labels>, selection: &FeatureSelection) -> Result<Vec<bool>, Box<dyn Error>> {
    let members = batches.map_or_else(|| vec![(0..counts.n_cells()).collect()], Labels::members);
    let tested = select_columns(counts.matrix(), &selection.tested);
    let mut is_tied = vec![false; selection.tested.len()];
    for cells in members {
        let batch = Counts::new(select_rows(&tested, &cells))?;
        let config = SelectConfig { min_cells: 0, ..SelectConfig::default() };
        let Variability::Variance { variances_norm, .. } = select_features(&batch, None, &config)?.variability else {
            return Err("seurat_v3 gives variances".into());
        };
        let mut order: Vec<usize> = (0..variances_norm.len()).collect();
        order.sort_by(|&a, &b| variances_norm[a].total_cmp(&variances_norm[b]));
        for pair in order.windows(2) {
            if variances_norm[pair[0]] == variances_norm[pair[1]] {
                is_tied[pair[0]] = true;
                is_tied[pair[1]] = true;
            }
        }
    }
    Ok(is_tied)
}

/// Fails unless the selection is scanpy's, but for at most `n_differ` genes that ties at the cut let in or keep out.
fn check(data: &Dataset, golden: &Golden, flavor: Flavor, batches: Option<&Labels>, n_differ: usize) -> TestResult {
    let selection = select_features(&data.counts, batches, &SelectConfig { flavor, ..SelectConfig::default() })?;
    assert_eq!(data.genes.select(&selection.tested).names(), golden.genes);
    assert_eq!(selection.warnings, []);
    let mut is_chosen = vec![0.0; data.genes.len()];
    for &gene in &selection.chosen {
        is_chosen[gene] = 1.0;
    }
    let is_chosen: Vec<f64> = selection.tested.iter().map(|&gene| is_chosen[gene]).collect();
    let expected = golden.column("highly_variable")?;
    assert_close(&selection.means, golden.column("means")?, 1e-6, 0.0, "means");
    match &selection.variability {
        Variability::Variance { variances, variances_norm, ranks } => {
            assert_close(variances, golden.column("variances")?, 1e-12, 0.0, "variances");
            assert_close(variances_norm, golden.column("variances_norm")?, 1e-11, 0.0, "variances_norm");
            let is_tied = tied(&data.counts, batches, &selection)?;
            for (place, &rank) in ranks.iter().enumerate().filter(|&(place, _)| !is_tied[place]) {
                let expected = Some(golden.column("highly_variable_rank")?[place]).filter(|rank| !rank.is_nan());
                assert_eq!(rank, expected, "rank of gene {place}");
            }
            let differ = (0..is_chosen.len()).filter(|&place| is_chosen[place] != expected[place]);
            // Ranks of batches are combined, so one could think of a gene without ties that loses its place to one with;
            // in these data there is none.
            for place in differ.clone() {
                assert!(is_tied[place], "gene {place} has no tie and is chosen by one side only");
            }
            assert!(differ.clone().count() <= n_differ, "chosen: {} differ", differ.count());
        }
        Variability::Dispersion { dispersions, dispersions_norm } => {
            assert_close(dispersions, golden.column("dispersions")?, 1e-6, 1e-7, "dispersions");
            // Relative to a bin, numbers come close to 0, where the rounding of 32-bit logarithms shows.
            assert_close(dispersions_norm, golden.column("dispersions_norm")?, 1e-6, 1e-5, "dispersions_norm");
            assert_eq!(is_chosen, expected, "chosen");
        }
        Variability::Given => return Err("the genes were not ranked".into()),
    }
    Ok(())
}

#[test]
fn pbmc3k() -> TestResult {
    let Some(shared) = shared("feature selection on real data") else { return Ok(()) };
    let data = read_h5ad(shared.join("data/pbmc3k_counts.h5ad"), &ReadOptions::default())?;
    for flavor in Flavor::ALL {
        let golden = Golden::read(&shared.join(format!("golden/hvg_pbmc3k_{flavor}.csv.gz")))?;
        let n_differ = match flavor {
            Flavor::SeuratV3 | Flavor::SeuratV3Paper => 8,
            _ => 0,
        };
        check(&data, &golden, flavor, None, n_differ)?;
    }
    Ok(())
}

#[test]
fn kang_with_and_without_batches() -> TestResult {
    let Some(shared) = shared("feature selection on real data") else { return Ok(()) };
    let data = read_h5ad(shared.join("data/kang_ifnb_2k.h5ad"), &ReadOptions::default())?;
    let Some(Column::Labels(batches)) = data.obs.get("stim") else { return Err("no labels in obs/stim".into()) };
    for flavor in Flavor::ALL {
        let golden = |suffix| Golden::read(&shared.join(format!("golden/hvg_kang_{flavor}{suffix}.csv.gz")));
        check(&data, &golden("")?, flavor, None, 0)?;
        let n_differ = match flavor {
            Flavor::SeuratV3 => 10,
            Flavor::SeuratV3Paper => 42,
            _ => 0,
        };
        check(&data, &golden("_batch")?, flavor, Some(batches), n_differ)?;
    }
    Ok(())
}
