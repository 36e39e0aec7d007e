use std::{fs, path::Path};

use concord_core::Column;
use concord_io::{ReadOptions, inspect_h5ad, read_h5ad};
use concord_simulate::{
    Amount, Batch, BatchEffect, Distribution, SimulateConfig, Simulation, Stage, Structure, Trajectory,
};
use concord_tests::repository_file;

use crate::{concord, fails, json_of, stderr_of};

/// A loop of 240 cells in two batches, of which each loses a third of the values.
const LOOP: [&str; 16] = [
    "simulate",
    "--structure",
    "trajectory",
    "--loop-to",
    "0",
    "--n-cells",
    "240",
    "--n-genes",
    "90",
    "--distribution",
    "poisson",
    "--level",
    "4",
    "--batch-effect",
    "uniform_dropout",
    "--batch-level=0.33",
];

fn loop_of_the_library() -> Simulation {
    let config = SimulateConfig {
        n_cells: Amount::Total(240),
        n_genes: Amount::Total(90),
        distribution: Distribution::Poisson,
        level: 4.0,
        structure: Structure::Trajectory(Trajectory { loop_to: vec![0], ..Trajectory::default() }),
        batches: Batch::alike(2, BatchEffect::UniformDropout { level: 0.33 }),
        ..SimulateConfig::default()
    };
    Simulation::new(&config).unwrap()
}

fn matrix(file: &Path) -> concord_core::Csr {
    read_h5ad(file, &ReadOptions::default()).unwrap().counts.into_matrix()
}

#[test]
fn the_file_holds_what_the_library_makes() {
    let folder = tempfile::tempdir().unwrap();
    let [out, before, truth] = ["out.h5ad", "before.h5ad", "truth.h5ad"].map(|name| folder.path().join(name));
    let mut command = concord(&LOOP);
    command.arg("-o").arg(&out).arg("--pre-batch-out").arg(&before).arg("--no-noise-out").arg(&truth);
    let json = json_of(&mut command);
    assert_eq!((&json["n_cells"], &json["n_genes"]), (&240.into(), &90.into()));
    assert_eq!(json["config"]["structure"]["state_type"], "trajectory");

    let simulation = loop_of_the_library();
    for (file, stage) in [(&out, Stage::Final), (&before, Stage::WithNoise), (&truth, Stage::NoNoise)] {
        assert_eq!(matrix(file), simulation.block_at(stage, 0..240), "{stage:?}");
        let dataset = read_h5ad(file, &ReadOptions::default()).unwrap();
        assert_eq!((dataset.cells, dataset.genes), (simulation.cell_names(), simulation.gene_names()));
        for (name, column) in simulation.obs().unwrap() {
            assert_eq!(dataset.obs.get(&name), Some(&column), "{name}");
        }
    }
    let names: Vec<String> = inspect_h5ad(&out).unwrap().var.into_iter().map(|column| column.name).collect();
    assert_eq!(names, ["program"]);
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |n_threads: &str, seed: &str| {
        let out = folder.path().join("out.h5ad");
        let mut command = concord(&LOOP);
        command.args(["--quiet", "--threads", n_threads, "--seed", seed, "-o"]).arg(&out).assert().success();
        fs::read(out).unwrap()
    };
    let expected = bytes("1", "3");
    assert!(bytes("2", "3") == expected && bytes("3", "3") == expected);
    assert!(bytes("1", "4") != expected);
}

#[test]
fn every_structure_and_effect() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let columns = |arguments: &[&str]| {
        let small = ["simulate", "--n-cells", "90", "--n-genes", "60", "--non-neg", "-o"];
        concord(&small).arg(&out).args(arguments).assert().success();
        let summary = inspect_h5ad(&out).unwrap();
        let names = |columns: Vec<concord_io::ColumnSummary>| -> Vec<String> {
            columns.into_iter().map(|column| column.name).collect()
        };
        (names(summary.obs).join(" "), names(summary.var).join(" "))
    };
    assert_eq!(columns(&[]), ("batch cluster".to_owned(), "program shared_by only_in".to_owned()));
    let tree = columns(&["--structure", "tree", "--batch-effect", "downsampling,none", "--batch-level", "0.5"]);
    assert_eq!(tree, ("batch branch depth time".to_owned(), "program".to_owned()));
    for effect in [
        "none",
        "variance_inflation",
        "batch-specific-distribution",
        "uniform_dropout",
        "value-dependent-dropout",
        "downsampling",
        "scaling_factor",
        "batch_specific_expression",
        "batch-specific-features",
    ] {
        let level: &[&str] = if effect == "none" { &[] } else { &["--batch-level", "0.5"] };
        let (obs, var) = columns(&[&["--structure", "trajectory", "--batch-effect", effect], level].concat());
        assert_eq!(obs, "batch time");
        assert_eq!(var.contains("shifted_in_batch_2"), effect == "batch_specific_expression", "{effect}: {var}");
        assert_eq!(var.contains("only_in"), effect == "batch-specific-features", "{effect}: {var}");
    }
}

