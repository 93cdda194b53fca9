"""Bootstrap intervals of a run's scores, for its model card."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from micvae.errors import MicvaeWarning
from micvae.metrics import METRICS, BootstrapInterval, intervals
from micvae.scoring import SAMPLES
from micvae.training import Run


def score_intervals(run: Run) -> Mapping[str, BootstrapInterval]:
    """Bootstrap intervals (95%) over the samples that `micvae evaluate` scored.

    Scores that are refitted on every resample (DCI) and interventional scores are left out.
    """
    scores = run.scores()
    if scores is None:
        return {}
    names = [
        name
        for name in scores.metrics
        if name in METRICS and not METRICS[name].refits and METRICS[name].needs != "interventions"
    ]
    part = run.representation().sample(SAMPLES, scores.seed)
    columns = part.varying_factors
    with warnings.catch_warnings():  # the run's scores carry these cautions already
        warnings.simplefilter("ignore", MicvaeWarning)
        return intervals(
            part.codes,
            part.factors[:, columns] if columns else None,
            metrics=names,
            factor_kinds=[part.factor_kinds[k] for k in columns] if columns else None,
            scale=part.scale if part.gaussian else None,
            seed=scores.seed,
        )
