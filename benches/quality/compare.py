"""Compare the quality of embeddings and classifier with those of the Python package concord-sc.

    python -m venv env && env/bin/pip install -r requirements.txt
    env/bin/python compare.py --concord ../../target/release/concord --out .

Both programs are given the same file: selected genes, normalised to the median total, log1p. All options are the
defaults of each. The same code then measures both embeddings. Results go to results.md and results.csv.

Data: simulations by `concord simulate` (`SIMULATIONS`), and two real data sets from the folder `--shared` (by default
CONCORD_SHARED, else `shared` beside the repository), whose `data` holds kang_ifnb_2k.h5ad and pbmc3k_counts.h5ad.
"""

import os

for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"]:
    os.environ[variable] = "1"  # Before numpy is loaded, which reads them once.

import argparse
import contextlib
import io
import logging
import platform
import shlex
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import scanpy as sc
import torch
from scipy import sparse, stats
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_samples, silhouette_score
from sklearn.neighbors import NearestNeighbors

N_SEEDS = 3
N_EPOCHS = 15
BATCH_SIZE = 256
N_TOP_GENES = 2000
N_COMPONENTS = 50  # of the PCA that shows how the data are before integration
MIXING_NEIGHBORS = [30, 60, 90]
TYPE_NEIGHBORS = 15
N_CALIBRATION_BINS = 15
N_TIME_BINS = 10  # that stand for types where cells have a time and no type
NOISE_LEVEL = 0.05  # of Student's t, two-sided

# What all simulations have in common. Batches are small parts of a large population, so that few cells are in two.
POPULATION = "--n-cells 12000"

# Each has a seed of its own, by its position.
SIMULATIONS = {
    "clusters, 2 batches": """--n-states 6 --n-genes 800 --distribution poisson --level 1.5
        --pairwise-non-specific-gene-fraction 0:1=0.5,2:3=0.5 --n-batches 2 --batch-cell-proportion 0.12,0.085
        --batch-effect batch_specific_distribution,batch_specific_expression --batch-level 0.5,3
        --batch-distribution poisson --batch-feature-frac 0.3""",
    "clusters, 3 batches": """--n-states 5 --n-genes 1000 --distribution negative_binomial --level 3 --dispersion 1
        --pairwise-non-specific-gene-fraction 0:1=0.6,1:2=0.3 --n-batches 3 --batch-cell-proportion 0.1,0.06,0.05
        --batch-effect batch_specific_distribution,downsampling,batch_specific_expression --batch-level 1,0.15,4
        --batch-distribution negative_binomial --batch-dispersion 1 --batch-feature-frac 0.2""",
    "clusters, 4 batches": """--n-states 8 --n-genes 600 --distribution poisson --level 2
        --pairwise-non-specific-gene-fraction 0:1=0.5,2:3=0.5,4:5=0.5 --n-batches 4
        --batch-cell-proportion 0.08,0.06,0.05,0.04
        --batch-effect scaling_factor,uniform_dropout,batch_specific_expression,batch_specific_distribution
        --batch-level 4,0.6,3,0.7 --batch-distribution poisson --batch-feature-frac 0.25""",
    "clusters, 5 batches": """--n-states 7 --n-genes 700 --distribution negative_binomial --level 3 --dispersion 2
        --pairwise-non-specific-gene-fraction 0:1=0.5,1:2=0.3,3:4=0.5 --n-batches 5
        --batch-cell-proportion 0.06,0.05,0.045,0.04,0.035
        --batch-effect batch_specific_expression,batch_specific_distribution,downsampling,"""
    """value_dependent_dropout,scaling_factor
        --batch-level 4,1,0.3,0.05,3 --batch-distribution negative_binomial --batch-dispersion 1
        --batch-feature-frac 0.3""",
    "trajectory, 3 batches": """--structure trajectory --program-num 6 --n-genes 600 --distribution negative_binomial
        --level 3 --dispersion 1 --n-batches 3 --batch-cell-proportion 0.09,0.07,0.05
        --batch-effect batch_specific_distribution,batch_specific_expression,downsampling --batch-level 1,4,0.3
        --batch-distribution negative_binomial --batch-dispersion 1 --batch-feature-frac 0.3""",
    "tree, 2 batches": """--structure tree --branching-factor 2 --depth 2 --n-genes 800 --distribution negative_binomial
        --level 3 --dispersion 1 --n-batches 2 --batch-cell-proportion 0.075,0.06
        --batch-effect batch_specific_distribution,batch_specific_expression --batch-level 1,4
        --batch-distribution negative_binomial --batch-dispersion 1 --batch-feature-frac 0.3""",
}
KANG = "Kang, 2 conditions"
PBMC = "PBMC 3k, classifier"

