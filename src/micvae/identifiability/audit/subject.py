"""The subject of an audit: a trained model, its training data, and its codes of the data."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from micvae.data import FactorDataset
from micvae.distributions import Latents
from micvae.errors import MicvaeError
from micvae.models import VAEModel, encode
from micvae.objectives import METHODS, Objective, find
from micvae.representation import Encoded, Representation
from micvae.training.run import Run

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Subject:
    """One model under audit.

    Args:
        name: how it is called in tables, such as its folder.
        model: in float64 and on the CPU, for evaluation.
        latents: the description of its latents, whose traits decide what can be asked.
        objective: the method that it was trained with, or None if it is not a method of micvae.
        dataset: the data that it was trained on.
        representation: its codes of all of them.
    """

    name: str
    model: VAEModel
    latents: Latents
    objective: Objective | None
    dataset: FactorDataset
    representation: Representation

    @classmethod
    def of(
        cls, name: str, model: VAEModel, latents: Latents, dataset: FactorDataset, method: str = ""
    ) -> Subject:
        """Audit a model that is not a run; `method` is the name of its method, if it is ours."""
        precise = copy.deepcopy(model).double().eval()
        encoded = encode(precise, dataset.images)
        objective = find(method) if method else None
        found = Representation.of(encoded, dataset)
        return cls(name, precise, latents, objective, dataset, found)

    @classmethod
    def of_run(cls, run: Run, dataset: FactorDataset) -> Subject:
        """Audit a finished run on its data set.

        Raises:
            RunError: where the run is not finished or damaged.
        """
        model = run.model().double()
        config, found = run.config, run.representation()
        return cls(str(run.path), model, config.latents, config.objective, dataset, found)

    @property
    def method(self) -> str:
        """The name of the method, or "" if it is not a method of micvae."""
        if self.objective is None:
            return ""
        return next(name for name, kind in METHODS.items() if type(self.objective) is kind)

    @property
    def active(self) -> NDArray[np.int64]:
        """The active latents, by number."""
        return np.flatnonzero(self.representation.active)

    @property
    def encoded(self) -> Encoded:
        """Codes, scales, draws."""
        return self.representation.encoded

    @property
    def exact_posterior_unknown(self) -> str:
        """Why q(z|x) cannot be compared with p(z|x); empty where it can."""
        prior = "" if self.objective is None else self.objective.prior_description
        if prior:
            return (
                f"not available: the prior of {self.method} depends on {prior}, and the encoder "
                "reads x alone"
            )
        lacking = {"log_prob", "normal prior"} - self.latents.traits
        if lacking:
            return f"not available for these latents, which lack {' and '.join(sorted(lacking))}"
        return ""

    @property
    def smooth(self) -> bool:
        """Whether the decoder is a function of real numbers, and has a Jacobian."""
        return "discrete" not in self.encoded.latent_kinds

    def rows(self, count: int, seed: int) -> NDArray[np.int64]:
        """At most so many samples, drawn without replacement, in the data's order."""
        total = len(self.dataset)
        drawn = np.random.default_rng(seed).choice(total, min(count, total), replace=False)
        return np.sort(drawn)

    def images(self, rows: NDArray[np.int64]) -> Tensor:
        """The images of these rows, float64."""
        return torch.from_numpy(self.dataset.images[rows].astype(np.float64))

    def factors(self, rows: NDArray[np.int64]) -> tuple[Floats, list[int]]:
        """Factors that vary among these rows, and which of all K they are."""
        values = self.dataset.factors[rows]
        which = [k for k in range(values.shape[1]) if np.ptp(values[:, k]) > 0]
        return values[:, which], which


def finite_or_none(value: Any) -> float | None:
    """A number as JSON can hold it."""
    return float(value) if np.isfinite(value) else None


def check_image_count(subject: Subject, least: int) -> None:
    """Refuse data with too few images.

    Raises:
        MicvaeError: for fewer than `least` images.
    """
    if len(subject.dataset) < least:
        raise MicvaeError(
            f"{subject.name}: an audit needs at least {least} images, "
            f"and {subject.dataset.name} has {len(subject.dataset)}."
        )
