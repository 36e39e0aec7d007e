//! Against the reference (`golden/make.py` wrote the files).

use std::collections::BTreeMap;

use concord_core::Column;
use concord_simulate::{
    Amount, Batch, BatchEffect, Clusters, Distribution, EffectKind, EffectSettings, ProgramStructure, SimulateConfig,
    Simulation, Stage, Structure, Trajectory, Tree,
};
use serde::Deserialize;

use crate::{Moments, simulation};

#[derive(Deserialize)]
struct Expectation {
    rows: Vec<Vec<f64>>,
    cluster: Option<Vec<String>>,
    branch: Option<Vec<String>>,
    depth: Option<Vec<i64>>,
    time: Option<Vec<i64>>,
}

fn sized(n_cells: &str, n_genes: &str, structure: Structure) -> SimulateConfig {
    SimulateConfig {
        n_cells: n_cells.parse().unwrap(),
        n_genes: n_genes.parse().unwrap(),
        level: 5.0,
        min_level: 1.0,
        structure,
        batches: Batch::alike(1, BatchEffect::None),
        ..SimulateConfig::default()
    }
}

fn clusters(global: f64, pairs: &[&str]) -> Structure {
    Structure::Clusters(Clusters {
        global_non_specific_gene_fraction: global,
        pairwise_non_specific_gene_fraction: pairs.iter().map(|pair| pair.parse().unwrap()).collect(),
        ..Clusters::default()
    })
}

fn shaped(program_structure: ProgramStructure, config: SimulateConfig) -> SimulateConfig {
    SimulateConfig { program_structure, ..config }
}

fn expectation_config(name: &str) -> SimulateConfig {
    match name {
        "clusters" => sized("25", "13", clusters(0.0, &[])),
        "clusters_sizes" => SimulateConfig {
            program_structure: ProgramStructure::LinearBidirectional,
            program_on_time_fraction: 0.4,
            ..sized("5,9,1", "2,3,4", clusters(0.0, &[]))
        },
        "clusters_decreasing" => shaped(ProgramStructure::LinearDecreasing, sized("21", "6", clusters(0.0, &[]))),
        "clusters_growing" => {
            let two = Clusters { n_states: 2, global_non_specific_gene_fraction: 0.0, ..Clusters::default() };
            shaped(ProgramStructure::DimensionIncrease, sized("24", "9", Structure::Clusters(two)))
        }
        "clusters_pair" => sized("24", "6", clusters(0.0, &["1:2=1"])),
        "clusters_global" => sized("24", "6", clusters(1.0, &[])),
        other => way_or_tree_config(other),
    }
}

fn way_or_tree_config(name: &str) -> SimulateConfig {
    let trajectory = |trajectory: Trajectory| Structure::Trajectory(trajectory);
    match name {
        "trajectory" => sized("29", "13", trajectory(Trajectory::default())),
        "trajectory_loop" => {
            let way = Trajectory { loop_to: vec![0], cell_block_size_ratio: 0.5, ..Trajectory::default() };
            shaped(ProgramStructure::LinearBidirectional, sized("30", "9", trajectory(way)))
        }
        "trajectory_loops" => {
            let (program_num, loop_to, cell_block_size_ratio) = (4, vec![1, 0], 0.45);
            let way = Trajectory { program_num, loop_to, cell_block_size_ratio, ..Trajectory::default() };
            shaped(ProgramStructure::DimensionIncrease, sized("40", "10", trajectory(way)))
        }
        "trajectory_global" => {
            let (program_num, global_non_specific_gene_fraction) = (2, 1.0);
            let way = Trajectory { program_num, global_non_specific_gene_fraction, ..Trajectory::default() };
            sized("10", "4", trajectory(way))
        }
        "tree" => sized("20", "30", Structure::Tree(Tree { depth: 2, ..Tree::default() })),
        "tree_levels" => {
            let tree = Tree {
                branching_factor: vec![2, 3],
                depth: 2,
                program_gap_size: 2,
                program_decay: 0.7,
                cellcount_decay: 0.8,
                noise_in_block: true,
                initial_inherited_genes: vec!["A".to_owned(), "B".to_owned()],
            };
            shaped(ProgramStructure::DimensionIncrease, sized("31", "25", Structure::Tree(tree)))
        }
        other => panic!("no case {other}"),
    }
}

