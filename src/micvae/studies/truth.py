"""Does the ranking without labels agree with scores that use the factors?"""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from micvae.data import FactorDataset
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.metrics import MetricError, evaluate
from micvae.records import Missing
from micvae.representation import Representation
from micvae.scoring import SAMPLES
from micvae.studies.candidates import Candidate
from micvae.studies.record import Checked, Correlation, NoCorrelation
from micvae.studies.statistics import MeanInterval, distinguishable, enough_seeds, rank_correlation
from micvae.text import number
from micvae.training.run import Run

SUPERVISED = ("mig", "dci_disentanglement")
"""What UDR is compared with."""


def check(
    dataset: FactorDataset, candidates: Sequence[Candidate], folder: Path
) -> Checked | Missing:
    """Spearman's correlation over runs of UDR with MIG and DCI disentanglement.

    Args:
        dataset: what the runs trained on, with its factors.
        candidates: what was measured.
        folder: of the study.

    Returns:
        The correlations with their intervals, or why there are none.
    """
    pairs = [(c, place) for c in candidates for place in range(len(c.seeds))]
    if not pairs:
        return Missing(
            missing="no two runs of one candidate can be compared, so there is no ranking."
        )
    scores: dict[str, list[float]] = {name: [] for name in SUPERVISED}
    for candidate, place in pairs:
        encoded = Run(folder / candidate.paths[place]).representation().encoded
        part = Representation.of(encoded, dataset).sample(SAMPLES).varying()
        if not part.factor_kinds:
            return Missing(missing=f"{dataset.name} has no factors that vary to check against.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MicvaeWarning)  # of single runs; this is about ranks
            try:
                found = evaluate(
                    part.codes,
                    part.factors,
                    factor_kinds=part.factor_kinds,
                    metrics=SUPERVISED,
                    factor_names=part.factor_names,
                )
            except MetricError as error:
                return Missing(missing=f"{error}.")
        for name in SUPERVISED:
            scores[name].append(found[name])
    udr = [float(c.scores[place]) for c, place in pairs]
    seeds = [c.seeds[place] for c, place in pairs]
    order = np.asarray(seeds)
    return Checked(
        runs=len(pairs),
        seeds=len(set(seeds)),
        udr=tuple(udr),
        **{name: _correlation(udr, values, order) for name, values in scores.items()},
    )


def _correlation(
    udr: list[float], values: list[float], seeds: NDArray[np.int64]
) -> Correlation | NoCorrelation:
    try:
        found = rank_correlation(udr, values, seeds)
    except MicvaeError as error:
        return NoCorrelation(missing=str(error), values=tuple(values))
    return Correlation(**found._asdict(), values=tuple(values))


def check_said(found: Checked | Missing) -> list[str]:
    """The result of the check, a sentence per score."""
    if isinstance(found, Missing):
        return [f"Not checked: {found.missing}"]
    seeds = found.seeds or enough_seeds()  # earlier versions did not count them
    said = []
    for r, label in ((found.mig, "MIG"), (found.dci_disentanglement, "DCI disentanglement")):
        if isinstance(r, NoCorrelation):
            said.append(f"Checked against {label}: {r.missing}")
            continue
        bounds = ""
        if r.low is not None and r.high is not None:
            bounds = f" [{number(r.low, 2)}, {number(r.high, 2)}]"
        above = distinguishable(MeanInterval(r.mean, r.low, r.high), seeds)
        said.append(
            f"Checked against known factors: over {found.runs} runs, Spearman's correlation of "
            f"UDR with {label} is {number(r.mean, 2)}{bounds}"
            + ("." if above else ". These seeds do not show whether it is above 0.")
        )
    return said
