"""Encoders and decoders, listed here and nowhere else."""

from micvae import spelling
from micvae.networks.auto import Auto
from micvae.networks.base import Network, initialise
from micvae.networks.conv import Conv
from micvae.networks.mlp import Mlp, dense
from micvae.networks.patch import Patch

NETWORKS: dict[str, type[Network]] = {"auto": Auto, "conv": Conv, "patch": Patch, "mlp": Mlp}
spelling.register(Network, NETWORKS, "network")

__all__ = ["NETWORKS", "Auto", "Conv", "Mlp", "Network", "Patch", "dense", "initialise"]
