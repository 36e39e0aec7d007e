//! Noise around what the programs say, in every structure.

use concord_simulate::{
    Amount, Batch, BatchEffect, Clusters, Distribution, SimulateConfig, Simulation, Stage, Structure, Trajectory, Tree,
};

use crate::{Moments, flat, simulation, values};

fn in_one_batch(structure: Structure) -> SimulateConfig {
    SimulateConfig {
        n_cells: Amount::Total(600),
        n_genes: Amount::Total(120),
        level: 5.0,
        min_level: 1.0,
        structure,
        batches: Batch::alike(1, BatchEffect::None),
        ..SimulateConfig::default()
    }
}

fn structures() -> [Structure; 4] {
    [
        Structure::Clusters(Clusters::default()),
        Structure::Trajectory(Trajectory::default()),
        Structure::Trajectory(Trajectory { loop_to: vec![0], ..Trajectory::default() }),
        Structure::Tree(Tree { noise_in_block: false, ..Tree::default() }),
    ]
}

/// The values at two stages, side by side.
fn pairs(simulation: &Simulation) -> Vec<(f64, f64)> {
    let rows = 0..simulation.n_cells();
    let expected = simulation.dense_block_at(Stage::NoNoise, rows.clone());
    let values = simulation.dense_block_at(Stage::WithNoise, rows);
    expected.iter().zip(&values).map(|(&expected, &value)| (f64::from(expected), f64::from(value))).collect()
}

#[test]
fn noise_scatters_around_the_expectation_in_every_structure() {
    for structure in structures() {
        let config = SimulateConfig { dispersion: vec![0.7], ..in_one_batch(structure.clone()) };
        let noise: Vec<f64> = pairs(&simulation(&config)).into_iter().map(|(mean, value)| value - mean).collect();
        Moments::check(&noise, 0.0, 0.49);

        // Counts, by their expectation: each level is met often enough to be tested alone.
        let config = SimulateConfig {
            distribution: Distribution::NegativeBinomial,
            dispersion: vec![1.5],
            ..in_one_batch(structure)
        };
        let pairs = pairs(&simulation(&config));
        for level in [0.0, 5.0] {
            let of_level: Vec<f64> = pairs.iter().filter(|pair| pair.0 == level).map(|pair| pair.1).collect();
            assert!(of_level.len() > 2_000, "{} values of expectation {level}", of_level.len());
            Moments::check(&of_level, level, level + level * level / 1.5);
        }
    }
}

#[test]
fn without_noise_other_branches_stay_silent() {
    let simulation = simulation(&in_one_batch(Structure::Tree(Tree::default())));
    let pairs = pairs(&simulation);
    let n_silent = pairs.iter().filter(|pair| pair.1 == 0.0).count();
    assert!(n_silent > 10_000, "{n_silent}");
    assert!(
        pairs
            .iter()
            .all(|&(expected, value)| (expected == 0.0) == (value == 0.0) && (expected == 0.0 || expected >= 1.0))
    );
}

#[test]
fn every_cluster_has_its_own_dispersion() {
    let config = SimulateConfig { dispersion: vec![0.1, 1.0, 3.0], ..in_one_batch(Structure::default()) };
    let pairs = pairs(&simulation(&config));
    for (of_cluster, dispersion) in pairs.chunks(pairs.len() / 3).zip([0.1, 1.0, 3.0_f64]) {
        let noise: Vec<f64> = of_cluster.iter().map(|(mean, value)| value - mean).collect();
        Moments::check(&noise, 0.0, dispersion.powi(2));
    }
}

#[test]
fn distributions_are_those_of_the_formulas() {
    let with =
        |distribution, dispersion| values(&SimulateConfig { distribution, dispersion: vec![dispersion], ..flat(3.0) });
    Moments::check(&with(Distribution::Normal, 0.5), 3.0, 0.25);
    let poisson = with(Distribution::Poisson, 0.5);
    Moments::check(&poisson, 3.0, 3.0);
    let zeros = Moments::of(&poisson).zeros;
    assert!((zeros - (-3.0_f64).exp()).abs() < 0.004, "{zeros}");
    Moments::check(&with(Distribution::NegativeBinomial, 2.0), 3.0, 3.0 + 4.5);
    let variance = 0.25_f64;
    let mean = 3.0 * (variance / 2.0).exp();
    Moments::check(&with(Distribution::Lognormal, 0.5), mean, mean * mean * variance.exp_m1());
}

