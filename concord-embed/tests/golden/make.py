"""Writes metrics.json and umap.json: small inputs, and what scikit-learn, scipy and umap-learn say of them.

Python 3.11 with the packages pinned in requirements.txt beside this file; run it in this directory.
"""

import json

import numpy as np
import scipy
import sklearn
import umap
from scipy.cluster.hierarchy import linkage
from sklearn.manifold import trustworthiness
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from umap.umap_ import find_ab_params, fuzzy_simplicial_set, smooth_knn_dist

N_CELLS = 90


def inputs():
    """Three overlapping groups in six dimensions, a two-dimensional shadow of them, labels with gaps."""
    rng = np.random.default_rng(7)
    group = rng.choice(3, N_CELLS, p=[0.5, 0.3, 0.2])
    high = (rng.normal(size=(3, 6))[group] * 1.5 + rng.normal(size=(N_CELLS, 6))).astype(np.float32)
    low = (high[:, :2] + 0.5 * rng.normal(size=(N_CELLS, 2))).astype(np.float32)
    # Category "d" has a single cell; every eleventh cell has no label.
    labels = ["d" if i == 40 else "abc"[g] for i, g in enumerate(group)]
    labels = [None if i % 11 == 5 else label for i, label in enumerate(labels)]
    clusters = [str(int(x > 0)) + str(int(y > 0.5)) for x, y in low]
    return high, low, labels, clusters


def inverse_simpson(neighbors, labels):
    values = []
    for row in labels[neighbors]:
        _, counts = np.unique(row, return_counts=True)
        values.append(1 / np.sum((counts / counts.sum()) ** 2))
    return float(np.mean(values))


def metrics(high, low, labels, clusters):
    keep = np.array([label is not None for label in labels])
    x, y, c = high[keep], np.array(labels, dtype=object)[keep].astype(str), np.array(clusters)[keep]
    out = {"high": high.tolist(), "low": low.tolist(), "labels": labels, "clusters": clusters}
    for metric in ["euclidean", "cosine"]:
        out[metric] = {
            "trustworthiness": {k: float(trustworthiness(high, low, n_neighbors=k, metric=metric)) for k in [1, 5, 15]},
            "silhouette": float(silhouette_score(x, y, metric=metric)),
            "knn_accuracy": {
                k: float(cross_val_score(KNeighborsClassifier(k, metric=metric), x, y, cv=StratifiedKFold(5)).mean())
                for k in [1, 5, 15]
            },
        }
        near = lambda data, by: NearestNeighbors(n_neighbors=10, metric=by).fit(data).kneighbors(return_distance=False)
        mine, theirs = near(high, metric), near(low, "euclidean")
        shared = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(mine, theirs)])
        out[metric]["neighbor_preservation_10"] = float(shared)
        out[metric]["neighbors_10"] = mine.tolist()
        out[metric]["inverse_simpson_10"] = inverse_simpson(mine, np.array(clusters))
    out["adjusted_rand_index"] = float(adjusted_rand_score(y, c))
    out["normalized_mutual_information"] = float(normalized_mutual_info_score(y, c))
    out["ward"] = {
        "cells": linkage(high, method="ward").tolist(),
        # The first eight cells, each three times.
        "repeated": linkage(np.repeat(high[:8], 3, axis=0), method="ward").tolist(),
    }
    return out


def umap_parts(high):
    n_neighbors = 15
    high = high.copy()
    high[10:13] = high[9]  # duplicates: distances of zero
    distances, neighbors = NearestNeighbors(n_neighbors=n_neighbors).fit(high).kneighbors(high)
    for row, cell in enumerate(neighbors):
        if row in cell:  # the cell itself first, also among its duplicates
            place = list(cell).index(row)
            cell[1 : place + 1] = cell[:place].copy()
        else:
            cell[1:] = cell[:-1].copy()
        cell[0] = row
    distances = distances.astype(np.float32)
    sigmas, rhos = smooth_knn_dist(distances, float(n_neighbors), local_connectivity=1.0)
    graph, _, _ = fuzzy_simplicial_set(
        high, n_neighbors, np.random.RandomState(0), "euclidean", knn_indices=neighbors, knn_dists=distances
    )
    graph = graph.tocsr()
    graph.sort_indices()
    settings = [(1.0, 0.1), (1.0, 0.5), (1.0, 0.0), (1.0, 0.99), (2.0, 0.25), (0.5, 0.001), (5.0, 1.0)]
    return {
        "curves": [[s, m, *map(float, find_ab_params(s, m))] for s, m in settings],
        "n_neighbors": n_neighbors,
        "neighbors": neighbors[:, 1:].tolist(),
        "distances": distances[:, 1:].tolist(),
        "sigmas": sigmas.tolist(),
        "rhos": rhos.tolist(),
        "indptr": graph.indptr.tolist(),
        "indices": graph.indices.tolist(),
        "weights": graph.data.tolist(),
    }


def write(path, content):
    content["made_with"] = {
        "scikit-learn": sklearn.__version__,
        "umap-learn": umap.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
    with open(path, "w") as file:
        json.dump(content, file, separators=(",", ":"))
        file.write("\n")


high, low, labels, clusters = inputs()
write("metrics.json", metrics(high, low, labels, clusters))
write("umap.json", umap_parts(high))
