"""Problems with known truth: sources, mixing, inverse, and what theory says can be recovered."""

from micvae.data.problems.autoregressive import autoregressive
from micvae.data.problems.independent import independent
from micvae.data.problems.mixings import MIXINGS, Mixing
from micvae.data.problems.problem import Problem
from micvae.data.problems.segments import segments
from micvae.data.problems.sharing_pairs import sharing_pairs
from micvae.data.problems.sparse_transitions import sparse_transitions
from micvae.data.problems.state_space import state_space

__all__ = [
    "MIXINGS",
    "Mixing",
    "Problem",
    "autoregressive",
    "independent",
    "segments",
    "sharing_pairs",
    "sparse_transitions",
    "state_space",
]