#[test]
fn counts_are_whole_and_not_negative() {
    let config = |non_neg, to_int| SimulateConfig { non_neg, to_int, dispersion: vec![1.0], ..flat(0.2) };
    let plain = values(&config(false, false));
    assert_eq!(values(&config(true, false)), plain.iter().map(|value| value.max(0.0)).collect::<Vec<_>>());
    let whole = values(&config(false, true));
    assert!(whole.iter().any(|&value| value < 0.0));
    // Towards 0, on either side.
    assert!(whole.iter().zip(&plain).all(|(whole, plain)| *whole == plain.trunc()));
    assert_eq!(values(&config(true, true)), plain.iter().map(|value| value.max(0.0).trunc()).collect::<Vec<_>>());
}

#[test]
fn batches_are_random_parts_of_the_population() {
    let batches = [0.9, 0.25].map(|cell_proportion| Batch { effect: BatchEffect::None, cell_proportion });
    let config = SimulateConfig {
        n_cells: Amount::Total(30_000),
        n_genes: Amount::Total(3),
        batches: batches.to_vec(),
        ..SimulateConfig::default()
    };
    let simulation = simulation(&config);
    assert_eq!(simulation.batch_sizes(), [27_000, 7_500]);
    let obs = simulation.obs().unwrap();
    let concord_core::Column::Labels(clusters) = &obs[1].1 else { panic!("{obs:?}") };
    let sizes = clusters.select(&(27_000..34_500).collect::<Vec<_>>()).sizes();
    // Hypergeometric: 7,500 of 30,000, a third of which are in each cluster.
    let error = (7_500.0 / 3.0 * (2.0 / 3.0) * 0.75_f64).sqrt();
    assert!(sizes.iter().all(|&size| (size as f64 - 2_500.0).abs() < 5.0 * error), "{sizes:?}");
    assert_ne!(sizes, [2_500; 3], "a random part has no exact thirds");
}

#[test]
fn shared_genes_are_on_in_the_clusters_that_share_them() {
    let structure = Structure::Clusters(Clusters {
        global_non_specific_gene_fraction: 0.2,
        pairwise_non_specific_gene_fraction: vec!["2:0=0.25".parse().unwrap()],
        ..Clusters::default()
    });
    let config =
        SimulateConfig { program_structure: concord_simulate::ProgramStructure::Uniform, ..in_one_batch(structure) };
    let simulation = simulation(&config);
    let expected = simulation.dense_block_at(Stage::NoNoise, 0..600);
    let var = simulation.var().unwrap();
    let labels = |name: &str| match &var.iter().find(|column| column.0 == name).unwrap().1 {
        concord_core::Column::Labels(labels) => labels.clone(),
        other => panic!("{other:?}"),
    };
    let (programs, shared) = (labels("program"), labels("shared_by"));
    // 20 of the 80 genes of two clusters; 24 of all, which may be some of these.
    assert_eq!(shared.sizes()[1], 24);
    assert!((10..=20).contains(&shared.sizes()[0]), "{:?}", shared.sizes());
    for gene in 0..120 {
        let is_on = [0, 1, 2].map(|cluster| expected[[cluster * 200 + 100, gene]] == 5.0);
        let own = ["cluster_1", "cluster_2", "cluster_3"].map(|name| programs.name_of(gene) == Some(name));
        let expected = match shared.name_of(gene) {
            Some("all") => [true; 3],
            Some("cluster_1+cluster_3") => [true, false, true],
            _ => own,
        };
        assert_eq!(is_on, expected, "gene {gene}");
    }
}
