"""Makes the reference numbers of concord-prep's tests: run it in this directory.

Made with Python 3.11.7, scanpy 1.11.5, scikit-misc 0.5.3, numpy 2.4.6, pandas 2.3.3, scipy 1.17.1, anndata 0.12.19,
statsmodels 0.15.0:

    pip install scanpy==1.11.5 scikit-misc==0.5.3 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1 anndata==0.12.19 statsmodels==0.15.0
    python make_golden.py

- counts.csv: one line a cell: its batch, then its counts (synthetic).
- selection.csv: highly_variable_genes of those counts, in all flavours, with and without batches.
- loess.json: fitted values of skmisc.loess; null where it refuses.
"""

import json
import warnings

import anndata
import numpy as np
import pandas as pd
import scanpy as sc
import scipy.sparse
from skmisc.loess import loess

N_CELLS, N_GENES, N_TOP = 60, 120, 30
warnings.filterwarnings("ignore")

# Genes that tie are ranked by an unstable sort, whose order depends on the processor. Made stable, the first of them wins.
unstable_argsort = np.argsort
np.argsort = lambda values, *args, **options: unstable_argsort(values, *args, **{**options, "kind": "stable"})


def make_counts():
    random = np.random.default_rng(7)
    batch = random.permutation(np.repeat(["a", "b"], [35, 25]))
    kind = random.integers(0, 3, N_CELLS)
    rate = np.exp(random.normal(0.0, 1.2, N_GENES))
    marker = np.exp(random.normal(0.0, 0.8, (3, N_GENES)) * (random.random(N_GENES) < 0.4))
    shift = np.where(batch[:, None] == "a", 1.0, np.exp(random.normal(0.0, 0.3, N_GENES)))
    noise = random.gamma(4.0, 0.25, (N_CELLS, N_GENES))
    counts = random.poisson(rate * marker[kind] * shift * noise)
    # A gene that is constant, one that one batch lacks, and one too rare to be tested.
    counts[:, 3] = 2
    counts[batch == "b", 4] = 0
    counts[9:, 5] = 0
    return batch, counts


def selection(batch, counts, flavor, with_batches):
    data = anndata.AnnData(scipy.sparse.csr_matrix(counts.astype(np.float32)))
    data.var_names = [f"{gene:03}" for gene in range(N_GENES)]
    data.obs["batch"] = pd.Categorical(batch)
    sc.pp.filter_genes(data, min_cells=10)
    if flavor in ("seurat", "cell_ranger"):
        sc.pp.normalize_total(data, target_sum=1e4)
        sc.pp.log1p(data)
    key = "batch" if with_batches else None
    table = sc.pp.highly_variable_genes(data, n_top_genes=N_TOP, flavor=flavor, batch_key=key, inplace=False)
    kind = "variances" if "variances" in table else "dispersions"
    return pd.DataFrame({
        "flavor": flavor,
        "batches": with_batches,
        "gene": [int(name) for name in data.var_names],
        "mean": table["means"].to_numpy(),
        "variability": table[kind].to_numpy(),
        "norm": table[f"{kind}_norm"].to_numpy(),
        "rank": table["highly_variable_rank"].to_numpy() if kind == "variances" else np.nan,
        "n_batches": table["highly_variable_nbatches"].to_numpy() if with_batches else -1,
        "chosen": table["highly_variable"].to_numpy(),
    })


def fit(name, x, y, span):
    x, y = [float(value) for value in x], [round(float(value), 6) for value in y]
    model = loess(np.array(x), np.array(y), span=span, degree=2)
    try:
        model.fit()
        fitted = [float(value) for value in model.outputs.fitted_values]
    except ValueError:
        fitted = None
    return {"name": name, "span": span, "x": x, "y": y, "fitted": fitted}


def fits():
    random = np.random.default_rng(3)
    spread = np.round(random.normal(0.0, 1.0, 90), 4)
    tied = np.round(random.exponential(8.0, 80)) / 16
    return [
        fit("spread", spread, np.sin(spread) + 0.1 * random.normal(size=90), 0.3),
        fit("wide span", spread, np.sin(spread) + 0.1 * random.normal(size=90), 0.75),
        fit("tied", tied, tied**2 + 0.1 * random.normal(size=80), 0.3),
        fit("cells of one point", range(14), random.random(14), 0.3),
        fit("three points in a neighbourhood", range(13), random.random(13), 0.3),
        fit("three places", np.repeat([1, 2, 3, 4, 5, 6, 7, 8], 8), random.random(64), 0.3),
        fit("one place", np.ones(30), random.random(30), 0.3),
        fit("few points", range(5), random.random(5), 0.3),
    ]


batch, counts = make_counts()
with open("counts.csv", "w") as file:
    for name, row in zip(batch, counts):
        print(name, *row, sep=",", file=file)
cases = [
    selection(batch, counts, flavor, with_batches)
    for flavor in ["seurat_v3", "seurat_v3_paper", "seurat", "cell_ranger"]
    for with_batches in [False, True]
]
pd.concat(cases).to_csv("selection.csv", index=False, float_format="%.12g")
with open("loess.json", "w") as file:
    json.dump(fits(), file, indent=None)
