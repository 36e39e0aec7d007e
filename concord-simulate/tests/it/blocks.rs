//! The same bytes for any blocks, order and number of threads.

use concord_core::Csr;
use concord_simulate::{
    Amount, Batch, BatchEffect, Distribution, EffectKind, EffectSettings, SimulateConfig, Simulation, Stage, Structure,
    Trajectory, Tree, Values,
};

use crate::simulation;

const KINDS: [EffectKind; 9] = [
    EffectKind::None,
    EffectKind::VarianceInflation,
    EffectKind::BatchSpecificDistribution,
    EffectKind::UniformDropout,
    EffectKind::ValueDependentDropout,
    EffectKind::Downsampling,
    EffectKind::ScalingFactor,
    EffectKind::BatchSpecificExpression,
    EffectKind::BatchSpecificFeatures,
];
const STAGES: [Stage; 3] = [Stage::NoNoise, Stage::WithNoise, Stage::Final];

/// Every effect once, in every structure.
fn configs() -> Vec<SimulateConfig> {
    let settings = EffectSettings { level: 0.5, ..EffectSettings::default() };
    let batches = KINDS.map(|kind| Batch { effect: kind.with(&settings), cell_proportion: 0.3 }).to_vec();
    let structures = [
        Structure::default(),
        Structure::Trajectory(Trajectory { loop_to: vec![0], ..Trajectory::default() }),
        Structure::Tree(Tree::default()),
    ];
    let config = |structure| SimulateConfig {
        n_cells: Amount::Total(120),
        n_genes: Amount::Total(70),
        level: 6.0,
        distribution: Distribution::NegativeBinomial,
        dispersion: vec![2.0],
        seed: 5,
        structure,
        batches: batches.clone(),
        ..SimulateConfig::default()
    };
    structures.map(config).to_vec()
}

fn all(simulation: &Simulation, stage: Stage) -> Csr {
    simulation.block_at(stage, 0..simulation.n_cells())
}

/// All rows in blocks of this size, the last block first.
fn in_blocks(simulation: &Simulation, stage: Stage, size: usize) -> Csr {
    let n_cells = simulation.n_cells();
    let starts: Vec<usize> = (0..n_cells).step_by(size).collect();
    let mut blocks: Vec<Csr> =
        starts.into_iter().rev().map(|start| simulation.block_at(stage, start..n_cells.min(start + size))).collect();
    blocks.reverse();
    let blocks: Vec<_> = blocks.iter().map(Csr::view).collect();
    sprs::vstack(&blocks)
}

#[test]
fn blocks_of_any_size_in_any_order() {
    for simulation in configs().iter().map(simulation) {
        for stage in STAGES {
            let expected = all(&simulation, stage);
            for size in [1, 7, 64, 10_000] {
                assert_eq!(in_blocks(&simulation, stage, size), expected, "{stage:?} in blocks of {size}");
            }
        }
    }
}

#[test]
fn any_number_of_threads() {
    for config in configs() {
        let with = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| all(&simulation(&config), Stage::Final))
        };
        let expected = with(1);
        assert_eq!(with(2), expected);
        assert_eq!(with(3), expected);
    }
}

#[test]
fn another_seed_is_another_simulation() {
    for config in configs() {
        let other = SimulateConfig { seed: 6, ..config.clone() };
        let (a, b) = (simulation(&config), simulation(&other));
        assert_ne!(a.cell_names(), b.cell_names());
        assert_ne!(all(&a, Stage::WithNoise), all(&b, Stage::WithNoise));
    }
}

#[test]
fn a_cell_in_two_batches_is_the_same_cell_before_their_effects() {
    let config = SimulateConfig {
        batches: vec![Batch { effect: BatchEffect::UniformDropout { level: 0.5 }, cell_proportion: 0.5 }; 2],
        ..SimulateConfig::default()
    };
    let simulation = simulation(&config);
    let names = simulation.cell_names();
    let (before, after) = (all(&simulation, Stage::WithNoise), all(&simulation, Stage::Final));
    let mut n_shared = 0;
    for (row, name) in names.names().iter().enumerate() {
        let Some(cell) = name.strip_prefix("batch_1_") else { continue };
        let Some(other) = names.position(&format!("batch_2_{cell}")) else { continue };
        assert_eq!(before.outer_view(row).unwrap(), before.outer_view(other).unwrap());
        assert_ne!(after.outer_view(row).unwrap(), after.outer_view(other).unwrap());
        n_shared += 1;
    }
    // Each is a random half of 999 cells.
    assert!((200..300).contains(&n_shared), "{n_shared}");
}

#[test]
fn values_stay_finite_whatever_the_levels() {
    let values = Values { distribution: Distribution::Lognormal, level: 1e9, dispersion: 10.0 };
    let config = SimulateConfig {
        n_cells: Amount::Total(3_000),
        n_genes: Amount::Total(30),
        distribution: Distribution::Lognormal,
        level: 1e9,
        dispersion: vec![10.0],
        batches: vec![
            Batch { effect: BatchEffect::ScalingFactor { level: 1e9 }, cell_proportion: 1.0 },
            Batch { effect: BatchEffect::Downsampling { level: 0.5 }, cell_proportion: 1.0 },
            Batch { effect: BatchEffect::VarianceInflation { level: 1e9 }, cell_proportion: 1.0 },
            Batch { effect: BatchEffect::BatchSpecificDistribution { values }, cell_proportion: 1.0 },
        ],
        ..SimulateConfig::default()
    };
    let simulation = simulation(&config);
    assert!(all(&simulation, Stage::Final).data().iter().all(|value| value.is_finite()));
}

#[test]
#[should_panic(expected = "rows 0..1000 of 998 were asked for")]
fn rows_beyond_the_last_are_the_callers_mistake() {
    simulation(&SimulateConfig::default()).block(0..1000);
}
