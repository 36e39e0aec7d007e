"""Writes expectations.json and moments.json: what the reference simulates, cell by cell and on average.

Python 3.11 with the packages pinned in requirements.txt beside this file, and `pip install --no-deps concord-sc==1.0.13`;
run it in this directory. Of the reference only the simulation is loaded, so that torch is not needed.
"""

import importlib.util
import json
import logging
import sys
import types

import numpy as np
import scanpy  # noqa: F401, before torch is made up below


def load_simulation():
    """The module concord.simulation.simulation, without what the package imports beside it."""
    folder = importlib.util.find_spec("concord").submodule_search_locations[0]
    for name, path in [("concord", folder), ("concord.utils", folder + "/utils"), ("torch", None)]:
        module = types.ModuleType(name)
        module.__path__ = [path] if path else []
        sys.modules[name] = module
    sys.modules["concord"].logger = logging.getLogger("concord")
    from concord.simulation import simulation
    from concord.utils import other_util  # noqa: F401, imported late by the simulation

    del sys.modules["torch"]  # Others ask whether it is there.
    return simulation


ref = load_simulation()

# What the population is before anything random, for the cells of one batch that is the population.
EXPECTATIONS = {
    "clusters": (dict(n_cells=25, n_genes=13), ref.ClusterConfig(global_non_specific_gene_fraction=0.0)),
    "clusters_sizes": (
        dict(n_cells=[5, 9, 1], n_genes=[2, 3, 4]),
        ref.ClusterConfig(
            program_structure="linear_bidirectional", program_on_time_fraction=0.4, global_non_specific_gene_fraction=0.0
        ),
    ),
    "clusters_decreasing": (
        dict(n_cells=21, n_genes=6),
        ref.ClusterConfig(program_structure="linear_decreasing", global_non_specific_gene_fraction=0.0),
    ),
    "clusters_growing": (
        dict(n_cells=24, n_genes=9),
        ref.ClusterConfig(n_states=2, program_structure="dimension_increase", global_non_specific_gene_fraction=0.0),
    ),
    # With a share of 1 nothing is drawn.
    "clusters_pair": (
        dict(n_cells=24, n_genes=6),
        ref.ClusterConfig(pairwise_non_specific_gene_fraction={(1, 2): 1.0}, global_non_specific_gene_fraction=0.0),
    ),
    "clusters_global": (dict(n_cells=24, n_genes=6), ref.ClusterConfig(global_non_specific_gene_fraction=1.0)),
    "trajectory": (dict(n_cells=29, n_genes=13), ref.TrajectoryConfig()),
    "trajectory_loop": (
        dict(n_cells=30, n_genes=9),
        ref.TrajectoryConfig(loop_to=0, program_structure="linear_bidirectional", cell_block_size_ratio=0.5),
    ),
    "trajectory_loops": (
        dict(n_cells=40, n_genes=10),
        ref.TrajectoryConfig(
            program_num=4, loop_to=[1, 0], program_structure="dimension_increase", cell_block_size_ratio=0.45
        ),
    ),
    "trajectory_global": (
        dict(n_cells=10, n_genes=4),
        ref.TrajectoryConfig(program_num=2, global_non_specific_gene_fraction=1.0),
    ),
    "tree": (dict(n_cells=20, n_genes=30), ref.TreeConfig(depth=2)),
    "tree_levels": (
        dict(n_cells=31, n_genes=25),
        ref.TreeConfig(
            branching_factor=[2, 3],
            depth=2,
            program_structure="dimension_increase",
            program_gap_size=2,
            program_decay=0.7,
            cellcount_decay=0.8,
            initial_inherited_genes=["A", "B"],
        ),
    ),
}


def expectation(sizes, state):
    state.level, state.min_level = 5.0, 1.0
    adata = ref.Simulation(ref.SimConfig(**sizes), state, ref.BatchConfig(n_batches=1)).simulate_state()
    columns = {name: adata.obs[name].tolist() for name in adata.obs}
    return {"rows": adata.layers["no_noise"].round(12).tolist(), **columns}


def clusters(**options):
    """Three clusters, each gene at one level in a cluster."""
    options = dict(program_structure="uniform", global_non_specific_gene_fraction=0.0, level=4.0) | options
    return ref.ClusterConfig(**options)


def one_cluster(**options):
    return clusters(n_states=1, **options)


