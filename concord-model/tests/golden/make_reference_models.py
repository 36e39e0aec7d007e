"""Makes the folder reference_models: two small models as the reference saves them, the latent code that it gives the
cells, and a file that runs a command when Python unpickles it.

    pip install torch==2.9.1 concord-sc==1.0.13 anndata==0.12.19 numpy==2.4.6
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
# All that an encoder can do without is there in one of the two: decoder, classifier, several domains, dropout.
extras = {"domain_key": "batch", "class_key": "type", "use_decoder": True, "decoder_dims": [5], "use_classifier": True}
models = {"deep": {"encoder_dims": [8, 6], "dropout_prob": 0.1, **extras}, "flat": {"encoder_dims": []}}
for name, options in models.items():
    adata = anndata.AnnData(x.copy())
    adata.var_names = [f"gene {i}" for i in range(N_GENES)]
    adata.obs["batch"] = ["left", "right"] * (N_CELLS // 2)
    adata.obs["type"] = ["a"] * (N_CELLS // 2) + ["b"] * (N_CELLS // 2)
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
    (FOLDER / name / "run.log").unlink(missing_ok=True)


class Hostile:
    def __reduce__(self):
        return os.system, ("touch code-of-a-pickle-was-run",)


weights = torch.load(next((FOLDER / "flat").glob("*.pt")), weights_only=True)
torch.save({**weights, "encoder.0.bias": Hostile()}, FOLDER / "hostile.pt")
(FOLDER / "golden.json").write_text(json.dumps(golden) + "\n")
