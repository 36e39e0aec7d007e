//! Lists of genes of pbmc3k make biological sense, and deleting their genes does more than deleting others: for three
//! seeds, through the whole program.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use concord_tests::shared;

type Row = BTreeMap<String, String>;

const SEEDS: [u64; 3] = [0, 1, 2];

/// Genes that are known to mark a cell type, of which one at least is to be among the first.
const MARKERS: [(&str, &[&str]); 4] = [
    ("B cells", &["CD79A", "MS4A1"]),
    ("NK cells", &["GNLY", "NKG7"]),
    ("CD14+ Monocytes", &["LYZ", "S100A8", "S100A9"]),
    ("Megakaryocytes", &["PPBP", "PF4"]),
];

/// `concord run` with its defaults, as far as genes, training and lists go.
fn run(data: &Path, seed: u64, folder: &Path) -> PathBuf {
    let out = folder.join(seed.to_string());
    let status = Command::new(env!("CARGO_BIN_EXE_concord-under-test"))
        .args(["run", "--by", "louvain", "--label", "louvain", "--top-neurons", "0", "--no-report", "--quiet"])
        .args(["--umap-n-epochs", "5", "--seed", &seed.to_string()])
        .arg(data)
        .arg("-o")
        .arg(&out)
        .status()
        .unwrap();
    assert!(status.success());
    out
}

fn rows(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().collect::<Result<_, _>>().unwrap()
}

#[test]
fn lists_name_known_markers_and_matter_more_than_other_rankings() {
    let Some(shared) = shared("known markers among the ranked genes of pbmc3k") else { return };
    let folder = tempfile::tempdir().unwrap();
    for seed in SEEDS {
        let out = run(&shared.join("data/pbmc3k_counts.h5ad"), seed, folder.path());
        check_markers(&rows(&out.join("ranked_genes.csv")), seed);
        check_deletion(&rows(&out.join("trust.csv")), seed);
    }
}

fn check_markers(ranked: &[Row], seed: u64) {
    for (context, markers) in MARKERS {
        let list = ranked.iter().filter(|row| row["context"] == context && row["target"] == "against the rest");
        let first: Vec<&str> = list.take(20).map(|row| row["gene"].as_str()).collect();
        assert_eq!(first.len(), 20, "{context}");
        assert!(markers.iter().any(|marker| first.contains(marker)), "seed {seed}, {context}: {first:?}");
    }
}

/// Averaged over the eight cell types, the list is above what it is held against.
fn check_deletion(trust: &[Row], seed: u64) {
    for replacement in ["deletion_to_zero", "deletion_to_mean"] {
        let mean = |ranking: &str| {
            let areas: Vec<f64> = trust
                .iter()
                .filter(|row| row["ranking"] == ranking)
                .map(|row| row[replacement].parse().unwrap())
                .collect();
            assert_eq!(areas.len(), 8, "{ranking}");
            areas.iter().sum::<f64>() / areas.len() as f64
        };
        let list = mean("list");
        for other in ["gradient", "expression", "random"] {
            assert!(list > mean(other), "seed {seed}, {replacement}: {list} and {} by {other}", mean(other));
        }
    }
}
