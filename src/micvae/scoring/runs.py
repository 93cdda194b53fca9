"""Scores of trained runs: what `micvae evaluate RUN` computes and stores."""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from micvae import records
from micvae.checks import whole_number
from micvae.errors import MicvaeWarning, RunError
from micvae.information import mutual_information_matrix
from micvae.metrics import (
    METRICS,
    BootstrapInterval,
    Matched,
    Ranking,
    Rendered,
    beta_vae_score,
    evaluate,
    factor_vae_score,
    intervals,
    udr,
)
from micvae.metrics.inputs import check_inputs
from micvae.metrics.interventions import Interventions
from micvae.models import encode
from micvae.records import FieldError
from micvae.representation import Representation
from micvae.scoring.latents import latent_information, latent_information_null
from micvae.scoring.nulls import factor_null, metric_nulls
from micvae.torch_state import with_torch_defaults
from micvae.training.record import Scores, Votes
from micvae.training.run import SCORES, Run

SAMPLES = 15_000
"""At most so many samples are scored: 10,000 to train predictors on, 5,000 to test."""

VOTES = {"rendered": (1_000, 1_000), "matched": (10_000, 5_000)}
"""Training and test votes of the interventional scores.

`matched` are those of the published study; `rendered` are fewer, since every vote renders images.
"""

INTERVENTIONAL = ("beta_vae_score", "factor_vae_score")
"""The scores that hold a factor fixed."""


@dataclass(frozen=True)
class _Found:
    """The metrics of one run, and what belongs to them; fields as in `Scores`."""

    metrics: dict[str, float]
    missing: dict[str, str] = field(default_factory=dict)
    cautions: tuple[str, ...] = ()
    votes: Votes | None = None
    factor_mi: records.Matrix | None = None
    factor_mi_null: records.Matrix | None = None


@with_torch_defaults
def evaluate_run(run: Run, seed: int = 0, interventions: bool = False) -> Scores:
    """Score a finished run and store the result in it as `scores.json`.

    Args:
        run: a finished run.
        seed: determines which samples are scored, how they are split, and all draws.
        interventions: whether to compute the β-VAE and FactorVAE scores as well, where the data
            can hold a factor fixed; they take some seconds.

    Returns:
        What `scores.json` holds.

    Raises:
        RunError: where a file of the run is missing or damaged, or a score is NaN or infinite.

    Examples:
        >>> import micvae
        >>> from micvae.scoring import evaluate_run
        >>> run = micvae.train("vae", data="squares(n=64)", epochs=1, out="runs/vae")
        >>> scores = evaluate_run(run)
        >>> scores.samples, "mig" in scores.metrics, run.scores() == scores
        (64, True, True)
    """
    seed = whole_number("seed", seed)
    representation = run.representation()
    part = representation.sample(SAMPLES, seed).varying()
    started = time.perf_counter()
    latent_mi = latent_information(representation, seed)
    r_mi_null, latent_null = latent_information_null(representation, seed)
    final = run.final_terms()
    found = _metrics(run, part, seed, interventions)
    nulls = metric_nulls(part.codes, list(found.metrics), seed)
    try:
        scores = Scores(
            **vars(found),
            r_mi=float(latent_mi.sum()),
            r_mi_null=None if r_mi_null is None else (r_mi_null.low, r_mi_null.high),
            latent_mi=_matrix(latent_mi),
            latent_mi_null=_matrix(latent_null),
            metric_nulls={name: (null.low, null.high) for name, null in nulls.items()},
            latent_kl=tuple(representation.latent_kl.tolist()),
            active=tuple(representation.active.tolist()),
            active_units=int(representation.active.sum()),
            factor_names=part.factor_names,
            samples=len(part),
            seed=seed,
            reconstruction=final.get("reconstruction"),
            kl=final.get("kl"),
            seconds=round(time.perf_counter() - started, 3),
        )
        records.decoded(Scores, records.encoded(scores))
    except FieldError as error:
        raise RunError(
            f"{run.path / SCORES} is not written: {error} Check the data and the model."
        ) from None
    records.write(run.path / SCORES, scores)
    return scores


def stored_scores(run: Run) -> Scores:
    """The scores that `evaluate_run` stored in a run.

    Raises:
        RunError: where there are none, or the file is damaged.

    Examples:
        >>> import micvae
        >>> from micvae.scoring import ensure_scores, stored_scores
        >>> run = micvae.train("vae", data="squares(n=64)", epochs=1, out="runs/vae")
        >>> scores = ensure_scores(run)
        >>> stored_scores(run) == scores
        True
    """
    scores = run.scores()
    if scores is None:
        raise RunError(f"{run.path} has no scores; run micvae evaluate on it.")
    return scores


