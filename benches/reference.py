"""The side of the Python package in `compare.py`, which starts this program anew for every measurement.

Each command prints one line of JSON at its end: the seconds of its steps, and what else `compare.py` asks for. Nothing
is imported before its command needs it, because the imports of the tutorial are part of what is measured.
"""

import argparse
import contextlib
import importlib
import importlib.metadata
import json
import os
import platform
import sys
import time
import warnings

PACKAGES = """concord-sc torch scanpy umap-learn pynndescent numba gseapy anndata numpy scipy pandas scikit-learn
    scikit-misc matplotlib seaborn h5py""".split()

N_NEIGHBORS = 15  # of the measures of a picture
BLOCK = 50  # cells whose distances to all others are in memory at a time


class Clock:
    """Seconds of steps that follow each other."""

    def __init__(self):
        self.steps = {}
        self.last = time.perf_counter()

    def lap(self, step):
        now = time.perf_counter()
        self.steps[step] = self.steps.get(step, 0.0) + now - self.last
        self.last = now


def versions(_args):
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}


def imports(_args):
    clock = Clock()
    for name in ["concord", "scanpy", "torch"]:
        importlib.import_module(name)
    clock.lap("imports")
    return {"steps": clock.steps}


def train(cells, genes, n_epochs, folder, clock):
    """Trains as the tutorial does, and gives back the model, and the number of batches and of cells in them.

    The step `train` is the loop over the epochs alone. What else `fit_transform` does is the step `embed`: getting
    ready, the code of all cells, writing the model.
    """
    import concord as ccd
    import torch
    from concord.model.trainer import Trainer

    seconds, batches = [], []
    plain_epoch = Trainer.train_epoch

    def timed_epoch(trainer, epoch, loader):
        start = time.perf_counter()
        loss = plain_epoch(trainer, epoch, loader)
        seconds.append(time.perf_counter() - start)
        batches.append(len(loader))
        return loss

    Trainer.train_epoch = timed_epoch
    model = ccd.Concord(
        adata=cells,
        input_feature=genes,
        device=torch.device("cpu"),
        preload_dense=True,
        n_epochs=n_epochs,
        save_dir=folder,
    )
    model.fit_transform(output_key="Concord")
    Trainer.train_epoch = plain_epoch
    clock.lap("embed")
    clock.steps["train"] = sum(seconds)
    clock.steps["embed"] -= clock.steps["train"]
    return model, {"n_batches": sum(batches), "n_visits": sum(batches) * model.config.batch_size}


def prepare(cells, clock):
    """Chooses genes, then normalises."""
    import concord as ccd
    import scanpy as sc

    genes = ccd.ul.select_features(cells, n_top_features=2000, flavor="seurat_v3")
    clock.lap("select")
    sc.pp.normalize_total(cells)
    sc.pp.log1p(cells)
    clock.lap("normalise")
    return genes