# Lineages of blood cells by genes that interferon leaves where they are.
LINEAGE_MARKERS = {
    "T cell": ["CD3D", "CD3E", "CD3G", "IL7R"],
    "NK cell": ["GNLY", "NKG7", "KLRD1", "PRF1", "KLRC1", "FGFBP2", "SPON2"],
    "B cell": ["MS4A1", "CD79A", "CD79B", "CD19", "BANK1", "BLK", "TCL1A"],
    "monocyte or dendritic cell": ["LYZ", "CST3", "AIF1", "SPI1", "FCN1", "LST1"],
    "megakaryocyte": ["PPBP", "PF4", "GNG11", "SDPR", "TUBB1", "NRGN"],
}
# In standard deviations: the score of the best lineage, and by how much it must be ahead.
LEAST_SCORE, LEAST_LEAD = 0.3, 0.3


@dataclass
class Program:
    """One way to an embedding: its name in the tables, and what it adds to the options of `concord train`."""

    name: str
    options: list[str] | None  # None: not our program


REFERENCE = Program("reference", None)
OURS = Program("ours", [])
# The reference leaves these cells out of each epoch, and so takes fewer steps.
FULL_BATCHES = Program("ours, full batches only", ["--drop-partial-batches"])
PROGRAMS = [REFERENCE, OURS, FULL_BATCHES]
INPUT = "input, PCA"

# Name, and whether more is better.
MEASURES = {
    "batch mixing (iLISI)": True,
    "batch mixing (silhouette)": True,
    "types: silhouette": True,
    "types: 15-neighbour accuracy": True,
    "types: accuracy from other batches": True,
    "types: NMI of k-means": True,
    "types: ARI of k-means": True,
    "time: R2 of 15 neighbours": True,
    "time: R2 from other batches": True,
    "classifier: accuracy on hidden cells": True,
    "classifier: calibration error": False,
}


# Data


def simulate(name: str, concord: Path, folder: Path) -> anndata.AnnData:
    """Make one of `SIMULATIONS`, normalised."""
    raw = folder / "simulated.h5ad"
    seed = list(SIMULATIONS).index(name)
    options = shlex.split(f"{POPULATION} {SIMULATIONS[name]}")
    run([concord, "simulate", "-o", raw, *options, "--seed", seed])
    adata = anndata.read_h5ad(raw)
    adata.X = sparse.csr_matrix(adata.X, dtype=np.float32)
    sc.pp.filter_cells(adata, min_counts=1)
    sc.pp.filter_genes(adata, min_cells=1)
    keep = {"batch": "batch", "cluster": "type", "branch": "type", "time": "time"}
    return normalised(adata, {new: adata.obs[old] for old, new in keep.items() if old in adata.obs})


def kang(shared: Path) -> anndata.AnnData:
    """Two conditions, whose lineages are told by marker genes."""
    adata = anndata.read_h5ad(shared / "data/kang_ifnb_2k.h5ad")
    labels = lineages(adata, "stim")
    return normalised(select(adata, "stim"), {"batch": adata.obs["stim"], "type": labels})


def pbmc(shared: Path) -> anndata.AnnData:
    adata = anndata.read_h5ad(shared / "data/pbmc3k_counts.h5ad")
    return normalised(select(adata, None), {"type": adata.obs["louvain"]})


def select(adata: anndata.AnnData, batch_key: str | None) -> anndata.AnnData:
    """Mark the genes that vary most. They are taken out after normalisation, which is by the totals of all genes."""
    sc.pp.filter_genes(adata, min_cells=10)
    sc.pp.highly_variable_genes(adata, n_top_genes=N_TOP_GENES, flavor="seurat_v3", batch_key=batch_key)
    return adata


def normalised(adata: anndata.AnnData, obs: dict[str, pd.Series]) -> anndata.AnnData:
    """The selected genes after normalisation, with these columns alone."""
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    genes = adata.var.get("highly_variable", pd.Series(True, index=adata.var_names)).to_numpy()
    matrix = sparse.csr_matrix(adata.X[:, genes], dtype=np.float32)
    return anndata.AnnData(matrix, obs=pd.DataFrame(obs), var=pd.DataFrame(index=adata.var_names[genes]))


