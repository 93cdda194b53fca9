"""All scores of one representation at once."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from numpy.typing import ArrayLike

from micvae.metrics.catalogue import METRICS
from micvae.metrics.inputs import CheckedInputs, check_inputs, check_scale, read_codes
from micvae.metrics.interventions import Interventions
from micvae.metrics.score import (
    BootstrapInterval,
    MetricError,
    MissingScoreWarning,
    Score,
    UndefinedScoreWarning,
    UnfairMetricWarning,
    check_setting,
    check_whole,
)

Progress = Callable[[int, int, str], None]


def evaluate(
    codes: ArrayLike,
    factors: ArrayLike | None = None,
    *,
    metrics: Iterable[str] | None = None,
    factor_kinds: Sequence[str] | None = None,
    scale: ArrayLike | None = None,
    interventions: Interventions | None = None,
    seed: int = 0,
    n_jobs: int = 1,
    progress: Progress | None = None,
    factor_names: Sequence[str] | None = None,
) -> dict[str, float]:
    """Score codes against ground-truth factors.

    Args:
        codes: (N, D), by convention posterior means: an array, a tensor, or a data frame of
            numbers (pandas, polars, pyarrow, …).
        factors: (N, K) ground truth likewise, no column constant; `None` where there is none.
            Columns of text and of categories in a data frame are numbered.
        metrics: Names out of `METRICS`; `None` for all that can be computed from what is given.
        factor_kinds: Per factor `continuous`, `ordinal`, `categorical` or `angular`; `None`
            infers them: text is categorical; numbers are continuous if all values are distinct
            or more than 50 are, ordinal if at most 20 are, and between the two ordinal if there
            are at least ten samples per value on average.
        scale: (N, D) posterior standard deviations, which RMIG and JEMMIG use; `None` for points.
        interventions: What can hold a factor fixed (`Rendered`, `Matched`), for the β-VAE and
            FactorVAE scores.
        seed: Decides every random choice: splits, draws, the breaking of ties.
        n_jobs: Threads for DCI; no effect on scores.
        progress: Called as `progress(done, total, name)` before each function.
        factor_names: K names for messages; those of a data frame where left out.

    Returns:
        Score by name, in the order of `METRICS`; never NaN. Without `metrics`, a score that these
        inputs do not have is left out.

    Raises:
        MetricError: For an unknown name, a metric whose input is missing, codes and factors that
            no metric takes, or a metric out of `metrics` that has no value on these.

    Warns:
        MissingScoreWarning: Where a score is left out: its name and the reason.
        AmbiguousKindWarning: Where a kind is inferred and the values allow two answers.
        LostDigitsWarning: Where an offset has left a latent few different values.
        UnfairMetricWarning: Where a metric judges an angle or a category as numbers on a line.
        UndefinedScoreWarning: With a single latent or a single factor, or with constant codes,
            where many scores are a convention; the warning says which.
    """
    found = _scores(
        codes,
        factors,
        metrics,
        factor_kinds,
        scale,
        interventions,
        seed,
        {},
        n_jobs,
        progress,
        factor_names,
    )
    return {name: score.values[name] for name, score in found.items()}


def intervals(
    codes: ArrayLike,
    factors: ArrayLike | None = None,
    *,
    metrics: Iterable[str] | None = None,
    factor_kinds: Sequence[str] | None = None,
    scale: ArrayLike | None = None,
    interventions: Interventions | None = None,
    seed: int = 0,
    level: float = 0.95,
    resamples: int = 200,
    refits: int = 20,
    n_jobs: int = 1,
    progress: Progress | None = None,
    factor_names: Sequence[str] | None = None,
) -> dict[str, BootstrapInterval]:
    """Score codes, each score with a bootstrap interval over samples.

    The intervals say how well the score is known from N samples of *these* codes. They say
    nothing of another training of the model, whose spread is larger as a rule.

    Args:
        codes: As in `evaluate`, as are all arguments not named here.
        factors: As in `evaluate`.
        metrics: Names out of `METRICS`; `None` for all that can be resampled.
        factor_kinds: As in `evaluate`.
        scale: As in `evaluate`.
        interventions: As in `evaluate`; these scores' intervals are over their votes.
        seed: As in `evaluate`; decides the resamples, too.
        level: Coverage of the intervals.
        resamples: Bootstrap resamples.
        refits: Resamples for DCI, whose trees have to be grown anew for each.
        n_jobs: As in `evaluate`.
        progress: As in `evaluate`.
        factor_names: As in `evaluate`.

    Returns:
        `BootstrapInterval(value, low, high)` by name, clipped to the score's range; see
        `Score.interval`.

    Raises:
        MetricError: As `evaluate` does.
    """
    check_whole("resamples", resamples, 2)
    check_whole("refits", refits, 2)
    check_setting("level", level, lambda v: 0 < v < 1, "give a share between 0 and 1")
    repeats = {False: resamples, True: refits}
    found = _scores(
        codes,
        factors,
        metrics,
        factor_kinds,
        scale,
        interventions,
        seed,
        repeats,
        n_jobs,
        progress,
        factor_names,
    )
    result = {}
    for name, score in found.items():
        value, low, high = score.interval(name, level)
        least, most = METRICS[name].range
        result[name] = BootstrapInterval(value, max(low, least), min(high, most))
    return result


def _scores(
    codes: ArrayLike,
    factors: ArrayLike | None,
    metrics: Iterable[str] | None,
    factor_kinds: Sequence[str] | None,
    scale: ArrayLike | None,
    interventions: Interventions | None,
    seed: int,
    repeats: dict[bool, int],
    n_jobs: int,
    progress: Progress | None,
    factor_names: Sequence[str] | None,
) -> dict[str, Score]:
    given = {
        "codes": True,
        "factors": factors is not None,
        "interventions": interventions is not None,
    }
    if metrics is None:
        names = [name for name, metric in METRICS.items() if given[metric.needs]]
    else:
        names = _names(metrics)
        for name in names:
            if not given[METRICS[name].needs]:
                how = {
                    "factors": "give factors",
                    "interventions": "score a run with micvae evaluate RUN, or give "
                    "interventions=Matched(codes, factors)",
                }[METRICS[name].needs]
                raise MetricError(f"{name} needs {METRICS[name].needs}: {how}")
    check_whole("seed", seed, 0)
    check_whole("n_jobs", n_jobs, 1)
    read = read_codes(codes)
    checked: CheckedInputs | None = None
    if factors is not None and any(METRICS[name].needs == "factors" for name in names):
        checked = check_inputs(read, factors, factor_kinds, factor_names=factor_names)
        scale = check_scale(scale, read.values)
        _warn_of_conventions(checked)
        _warn_of_kinds(names, checked)
    computed: dict[Callable[..., Score], Score | MetricError] = {}
    functions = len({METRICS[name].function for name in names})
    for name in names:
        metric = METRICS[name]
        if metric.function in computed:
            continue
        if progress is not None:
            progress(len(computed), functions, name)
        options: dict[str, Any] = {"seed": seed}
        if repeats and metric.needs != "interventions":
            options["resamples"] = repeats[metric.refits]
        inputs: tuple[Any, ...] = (interventions,)
        if metric.needs == "factors":
            inputs = read, checked
            if metric.refits:
                options["n_jobs"] = n_jobs
            if metric.takes_scale:
                options["scale"] = scale
        elif metric.needs == "codes":
            inputs = (read,)
        try:
            computed[metric.function] = metric.function(*inputs, **options)
        except MetricError as error:
            if metrics is not None:  # it was asked for
                raise
            computed[metric.function] = error
    return _without_missing({name: computed[METRICS[name].function] for name in names})


def _without_missing(found: dict[str, Score | MetricError]) -> dict[str, Score]:
    """The scores there are; one warning per reason names those that there are not.

    Raises:
        MetricError: The first reason, where there is no score at all.
    """
    scores = {name: score for name, score in found.items() if isinstance(score, Score)}
    missing = {name: str(score) for name, score in found.items() if isinstance(score, MetricError)}
    if missing and not scores:
        raise next(score for score in found.values() if isinstance(score, MetricError))
    for reason in dict.fromkeys(missing.values()):
        names = tuple(name for name, why in missing.items() if why == reason)
        warnings.warn(MissingScoreWarning(names, reason), stacklevel=4)
    return scores


def _names(metrics: Iterable[str]) -> list[str]:
    wanted = {metrics} if isinstance(metrics, str) else set(metrics)
    unknown = sorted(map(str, wanted - set(METRICS)))
    if unknown:
        raise MetricError(f"unknown metric {', '.join(unknown)}: choose from {', '.join(METRICS)}")
    return [name for name in METRICS if name in wanted]


def _warn_of_conventions(given: CheckedInputs) -> None:
    constant = bool((given.codes.min(axis=0) == given.codes.max(axis=0)).all())
    for there, what in (
        (
            given.codes.shape[1] == 1,
            "there is one latent: no second one to be compared with; MIG and scores like it take a "
            "second one to know nothing, and DCI completeness is 1 by convention",
        ),
        (
            given.factors.shape[1] == 1,
            "there is one factor: no second one to be told from; DCI disentanglement and "
            "modularity are 1 by convention",
        ),
        (
            constant,
            "all codes are constant: nothing is known of any factor; scores that are undefined "
            "then are 0 by convention",
        ),
    ):
        if there:
            warnings.warn(what, UndefinedScoreWarning, stacklevel=4)


def _warn_of_kinds(names: Sequence[str], given: CheckedInputs) -> None:
    kinds = given.kinds
    for kind in dict.fromkeys(kinds):
        unfair = [name for name in names if kind in METRICS[name].unfair_to]
        if unfair:
            columns = [k for k, other in enumerate(kinds) if other == kind]
            which = ", ".join(repr(given.names[k]) if given.names else str(k) for k in columns)
            warnings.warn(
                f"{', '.join(unfair)}: not fair to {kind} factors (column {which}), whose values "
                "they take for numbers on a line or ask of a single latent; block_score is",
                UnfairMetricWarning,
                stacklevel=4,
            )