def tutorial(args):
    """The notebook from its first cell to its last.

    Two things are not as there: the file is read and not downloaded, and gene sets come from a file and are tested
    here, where `compute_go` asks a server. Figures that the notebook only shows are written to files.
    """
    clock = Clock()
    import concord as ccd
    import gseapy
    import matplotlib.pyplot as plt
    import numpy as np
    import pandas as pd
    import scanpy as sc
    import seaborn as sns
    import torch
    from concord.plotting.pl_enrichment import plot_go_enrichment

    torch.set_num_threads(args.threads)
    clock.lap("imports")

    cells = sc.read_h5ad(args.input).raw.to_adata()
    clock.lap("read")
    genes = prepare(cells, clock)
    model, sizes = train(cells, genes, 15, args.out, clock)

    ccd.ul.run_umap(
        cells,
        source_key="Concord",
        result_key="Concord_UMAP",
        n_components=2,
        n_neighbors=30,
        min_dist=0.1,
        metric="euclidean",
    )
    clock.lap("umap")

    cells.obs["cell_type"] = cells.obs["louvain"].copy()
    ccd.pl.plot_embedding(
        cells,
        basis="Concord_UMAP",
        color_by=["n_genes", "cell_type"],
        figsize=(10, 5),
        dpi=600,
        ncols=2,
        font_size=6,
        point_size=10,
        legend_loc="on data",
        save_path=f"{args.out}/Concord_UMAP.png",
    )
    some = cells.copy()[np.random.choice(cells.n_obs, 1000, replace=False), :]
    ccd.pl.heatmap_with_annotations(
        some,
        val="Concord",
        transpose=True,
        obs_keys=["cell_type"],
        cmap="viridis",
        cluster_rows=True,
        cluster_cols=True,
        add_color_legend=True,
        yticklabels=False,
        xticklabels=False,
        use_clustermap=True,
        cluster_method="ward",
        cluster_metric="euclidean",
        rasterize=True,
        figsize=(8, 4),
        dpi=600,
        save_path=f"{args.out}/heatmap_latent.pdf",
    )
    types = cells.obs["cell_type"]
    means = (
        pd.DataFrame(np.asarray(cells.obsm["Concord"]), index=cells.obs.index).groupby(types, observed=True).mean().T
    )
    top = {name: means[name].nlargest(2).index.tolist() for name in means.columns}
    shown = list(dict.fromkeys(neuron for neurons in top.values() for neuron in neurons))
    plt.figure(figsize=(4, 5))
    sns.heatmap(means.loc[shown], cmap="RdBu_r", cbar_kws={"label": "Mean activation"})
    plt.tight_layout()
    plt.savefig(f"{args.out}/neurons.png")
    plt.close("all")
    clock.lap("figures")

    model = ccd.Concord.load(model_dir=args.out)
    importance, lists = {}, {}
    for name in types.cat.categories:
        inside = cells[types == name, model.config.input_feature].copy()
        expression = torch.tensor(inside.X.toarray())
        importance[name] = ccd.ul.compute_feature_importance(model.model, expression, layer_index=6)
    clock.lap("attribute")
    for name in types.cat.categories:
        inside = cells[types == name, model.config.input_feature].copy()
        ranked = ccd.ul.prepare_ranked_list(importance[name], adata=inside, expr_level=True)
        lists[name] = {
            neuron: table[(table["Nonzero Fraction"] > 0.03) & (table["Expression Level"] > 0)]
            for neuron, table in ranked.items()
        }
    clock.lap("lists")

    for name in ["CD4 T cells", "CD8 T cells", "CD14+ Monocytes"]:
        inside = cells[types == name, model.config.input_feature].copy()
        ccd.pl.plot_top_genes_embedding(
            inside,
            {neuron: lists[name][f"Neuron {neuron}"] for neuron in top[name]},
            "Concord_UMAP",
            top_x=8,
            figsize=(7.5, 1),
            point_size=3,
            font_size=7,
            colorbar_loc=None,
            vmax_quantile=0.99,
            save_path=f"{args.out}/{name}",
        )
    plt.close("all")
    clock.lap("strips")

    for neuron in top["CD4 T cells"]:
        table = lists["CD4 T cells"][f"Neuron {neuron}"]
        first = table[table["Importance"] > table["Importance"].quantile(0.95)]
        found = gseapy.enrich(gene_list=list(first["Gene"]), gene_sets=args.gmt, outdir=None)
        plot_go_enrichment(found, font_size=12, figsize=(7, 3), dpi=600, save_path=f"{args.out}/terms_{neuron}.pdf")
    clock.lap("enrich")
    return {"steps": clock.steps} | sizes


def training(args):
    """Reading, choice of genes, normalisation and training, for files of any size."""
    clock = Clock()
    import scanpy as sc
    import torch

    torch.set_num_threads(args.threads)
    clock.lap("imports")
    cells = sc.read_h5ad(args.input)
    clock.lap("read")
    genes = prepare(cells, clock)
    _, sizes = train(cells, genes, args.epochs, args.out, clock)
    return {"steps": clock.steps} | sizes


def enrich(args):
    """Both tests on every list of a table of `concord attribute`, with gene sets that were read once."""
    import gseapy
    import pandas as pd
    from gseapy.parser import read_gmt

    sets = read_gmt(args.gmt)
    top = [table for _, table in pd.read_csv(args.top).groupby(["context", "target"], sort=False)]
    ranked = [table for _, table in pd.read_csv(args.ranked).groupby(["context", "target"], sort=False)]
    clock = Clock()
    for table in top:
        first = table[table["importance"] > table["importance"].quantile(0.95)]
        gseapy.enrich(gene_list=list(first["gene"]), gene_sets=sets, outdir=None)
    clock.lap("ora")
    for table in ranked:
        gseapy.prerank(
            rnk=table[["gene", "importance"]],
            gene_sets=sets,
            outdir=None,
            min_size=15,
            max_size=500,
            seed=0,
            permutation_num=1000,
            threads=args.threads,
            no_plot=True,
        )
    clock.lap("gsea")
    return {"steps": clock.steps, "n_lists": len(ranked)}


