"""What can be identified, and what cannot: counterexamples, and conditions as measurable checks.

`rotated_alternative`, `darmois` and `modular_alternative` construct independent latents that are
not the sources; `conditions` measures the assumptions of the paper's Theorem 4.3 on samples;
`theorem` puts both together. The proofs are in `docs/theorem.md`.

The problems with known truth are data sets, so that runs can be trained on them by name; they are
defined in `micvae.data` and also available here.
"""

from micvae.data import (
    Problem,
    autoregressive,
    independent,
    segments,
    sharing_pairs,
    sparse_transitions,
    state_space,
)
from micvae.identifiability.conditions import (
    Check,
    Independence,
    gaussian_posterior,
    independence,
    no_pairwise_information,
)
from micvae.identifiability.darmois import darmois, density_conditionals, gaussian_conditionals
from micvae.identifiability.marginals import Marginal, marginal
from micvae.identifiability.modular import ModularAlternative, modular_alternative, modular_sum
from micvae.identifiability.rotation import RotatedAlternative, rotated_alternative
from micvae.identifiability.swirl import Swirl

__all__ = [
    "Check",
    "Independence",
    "Marginal",
    "ModularAlternative",
    "Problem",
    "RotatedAlternative",
    "Swirl",
    "autoregressive",
    "darmois",
    "density_conditionals",
    "gaussian_conditionals",
    "gaussian_posterior",
    "independence",
    "independent",
    "marginal",
    "modular_alternative",
    "modular_sum",
    "no_pairwise_information",
    "rotated_alternative",
    "segments",
    "sharing_pairs",
    "sparse_transitions",
    "state_space",
]
