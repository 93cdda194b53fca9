"""Perceptrons."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from micvae.networks.base import initialise


def dense(
    inputs: int, hidden: Sequence[int], outputs: int, generator: torch.Generator
) -> nn.Module:
    """Build a perceptron with leaky rectifiers, its weights drawn from a CPU generator."""
    layers: list[nn.Module] = []
    sizes = [inputs, *hidden]
    with torch.device("meta"):
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
        layers.append(nn.Linear(sizes[-1], outputs))
        network = nn.Sequential(*layers)
    network = network.to_empty(device="cpu")
    initialise(network, generator)
    return network
