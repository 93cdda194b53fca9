"""The checks that every metric of codes and factors makes before it computes anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.data.dataset import KINDS, FactorKind, guess_kind
from micvae.metrics.score import MetricError

_LARGEST = float(np.finfo(np.float32).max) / 4
_LEAST_SPREAD = 1e-100  # squares of deviations must not underflow


@dataclass(frozen=True)
class CheckedInputs:
    """Codes and factors that satisfy every metric's preconditions.

    Attributes:
        codes: Float array (N, D), finite; float32 stays float32, all else becomes float64.
        factors: Float array (N, K), finite, no column constant.
        kinds: One kind per factor, given or inferred.
        discrete: Per factor, whether its values are classes (`True`) or numbers on a line.
    """

    codes: NDArray[Any]
    factors: NDArray[np.float64]
    kinds: tuple[FactorKind, ...]
    discrete: tuple[bool, ...]

    def __len__(self) -> int:
        """Return N, the number of samples."""
        return len(self.codes)


def check_inputs(
    codes: ArrayLike,
    factors: ArrayLike,
    factor_kinds: Sequence[str] | None = None,
    *,
    min_samples: int = 2,
) -> CheckedInputs:
    """Check codes and factors, and settle which factors are discrete.

    A kind that is not given is inferred: a factor is `continuous` if all its values are distinct,
    or if it has more than 50 distinct values and not all are whole numbers; else it is `ordinal`.
    `ordinal` and `categorical` factors are discrete; `continuous` ones are not; an `angular` one
    is discrete unless the same rule finds it continuous.

    Args:
        codes: (N, D) real array.
        factors: (N, K) real array.
        factor_kinds: K names out of `continuous`, `ordinal`, `categorical`, `angular`, or `None`.
        min_samples: The smallest N that the calling metric is defined for.

    Raises:
        MetricError: For strings, NaN, infinities, values beyond the float32 range, an array that
            is not 2-D or is empty, lengths that differ, N below `min_samples`, a constant
            factor or one that varies by less than 1e-100, or kinds that are unknown or not K in
            number.
    """
    z = check_codes(codes)
    f = _matrix(factors, "factors", "(N, K)").astype(np.float64)
    if len(z) != len(f):
        raise MetricError(
            f"codes have {len(z)} rows and factors {len(f)}: row i of both must be of sample i"
        )
    if len(z) < min_samples:
        raise MetricError(f"{len(z)} samples are too few: at least {min_samples} are needed")
    if np.abs(f).max() > _LARGEST:
        raise MetricError("factors exceed the float32 range: rescale them")
    for k in range(f.shape[1]):
        if f[:, k].min() == f[:, k].max():
            raise MetricError(
                f"factor {k} is constant ({f[0, k]:g}): nothing can be learned about it, "
                "leave its column out"
            )
        if np.ptp(f[:, k]) < _LEAST_SPREAD:
            raise MetricError(f"factor {k} varies by {np.ptp(f[:, k]):g} only: rescale it")
    guessed = [guess_kind(column) for column in f.T]
    kinds: tuple[str, ...] = tuple(guessed if factor_kinds is None else factor_kinds)
    if len(kinds) != f.shape[1]:
        raise MetricError(f"factor_kinds has {len(kinds)} entries for {f.shape[1]} factors")
    for kind in kinds:
        if kind not in KINDS:
            raise MetricError(f"unknown factor kind {kind!r}: choose from {', '.join(KINDS)}")
    discrete = tuple(
        (guess if kind == "angular" else kind) != "continuous"
        for kind, guess in zip(kinds, guessed, strict=True)
    )
    return CheckedInputs(z, f, cast(tuple[FactorKind, ...], kinds), discrete)


def check_codes(codes: ArrayLike, *, min_samples: int = 1) -> NDArray[Any]:
    """Check codes alone, for scores that need no factors.

    Raises:
        MetricError: For strings, NaN, infinities, codes beyond the float32 range, an array that
            is not 2-D or is empty, or N below `min_samples`.
    """
    z = _matrix(codes, "codes", "(N, D)")
    if np.abs(z).max() > _LARGEST:
        raise MetricError("codes exceed the float32 range: rescale them")
    if len(z) < min_samples:
        raise MetricError(f"{len(z)} samples are too few: at least {min_samples} are needed")
    return z


def check_scale(scale: ArrayLike | None, codes: NDArray[Any]) -> NDArray[np.float64] | None:
    """Check posterior standard deviations (N, D) of codes (N, D), where they are given.

    Raises:
        MetricError: For another shape, or entries that are not finite and positive.
    """
    if scale is None:
        return None
    checked = _matrix(scale, "scale", "(N, D)").astype(np.float64)
    if checked.shape != codes.shape:
        raise MetricError(f"scale has shape {checked.shape} and codes {codes.shape}: one each")
    if checked.min() <= 0:
        raise MetricError("scale must be positive: standard deviations of q(z|x)")
    return checked


def _matrix(values: ArrayLike, name: str, shape: str) -> NDArray[Any]:
    """Return a finite, non-empty 2-D float array, or raise by the argument's name."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise MetricError(
            f"{name} cannot be read as an array of shape {shape}: {problem}"
        ) from None
    if array.dtype.kind not in "biuf":
        raise MetricError(
            f"{name} must be real numbers, not {array.dtype}: number the categories first, "
            "for instance by np.unique(column, return_inverse=True)[1]"
        )
    if array.ndim != 2:
        raise MetricError(
            f"{name} must have two dimensions {shape}, not shape {array.shape}"
            + (": use values[:, None] for a single column" if array.ndim == 1 else "")
        )
    if array.size == 0:
        raise MetricError(f"{name} are empty: shape {array.shape}")
    if array.dtype != np.float32:
        array = array.astype(np.float64)
    bad = ~np.isfinite(array)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise MetricError(
            f"{name} must be finite: {bad.sum()} of {array.size} entries are NaN or infinite, "
            f"the first at row {row}, column {column}"
        )
    return array
