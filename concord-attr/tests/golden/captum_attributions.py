"""Attributions of a toy network by captum, for tests/golden.rs.

    python -m venv env && env/bin/pip install torch==2.9.1 captum==0.9.0 numpy==2.4.6
    env/bin/python captum_attributions.py > captum_attributions.json

The network: 5 genes, linear to 4 hidden units, tanh, linear to 3 neurons, tanh.
"""

import json
from importlib.metadata import version

import captum.attr as ca
import torch

torch.manual_seed(0)
torch.set_num_threads(1)
N_DRAWS = 4_000

first, second = torch.nn.Linear(5, 4), torch.nn.Linear(4, 3)
network = torch.nn.Sequential(first, torch.nn.Tanh(), second, torch.nn.Tanh())
for parameters in network.parameters():  # Far from linear, so that the methods differ.
    parameters.data *= 4
cells = torch.rand(6, 5) * 2 * (torch.rand(6, 5) > 0.4)
background = torch.rand(4, 5) * (torch.rand(4, 5) > 0.5)
baseline = background.mean(0, keepdim=True)

gradient = ca.Saliency(network)
neurons = []
for neuron in range(3):
    integrated = ca.IntegratedGradients(network).attribute(cells, baseline, target=neuron, n_steps=16)
    rough, delta = ca.IntegratedGradients(network).attribute(
        cells, baseline, target=neuron, n_steps=2, return_convergence_delta=True
    )
    zero = ca.IntegratedGradients(network).attribute(cells, target=neuron, n_steps=16)
    expected = ca.GradientShap(network).attribute(
        cells, background, n_samples=N_DRAWS, stdevs=0.0, target=neuron
    )
    smooth = ca.NoiseTunnel(gradient).attribute(
        cells, nt_type="smoothgrad", nt_samples=N_DRAWS, stdevs=0.3, target=neuron, abs=False
    )
    neurons.append(
        {
            "gradient": gradient.attribute(cells, target=neuron, abs=False).tolist(),
            "gradient_absolute": gradient.attribute(cells, target=neuron, abs=True).tolist(),
            "gradient_times_input": ca.InputXGradient(network).attribute(cells, target=neuron).tolist(),
            "integrated_gradients": integrated.tolist(),
            "integrated_gradients_of_2_steps": rough.tolist(),
            "delta_of_2_steps": delta.tolist(),
            "integrated_gradients_from_zero": zero.tolist(),
            "expected_gradients": expected.tolist(),
            "smooth_grad": smooth.tolist(),
        }
    )

print(
    json.dumps(
        {
            "versions": {name: version(name) for name in ["torch", "captum", "numpy"]},
            "first_weights": first.weight.tolist(),
            "first_bias": first.bias.tolist(),
            "second_weights": second.weight.tolist(),
            "second_bias": second.bias.tolist(),
            "cells": cells.tolist(),
            "background": background.tolist(),
            "neurons": neurons,
        },
        indent=1,
    )
)
