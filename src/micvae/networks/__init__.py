"""Encoders and decoders, listed here and nowhere else."""

from micvae import spelling
from micvae.networks.base import Network, initialise
from micvae.networks.conv import Conv
from micvae.networks.mlp import dense
from micvae.networks.patch import Patch

NETWORKS: dict[str, type[Network]] = {"conv": Conv, "patch": Patch}
spelling.register(Network, NETWORKS, "network")

__all__ = ["NETWORKS", "Conv", "Network", "Patch", "dense", "initialise"]