#[test]
fn negative_values_are_announced_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let small = ["simulate", "--n-cells", "30", "--n-genes", "30", "-o"];
    let stderr = stderr_of(concord(&small).arg(&out));
    assert!(stderr.contains("values may be negative"), "{stderr}");
    assert!(stderr.contains("30 cells (15 + 15) x 36 genes in"), "{stderr}");
    let stderr = stderr_of(concord(&small).arg(&out).args(["--non-neg", "--to-int"]));
    assert!(!stderr.contains("negative"), "{stderr}");
}

#[test]
fn other_commands_take_what_is_simulated() {
    let folder = tempfile::tempdir().unwrap();
    let (out, run) = (folder.path().join("out.h5ad"), folder.path().join("run"));
    let clusters = ["simulate", "--n-cells", "600", "--n-genes", "300", "--distribution", "poisson", "--level", "4"];
    concord(&clusters).args(["--batch-effect", "none", "--quiet", "-o"]).arg(&out).assert().success();
    concord(&["run", "--batch", "batch", "--label", "cluster", "--epochs", "2", "--umap-n-epochs", "20", "--quiet"])
        .arg(&out)
        .arg("-o")
        .arg(&run)
        .assert()
        .success();
    let dataset = read_h5ad(run.join("annotated.h5ad"), &ReadOptions::default()).unwrap();
    assert!(matches!(dataset.obs.get("cluster"), Some(Column::Labels(labels)) if labels.n_categories() == 3));
}

/// Twelve times what one block holds goes through the memory of a few.
#[test]
fn memory_does_not_grow_with_the_cells() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let large = ["simulate", "--n-cells", "99999", "--n-genes", "501", "--batch-effect", "none", "--quiet", "-o"];
    let json = json_of(concord(&large).arg(&out));
    let summary = inspect_h5ad(&out).unwrap();
    assert_eq!((summary.n_cells, summary.n_genes), (99_998, 501));
    let Some(peak) = json["peak_memory_bytes"].as_u64() else {
        #[allow(clippy::print_stderr, reason = "a skipped test is to be seen")]
        {
            eprintln!("SKIPPED: memory_does_not_grow_with_the_cells: this system does not tell the peak of memory");
        }
        return;
    };
    // As a matrix these are 400 MB.
    assert!(peak < 250_000_000, "{peak} bytes");
}

#[test]
fn mistakes_are_answered_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.h5ad");
    let run = |arguments: &[&str], expected: &[&str]| {
        fails(concord(&["simulate", "-o"]).arg(&out).args(arguments), expected);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was written");
    };
    run(&["--n-cells", "0"], &["--n-cells 0 is out of range: at least 3"]);
    run(&["--n-cells", "many"], &["'many' is no number of cells or genes"]);
    run(&["--n-cells", "5,3"], &["--n-cells has 2 values for 3 clusters"]);
    run(&["--n-genes", "99999999999"], &["at most: lower --n-genes"]);
    run(&["--batch-effect", "dropout"], &["invalid value 'dropout'"]);
    run(&["--structure", "star"], &["invalid value 'star'"]);
    run(&["--batch-effect", "uniform_dropout", "--batch-level", "-0.1"], &["--batch-level -0.1 is out of range"]);
    run(&["--batch-effect", "uniform_dropout"], &["--batch-level 1 is out of range", "below 1"]);
    run(&["--batch-effect", "none,none,none"], &["--batch-effect has 3 values for 2 batches"]);
    run(&["--batch-effect", "none", "--batch-feature-frac", "0.2"], &["--batch-feature-frac is not used by none"]);
    run(&["--batch-cell-proportion", "0.00001"], &["batch 1 has no cells"]);
    run(&["--structure", "tree", "--n-states", "4"], &["--n-states belongs to --structure clusters"]);
    run(&["--depth", "2"], &["--depth belongs to --structure tree"]);
    let global = "--global-non-specific-gene-fraction";
    run(&["--structure", "tree", global, "0.1"], &[global, "clusters or trajectory"]);
    run(&[global, "-0.1"], &[global, "from 0 to 1"]);
    run(&["--structure", "trajectory", "--loop-to", "2"], &["--loop-to 2 is out of range"]);
    run(&["--pairwise-non-specific-gene-fraction", "0-1"], &["write it as 0:1=0.2"]);
    run(&["--dispersion", "NaN"], &["--dispersion NaN is out of range"]);
    fails(&mut concord(&["simulate"]), &["required arguments were not provided"]);
    fails(&mut concord(&["simulate", "-o", "no/where.h5ad"]), &["there is no folder no; make it"]);
    fails(concord(&["simulate", "-o"]).arg(&out).arg("--pre-batch-out").arg(&out), &["it is given twice"]);
}

/// The commands of `docs/simulate.md`, but for the one that takes a minute.
#[test]
fn the_examples_of_the_documentation_run() {
    let folder = tempfile::tempdir().unwrap();
    let page = fs::read_to_string(repository_file("docs/simulate.md")).unwrap();
    let examples =
        page.lines().filter_map(|line| line.strip_prefix("    concord ")).filter(|line| !line.contains("000000"));
    let mut n_examples = 0;
    for example in examples {
        let arguments: Vec<&str> = example.split_whitespace().collect();
        concord(&arguments).arg("--quiet").current_dir(folder.path()).assert().success();
        n_examples += 1;
    }
    assert!(n_examples >= 6, "only {n_examples} examples were found");
}
