"""Binned codes and factors, from which metrics of mutual information are computed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.information.plug_in import Floats, Labels, as_labels
from micvae.metrics.binning import checked_bins, entropy, equal_width_bins, mutual_information
from micvae.metrics.inputs import CheckedInputs, check_inputs
from micvae.metrics.score import Weights

Binning = Callable[[NDArray[Any], int], Labels]


@dataclass(frozen=True)
class Tables:
    """Label columns of D latents and K factors.

    Attributes:
        codes: D columns (N,).
        factors: K columns (N,).
        binned_factors: Indices of the factors that had to be binned.
        given: The inputs.
    """

    codes: tuple[Labels, ...]
    factors: tuple[Labels, ...]
    binned_factors: tuple[int, ...]
    given: CheckedInputs

    @classmethod
    def of(
        cls,
        codes: ArrayLike,
        factors: ArrayLike,
        factor_kinds: Sequence[str] | None,
        bins: int,
        factor_bins: int,
        binning: Binning = equal_width_bins,
    ) -> "Tables":
        """Check and bin; discrete factors are used as they are.

        Raises:
            MetricError: As `check_inputs` does, and for fewer samples than bins.
        """
        least = checked_bins(bins=bins, factor_bins=factor_bins)
        given = check_inputs(codes, factors, factor_kinds, min_samples=least)
        return cls(
            tuple(binning(column, bins) for column in given.codes.T),
            factor_labels(given, factor_bins, binning),
            tuple(k for k, discrete in enumerate(given.discrete) if not discrete),
            given,
        )

    def information(self, weights: Weights) -> Floats:
        """Mutual information of every latent with every factor, (D, K), nats."""
        rows = [[mutual_information(z, v, weights) for v in self.factors] for z in self.codes]
        return np.array(rows)

    def entropies(self, weights: Weights) -> Floats:
        """Entropy of every factor, (K,), nats."""
        return np.array([entropy(v, weights) for v in self.factors])


def factor_labels(
    given: CheckedInputs, bins: int, binning: Binning = equal_width_bins
) -> tuple[Labels, ...]:
    """Number the values of discrete factors, bin the others: K columns (N,)."""
    return tuple(
        as_labels(column) if discrete else binning(column, bins)
        for column, discrete in zip(given.factors.T, given.discrete, strict=True)
    )


def gaps(information: Floats) -> Floats:
    """Largest less second largest entry of each column of (D, K); the second is 0 if D = 1."""
    ranked = np.sort(np.vstack([information, np.zeros(information.shape[1])]), axis=0)
    gap: Floats = ranked[-1] - ranked[-2]
    return gap


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide; 0 where the denominator is 0, as in a resample that holds a single value."""
    out = np.zeros(np.broadcast(numerator, denominator).shape)
    return np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)
