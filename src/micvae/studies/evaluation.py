"""What `micvae evaluate RUN` computes and stores."""

import time
from typing import Any

import numpy as np

from micvae.files import write_json
from micvae.information import aggregate_pairwise_mi, mutual_information_matrix
from micvae.metrics import evaluate
from micvae.metrics.inputs import check_inputs
from micvae.representation import Representation
from micvae.training.run import SCORES, Run

SAMPLES = 15_000
"""At most so many samples are scored: 10,000 to train predictors on, 5,000 to test."""

COMPONENTS = 4_000
"""Samples, and components of the mixture, of the aggregate posterior in the estimate of R_MI."""


def evaluate_run(run: Run, seed: int = 0) -> dict[str, Any]:
    """Score a finished run and store the result in it as `scores.json`.

    Returns:
        `metrics` (name → score; none without factors), `r_mi` (Σ_{i≠j} I(z_i; z_j) of the
        aggregate posterior, nats), `latent_mi` (D, D) its summands, `factor_mi` (D, K) between
        codes and factors, `latent_kl` (D,), `active` (D,) booleans, `active_units`,
        `reconstruction` and `kl` (nats per sample, mean over the last epoch), `samples`, `seed`.
    """
    representation = run.representation()
    part = representation.sample(SAMPLES, seed)
    started = time.perf_counter()
    latent_mi = latent_information(representation, seed)
    scored = usable_factors(part)
    result: dict[str, Any] = {
        "metrics": {},
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
        result["metrics"] = evaluate(part.codes, factors, factor_kinds=kinds, seed=seed)
        discrete = check_inputs(part.codes, factors, kinds).discrete
        matrix = mutual_information_matrix(part.codes, factors, discrete=discrete)
        result["factor_mi"] = matrix.tolist()
    result["seconds"] = round(time.perf_counter() - started, 3)
    write_json(run.path / SCORES, result)
    return result


def latent_information(representation: Representation, seed: int = 0) -> np.ndarray:
    """I(z_i; z_j) of the aggregate posterior, `(D, D)`, nats, from thousands of samples."""
    part = representation.sample(COMPONENTS, seed)
    return np.asarray(aggregate_pairwise_mi(part.noisy(seed), part.codes, part.scale))


def usable_factors(representation: Representation) -> list[int]:
    """Columns of factors that vary; a constant one has nothing to be found."""
    return [k for k, column in enumerate(representation.factors.T) if np.ptp(column) > 0]
