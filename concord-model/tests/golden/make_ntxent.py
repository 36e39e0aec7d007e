"""Makes ntxent.json: losses and gradients of NT-Xent with hard negatives, taken from the reference.

    pip install torch==2.9.1 concord-sc==1.0.13
    python make_ntxent.py
"""

import json
from pathlib import Path

import torch
from concord.model.loss import NTXent_general

torch.manual_seed(0)
z_i, z_j = torch.randn(6, 5), torch.randn(6, 5)
cases = []
for temperature in (0.4, 0.5):
    for beta in (0.0, 1.0, 2.0):
        leaf = z_i.clone().requires_grad_(True)
        loss = NTXent_general(temperature=temperature, beta=beta)(leaf, z_j)
        loss.backward()
        cases.append(
            {"temperature": temperature, "beta": beta, "loss": loss.item(), "grad_z_i": leaf.grad.tolist()}
        )
golden = {"z_i": z_i.tolist(), "z_j": z_j.tolist(), "cases": cases}
Path(__file__).with_name("ntxent.json").write_text(json.dumps(golden) + "\n")
