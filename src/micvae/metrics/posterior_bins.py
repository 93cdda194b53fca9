"""Histograms of the aggregate posterior: the bins of RMIG and JEMMIG."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import ndtr

from micvae.information.plug_in import Floats, Labels, contingency
from micvae.metrics.binning import checked_bins, entropy, entropy_of, information_of
from micvae.metrics.inputs import check_inputs, check_scale
from micvae.metrics.score import Weights, check_setting
from micvae.metrics.tables import factor_labels


@dataclass(frozen=True)
class PosteriorBins:
    """Mass of every sample's posterior in every bin, latent by latent.

    Attributes:
        masses: Per latent the bin (N,) that holds the mass of every sample, or, with a scale, an
            array (N, bins) with rows that sum to 1: 4·N·D·bins bytes.
        factors: K label columns (N,).
        binned_factors: Indices of the factors that had to be binned.
        bins: Bins per latent.
    """

    masses: tuple[Labels | NDArray[np.float32], ...]
    factors: tuple[Labels, ...]
    binned_factors: tuple[int, ...]
    bins: int

    @classmethod
    def of(
        cls,
        codes: ArrayLike,
        factors: ArrayLike,
        factor_kinds: Sequence[str] | None,
        scale: ArrayLike | None,
        bins: int,
        limits: tuple[float, float] | None,
        factor_bins: int,
    ) -> "PosteriorBins":
        """Cut each latent's range, or `limits`, into equally wide bins.

        A sample's mass is that of N(codes, scale²) in every bin; without a scale all of it is in
        one bin. Mass outside the range counts in the outermost bins.

        Raises:
            MetricError: As `check_inputs` does, for a scale that does not fit the codes, limits
                in the wrong order, or fewer samples than bins of a factor.
        """
        checked_bins(bins=bins, factor_bins=factor_bins)
        given = check_inputs(codes, factors, factor_kinds, min_samples=factor_bins)
        spread = check_scale(scale, given.codes)
        if limits is not None:
            check_setting(
                "limits",
                limits,
                lambda v: len(v) == 2 and -np.inf < v[0] < v[1] < np.inf,
                "give two finite numbers (low, high) with low below high",
            )
        masses = []
        for j, column in enumerate(given.codes.T.astype(np.float64)):
            moved = given.read.offsets[j]
            low, high = column.min(), column.max()
            if limits is not None:
                low, high = limits[0] - moved, limits[1] - moved
            inner = np.linspace(low, high, bins + 1)[1:-1]
            masses.append(_mass(column, None if spread is None else spread[:, j], inner))
        return cls(
            tuple(masses),
            factor_labels(given, factor_bins),
            tuple(k for k, discrete in enumerate(given.discrete) if not discrete),
            bins,
        )

    def __len__(self) -> int:
        """Return N, the number of samples."""
        return len(self.masses[0])

    def measures(self, weights: Weights) -> tuple[Floats, Floats, Floats]:
        """I(z_j; v_k) and H(z_j, v_k), (D, K) each, and H(v_k), (K,), in nats."""
        information = np.zeros((len(self.masses), len(self.factors)))
        joint = np.zeros_like(information)
        for k, labels in enumerate(self.factors):
            shape = int(labels.max()) + 1, len(labels)
            member = csr_array((weights, (labels, np.arange(len(labels)))), shape=shape)
            for j, mass in enumerate(self.masses):
                if mass.ndim == 2:
                    table = member @ mass
                else:
                    table = contingency(labels, mass.astype(np.int64, copy=False), weights)
                information[j, k], joint[j, k] = information_of(table), entropy_of(table)
        return information, joint, np.array([entropy(v, weights) for v in self.factors])


def _mass(
    column: Floats, scale: Floats | None, inner: NDArray[np.float64]
) -> Labels | NDArray[np.float32]:
    if scale is None:
        return np.asarray(np.searchsorted(inner, column, side="right"), dtype=np.int64)
    below = ndtr((inner - column[:, None]) / scale[:, None])
    return np.asarray(np.diff(below, prepend=0.0, append=1.0, axis=1), dtype=np.float32)
