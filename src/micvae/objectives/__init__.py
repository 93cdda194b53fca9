"""What is minimised: one short file per method, listed here and nowhere else."""

from micvae.objectives.base import Losses, Objective, Step
from micvae.objectives.mi_constrained import MIConstrained
from micvae.objectives.vae import Vae

METHODS: dict[str, type[Objective]] = {
    "vae": Vae,
    "mi-constrained": MIConstrained,
}

__all__ = ["METHODS", "Losses", "MIConstrained", "Objective", "Step", "Vae"]