def latent(args):
    """Writes a file with the latent code and nothing else."""
    import anndata

    code = code_of(args.input)
    anndata.AnnData(obsm={"Concord": code}, shape=(len(code), 0)).write_h5ad(args.out)
    return {"n_cells": len(code)}


def code_of(path, key="Concord"):
    import h5py
    import numpy as np
    from anndata.io import read_elem

    with h5py.File(path) as file:
        return np.asarray(read_elem(file[f"obsm/{key}"]))


def umap(args):
    """Draws a picture for every line of standard input, as `run_umap` does or, without a seed, on all threads.

    Before that Numba compiles what it takes, on random numbers: few cells are compared with each other, the neighbours
    of many are searched.
    """
    import numba
    import numpy as np
    from umap import UMAP

    numba.set_num_threads(args.threads)
    code = code_of(args.input)

    def draw(points, seed):
        chosen = {"random_state": seed} if args.seeded else {"n_jobs": args.threads}
        model = UMAP(n_components=2, n_neighbors=30, min_dist=0.1, metric="euclidean", spread=1.0, **chosen)
        return model.fit_transform(points)

    n_cells = 500 if len(code) < 4096 else 5000  # 4096 is umap-learn's own limit
    draw(np.random.default_rng(0).normal(size=(n_cells, code.shape[1])).astype(code.dtype), 0)
    answer("ready")
    for line in sys.stdin:
        request = json.loads(line)
        clock = Clock()
        picture = draw(code, request["seed"])
        clock.lap("umap")
        np.save(request["out"], picture)
        answer(json.dumps({"seconds": clock.steps["umap"]}))


def answer(text):
    print(text, file=sys.__stdout__, flush=True)


def quality(args):
    """Trustworthiness of a picture, and the share of neighbours that it keeps, over a sample of the cells.

    The neighbours are sought among all cells, so a sample leaves out no candidates. All in 64-bit floats.
    """
    import numpy as np

    code = code_of(args.input).astype(np.float64)
    picture = np.load(args.picture) if args.picture.endswith(".npy") else code_of(args.picture, "Concord_UMAP")
    picture = picture.astype(np.float64)
    n, k = len(code), N_NEIGHBORS
    sample = np.sort(np.random.default_rng(0).choice(n, min(n, args.sample), replace=False))
    kept, penalty = 0, 0
    for first in range(0, len(sample), BLOCK):
        cells = sample[first : first + BLOCK]
        far = squared_distances(code, cells)
        near = np.argpartition(squared_distances(picture, cells), k, axis=1)[:, :k]
        true = np.argpartition(far, k, axis=1)[:, :k]
        for row in range(len(cells)):
            kept += len(np.intersect1d(near[row], true[row]))
            # The rank of a neighbour in the picture: how many cells are as near in the code, itself among them.
            ranks = np.searchsorted(np.sort(far[row]), far[row, near[row]], side="left") + 1
            penalty += np.maximum(ranks - k, 0).sum()
    trustworthiness = 1 - penalty * 2 / (len(sample) * k * (2 * n - 3 * k - 1))
    return {"trustworthiness": float(trustworthiness), "preservation": kept / (len(sample) * k)}


def squared_distances(points, cells):
    """From some cells to all, to themselves infinite."""
    import numpy as np

    lengths = np.einsum("ij,ij->i", points, points)
    distances = lengths[cells, None] + lengths[None, :] - 2 * points[cells] @ points.T
    distances[np.arange(len(cells)), cells] = np.inf
    return distances


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, required=True)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(run, *options):
        sub = commands.add_parser(run.__name__)
        sub.set_defaults(run=run)
        for option in options:
            kind = int if option in ["--epochs", "--sample"] else str
            sub.add_argument(option, type=kind, required=True)
        return sub

    command(versions)
    command(imports)
    command(tutorial, "--input", "--gmt", "--out")
    command(training, "--input", "--epochs", "--out")
    command(enrich, "--top", "--ranked", "--gmt")
    command(latent, "--input", "--out")
    command(umap, "--input").add_argument("--seeded", action="store_true")
    command(quality, "--input", "--picture", "--sample")
    return parser.parse_args()


def main():
    warnings.simplefilter("ignore")
    os.environ.setdefault("MPLBACKEND", "Agg")
    args = arguments()
    # What the packages print would stand in the way of the one line that counts.
    with contextlib.redirect_stdout(sys.stderr):
        result = args.run(args)
    if result is not None:
        answer(json.dumps(result))


if __name__ == "__main__":
    main()
