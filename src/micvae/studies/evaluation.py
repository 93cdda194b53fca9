"""What `micvae evaluate RUN` computes and stores."""

import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from micvae import records
from micvae.errors import MicvaeWarning, RunError
from micvae.information import (
    aggregate_pairwise_mi,
    mutual_information_matrix,
    pairwise_mutual_information,
)
from micvae.metrics import (
    METRICS,
    Matched,
    Ranking,
    Rendered,
    beta_vae_score,
    evaluate,
    factor_vae_score,
    udr,
)
from micvae.metrics.inputs import check_inputs
from micvae.metrics.interventions import Interventions
from micvae.models import encode
from micvae.representation import Representation
from micvae.training.record import Scores
from micvae.training.run import SCORES, Run

SAMPLES = 15_000
"""At most so many samples are scored: 10,000 to train predictors on, 5,000 to test."""

COMPONENTS = 4_000
"""Samples, and components of the mixture, of the aggregate posterior in the estimate of R_MI."""

VOTES = {"rendered": (1_000, 1_000), "matched": (10_000, 5_000)}
"""Training and test votes of the interventional scores: the published study's where groups are
found among the samples; fewer, for the sake of time, where every vote's images are rendered."""


def evaluate_run(run: Run, seed: int = 0, interventions: bool = False) -> Scores:
    """Score a finished run and store the result in it as `scores.json`.

    Args:
        run: a finished run.
        seed: determines which samples are scored, how they are split, and all draws.
        interventions: whether to compute the β-VAE and FactorVAE scores, too, where the data can
            hold a factor fixed; they take some seconds.

    Returns:
        What `scores.json` holds.

    Raises:
        RunError: where a file of the run is missing or damaged.
        FieldError: where a score is not a finite number.
    """
    representation = run.representation()
    part = representation.sample(SAMPLES, seed)
    started = time.perf_counter()
    latent_mi = latent_information(representation, seed)
    scored = usable_factors(part)
    result: dict[str, Any] = {
        "metrics": {},
        "cautions": [],
        "votes": None,
        "r_mi": float(latent_mi.sum()),
        "latent_mi": latent_mi.tolist(),
        "factor_mi": None,
        "latent_kl": representation.latent_kl.tolist(),
        "active": representation.active.tolist(),
        "active_units": int(representation.active.sum()),
        "factor_names": [part.factor_names[k] for k in scored],
        "samples": len(part),
        "seed": seed,
    }
    last = run.last_epoch()
    result |= {name: last[name] for name in ("reconstruction", "kl")}
    if scored:
        factors = part.factors[:, scored]
        kinds = [part.factor_kinds[k] for k in scored]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", MicvaeWarning)
            result["metrics"] = evaluate(
                part.codes,
                factors,
                factor_kinds=kinds,
                scale=part.scale if part.gaussian else None,
                seed=seed,
            )
        result["cautions"] = [str(w.message) for w in caught]
        if interventions:
            result |= _interventional(run, part, scored, seed, result["metrics"])
        discrete = check_inputs(part.codes, factors, kinds).discrete
        matrix = mutual_information_matrix(part.codes, factors, discrete=discrete)
        result["factor_mi"] = matrix.tolist()
    else:
        result["metrics"] = evaluate(part.codes, seed=seed)
    result["seconds"] = round(time.perf_counter() - started, 3)
    scores: Scores = records.decoded(Scores, result)
    records.write(run.path / SCORES, scores)
    return scores


def _interventional(
    run: Run, part: Representation, scored: list[int], seed: int, metrics: dict[str, float]
) -> dict[str, Any]:
    """The scores that need a factor held fixed, and their votes; nothing where none can be."""
    dataset, model = run.dataset(), run.model()
    kinds = [part.factor_kinds[k] for k in scored]
    # New images are encoded one by one, which is not how every method makes its codes.
    fresh = dataset.renderer is not None and run.config.objective.one_by_one
    how = "rendered" if fresh else "matched"
    source: Interventions
    if how == "rendered":
        source = Rendered(lambda images: encode(model, images).codes, dataset)
    else:
        factors = part.factors[:, scored]
        if not all(check_inputs(part.codes, factors, kinds).discrete):
            return {}
        source = Matched(part.codes, factors, kinds)
    train, test = VOTES[how]
    found = beta_vae_score(source, train_points=train, test_points=test, seed=seed)
    voted = factor_vae_score(source, train_votes=train, test_votes=test, seed=seed)
    scores = metrics | dict(found.values) | dict(voted.values)
    ordered = {name: scores[name] for name in METRICS if name in scores}
    return {"metrics": ordered, "votes": {"how": how, "train": train, "test": test}}


def latent_information(representation: Representation, seed: int = 0) -> np.ndarray:
    """I(z_i; z_j) of the aggregate posterior, `(D, D)`, nats, from thousands of samples.

    Gaussian posteriors: from their densities. Other numbers: from samples, by nearest neighbours.
    Where one latent of a pair has finitely many values: from counts, the other in equal-mass bins.
    """
    part = representation.sample(COMPONENTS, seed)
    encoded = part.encoded
    if part.gaussian:
        draws = part.codes + part.scale * np.random.default_rng(seed).standard_normal(
            part.codes.shape, dtype=np.float32
        )
        return np.asarray(aggregate_pairwise_mi(draws, part.codes, part.scale))
    valued = np.asarray([kind == "value" for kind in encoded.latent_kinds])
    samples = np.where(valued, encoded.codes, encoded.draws)
    most = max(len(np.unique(column)) for column in samples.T[valued]) if valued.any() else 0
    found = pairwise_mutual_information(samples, "binned", bins=max(20, most))
    numbers = np.flatnonzero(~valued)
    if len(numbers) > 1:
        found[np.ix_(numbers, numbers)] = pairwise_mutual_information(samples[:, numbers])
    return found


def rank_runs(runs: Sequence[Run], seed: int = 0) -> Ranking:
    """UDR of runs on the same data.

    Raises:
        RunError: where the runs were trained on different data.
    """
    prints = {run.record.data.fingerprint for run in runs}
    if len(prints) > 1:
        raise RunError(
            "UDR compares runs on the same images, and these were trained on different ones; give "
            "their data a fixed seed of its own, such as squares(seed=0)."
        )
    parts = [run.representation().sample(SAMPLES, seed) for run in runs]
    return udr([part.codes for part in parts], [part.latent_kl for part in parts])


def usable_factors(representation: Representation) -> list[int]:
    """Columns of factors that vary; a constant one has nothing to be found."""
    return [k for k, column in enumerate(representation.factors.T) if np.ptp(column) > 0]
