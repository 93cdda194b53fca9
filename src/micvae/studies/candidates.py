"""Quantities that compare methods without known factors, over seeds, on one data set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.data import FactorDataset
from micvae.identifiability.audit.agreement import agree
from micvae.models import laid_out
from micvae.objectives.base import ELBO
from micvae.scoring import rank_runs
from micvae.studies.statistics import MeanInterval, bootstrap_interval, pair_interval
from micvae.studies.table import Row
from micvae.torch_state import with_torch_defaults
from micvae.training.run import Run

Floats = NDArray[np.float64]

SAMPLES = 1_000
"""For the agreement of two runs, as in a quick audit."""

ROTATIONS = 50
MAX_HELD_OUT = 10_000
"""At most so many samples that were kept aside are measured."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """One row of a selection: S runs of one configuration under different seeds.

    Args:
        label: the method with its strength.
        seeds: of its runs, (S,).
        paths: their folders within the study.
        scores: (S,) UDR of each run among those of its row (the median over the others).
        udr: (S, S) UDR of every two runs; the diagonal is not looked at.
        agreement: (S, S) MCC of ranks of the active latents of every two runs.
        rotated: median over pairs of what random rotations of the same codes reach.
        affine: least MCC of a pair after the best affine map of all latents.
        elbo: (S,) nats per sample kept aside.
        reconstruction: (S,) −E[log p(x|z)] of the same samples, nats.
        active: (S,) active latents.
    """

    label: str
    seeds: tuple[int, ...]
    paths: tuple[str, ...]
    scores: Floats
    udr: Floats
    agreement: Floats
    rotated: float | None
    affine: float | None
    elbo: Floats
    reconstruction: Floats
    active: Floats

    @property
    def comparable(self) -> bool:
        """Whether two runs have active latents; else nothing can agree, and UDR means nothing."""
        return self.rotated is not None

    @property
    def best(self) -> int:
        """The place of the run that agrees most with the others; of equals, of the best ELBO."""
        return max(range(len(self.seeds)), key=lambda s: (self.scores[s], self.elbo[s]))

    def intervals(self) -> dict[str, MeanInterval]:
        """Means over seeds with their intervals, by quantity."""
        return {
            "udr": pair_interval(self.udr),
            "agreement": pair_interval(self.agreement),
            "elbo": bootstrap_interval(self.elbo.tolist()),
            "held_out_reconstruction": bootstrap_interval(self.reconstruction.tolist()),
            "active_units": bootstrap_interval(self.active.tolist()),
        }


@with_torch_defaults
def measure(
    label: str,
    rows: Sequence[Row],
    folder: Path,
    aside: FactorDataset,
    step: Callable[[str], None] = lambda what: None,
) -> Candidate:
    """Measure the runs of one row, without using factors.

    Args:
        label: the row.
        rows: its rows of the study's table, at least two.
        folder: the study's folder.
        aside: samples that none of them was trained on.
        step: called twice, with what is next.

    Raises:
        MicvaeError: for a single run, which agrees with nobody.
        RunError: where runs were trained on different data.
    """
    runs = [Run(folder / row.path) for row in rows]
    step(f"{label}: agreement of the seeds")
    ranking = rank_runs(runs)
    pairs = _agreement(runs)
    step(f"{label}: samples kept aside")
    bounds = np.asarray([held_out(run, aside) for run in runs])
    return Candidate(
        label,
        tuple(row.seed for row in rows),
        tuple(row.path for row in rows),
        ranking.scores,
        ranking.pairwise,
        *pairs,
        -bounds.sum(1),
        bounds[:, 0],
        np.asarray([row.number("active_units") for row in rows], dtype=np.float64),
    )


@with_torch_defaults
def held_out(run: Run, aside: FactorDataset, seed: int = 0) -> tuple[float, float]:
    """Reconstruction error and KL of samples that a run has not seen, nats per sample.

    Their sum is minus the evidence lower bound under the prior of the latents, from one draw of
    the posterior per sample.
    """
    model = run.model()
    part = aside.as_float32().images
    if len(part) > MAX_HELD_OUT:
        part = part[
            np.sort(np.random.default_rng(seed).choice(len(part), MAX_HELD_OUT, replace=False))
        ]
    generator = torch.Generator().manual_seed(seed)
    total = np.zeros(2)
    with torch.inference_mode():
        for start in range(0, len(part), 500):
            batch = torch.from_numpy(part[start : start + 500])
            elbo = ELBO.of(model, laid_out(batch, torch.device("cpu")), generator)
            found = (float(elbo.reconstruction), float(elbo.latent_kl.sum()))
            total += len(batch) * np.asarray(found)
    reconstruction, kl = (total / len(part)).tolist()
    return reconstruction, kl


def _agreement(runs: Sequence[Run]) -> tuple[Floats, float | None, float | None]:
    """MCC of ranks of every two runs, that of random rotations, and the least affine one."""
    parts = [run.representation().sample(SAMPLES) for run in runs]
    codes = [part.codes[:, part.active].astype(np.float64) for part in parts]
    found = np.zeros((len(runs), len(runs)))
    rotated, affine = [], []
    for i, j in combinations(range(len(runs)), 2):
        if codes[i].shape[1] and codes[j].shape[1]:  # else they agree in nothing: 0
            pair = agree(codes[i], codes[j], ROTATIONS, 0)
            found[i, j] = found[j, i] = pair.ranks.value
            rotated.append(pair.ranks.median)
            affine.append(pair.affine)
    return found, float(np.median(rotated)) if rotated else None, min(affine, default=None)
