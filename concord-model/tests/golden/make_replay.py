"""Makes replay.json: twenty training steps of the reference from fixed weights, with fixed batches and fixed masks.

Batches and masks are drawn here and are the same for all cases; of each case the first weights, the losses of the steps
and the last weights are kept.

    pip install torch==2.9.1 concord-sc==1.0.13 numpy==2.3.5
    python make_replay.py
"""

import json
import logging
from pathlib import Path

import numpy as np
import torch
from concord.model.model import ConcordModel
from concord.model.trainer import Trainer

N_CELLS, N_GENES, BATCH_SIZE, N_EPOCHS, STEPS_PER_EPOCH = 48, 14, 12, 2, 10
N_DOMAINS, N_CLASSES, N_DONORS = 2, 3, 3
UNLABELED = N_CLASSES

rng = np.random.default_rng(1)
n_steps = N_EPOCHS * STEPS_PER_EPOCH
x = np.round(np.log1p(rng.poisson(0.8, (N_CELLS, N_GENES))), 3).astype(np.float32)
domains = rng.integers(0, N_DOMAINS, N_CELLS)
classes = rng.integers(0, N_CLASSES + 1, N_CELLS)
donors = rng.integers(0, N_DONORS, N_CELLS)
batches = [np.sort(rng.choice(N_CELLS, BATCH_SIZE, replace=False)) for _ in range(n_steps)]
# Entries are kept with probability 0.6, and genes, for all cells of a batch, with 0.7.
keeps = (rng.random((n_steps, 2, BATCH_SIZE, N_GENES)) < 0.6) & (rng.random((n_steps, 2, 1, N_GENES)) < 0.7)

DECODER = {"use_decoder": True, "decoder_dims": [7], "decoder_final_activation": "relu"}
CASES = {
    "plain": {},
    "two hidden layers": {"encoder_dims": [9, 6]},
    "domains and decoder": DECODER,
    "classifier": {"use_classifier": True},
    "decoder, covariate and classifier": {
        **DECODER,
        "decoder_final_activation": "leaky_relu",
        "covariate_embedding_dims": {"donor": 2},
        "use_classifier": True,
    },
    "linear decoder, no norm": {"use_decoder": True, "decoder_dims": [], "norm_type": "none"},
    "batch norm, mask with L1": {**DECODER, "norm_type": "batch_norm", "use_classifier": True, "mask": "L1"},
    "mask with L2": {"mask": "L2"},
}


class Views:
    """Hands out the views of one step after the other, in the place of random ones."""

    def __init__(self):
        self.keeps = iter(torch.from_numpy(keeps.reshape(-1, BATCH_SIZE, N_GENES)))

    def __call__(self, batch):
        return batch * next(self.keeps)

    def train(self):
        pass


def tensors(model):
    state = {name: tensor for name, tensor in model.state_dict().items() if "num_batches" not in name}
    return {name: {"shape": list(t.shape), "values": t.flatten().tolist()} for name, t in state.items()}


def run(options):
    mask = options.get("mask")
    torch.manual_seed(0)
    model = ConcordModel(
        N_GENES,
        hidden_dim=5,
        num_domains=N_DOMAINS,
        num_classes=N_CLASSES,
        domain_embedding_dim=3,
        covariate_embedding_dims=options.get("covariate_embedding_dims", {}),
        covariate_num_categories={"donor": N_DONORS},
        encoder_dims=options.get("encoder_dims", [9]),
        decoder_dims=options.get("decoder_dims", []),
        norm_type=options.get("norm_type", "layer_norm"),
        use_decoder=options.get("use_decoder", False),
        decoder_final_activation=options.get("decoder_final_activation", "relu"),
        use_classifier=options.get("use_classifier", False),
        use_importance_mask=mask is not None,
    )
    trainer = Trainer(
        model,
        data_structure=None,
        device=torch.device("cpu"),
        logger=logging.getLogger("replay"),
        lr=1e-2,
        schedule_ratio=0.97,
        augment=Views(),
        use_classifier=model.use_classifier,
        classifier_weight=0.7,
        unique_classes=list(range(N_CLASSES)),
        unlabeled_class=UNLABELED,
        use_decoder=model.use_decoder,
        decoder_weight=2.0,
        clr_temperature=0.4,
        clr_beta=1.0,
        clr_weight=1.5,
        importance_penalty_weight=0.0 if mask is None else 0.5,
        importance_penalty_type=mask or "L1",
    )
    losses = []
    forward = trainer.forward_pass

    def remember(*arguments):
        result = forward(*arguments)
        total, classifier, mse, contrastive, penalty, _, _ = result
        losses.append([float(loss.detach()) for loss in (total, contrastive, mse, classifier, penalty)])
        return result

    trainer.forward_pass = remember
    trainer._log_classification = lambda *_: None
    first = tensors(model)
    for epoch in range(N_EPOCHS):
        of_epoch = batches[epoch * STEPS_PER_EPOCH : (epoch + 1) * STEPS_PER_EPOCH]
        data = [
            {
                "input": torch.from_numpy(x[cells]),
                "domain": torch.from_numpy(domains[cells]),
                "class": torch.from_numpy(classes[cells]),
                "donor": torch.from_numpy(donors[cells]),
                "idx": torch.from_numpy(cells),
            }
            for cells in of_epoch
        ]
        trainer.train_epoch(epoch, data)
        # The reference's loop does this a second time after every epoch.
        trainer.scheduler.step()
    return {"options": options, "first": first, "losses": losses, "last": tensors(model)}


def as_text(matrix):
    return ["".join("1" if entry else "0" for entry in row) for row in matrix]


golden = {
    "x": [[float(value) for value in row] for row in x],
    "domains": domains.tolist(),
    "classes": [None if code == UNLABELED else code for code in classes.tolist()],
    "donors": donors.tolist(),
    "steps_per_epoch": STEPS_PER_EPOCH,
    "batches": [cells.tolist() for cells in batches],
    "keeps": [[as_text(view) for view in views] for views in keeps],
    "cases": {name: run(options) for name, options in CASES.items()},
}


def short(value):
    """Numbers with the nine digits that tell a 32-bit float from all others."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: short(item) for key, item in value.items()}
    return [short(item) for item in value] if isinstance(value, list) else value


Path(__file__).with_name("replay.json").write_text(json.dumps(short(golden), separators=(",", ":")) + "\n")