def lineages(adata: anndata.AnnData, condition: str) -> pd.Series:
    """The lineage of each cell, missing where it is not clear.

    Each condition is scored by itself, from raw counts: log-normalised expression of each marker as z-score, the mean
    over the markers of a lineage. The highest score wins if it is high enough and far enough ahead.
    """
    labels = pd.Series(index=adata.obs_names, dtype=object)
    for _, cells in adata.obs.groupby(condition, observed=True):
        part = adata[cells.index].copy()
        sc.pp.normalize_total(part, target_sum=1e4)
        sc.pp.log1p(part)
        scores = pd.DataFrame(index=part.obs_names)
        for lineage, markers in LINEAGE_MARKERS.items():
            values = part[:, markers].X.toarray()
            scores[lineage] = ((values - values.mean(0)) / values.std(0)).mean(1)
        ranked = np.sort(scores.to_numpy(), axis=1)
        is_clear = (ranked[:, -1] >= LEAST_SCORE) & (ranked[:, -1] - ranked[:, -2] >= LEAST_LEAD)
        labels[part.obs_names[is_clear]] = scores.idxmax(axis=1)[is_clear]
    return labels.astype("category")


# Programs


def run(command: list) -> None:
    """Run our program, and say what it said when it fails."""
    command = [str(part) for part in command] + ["--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")


def train_ours(
    program: Program, concord: Path, data: Path, seed: int, folder: Path, batch: bool, classes: bool = False
) -> tuple[np.ndarray, pd.DataFrame | None]:
    """The embedding, and with `classes` the probability of each class."""
    n_genes = anndata.read_h5ad(data, backed="r").n_vars
    trained, embedded = folder / "trained", folder / "embedded.h5ad"
    # All genes are taken, so that the flavour does not matter; `seurat` is the one for logged values.
    genes = ["--n-top-features", n_genes, "--min-cells", 0, "--flavor", "seurat"]
    training = ["--seed", seed, "--n-epochs", N_EPOCHS, "--batch-size", BATCH_SIZE, *program.options]
    if batch:
        training += ["--batch", "batch"]
    if classes:
        training += ["--use-classifier", "--class-key", "class", "--unlabeled-class", "unknown"]
    run([concord, "train", data, "-o", trained, *genes, *training])
    result = anndata.read_h5ad(trained / "annotated.h5ad")
    assert result.var["concord_feature"].all(), "our program left out genes"
    if not classes:
        return result.obsm["Concord"], None
    run([concord, "embed", data, "--model", trained / "model", "-o", embedded])
    result = anndata.read_h5ad(embedded)
    names = list(result.uns["concord_embed"]["classes"])
    return result.obsm["Concord"], pd.DataFrame(result.obsm["Concord_class_probabilities"], columns=names)


def train_reference(
    data: Path, seed: int, batch: bool, classes: bool = False
) -> tuple[np.ndarray, pd.DataFrame | None]:
    """The same of the Python package."""
    import concord

    torch.set_num_threads(1)
    adata = anndata.read_h5ad(data)
    options = {"domain_key": "batch"} if batch else {}
    if classes:
        options |= {"use_classifier": True, "class_key": "class", "unlabeled_class": "unknown"}
    with contextlib.redirect_stdout(io.StringIO()):
        model = concord.Concord(
            adata,
            save_dir=None,
            seed=seed,
            n_epochs=N_EPOCHS,
            batch_size=BATCH_SIZE,
            preload_dense=True,
            device=torch.device("cpu"),
            **options,
        )
        model.fit_transform(output_key="Concord", save_model=False)
    if not classes:
        return adata.obsm["Concord"], None
    prefix = "Concord_class_prob_"
    probabilities = adata.obs.filter(like=prefix)
    return adata.obsm["Concord"], probabilities.rename(columns=lambda name: name.removeprefix(prefix))


def pca(data: Path) -> np.ndarray:
    """What the input looks like before integration."""
    adata = anndata.read_h5ad(data)
    sc.pp.pca(adata, n_comps=N_COMPONENTS, random_state=0)
    return adata.obsm["X_pca"]


# Measures


