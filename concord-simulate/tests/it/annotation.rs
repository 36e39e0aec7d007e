//! Names and columns.

use concord_core::{Column, Labels};
use concord_simulate::{
    Amount, Batch, BatchEffect, EffectKind, EffectSettings, SimulateConfig, Simulation, Structure, Trajectory, Tree,
};

use crate::simulation;

fn small(structure: Structure) -> Simulation {
    let effect = |kind: EffectKind| kind.with(&EffectSettings { feature_frac: 0.25, ..EffectSettings::default() });
    simulation(&SimulateConfig {
        n_cells: Amount::Total(16),
        n_genes: Amount::Total(12),
        structure,
        batches: vec![
            Batch { effect: effect(EffectKind::BatchSpecificFeatures), cell_proportion: 1.0 },
            Batch { effect: effect(EffectKind::BatchSpecificExpression), cell_proportion: 0.5 },
        ],
        ..SimulateConfig::default()
    })
}

fn labels<'a>(columns: &'a [(String, Column)], name: &str) -> &'a Labels {
    match columns.iter().find(|column| column.0 == name) {
        Some((_, Column::Labels(labels))) => labels,
        other => panic!("{name}: {other:?}"),
    }
}

fn integers<'a>(columns: &'a [(String, Column)], name: &str) -> &'a [i64] {
    match columns.iter().find(|column| column.0 == name) {
        Some((_, Column::Integers(values))) => values,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn clusters() {
    let simulation = small(Structure::default());
    assert_eq!((simulation.n_cells(), simulation.n_genes(), simulation.n_cells_of_population()), (22, 15, 15));
    let obs = simulation.obs().unwrap();
    assert_eq!(labels(&obs, "batch").sizes(), [15, 7]);
    assert_eq!(labels(&obs, "cluster").select(&(0..15).collect::<Vec<_>>()).sizes(), [5, 5, 5]);
    let cells = simulation.cell_names();
    assert!(cells.are_unique());
    assert_eq!((cells.names()[0].as_str(), cells.names()[14].as_str()), ("batch_1_Cell_1", "batch_1_Cell_15"));
    assert!(cells.names()[15].starts_with("batch_2_Cell_"));
    // A cell keeps its cluster in every batch.
    for row in 15..22 {
        let cell = cells.names()[row].trim_start_matches("batch_2_Cell_").parse::<usize>().unwrap();
        assert_eq!(labels(&obs, "cluster").name_of(row), labels(&obs, "cluster").name_of(cell - 1));
    }
}

#[test]
fn genes_and_what_they_belong_to() {
    let simulation = small(Structure::default());
    let genes = simulation.gene_names();
    assert_eq!(genes.names()[..2], ["Gene_1", "Gene_2"]);
    assert_eq!(genes.names()[12..], ["batch_1_Gene_1", "batch_1_Gene_2", "batch_1_Gene_3"]);
    let var = simulation.var().unwrap();
    let names: Vec<&str> = var.iter().map(|column| column.0.as_str()).collect();
    assert_eq!(names, ["program", "shared_by", "only_in", "shifted_in_batch_2"]);
    assert!(var.iter().all(|column| column.1.len() == 15));
    assert_eq!(labels(&var, "program").sizes(), [4, 4, 4]);
    assert_eq!(labels(&var, "only_in").name_of(12), Some("batch_1"));
    assert_eq!((labels(&var, "only_in").n_missing(), labels(&var, "program").n_missing()), (12, 3));

    let plain = simulation_without_effects();
    let names: Vec<String> = plain.var().unwrap().into_iter().map(|column| column.0).collect();
    assert_eq!(names, ["program"]);
}

fn simulation_without_effects() -> Simulation {
    let structure = Structure::Trajectory(Trajectory::default());
    simulation(&SimulateConfig { structure, batches: Batch::alike(1, BatchEffect::None), ..SimulateConfig::default() })
}

#[test]
fn time_runs_along_a_trajectory() {
    let simulation = small(Structure::Trajectory(Trajectory::default()));
    let obs = simulation.obs().unwrap();
    assert_eq!(integers(&obs, "time")[..16], (0..16).collect::<Vec<i64>>());
    assert!(integers(&obs, "time")[16..].is_sorted());
    assert_eq!(labels(&simulation.var().unwrap(), "program").names(), ["program_0", "program_1", "program_2"]);
}

#[test]
fn branches_of_a_tree() {
    let tree = Tree { depth: 2, initial_inherited_genes: vec!["A".to_owned()], ..Tree::default() };
    let simulation = small(Structure::Tree(tree));
    let obs = simulation.obs().unwrap();
    let branches = labels(&obs, "branch");
    assert_eq!(branches.names(), ["root", "0", "0_0", "0_1", "1", "1_0", "1_1"]);
    assert_eq!(branches.select(&(0..28).collect::<Vec<_>>()).sizes(), [4; 7]);
    assert_eq!((integers(&obs, "depth")[0], integers(&obs, "depth")[27]), (2, 0));
    // The root, then a branch, then its last leaf.
    assert_eq!([0, 3, 4, 7, 8, 12].map(|row| integers(&obs, "time")[row]), [0, 3, 4, 7, 8, 8]);
    let var = simulation.var().unwrap();
    assert_eq!(labels(&var, "program").names()[..2], ["inherited", "root"]);
    assert_eq!(simulation.gene_names().names()[..2], ["A", "Gene_1"]);
}
