"""Images with their ground-truth factors: the toy data, and the user's own."""

from micvae.data.dataset import FactorDataset, FactorKind
from micvae.data.squares import squares

DATASETS = {"squares": squares}

__all__ = ["DATASETS", "FactorDataset", "FactorKind", "squares"]