#[test]
fn expectations_are_the_same_in_every_cell() {
    let cases: BTreeMap<String, Expectation> =
        serde_json::from_str(include_str!("../golden/expectations.json")).unwrap();
    assert_eq!(cases.len(), 12);
    for (name, expected) in cases {
        let simulation = simulation(&expectation_config(&name));
        let found = simulation.dense_block_at(Stage::NoNoise, 0..simulation.n_cells());
        assert_eq!(found.dim(), (expected.rows.len(), expected.rows[0].len()), "{name}");
        for (cell, (found, expected)) in found.rows().into_iter().zip(&expected.rows).enumerate() {
            let is_same =
                found.iter().zip(expected).all(|(found, expected)| (f64::from(*found) - expected).abs() < 1e-6);
            assert!(is_same, "{name}: cell {cell} is {found}, expected {expected:?}");
        }
        check_obs(&name, &simulation, &expected);
    }
}

fn check_obs(name: &str, simulation: &Simulation, expected: &Expectation) {
    for (column, found) in simulation.obs().unwrap() {
        match (column.as_str(), found) {
            ("batch", _) => {}
            ("cluster" | "branch", Column::Labels(labels)) => {
                let expected = if column == "cluster" { &expected.cluster } else { &expected.branch };
                let found: Vec<&str> = (0..labels.n_cells()).filter_map(|cell| labels.name_of(cell)).collect();
                assert_eq!(&found, expected.as_ref().unwrap(), "{name}: {column}");
            }
            ("depth", Column::Integers(found)) => assert_eq!(Some(found), expected.depth, "{name}"),
            ("time", Column::Integers(found)) => assert_eq!(Some(found), expected.time, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[derive(Deserialize)]
struct Case {
    n_cells: Vec<usize>,
    groups: Vec<Group>,
}

/// The values of a batch, a cluster and the genes of a program.
#[derive(Deserialize)]
struct Group {
    batch: String,
    cluster: String,
    program: String,
    n_cells: usize,
    n_genes: usize,
    #[serde(flatten)]
    moments: Moments,
}

/// Distribution and dispersions of the population; kind and settings of the second batch's effect.
fn moments_parts(name: &str) -> (Distribution, Vec<f64>, EffectKind, EffectSettings) {
    use Distribution::{Lognormal, NegativeBinomial, Normal, Poisson};
    use EffectKind::{
        BatchSpecificDistribution, BatchSpecificExpression, BatchSpecificFeatures, Downsampling, ScalingFactor,
        UniformDropout, ValueDependentDropout, VarianceInflation,
    };
    let of = |level| EffectSettings { level, ..EffectSettings::default() };
    let added = |distribution, level, dispersion| EffectSettings { distribution, dispersion, ..of(level) };
    match name {
        "normal" => (Normal, vec![0.7], ScalingFactor, of(0.5)),
        "normal_counts" => (Normal, vec![1.5], ScalingFactor, of(1.7)),
        "poisson" => (Poisson, vec![0.1], UniformDropout, of(0.3)),
        "negative_binomial" => (NegativeBinomial, vec![0.8], Downsampling, of(0.25)),
        "lognormal" => (Lognormal, vec![0.5], VarianceInflation, of(0.3)),
        "lognormal_counts" => (Lognormal, vec![0.5], VarianceInflation, of(0.8)),
        "dispersions" => (Normal, vec![0.1, 0.5, 2.0], VarianceInflation, of(0.5)),
        "value_dependent_dropout" => (Normal, vec![1.0], ValueDependentDropout, of(0.05)),
        "distribution_normal" => (Normal, vec![1.0], BatchSpecificDistribution, added(Normal, 1.5, 2.0)),
        "distribution_negative_binomial" => {
            (Poisson, vec![0.1], BatchSpecificDistribution, added(NegativeBinomial, 2.0, 0.5))
        }
        "distribution_lognormal" => (Poisson, vec![0.1], BatchSpecificDistribution, added(Lognormal, 2.0, 0.5)),
        "expression" => {
            let settings = EffectSettings { feature_frac: 0.25, ..added(Poisson, 3.0, 0.1) };
            (Poisson, vec![0.1], BatchSpecificExpression, settings)
        }
        "features" => {
            let settings = EffectSettings { feature_frac: 0.2, ..added(Poisson, 3.0, 0.1) };
            (Poisson, vec![0.1], BatchSpecificFeatures, settings)
        }
        other => panic!("no case {other}"),
    }
}

fn moments_config(name: &str) -> SimulateConfig {
    let (distribution, dispersion, kind, settings) = moments_parts(name);
    let is_counts = ["normal_counts", "lognormal_counts", "distribution_normal"].contains(&name);
    let n_states = if name == "expression" { 1 } else { 3 };
    let first = EffectKind::BatchSpecificFeatures.with(&EffectSettings::default());
    SimulateConfig {
        n_cells: Amount::Total(3000),
        n_genes: Amount::Total(60),
        seed: 1,
        non_neg: is_counts,
        to_int: is_counts,
        distribution,
        dispersion,
        level: 4.0,
        program_structure: ProgramStructure::Uniform,
        structure: Structure::Clusters(Clusters {
            n_states,
            global_non_specific_gene_fraction: 0.0,
            ..Clusters::default()
        }),
        batches: vec![
            Batch { effect: first, cell_proportion: 0.3 },
            Batch { effect: kind.with(&settings), cell_proportion: 0.8 },
        ],
        ..SimulateConfig::default()
    }
}

/// All values of each group, by the names of batch, cluster and program (or the batch that alone has the genes).
fn groups_of(simulation: &Simulation) -> BTreeMap<[String; 3], Vec<f64>> {
    let name = |column: &Column, at: usize| match column {
        Column::Labels(labels) => labels.name_of(at).map(str::to_owned),
        other => panic!("{other:?}"),
    };
    let (obs, var) = (simulation.obs().unwrap(), simulation.var().unwrap());
    let only_in = &var.iter().find(|column| column.0 == "only_in").unwrap().1;
    let programs: Vec<String> =
        (0..simulation.n_genes()).map(|gene| name(&var[0].1, gene).or_else(|| name(only_in, gene)).unwrap()).collect();
    let mut groups: BTreeMap<[String; 3], Vec<f64>> = BTreeMap::new();
    for (cell, row) in simulation.dense_block_at(Stage::Final, 0..simulation.n_cells()).rows().into_iter().enumerate() {
        let [batch, cluster] = [0, 1].map(|column| name(&obs[column].1, cell).unwrap());
        for (program, &value) in programs.iter().zip(row) {
            groups.entry([batch.clone(), cluster.clone(), program.clone()]).or_default().push(f64::from(value));
        }
    }
    groups
}

#[test]
fn moments_are_those_of_the_reference() {
    let cases: BTreeMap<String, Case> = serde_json::from_str(include_str!("../golden/moments.json")).unwrap();
    assert_eq!(cases.len(), 13);
    for (name, case) in cases {
        let simulation = simulation(&moments_config(&name));
        assert_eq!(simulation.batch_sizes(), case.n_cells, "{name}");
        let found = groups_of(&simulation);
        assert_eq!(found.len(), case.groups.len(), "{name}");
        for group in case.groups {
            let place = [group.batch, group.cluster, group.program];
            let values = &found[&place];
            assert_eq!(values.len() % group.n_genes, 0);
            let what = format!("{name} {place:?}");
            // The reference's downsampling hands one count on from gene to gene: the genes of the cluster, of which a
            // quarter of the counts is kept, lose one, and the last gene of all finds it.
            let slack = if name == "negative_binomial" { 0.25 / group.n_genes as f64 } else { 0.0 };
            check_moments(&what, values, &group.moments, group.n_cells * group.n_genes, slack);
        }
    }
}

/// Both are samples; their difference has the variance of both.
fn check_moments(what: &str, values: &[f64], expected: &Moments, n_expected: usize, slack: f64) {
    let found = Moments::of(values);
    let n = 1.0 / (1.0 / values.len() as f64 + 1.0 / n_expected as f64);
    let errors = expected.errors(n);
    let is_near = |a: f64, b: f64, error: f64| (a - b).abs() <= error + slack + 1e-6;
    assert!(is_near(found.mean, expected.mean, errors.0), "{what}: {found:?}, expected {expected:?}");
    assert!(is_near(found.variance, expected.variance, errors.1), "{what}: {found:?}, expected {expected:?}");
    assert!(is_near(found.zeros, expected.zeros, errors.2), "{what}: {found:?}, expected {expected:?}");
}
