"""Loads an exported model with the reference and compares what it says of some cells with what we say.

    pip install torch==2.9.1 concord-sc==1.0.13 anndata==0.12.19 numpy==2.3.5
    python check_export.py FOLDER

FOLDER holds the exported model, x.csv (the model's input), domain.txt, donor.txt, sex.txt and what is expected:
embedding.csv and, of models with classifier and decoder, probabilities.csv and decoded.csv.
"""

import sys
from pathlib import Path

import anndata
import numpy as np
import torch
from concord import Concord

folder = Path(sys.argv[1])


def table(name):
    return np.loadtxt(folder / name, delimiter=",", dtype=np.float32, ndmin=2)


def compare(name, found):
    difference = np.abs(np.asarray(found) - table(name)).max()
    print(f"{name}: largest difference {difference}")
    if not difference <= 1e-5:
        sys.exit(f"{name} differs")


model = Concord.load(str(folder))
adata = anndata.AnnData(table("x.csv"))
adata.var_names = model.config.input_feature
for column in ["domain", "donor", "sex"]:
    adata.obs[column] = (folder / f"{column}.txt").read_text().split("\n")[:-1]
# Its loader takes the codes of covariates from categories; their order is the configuration's, not that of the columns.
for column in ["donor", "sex"]:
    adata.obs[column] = adata.obs[column].astype("category")
has_heads = (folder / "decoded.csv").exists()
# The reference skips without a word what is not in the file or is of another shape.
stored = torch.load(folder / "final_model_concord.pt")
# It has an embedding of the domains even without a decoder, which nothing reads, and it counts batches, which nothing asks.
unused = ["num_batches_tracked"] + ([] if has_heads else ["domain_embedding.weight"])
for name, value in model.model.state_dict().items():
    if not name.endswith(tuple(unused)) and (name not in stored or not torch.equal(stored[name], value)):
        sys.exit(f"{name} was not loaded")
model.predict_adata(adata, output_key="out", domain_key="domain", return_decoded=has_heads)
compare("embedding.csv", adata.obsm["out"])
if has_heads:
    probabilities = [column for column in adata.obs if column.startswith("out_class_prob_")]
    compare("probabilities.csv", adata.obs[probabilities])
    compare("decoded.csv", adata.layers["out_decoded"])
