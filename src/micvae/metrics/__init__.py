r"""Scores of a representation: pure functions of codes (N, D) and ground-truth factors (N, K).

`evaluate` computes all of them, or those named; each function (`mig`, `dci`) also returns what its
score was made from. `METRICS` lists every score once. To add a metric: write its function in a
file of its own, returning a `Score`, and add its line here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf

from numpy.typing import ArrayLike

from micvae.metrics.dci import dci
from micvae.metrics.mig import mig
from micvae.metrics.score import MetricError, Score

__all__ = ["METRICS", "Metric", "MetricError", "Score", "dci", "evaluate", "mig"]


@dataclass(frozen=True)
class Metric:
    """One score: how to compute it and how to read it.

    Attributes:
        function: Called as `function(codes, factors, factor_kinds=…)`, with `seed=…` if `seeded`;
            its `Score.values` holds this score's key. Several scores may share a function.
        summary: One line for tables and help texts.
        range: The lowest and the highest possible value.
        higher_is_better: Which end is the good one.
        reference: Where it was defined.
        seeded: Whether the function takes a `seed`.
    """

    function: Callable[..., Score]
    summary: str
    range: tuple[float, float]
    higher_is_better: bool
    reference: str
    seeded: bool = False


_DCI = "Eastwood & Williams 2018"

METRICS: dict[str, Metric] = {
    "mig": Metric(mig, "one latent alone knows each factor", (0, 1), True, "Chen et al. 2018"),
    "dci_disentanglement": Metric(dci, "each latent is about one factor", (0, 1), True, _DCI, True),
    "dci_completeness": Metric(dci, "each factor is in one latent", (0, 1), True, _DCI, True),
    "dci_informativeness": Metric(
        dci, "the factors can be predicted (accuracy or R²)", (-inf, 1), True, _DCI, True
    ),
}


def evaluate(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    metrics: Iterable[str] | None = None,
    factor_kinds: Sequence[str] | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """Score codes against ground-truth factors.

    Args:
        codes: (N, D) array, by convention posterior means.
        factors: (N, K) array of ground truth, no column constant.
        metrics: Names out of `METRICS`; `None` for all.
        factor_kinds: Per factor `continuous`, `ordinal`, `categorical` or `angular`; `None`
            infers them: continuous if all values are distinct, or if more than 50 are and not
            all are whole numbers; else discrete.
        seed: Decides every random choice (how DCI splits the samples).

    Returns:
        Score by name, in the order of `METRICS`; never NaN.

    Raises:
        MetricError: For an unknown name, or for codes and factors on which a metric has no value.
    """
    if isinstance(metrics, str):
        metrics = (metrics,)
    wanted = set(METRICS) if metrics is None else set(metrics)
    unknown = sorted(map(str, wanted - set(METRICS)))
    if unknown:
        raise MetricError(f"unknown metric {', '.join(unknown)}: choose from {', '.join(METRICS)}")
    computed: dict[Callable[..., Score], Score] = {}
    values: dict[str, float] = {}
    for name, metric in METRICS.items():
        if name not in wanted:
            continue
        if metric.function not in computed:
            options = {"seed": seed} if metric.seeded else {}
            computed[metric.function] = metric.function(
                codes, factors, factor_kinds=factor_kinds, **options
            )
        values[name] = computed[metric.function].values[name]
    return values