COUNTS = dict(non_neg=True, to_int=True)
# Options of the simulation, the state, the effect of the second batch. The first has features of its own.
MOMENTS = {
    "normal": ({}, clusters(dispersion=0.7), dict(effect_type="scaling_factor", level=0.5)),
    "normal_counts": (COUNTS, clusters(dispersion=1.5), dict(effect_type="scaling_factor", level=1.7)),
    "poisson": ({}, clusters(distribution="poisson"), dict(effect_type="uniform_dropout", level=0.3)),
    "negative_binomial": (
        {},
        clusters(distribution="negative_binomial", dispersion=0.8),
        dict(effect_type="downsampling", level=0.25),
    ),
    "lognormal": (
        {},
        clusters(distribution="lognormal", dispersion=0.5),
        dict(effect_type="variance_inflation", level=0.3),
    ),
    "lognormal_counts": (
        COUNTS,
        clusters(distribution="lognormal", dispersion=0.5),
        dict(effect_type="variance_inflation", level=0.8),
    ),
    "dispersions": ({}, clusters(dispersion=[0.1, 0.5, 2.0]), dict(effect_type="variance_inflation", level=0.5)),
    "value_dependent_dropout": (
        {},
        clusters(dispersion=1.0),
        dict(effect_type="value_dependent_dropout", level=0.05),
    ),
    "distribution_normal": (
        COUNTS,
        clusters(dispersion=1.0),
        dict(effect_type="batch_specific_distribution", level=1.5, dispersion=2.0),
    ),
    "distribution_negative_binomial": (
        {},
        clusters(distribution="poisson"),
        dict(
            effect_type="batch_specific_distribution", distribution="negative_binomial", level=2.0, dispersion=0.5
        ),
    ),
    "distribution_lognormal": (
        {},
        clusters(distribution="poisson"),
        dict(effect_type="batch_specific_distribution", distribution="lognormal", level=2.0, dispersion=0.5),
    ),
    "expression": (
        {},
        one_cluster(distribution="poisson"),
        dict(effect_type="batch_specific_expression", distribution="poisson", level=3.0, feature_frac=0.25),
    ),
    "features": (
        {},
        clusters(distribution="poisson"),
        dict(effect_type="batch_specific_features", distribution="poisson", level=3.0, feature_frac=0.2),
    ),
}
FIRST = dict(effect_type="batch_specific_features", distribution="normal", level=1.0, dispersion=0.1, feature_frac=0.1)


def brief(number):
    """As many digits as a sample has to say."""
    return float(f"{number:.7g}")


def moments(sim, state, second):
    """Of each batch, cluster and kind of gene: how many values, their central moments, the share of zeros."""
    second = FIRST | second
    batches = ref.BatchConfig(
        n_batches=2, cell_proportion=[0.3, 0.8], **{key: [FIRST[key], second[key]] for key in FIRST}
    )
    np.random.seed(0)
    adata, _ = ref.Simulation(ref.SimConfig(n_cells=3000, n_genes=60, **sim), state, batches).simulate_data()
    per_cluster = 60 // state.n_states

    def kind(gene):
        batch, _, number = gene.rpartition("Gene_")
        return batch.rstrip("_") or f"cluster_{(int(number) - 1) // per_cluster + 1}"

    kinds = np.array([kind(gene) for gene in adata.var_names])
    groups = []
    for batch in ["batch_1", "batch_2"]:
        for cluster in sorted(set(adata.obs["cluster"])):
            rows = ((adata.obs["batch"] == batch) & (adata.obs["cluster"] == cluster)).to_numpy()
            for program in sorted(set(kinds)):
                values = np.asarray(adata.X[rows][:, kinds == program], dtype=float)
                deviations = values - values.mean()
                groups.append(
                    {
                        "batch": batch,
                        "cluster": cluster,
                        "program": program,
                        "n_cells": int(rows.sum()),
                        "n_genes": int((kinds == program).sum()),
                        "mean": brief(values.mean()),
                        "variance": brief((deviations**2).mean()),
                        "fourth": brief((deviations**4).mean()),
                        "zeros": brief((values == 0).mean()),
                    }
                )
    return {"n_cells": adata.obs["batch"].value_counts().sort_index().tolist(), "groups": groups}


def write(name, results):
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in results.items()]
    with open(name, "w") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


write("expectations.json", {name: expectation(*case) for name, case in EXPECTATIONS.items()})
write("moments.json", {name: moments(*case) for name, case in MOMENTS.items()})