def ensure_scores(run: Run) -> Scores:
    """The stored scores of a finished run; a run without scores is scored first.

    Examples:
        >>> import micvae
        >>> from micvae.scoring import ensure_scores
        >>> run = micvae.train("vae", data="squares(n=64)", epochs=1, out="runs/vae")
        >>> ensure_scores(run) == run.scores()
        True
    """
    run.check_done()
    return run.scores() or evaluate_run(run)


def rank_runs(runs: Sequence[Run], seed: int = 0) -> Ranking:
    """UDR of runs on the same data.

    Raises:
        RunError: where the runs were trained on different data.

    Examples:
        >>> import micvae
        >>> from micvae.scoring import rank_runs
        >>> data = "squares(n=64, seed=0)"
        >>> runs = [
        ...     micvae.train("vae", data=data, epochs=1, seed=seed, out=f"runs/{seed}")
        ...     for seed in range(3)
        ... ]
        >>> rank_runs(runs).scores.shape
        (3,)
    """
    prints = {run.data.fingerprint for run in runs}
    if len(prints) > 1:
        raise RunError(
            "UDR compares runs on the same images, and these were trained on different ones; give "
            "their data a fixed seed of its own, such as squares(seed=0)."
        )
    parts = [run.representation().sample(SAMPLES, seed) for run in runs]
    return udr([part.codes for part in parts], [part.latent_kl for part in parts])


def score_intervals(run: Run) -> Mapping[str, BootstrapInterval]:
    """Bootstrap intervals (95%) over the scored samples, for the scores that are stored.

    Scores that are fitted anew for every resample (DCI) and those of interventions have none.
    """
    scores = run.scores()
    if scores is None:
        return {}
    names = [
        name
        for name in scores.metrics
        if name in METRICS and not METRICS[name].refits and METRICS[name].needs != "interventions"
    ]
    part = run.representation().sample(SAMPLES, scores.seed).varying()
    with warnings.catch_warnings():  # the scores of the run already hold these cautions
        warnings.simplefilter("ignore", MicvaeWarning)
        return intervals(
            part.codes,
            part.factors if part.factor_kinds else None,
            metrics=names,
            factor_kinds=part.factor_kinds or None,
            scale=part.scale if part.gaussian else None,
            seed=scores.seed,
        )


def _metrics(run: Run, part: Representation, seed: int, interventions: bool) -> _Found:
    codes, factors, kinds = part.codes, part.factors, part.factor_kinds
    if not kinds:
        return _Found(evaluate(codes, seed=seed).to_dict())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MicvaeWarning)
        metrics = evaluate(
            codes,
            factors,
            factor_kinds=kinds,
            scale=part.scale if part.gaussian else None,
            seed=seed,
            factor_names=part.factor_names,
        )
    discrete = check_inputs(codes, factors, kinds).discrete
    found = _Found(
        metrics.to_dict(),
        dict(metrics.missing),
        tuple(str(w.message) for w in caught),
        factor_mi=_matrix(mutual_information_matrix(codes, factors, discrete=discrete)),
        factor_mi_null=_matrix(factor_null(codes, factors, discrete, seed)),
    )
    return _with_interventions(run, part, seed, found) if interventions else found


def _with_interventions(run: Run, part: Representation, seed: int, found: _Found) -> _Found:
    """Add the scores that hold a factor fixed, and their votes, or why there are none.

    Where no images can be rendered, groups of samples that share a value are found among the codes
    and factors.
    """
    dataset = run.dataset() if run.has_data else None
    source: Interventions
    # New images are encoded one by one, which is not how every method makes its codes.
    samplewise = run.config.objective.encodes_samplewise
    if dataset is not None and dataset.renderer is not None and samplewise:
        how, model = "rendered", run.model()
        source = Rendered(lambda images: encode(model, images).codes, dataset)
    else:
        how = "matched"
        given = check_inputs(
            part.codes, part.factors, part.factor_kinds, factor_names=part.factor_names
        )
        if not all(given.discrete):
            reason = (
                f"{given.factor(given.discrete.index(False))} is continuous, so no two samples "
                "share a value, and no new images can be rendered for this run"
            )
            return replace(found, missing=found.missing | dict.fromkeys(INTERVENTIONAL, reason))
        source = Matched(given, given)
    train, test = VOTES[how]
    paired = beta_vae_score(source, train_points=train, test_points=test, seed=seed)
    voted = factor_vae_score(source, train_votes=train, test_votes=test, seed=seed)
    scores = found.metrics | dict(paired.values) | dict(voted.values)
    ordered = {name: scores[name] for name in METRICS if name in scores}
    return replace(found, metrics=ordered, votes=Votes(how=how, train=train, test=test))


def _matrix(values: np.ndarray) -> records.Matrix:
    return tuple(map(tuple, values.tolist()))