def measure(embedding: np.ndarray, obs: pd.DataFrame) -> dict[str, float]:
    """All that the columns allow: `batch` is there always, `type` and `time` where cells have one."""
    embedding = np.asarray(embedding, dtype=np.float64)
    assert np.isfinite(embedding).all(), "the embedding has values that are no numbers"
    batch = obs["batch"].to_numpy().astype(str)
    measures = {"batch mixing (iLISI)": mixing(embedding, batch)}
    if "type" not in obs:
        groups = pd.qcut(obs["time"].rank(method="first"), N_TIME_BINS, labels=False).to_numpy()
        measures["batch mixing (silhouette)"] = batch_silhouette(embedding, batch, groups)
    else:
        is_known = obs["type"].notna().to_numpy()
        known, types, batches = embedding[is_known], obs["type"].to_numpy()[is_known].astype(str), batch[is_known]
        measures["batch mixing (silhouette)"] = batch_silhouette(known, batches, types)
        measures |= type_separation(known, types, batches)
    if "time" in obs:
        time = obs["time"].to_numpy(dtype=float)
        measures["time: R2 of 15 neighbours"] = time_regression(time, neighbors(embedding, TYPE_NEIGHBORS))
        others = neighbors_in_other_batches(embedding, batch, TYPE_NEIGHBORS)
        measures["time: R2 from other batches"] = time_regression(time, others)
    return measures


def neighbors(embedding: np.ndarray, n_neighbors: int) -> np.ndarray:
    """For each cell the nearest others by Euclidean distance, nearest first."""
    return NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute").fit(embedding).kneighbors(return_distance=False)


def neighbors_in_other_batches(embedding: np.ndarray, batch: np.ndarray, n_neighbors: int) -> np.ndarray:
    """For each cell the nearest of those that are not of its batch."""
    found = np.empty((len(embedding), n_neighbors), dtype=int)
    for name in np.unique(batch):
        inside, outside = np.flatnonzero(batch == name), np.flatnonzero(batch != name)
        index = NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute").fit(embedding[outside])
        found[inside] = outside[index.kneighbors(embedding[inside], return_distance=False)]
    return found


def mixing(embedding: np.ndarray, batch: np.ndarray) -> float:
    """Inverse Simpson index of the batches among the neighbours, the mean over cells and over numbers of neighbours.

    Scaled so that it is 0 when all neighbours are of one batch, and 1 when their batches are as in the whole data.
    """
    names, codes = np.unique(batch, return_inverse=True)
    nearest = codes[neighbors(embedding, max(MIXING_NEIGHBORS))]
    shares = np.bincount(codes) / len(codes)
    at_best = 1 / (shares**2).sum()
    values = []
    for n_neighbors in MIXING_NEIGHBORS:
        of_batch = np.stack([(nearest[:, :n_neighbors] == code).mean(1) for code in range(len(names))], axis=1)
        values.append((1 / (of_batch**2).sum(1)).mean())
    return (np.mean(values) - 1) / (at_best - 1)


def batch_silhouette(embedding: np.ndarray, batch: np.ndarray, groups: np.ndarray) -> float:
    """1 - |silhouette of the batches| of the cells of a group, the mean over the groups' means: 1 is well mixed."""
    values = []
    for group in np.unique(groups):
        cells = groups == group
        if len(np.unique(batch[cells])) > 1 and cells.sum() > len(np.unique(batch[cells])):
            values.append((1 - np.abs(silhouette_samples(embedding[cells], batch[cells]))).mean())
    return np.mean(values)


def type_separation(embedding: np.ndarray, types: np.ndarray, batch: np.ndarray) -> dict[str, float]:
    """How well types stand apart, and whether the same type of other batches is near."""
    n_types = len(np.unique(types))
    clusters = KMeans(n_types, n_init=10, random_state=0).fit_predict(embedding)
    others = neighbors_in_other_batches(embedding, batch, TYPE_NEIGHBORS)
    return {
        "types: silhouette": (silhouette_score(embedding, types) + 1) / 2,
        "types: 15-neighbour accuracy": vote_accuracy(types, neighbors(embedding, TYPE_NEIGHBORS)),
        "types: accuracy from other batches": vote_accuracy(types, others),
        "types: NMI of k-means": normalized_mutual_info_score(types, clusters),
        "types: ARI of k-means": adjusted_rand_score(types, clusters),
    }


