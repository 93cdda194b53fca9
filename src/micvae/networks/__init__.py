"""Encoders and decoders, listed here."""

from micvae import spelling
from micvae.networks.auto import Auto
from micvae.networks.base import Network, filled, frozen_call, initialise
from micvae.networks.conv import Conv
from micvae.networks.mlp import MLP, dense
from micvae.networks.patch import Patch
from micvae.networks.sparse import Sparse, SparseDecoder

NETWORKS: dict[str, type[Network]] = {
    "auto": Auto,
    "conv": Conv,
    "patch": Patch,
    "mlp": MLP,
    "sparse": Sparse,
}
spelling.register(Network, NETWORKS, "network")

__all__ = [
    "MLP",
    "NETWORKS",
    "Auto",
    "Conv",
    "Network",
    "Patch",
    "Sparse",
    "SparseDecoder",
    "dense",
    "filled",
    "frozen_call",
    "initialise",
]
