"""An honest check: does a ranking without labels agree with one that has them?"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from micvae.data import FactorDataset
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.metrics import MetricError, evaluate
from micvae.representation import Representation
from micvae.studies.candidates import Candidate
from micvae.studies.evaluation import SAMPLES, usable_factors
from micvae.studies.statistics import Interval, enough_seeds, rank_correlation, told_apart
from micvae.training.run import Run

SUPERVISED = ("mig", "dci_disentanglement")
"""What UDR is compared with."""


def check(dataset: FactorDataset, candidates: Sequence[Candidate], folder: Path) -> dict[str, Any]:
    """Spearman's correlation over runs of UDR with MIG and DCI disentanglement.

    Args:
        dataset: what the runs trained on, with its factors.
        candidates: what was measured.
        folder: of the study.

    Returns:
        Per score `mean`, `low` and `high` (None where there is one seed), and the `values` over
        runs; `runs` and `seeds`, how many; or `missing` with the reason.
    """
    pairs = [(c, place) for c in candidates for place in range(len(c.seeds))]
    if not pairs:
        return {"missing": "no two runs of one candidate can be compared, so there is no ranking."}
    scores: dict[str, list[float]] = {name: [] for name in SUPERVISED}
    for candidate, place in pairs:
        encoded = Run(folder / candidate.paths[place]).representation().encoded
        part = Representation.of(encoded, dataset).sample(SAMPLES)
        used = usable_factors(part)
        if not used:
            return {"missing": f"{dataset.name} has no factors that vary to check against."}
        kinds = [part.factor_kinds[k] for k in used]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MicvaeWarning)  # of single runs; this is about ranks
            try:
                found = evaluate(
                    part.codes,
                    part.factors[:, used],
                    factor_kinds=kinds,
                    metrics=SUPERVISED,
                    factor_names=[part.factor_names[k] for k in used],
                )
            except MetricError as error:
                return {"missing": f"{error}."}
        for name in SUPERVISED:
            scores[name].append(found[name])
    udr = [float(c.scores[place]) for c, place in pairs]
    seeds = [c.seeds[place] for c, place in pairs]
    result: dict[str, Any] = {"runs": len(pairs), "seeds": len(set(seeds)), "udr": udr}
    for name, values in scores.items():
        try:
            interval = rank_correlation(udr, values, np.asarray(seeds))._asdict()
        except MicvaeError as error:
            interval = {"missing": str(error)}
        result[name] = interval | {"values": values}
    return result


def check_said(found: dict[str, Any]) -> list[str]:
    """What the check says, a sentence per score."""
    if "missing" in found:
        return [f"Not checked: {found['missing']}"]
    seeds = found.get("seeds", enough_seeds())  # earlier versions did not count them
    said = []
    for name, label in (("mig", "MIG"), ("dci_disentanglement", "DCI disentanglement")):
        r = found[name]
        if "missing" in r:
            said.append(f"Checked against {label}: {r['missing']}")
            continue
        bounds = "" if r["low"] is None else f" [{_two(r['low'])}, {_two(r['high'])}]"
        said.append(
            f"Checked against known factors, over {found['runs']} runs: Spearman's correlation of "
            f"UDR with {label} is {_two(r['mean'])}{bounds}"
            + (
                "; whether it is above 0 is not told by these seeds."
                if not told_apart(Interval(r["mean"], r["low"], r["high"]), seeds)
                else "."
            )
        )
    return said


def _two(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