def vote_accuracy(types: np.ndarray, nearest: np.ndarray) -> float:
    """The share of cells whose type most of the neighbours have."""
    names, codes = np.unique(types, return_inverse=True)
    votes = np.stack([(codes[nearest] == code).sum(1) for code in range(len(names))], axis=1)
    return (votes.argmax(1) == codes).mean()


def time_regression(time: np.ndarray, nearest: np.ndarray) -> float:
    """R2 of the mean time of the neighbours as an estimate of the time of the cell."""
    return 1 - ((time - time[nearest].mean(1)) ** 2).sum() / ((time - time.mean()) ** 2).sum()


def classifier_measures(probabilities: pd.DataFrame, truth: np.ndarray) -> dict[str, float]:
    """Accuracy and expected calibration error, in bins of equal width of the highest probability."""
    highest = probabilities.to_numpy().max(1)
    is_right = probabilities.columns.to_numpy()[probabilities.to_numpy().argmax(1)] == truth
    bins = np.minimum((highest * N_CALIBRATION_BINS).astype(int), N_CALIBRATION_BINS - 1)
    gaps = [
        abs(is_right[bins == each].mean() - highest[bins == each].mean()) * (bins == each).mean()
        for each in np.unique(bins)
    ]
    return {"classifier: accuracy on hidden cells": is_right.mean(), "classifier: calibration error": sum(gaps)}


# Comparison


def compare_embeddings(name: str, args: argparse.Namespace, folder: Path) -> tuple[pd.DataFrame, dict]:
    """The measures of every program and seed, one row each."""
    adata = kang(args.shared) if name == KANG else simulate(name, args.concord, folder)
    data = folder / "data.h5ad"
    adata.write_h5ad(data)
    rows = [{"program": INPUT, "seed": 0} | measure(pca(data), adata.obs)]
    for seed in range(args.seeds):
        for program in PROGRAMS:
            if program is REFERENCE:
                embedding, _ = train_reference(data, seed, batch=True)
            else:
                embedding, _ = train_ours(program, args.concord, data, seed, folder, batch=True)
            rows.append({"program": program.name, "seed": seed} | measure(embedding, adata.obs))
            print(name, program.name, seed, flush=True)
    return pd.DataFrame(rows), described(adata)


def compare_classifiers(args: argparse.Namespace, folder: Path) -> tuple[pd.DataFrame, dict]:
    """The same for classifiers: the labels of half the cells are hidden, others for every seed."""
    adata = pbmc(args.shared)
    truth = adata.obs["type"].to_numpy().astype(str)
    rows = []
    for seed in range(args.seeds):
        is_hidden = np.random.default_rng(seed).permutation(adata.n_obs) < adata.n_obs // 2
        adata.obs["class"] = pd.Categorical(np.where(is_hidden, "unknown", truth))
        data = folder / "data.h5ad"
        adata.write_h5ad(data)
        for program in PROGRAMS:
            if program is REFERENCE:
                _, probabilities = train_reference(data, seed, batch=False, classes=True)
            else:
                _, probabilities = train_ours(program, args.concord, data, seed, folder, batch=False, classes=True)
            measures = classifier_measures(probabilities[is_hidden], truth[is_hidden])
            rows.append({"program": program.name, "seed": seed} | measures)
            print(PBMC, program.name, seed, flush=True)
    return pd.DataFrame(rows), described(adata)


def described(adata: anndata.AnnData) -> dict:
    """What stands in the table of the data sets."""
    obs = adata.obs
    about = {"cells": adata.n_obs, "genes": adata.n_vars, "batches": "", "types": "", "without type": ""}
    if "batch" in obs:
        about["batches"] = " + ".join(str(n) for n in obs["batch"].value_counts(sort=False))
    if "type" in obs:
        about["types"] = obs["type"].nunique()
        about["without type"] = int(obs["type"].isna().sum())
    return about


