"""Makes the folder reference_models: small models as the reference saves them, what it says of the cells with them, and a
file that runs a command when Python unpickles it.

    pip install torch==2.9.1 concord-sc==1.0.13 anndata==0.12.19 numpy==2.3.5
    python make_reference_models.py
"""

import json
import os
import shutil
from pathlib import Path

import anndata
import numpy as np
import torch
from concord import Concord

FOLDER = Path(__file__).with_name("reference_models")
N_CELLS, N_GENES = 40, 12
shutil.rmtree(FOLDER, ignore_errors=True)

rng = np.random.default_rng(0)
x = np.round(np.log1p(rng.poisson(0.7, (N_CELLS, N_GENES))), 3).astype(np.float32)
golden = {"x": x.tolist()}
# All that an encoder can do without is there in one of the first two: decoder, classifier, several domains, dropout.
extras = {"domain_key": "batch", "class_key": "type", "use_decoder": True, "use_classifier": True}
models = {
    "deep": {"encoder_dims": [8, 6], "dropout_prob": 0.1, "decoder_dims": [5], **extras},
    "flat": {"encoder_dims": []},
    # The covariates are not in the order of the alphabet, and one of the classes is no class.
    "batch_norm": {
        "encoder_dims": [8],
        "decoder_dims": [6, 5],
        "norm_type": "batch_norm",
        "use_importance_mask": True,
        "importance_penalty_weight": 0.5,
        "decoder_final_activation": "leaky_relu",
        "covariate_embedding_dims": {"sex": 2, "donor": 3},
        "unlabeled_class": "a",
        **extras,
    },
    "no_norm": {"encoder_dims": [8], "decoder_dims": [], "norm_type": "none", "domain_embedding_dim": 0, **extras},
}
for name, options in models.items():
    adata = anndata.AnnData(x.copy())
    adata.var_names = [f"gene {i}" for i in range(N_GENES)]
    adata.obs["batch"] = ["left", "right"] * (N_CELLS // 2)
    adata.obs["type"] = ["a"] * (N_CELLS // 2) + ["b"] * (N_CELLS // 4) + ["c"] * (N_CELLS // 4)
    adata.obs["sex"] = ["f", "f", "m", "m"] * (N_CELLS // 4)
    adata.obs["donor"] = ["d1", "d2", "d3", "d4", "d5"] * (N_CELLS // 5)
    model = Concord(
        adata,
        save_dir=FOLDER / name,
        input_feature=list(adata.var_names),
        batch_size=10,
        n_epochs=3,
        lr=0.05,
        latent_dim=4,
        seed=3,
        device=torch.device("cpu"),
        preload_dense=True,
        **options,
    )
    model.fit_transform(output_key="Concord")
    golden[name] = adata.obsm["Concord"].tolist()
    if "use_decoder" in options:
        model.predict_adata(adata, output_key="own", domain_key="batch", return_decoded=True)
        model.predict_adata(adata, output_key="as", domain_key="batch", return_decoded=True, decoder_domain="left")
        probabilities = [column for column in adata.obs if column.startswith("own_class_prob_")]
        golden[f"{name}/decoded"] = adata.layers["own_decoded"].tolist()
        golden[f"{name}/decoded as left"] = adata.layers["as_decoded_left"].tolist()
        golden[f"{name}/probabilities"] = adata.obs[probabilities].to_numpy().tolist()
    (FOLDER / name / "run.log").unlink(missing_ok=True)


class Hostile:
    def __reduce__(self):
        return os.system, ("touch code-of-a-pickle-was-run",)


weights = torch.load(next((FOLDER / "flat").glob("*.pt")), weights_only=True)
torch.save({**weights, "encoder.0.bias": Hostile()}, FOLDER / "hostile.pt")
(FOLDER / "golden.json").write_text(json.dumps(golden) + "\n")
