//! Simulations that cannot be.

use concord_simulate::{Amount, Batch, BatchEffect, Clusters, SimulateConfig, Simulation, Structure, Trajectory, Tree};

#[track_caller]
fn refused(config: &SimulateConfig, expected: &str) {
    let message = Simulation::new(config).map(|_| "it was made").unwrap_err().to_string();
    assert!(message.contains(expected), "{expected:?} is not in: {message}");
    assert!(!message.ends_with('.'), "{message}");
}

fn tree(tree: Tree) -> SimulateConfig {
    SimulateConfig { structure: Structure::Tree(tree), ..SimulateConfig::default() }
}

#[test]
fn what_has_no_cells_or_genes() {
    let default = SimulateConfig::default;
    refused(&SimulateConfig { n_cells: Amount::Total(0), ..default() }, "--n-cells 0 is out of range");
    refused(&SimulateConfig { n_genes: Amount::Total(0), ..default() }, "--n-genes 0 is out of range");
    let batches = vec![Batch { effect: BatchEffect::None, cell_proportion: 0.0001 }];
    refused(&SimulateConfig { batches, ..default() }, "batch 1 has no cells: a share of 0.0001 of 999 cells");
    let structure = Structure::Trajectory(Trajectory { cell_block_size_ratio: 0.0001, ..Trajectory::default() });
    refused(&SimulateConfig { structure, ..default() }, "of 1000 cells this is less than one");
}

#[test]
fn what_is_larger_than_any_machine() {
    let default = SimulateConfig::default;
    refused(&SimulateConfig { n_cells: Amount::Total(usize::MAX), ..default() }, "at most: lower --n-cells");
    refused(&SimulateConfig { n_genes: Amount::Total(usize::MAX), ..default() }, "at most: lower --n-genes");
    let each = || Amount::PerCluster(vec![usize::MAX; 3]);
    refused(&SimulateConfig { n_cells: each(), ..default() }, "at most: lower --n-cells");
    let structure = Structure::Clusters(Clusters { n_states: usize::MAX, ..Clusters::default() });
    let (n_cells, n_genes) = (Amount::Total(usize::MAX), Amount::Total(usize::MAX));
    refused(&SimulateConfig { n_cells, n_genes, structure, ..default() }, "--n-states 18446744073709551615 is out");
    refused(&tree(Tree { branching_factor: vec![1000], ..Tree::default() }), "branches, and 100000 are possible");
    refused(&tree(Tree { branching_factor: vec![usize::MAX], depth: 100, ..Tree::default() }), "branches");
    refused(&tree(Tree { program_decay: 1000.0, depth: 8, ..Tree::default() }), "--n-genes or --program-decay");
    refused(&tree(Tree { cellcount_decay: 1000.0, depth: 8, ..Tree::default() }), "--n-cells or --cellcount-decay");
}

#[test]
fn genes_of_one_name() {
    for names in [["A", "A"], ["A", "Gene_1"], ["batch_2_Gene_1", "B"]] {
        let initial_inherited_genes = names.map(str::to_owned).to_vec();
        refused(&tree(Tree { initial_inherited_genes, ..Tree::default() }), "--initial-inherited-genes");
    }
}