def summarise(name: str, rows: pd.DataFrame) -> list[dict]:
    """A row for every measure: each seed and the mean of every program, and the differences from the reference."""
    summary = []
    for measure_name in [measure_name for measure_name in MEASURES if measure_name in rows]:
        of_program = {program: part[measure_name].to_numpy() for program, part in rows.groupby("program")}
        row = {"data set": name, "measure": measure_name}
        row["better"] = "higher" if MEASURES[measure_name] else "lower"
        row[INPUT] = of_program.get(INPUT, [np.nan])[0]
        for program in PROGRAMS:
            values = of_program[program.name]
            row |= {f"{program.name}, seed {seed}": value for seed, value in enumerate(values)}
            row[f"{program.name}, mean"] = values.mean()
            row[f"{program.name}, standard deviation"] = values.std(ddof=1)
        for program in PROGRAMS[1:]:
            ours, reference = of_program[program.name], of_program[REFERENCE.name]
            difference, error = ours.mean() - reference.mean(), standard_error(ours, reference)
            row[f"{program.name}, difference"] = difference
            row[f"{program.name}, standard error"] = error
            verdict = beyond_noise(difference, error, 2 * (len(ours) - 1), MEASURES[measure_name])
            row[f"{program.name}, beyond noise"] = verdict
        summary.append(row)
    return summary


def standard_error(ours: np.ndarray, reference: np.ndarray) -> float:
    """Of the difference of the means, from the spread of the seeds."""
    return np.sqrt((ours.var(ddof=1) + reference.var(ddof=1)) / len(ours))


def beyond_noise(difference: float, error: float, freedom: int, more_is_better: bool) -> str:
    """Whether a difference is larger than the seeds explain by Student's t, and in whose favour."""
    if abs(difference) <= stats.t.ppf(1 - NOISE_LEVEL / 2, freedom) * error:
        return ""
    return "better" if (difference > 0) == more_is_better else "worse"


def over_data_sets(summary: pd.DataFrame, n_seeds: int) -> pd.DataFrame:
    """The mean difference of each measure over the data sets, which shows what is too small to be seen in one."""
    rows = []
    for measure_name, part in summary.groupby("measure", sort=False):
        row = {"measure": measure_name, "data sets": len(part)}
        for program in PROGRAMS[1:]:
            difference = part[f"{program.name}, difference"].mean()
            error = np.sqrt((part[f"{program.name}, standard error"] ** 2).sum()) / len(part)
            verdict = beyond_noise(difference, error, 2 * (n_seeds - 1) * len(part), MEASURES[measure_name])
            row |= {f"{program.name}, difference": difference, f"{program.name}, standard error": error}
            row[f"{program.name}, beyond noise"] = verdict
        rows.append(row)
    return pd.DataFrame(rows)


# Results


