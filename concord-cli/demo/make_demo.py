# /// script
# requires-python = "==3.11.*"
# dependencies = ["anndata==0.12.19", "h5py==3.16.0", "numpy==2.4.6", "pandas==2.3.3", "scipy==1.17.1"]
# ///
"""Make pbmc68k_reduced_counts.h5ad, the data set that `concord run --demo` embeds.

    pip download scanpy==1.11.5 --no-deps
    python make_demo.py scanpy-1.11.5-py3-none-any.whl pbmc68k_reduced_counts.h5ad

The wheel holds scanpy/datasets/10x_pbmc68k_reduced.h5ad: 700 cells x 765 genes whose `raw` is
log1p(count * 1e4 / total count of the cell), rounded to three decimals. The integer counts are recovered from it, and
the recovery is proved before anything is written (see `recover_counts`). The output is the same bytes on each run
with the versions above.
"""

import hashlib
import io
import sys
import zipfile

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

SOURCE = "scanpy/datasets/10x_pbmc68k_reduced.h5ad"
SOURCE_SHA256 = "e71d41e737c941559b7c57c9243bdb3d2c889c2adfdf00e3422ac6b46783676f"
TARGET_SUM = 1e4  # to which the source normalised each cell
HALF_DECIMAL = 0.5e-3  # largest error of a value rounded to three decimals
FLOAT32_SLACK = 1e-6  # values lie below 8, where float32 steps are under 5e-7
OBS_COLUMNS = ["bulk_labels", "n_counts", "n_genes", "percent_mito", "S_score", "G2M_score", "phase", "louvain"]


def read_source(wheel: str) -> anndata.AnnData:
    """Read the data set from the wheel, after checking that it is the one that this script was written for."""
    content = zipfile.ZipFile(wheel).read(SOURCE)
    digest = hashlib.sha256(content).hexdigest()
    assert digest == SOURCE_SHA256, f"{SOURCE} has sha256 {digest}, expected {SOURCE_SHA256}"
    return anndata.read_h5ad(io.BytesIO(content))


def recover_counts(log_norm: sparse.csr_matrix, total_counts: np.ndarray) -> sparse.csr_matrix:
    """Recover the integer counts behind `log_norm` (n_cells x n_genes) and prove that they are the only ones possible.

    Per cell, expm1(v) is a multiple of its smallest non-zero value, which belongs to a count of 1. The rounding of the
    source leaves up to 0.12 of a count between the multiple and an integer. So three things are asserted:
    the same integers follow from the cells' total counts; they give back every value to its three decimals;
    one count more or less would not.
    """
    values = log_norm.data.astype(np.float64)
    cell = np.repeat(np.arange(log_norm.shape[0]), np.diff(log_norm.indptr))

    smallest = np.minimum.reduceat(np.expm1(values), log_norm.indptr[:-1])
    multiples = np.expm1(values) / smallest[cell]
    counts = np.round(multiples)
    residual = np.abs(multiples - counts).max()
    assert residual < 0.12, f"a value is {residual} of a count away from a multiple of its cell's smallest"

    unit = TARGET_SUM / total_counts.astype(np.float64)[cell]
    assert np.array_equal(counts, np.round(np.expm1(values) / unit)), "the two ways to the counts disagree"

    error = np.abs(np.log1p(counts * unit) - values).max()
    assert error <= HALF_DECIMAL + FLOAT32_SLACK, f"a value comes back with an error of {error}"
    for other in (counts - 1, counts + 1):
        margin = np.abs(np.log1p(other * unit) - values).min()
        assert margin > HALF_DECIMAL + FLOAT32_SLACK, f"another count explains a value as well (error {margin})"

    print(f"{len(counts)} counts from 1 to {counts.max():.0f}: residual {residual:.3f}, error of log values {error:.6f}")
    return sparse.csr_matrix((counts.astype(np.float32), log_norm.indices, log_norm.indptr), shape=log_norm.shape)


def make_demo(source: anndata.AnnData) -> anndata.AnnData:
    """Put the counts, the annotation of the cells and the published UMAP into a new data set."""
    log_norm = sparse.csr_matrix(source.raw.X)
    log_norm.sort_indices()
    obs = source.obs[OBS_COLUMNS].rename_axis(None)
    obs["n_counts"] = obs["n_counts"].astype(np.int32)
    obs["n_genes"] = obs["n_genes"].astype(np.int32)
    return anndata.AnnData(
        X=recover_counts(log_norm, source.obs["n_counts"].to_numpy()),
        obs=obs,
        var=pd.DataFrame(index=source.raw.var_names.rename(None)),
        obsm={"X_umap": source.obsm["X_umap"].astype(np.float32)},
    )


def main() -> None:
    wheel, output = sys.argv[1:]
    demo = make_demo(read_source(wheel))
    demo.write_h5ad(output, compression="gzip", compression_opts=9)
    with open(output, "rb") as file:
        print(f"{output}: {demo.n_obs} cells x {demo.n_vars} genes, sha256 {hashlib.file_digest(file, 'sha256').hexdigest()}")


if __name__ == "__main__":
    main()
