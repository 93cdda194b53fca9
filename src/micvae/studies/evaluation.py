"""What `micvae evaluate RUN` computes and stores."""

import time
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from micvae import records
from micvae.checks import whole_number
from micvae.errors import MicvaeWarning, RunError
from micvae.information import (
    aggregate_pairwise_mi,
    mutual_information_matrix,
    pairwise_mutual_information,
)
from micvae.information.permutation import prediction_interval
from micvae.metrics import (
    METRICS,
    Matched,
    MissingScoreWarning,
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
from micvae.records import FieldError
from micvae.representation import Representation
from micvae.studies.nulls import PERMUTATIONS, Null, factor_null, metric_nulls, permuted
from micvae.torch_state import with_torch_defaults
from micvae.training.record import Scores
from micvae.training.run import SCORES, Run

SAMPLES = 15_000
"""At most so many samples are scored: 10,000 to train predictors on, 5,000 to test."""

COMPONENTS = 4_000
"""Samples, and components of the mixture, of the aggregate posterior in the estimate of R_MI."""

NULL_WORK = 2_000_000
"""Samples times components of one draw of the null of R_MI: all up to some 1,400 samples."""

VOTES = {"rendered": (1_000, 1_000), "matched": (10_000, 5_000)}
"""Training and test votes of the interventional scores: the published study's where groups are
found among the samples; fewer, for the sake of time, where every vote's images are rendered."""


INTERVENTIONAL = ("beta_vae_score", "factor_vae_score")
"""The scores that hold a factor fixed."""


@with_torch_defaults
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
        RunError: where a file of the run is missing or damaged, or a score is NaN or infinite.
    """
    seed = whole_number("seed", seed)
    representation = run.representation()
    part = representation.sample(SAMPLES, seed)
    started = time.perf_counter()
    latent_mi = latent_information(representation, seed)
    r_mi_null, latent_null = latent_information_null(representation, seed)
    scored = usable_factors(part)
    result: dict[str, Any] = {
        "metrics": {},
        "missing": {},
        "cautions": [],
        "votes": None,
        "r_mi": float(latent_mi.sum()),
        "r_mi_null": None if r_mi_null is None else [r_mi_null.low, r_mi_null.high],
        "latent_mi": latent_mi.tolist(),
        "latent_mi_null": latent_null.tolist(),
        "factor_mi": None,
        "factor_mi_null": None,
        "metric_nulls": {},
        "latent_kl": representation.latent_kl.tolist(),
        "active": representation.active.tolist(),
        "active_units": int(representation.active.sum()),
        "factor_names": [part.factor_names[k] for k in scored],
        "samples": len(part),
        "seed": seed,
    }
    last = run.final_terms()
    result |= {name: last.get(name) for name in ("reconstruction", "kl")}
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
                factor_names=result["factor_names"],
            )
        result["cautions"] = [str(w.message) for w in caught]
        result["missing"] = missing_of(w.message for w in caught)
        if interventions:
            result |= _interventional(run, part, scored, seed, result)
        discrete = check_inputs(part.codes, factors, kinds).discrete
        matrix = mutual_information_matrix(part.codes, factors, discrete=discrete)
        result["factor_mi"] = matrix.tolist()
        result["factor_mi_null"] = factor_null(part.codes, factors, discrete, seed).tolist()
    else:
        result["metrics"] = evaluate(part.codes, seed=seed)
    nulls = metric_nulls(part.codes, list(result["metrics"]), seed)
    result["metric_nulls"] = {name: [null.low, null.high] for name, null in nulls.items()}
    result["seconds"] = round(time.perf_counter() - started, 3)
    try:
        scores: Scores = records.decoded(Scores, result)
    except FieldError as error:
        raise RunError(
            f"{run.path / SCORES} is not written: {error} Check the data and the model."
        ) from None
    records.write(run.path / SCORES, scores)
    return scores


def missing_of(messages: Iterable[Warning | str]) -> dict[str, str]:
    """The scores that warnings say are left out, and why."""
    told = [message for message in messages if isinstance(message, MissingScoreWarning)]
    return {name: message.reason for message in told for name in message.names}


def _interventional(
    run: Run, part: Representation, scored: list[int], seed: int, found: dict[str, Any]
) -> dict[str, Any]:
    """The scores that need a factor held fixed, and their votes; or why there are none.

    A run whose data is not stored with it has its codes and factors, among which groups of samples
    that share a value are found.
    """
    dataset = run.dataset() if run.has_data else None
    kinds = [part.factor_kinds[k] for k in scored]
    source: Interventions
    # New images are encoded one by one, which is not how every method makes its codes.
    if (
        dataset is not None
        and dataset.renderer is not None
        and run.config.objective.encodes_samplewise
    ):
        how, model = "rendered", run.model()
        source = Rendered(lambda images: encode(model, images).codes, dataset)
    else:
        how, factors = "matched", part.factors[:, scored]
        given = check_inputs(part.codes, factors, kinds, factor_names=found["factor_names"])
        if not all(given.discrete):
            reason = (
                f"{given.factor(given.discrete.index(False))} is continuous, so no two samples "
                "share a value, and no new images can be rendered for this run"
            )
            return {"missing": found["missing"] | dict.fromkeys(INTERVENTIONAL, reason)}
        source = Matched(given, given)
    train, test = VOTES[how]
    paired = beta_vae_score(source, train_points=train, test_points=test, seed=seed)
    voted = factor_vae_score(source, train_votes=train, test_votes=test, seed=seed)
    scores = found["metrics"] | dict(paired.values) | dict(voted.values)
    ordered = {name: scores[name] for name in METRICS if name in scores}
    return {"metrics": ordered, "votes": {"how": how, "train": train, "test": test}}


def latent_information_null(
    representation: Representation, seed: int = 0
) -> tuple[Null | None, np.ndarray]:
    """What `latent_information` gives for the same latents, made independent.

    The estimates are biased, above all on few samples, so that none can be read without this. Each
    latent's samples are permuted on their own, which keeps N, the posteriors and the estimator.
    Densities of many components are taken at fewer samples, which widens the interval a little.

    Returns:
        The interval of R_MI, None for a single latent, and the upper ends for every pair, `(D, D)`.
    """
    part = representation.sample(COMPONENTS, seed)
    count = part.codes.shape[1]
    if count < 2:
        return None, np.zeros((count, count))
    rows = max(1, min(len(part), NULL_WORK // len(part)))
    drawn = np.asarray(
        [
            latent_information(permuted(part, seed + 1 + p), seed + 1 + p, rows)
            for p in range(PERMUTATIONS)
        ]
    )
    low, high = prediction_interval(drawn.sum((1, 2)))
    return Null(float(low), float(high)), prediction_interval(drawn)[1]


def latent_information(
    representation: Representation, seed: int = 0, rows: int | None = None
) -> np.ndarray:
    """I(z_i; z_j) of the aggregate posterior, `(D, D)`, nats, from thousands of samples.

    Gaussian posteriors: from their densities. Other numbers: from samples, by nearest neighbours.
    Where one latent of a pair has finitely many values: from counts, the other in equal-mass bins.

    Args:
        representation: of which at most `COMPONENTS` samples are taken.
        seed: of the samples, and of the noise.
        rows: at how many of these densities are taken, see `aggregate_pairwise_mi`.
    """
    part = representation.sample(COMPONENTS, seed)
    encoded = part.encoded
    if part.gaussian:
        draws = part.codes + part.scale * np.random.default_rng(seed).standard_normal(
            part.codes.shape, dtype=np.float32
        )
        return np.asarray(aggregate_pairwise_mi(draws, part.codes, part.scale, rows=rows))
    valued = np.asarray([kind == "discrete" for kind in encoded.latent_kinds])
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