def markdown(summary: pd.DataFrame, data_sets: pd.DataFrame, args: argparse.Namespace) -> str:
    """The page with all tables."""
    versions = [f"{name} {version(name)}" for name in ["concord-sc", "torch", "numpy", "scanpy", "scikit-learn"]]
    ours = subprocess.run([args.concord, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    # The names of files are enough: paths are of no use elsewhere.
    command = f"python compare.py --concord {args.concord.name}"
    command += "" if args.seeds == N_SEEDS else f" --seeds {args.seeds}"
    command += "".join(f" --only {shlex.quote(name)}" for name in args.only or [])
    return "\n".join(
        [
            "# Quality of embeddings and classifier, beside the reference",
            "",
            "Made by",
            "",
            f"    {command}",
            "",
            f"with {ours} (ours), {', '.join(versions)}",
            f"and Python {platform.python_version()}. What is measured, and how, stands in `compare.py`.",
            "",
            f"Both programs had the same input, {N_EPOCHS} epochs, batches of {BATCH_SIZE} cells, and their own",
            f"defaults otherwise. Numbers are means over the seeds 0 to {args.seeds - 1}, plus or minus the standard",
            "deviation. *Input, PCA* is the input before integration. *Full batches only* is `--drop-partial-batches`:",
            "the reference leaves out, in every epoch, the cells that do not fill a batch; ours makes a smaller one of",
            "them, and so takes more steps.",
            "",
            "Differences in **bold** are beyond the noise of the seeds: Student's t at 5 %, so that one in twenty",
            "would be so by chance. The seeds are those of the training (and of the labels that are hidden): each data",
            "set was made once, and the noise is not that of other data. More is better but for the calibration error.",
            "",
            *tallies(summary),
            "",
            "## Over all data sets",
            "",
            "The mean of the differences, plus or minus its standard error:",
            "",
            *overview(over_data_sets(summary, args.seeds)),
            "",
            *tables(summary),
            "## Data",
            "",
            *table(["data set", *data_sets.columns], data_sets.reset_index().to_numpy().tolist()),
            "",
            *about_data(list(data_sets.index)),
        ]
    )


def tallies(summary: pd.DataFrame) -> list[str]:
    """How many differences are beyond noise."""
    lines = []
    for program in PROGRAMS[1:]:
        verdicts = summary[f"{program.name}, beyond noise"]
        counted = [f"{verdict} in {(verdicts == verdict).sum()}" for verdict in ["better", "worse"]]
        lines.append(f"- {program.name}: {', '.join(counted)} of {len(verdicts)} comparisons")
    return lines


def overview(differences: pd.DataFrame) -> list[str]:
    """The table of differences over all data sets."""
    rows = []
    for _, row in differences.iterrows():
        cells = [f"{marked(row, program)} ± {row[f'{program.name}, standard error']:.3f}" for program in PROGRAMS[1:]]
        rows.append([row["measure"], row["data sets"], *cells])
    return table(["measure", "data sets", *(program.name for program in PROGRAMS[1:])], rows)


def tables(summary: pd.DataFrame) -> list[str]:
    """A table for every data set."""
    lines = []
    for name, part in summary.groupby("data set", sort=False):
        has_input = part[INPUT].notna().any()
        header = ["measure", *([INPUT] if has_input else []), REFERENCE.name]
        for program in PROGRAMS[1:]:
            header += [program.name, "difference"]
        rows = []
        for _, row in part.iterrows():
            cells = [row["measure"], *([f"{row[INPUT]:.3f}"] if has_input else []), spread(row, REFERENCE)]
            for program in PROGRAMS[1:]:
                cells += [spread(row, program), marked(row, program)]
            rows.append(cells)
        lines += [f"## {name}", "", *table(header, rows), ""]
    return lines


def spread(row: pd.Series, program: Program) -> str:
    return f"{row[f'{program.name}, mean']:.3f} ± {row[f'{program.name}, standard deviation']:.3f}"


def marked(row: pd.Series, program: Program) -> str:
    """The difference from the reference, bold when it is beyond noise."""
    difference = f"{row[f'{program.name}, difference']:+.3f}"
    return f"**{difference}**" if row[f"{program.name}, beyond noise"] else difference


def table(header: list, rows: list[list]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def about_data(names: list[str]) -> list[str]:
    """How the data were made."""
    lines = []
    for name in names:
        if name in SIMULATIONS:
            options = [" ".join(line.split()) for line in SIMULATIONS[name].splitlines()]
            first = f"concord simulate -o simulated.h5ad {POPULATION} --seed {list(SIMULATIONS).index(name)}"
            command = [f"    {line} \\" for line in [first, *options[:-1]]] + [f"    {options[-1]}"]
            lines += [f"{name}:", "", *command, ""]
    if KANG in names:
        lines += [
            f"{KANG}: the file has no types. They are lineages by marker genes, scored in each condition by itself",
            "from the counts: mean z-score of the log-normalised markers, the highest wins if it is at least",
            f"{LEAST_SCORE} and at least {LEAST_LEAD} ahead of the next. Other cells are trained on, and count for",
            "iLISI only.",
            "",
            *(f"- {lineage}: {', '.join(genes)}" for lineage, genes in LINEAGE_MARKERS.items()),
            "",
        ]
    return lines


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    repository = Path(__file__).resolve().parents[2]
    shared = os.environ.get("CONCORD_SHARED", repository.parent / "shared")
    parser.add_argument("--concord", type=Path, default=repository / "target/release/concord", help="our program")
    parser.add_argument("--shared", type=Path, default=Path(shared), help="folder with the real data")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for results.md and results.csv")
    parser.add_argument("--seeds", type=int, default=N_SEEDS, metavar="N", help="number of seeds, at least 2")
    parser.add_argument("--only", action="append", choices=[*SIMULATIONS, KANG, PBMC], help="this data set alone")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    summary, data_sets = [], {}
    for name in args.only or [*SIMULATIONS, KANG, PBMC]:
        with tempfile.TemporaryDirectory() as folder:
            if name == PBMC:
                rows, about = compare_classifiers(args, Path(folder))
            else:
                rows, about = compare_embeddings(name, args, Path(folder))
        summary += summarise(name, rows)
        data_sets[name] = about
    args.out.mkdir(parents=True, exist_ok=True)
    summary = pd.DataFrame(summary)
    summary.to_csv(args.out / "results.csv", index=False, float_format="%.6f")
    page = markdown(summary, pd.DataFrame(data_sets).T, args)
    (args.out / "results.md").write_text(page.rstrip() + "\n")


if __name__ == "__main__":
    main()
