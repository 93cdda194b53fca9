"""The checks that every metric of codes and factors makes before it computes anything."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.data.dataset import KINDS, FactorKind, guess_kind, warn_of_guesses
from micvae.information.precision import as_floats, centred, lost_digits, unit_scaled
from micvae.metrics.columns import read_columns
from micvae.metrics.score import LostDigitsWarning, MetricError

if TYPE_CHECKING:
    from micvae.metrics.interventions import Interventions

MAX_CODE = 1e150
"""Largest code, so that sums of squares do not overflow."""

REMEDY = "specify it by factor_kinds"


@dataclass(frozen=True)
class Codes:
    """Codes (N, D), shifted so that differences of values keep all digits.

    Attributes:
        values: Float array (N, D), finite. A latent that an offset dominates, or whose integers
            exceed 2⁵³, is shifted by the number in `offsets`; no other digit is changed. float32
            stays float32 where no latent had to be shifted, all else becomes float64.
        offsets: (D,) what was subtracted from each latent, mostly 0.
        names: D names where the codes came with names, else ().
    """

    values: NDArray[Any]
    offsets: NDArray[np.float64]
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return N, the number of samples."""
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The codes as they were given, up to rounding."""
        raw = self.values + self.offsets if self.offsets.any() else self.values
        return raw.astype(dtype or raw.dtype)

    def latent(self, d: int) -> str:
        """The latent as messages name it."""
        return f"latent {self.names[d]!r}" if self.names else f"latent {d}"


@dataclass(frozen=True)
class CheckedInputs:
    """Codes and factors that satisfy every metric's preconditions.

    Attributes:
        read: The codes, and by what they were shifted.
        factors: Float array (N, K), finite, no column constant. Columns that an offset dominates
            are shifted and those of an extreme size rescaled by a power of two, but for angles.
        kinds: One kind per factor, given or inferred.
        discrete: Per factor, whether its values are classes (`True`) or numbers on a line.
        names: K names where they are known, else ().
    """

    read: Codes
    factors: NDArray[np.float64]
    kinds: tuple[FactorKind, ...]
    discrete: tuple[bool, ...]
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return N, the number of samples."""
        return len(self.read)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The factors."""
        return self.factors.astype(dtype or self.factors.dtype)

    @property
    def codes(self) -> NDArray[Any]:
        """The codes (N, D), see `Codes.values`."""
        return self.read.values

    def factor(self, k: int) -> str:
        """The factor as messages name it."""
        return f"factor {self.names[k]!r}" if self.names else f"factor {k}"


@dataclass(frozen=True, kw_only=True, eq=False)
class MetricInputs:
    """What the scores of one representation are computed from; see `evaluate` for the fields.

    Every part is checked once, when the first metric needs it.
    """

    codes: ArrayLike
    factors: ArrayLike | None
    factor_kinds: Sequence[str] | None
    factor_names: Sequence[str] | None
    scale: ArrayLike | None
    interventions: Interventions | None
    seed: int
    n_jobs: int
    resamples: int = 0
    """Bootstrap resamples of metrics that are prepared once."""
    refits: int = 0
    """Bootstrap resamples of metrics that are fitted anew for each."""

    @property
    def given(self) -> set[str]:
        """What there is, out of `codes`, `factors` and `interventions`."""
        there = {"factors": self.factors, "interventions": self.interventions}
        return {"codes", *(name for name, value in there.items() if value is not None)}

    def check(self, factors: bool) -> None:
        """Check the codes and, where asked for, the factors and scale.

        Raises:
            MetricError: See `check_inputs` and `check_scale`.
        """
        _ = self.checked_codes
        if factors:
            _ = self.checked_factors, self.checked_scale

    @cached_property
    def checked_codes(self) -> Codes:
        """The codes, see `read_codes`."""
        return read_codes(self.codes)

    @cached_property
    def checked_factors(self) -> CheckedInputs:
        """The codes beside the factors, see `check_inputs`."""
        assert self.factors is not None
        return check_inputs(
            self.checked_codes, self.factors, self.factor_kinds, factor_names=self.factor_names
        )

    @cached_property
    def checked_scale(self) -> NDArray[np.float64] | None:
        """The posterior standard deviations, see `check_scale`."""
        return check_scale(self.scale, self.checked_codes.values)


def check_inputs(
    codes: ArrayLike,
    factors: ArrayLike,
    factor_kinds: Sequence[str] | None = None,
    *,
    min_samples: int = 2,
    factor_names: Sequence[str] | None = None,
    kinds_matter: bool = True,
) -> CheckedInputs:
    """Check codes and factors, and settle which factors are discrete.

    A kind that is not given is inferred by `micvae.data.dataset.guess_kind`, with a warning where
    the values allow two answers; text in a data frame is `categorical`. `ordinal` and
    `categorical` factors are discrete; `continuous` ones are not; an `angular` one is discrete
    unless the same rule finds it continuous.

    Args:
        codes: (N, D) real array, tensor or data frame; or what `check_codes` gave.
        factors: (N, K) likewise; or what this function gave, which is returned.
        factor_kinds: K names out of `continuous`, `ordinal`, `categorical`, `angular`, or `None`.
        min_samples: The smallest N that the calling metric is defined for.
        factor_names: K names for messages; those of a data frame where left out.
        kinds_matter: Whether the score depends on the kinds; only then is a doubtful guess
            reported.

    Raises:
        MetricError: For text, NaN, infinities, masked entries, missing values, codes beyond
            1e150, an array that is not 2-D or is empty, lengths that differ, N below
            `min_samples`, a constant factor, or kinds that are unknown or not K in number.

    Warns:
        AmbiguousKindWarning: Where a kind is inferred and the values allow two answers.
        LostDigitsWarning: See `check_codes`.
    """
    if isinstance(factors, CheckedInputs):
        _check_size(len(factors), min_samples)
        return factors
    z = read_codes(codes)
    columns = read_columns(factors, "factors", "(N, K)", text=True)
    names = tuple(map(str, factor_names)) if factor_names is not None else columns.names
    count = len(columns.values)
    if names and len(names) != count:
        raise MetricError(f"factor_names has {len(names)} entries for {count} factors")
    called = [f"factor {name!r}" for name in names] or [f"factor {k}" for k in range(count)]
    if len(z) != len(columns.values[0]):
        raise MetricError(
            f"codes have {len(z)} rows and factors {len(columns.values[0])}: row i of both must "
            "be of sample i"
        )
    _check_size(len(z), min_samples)
    _check_finite(columns.values, "factors")
    for name, column in zip(called, columns.values, strict=True):
        if column.min() == column.max():
            raise MetricError(
                f"{name} is constant ({float(column[0]):g}): nothing can be learned about it, "
                "leave its column out"
            )
    kinds = _kinds(columns.values, columns.kinds, names, factor_kinds, kinds_matter)
    f = np.stack(
        [_factor(*pair) for pair in zip(columns.values, kinds, called, strict=True)], axis=1
    )
    discrete = tuple(
        (guess_kind(column) if kind == "angular" else kind) != "continuous"
        for kind, column in zip(kinds, f.T, strict=True)
    )
    return CheckedInputs(z, f, kinds, discrete, names)


def _kinds(
    columns: Sequence[NDArray[Any]],
    known: Sequence[FactorKind | None],
    names: Sequence[str],
    given: Sequence[str] | None,
    warn: bool,
) -> tuple[FactorKind, ...]:
    """The given kinds, else those of the column types, else guesses."""
    if given is None:
        open_ones = [k for k, kind in enumerate(known) if kind is None]
        guessed = [kind or guess_kind(c) for kind, c in zip(known, columns, strict=True)]
        called = [repr(names[k]) if names else str(k) for k in open_ones]
        if warn:
            warn_of_guesses([columns[k] for k in open_ones], called, REMEDY)
        return tuple(guessed)
    kinds = (given,) if isinstance(given, str) else tuple(given)
    if len(kinds) != len(columns):
        raise MetricError(f"factor_kinds has {len(kinds)} entries for {len(columns)} factors")
    for kind in kinds:
        if kind not in KINDS:
            raise MetricError(f"unknown factor kind {kind!r}: choose from {', '.join(KINDS)}")
    return cast(tuple[FactorKind, ...], kinds)


def _factor(column: NDArray[Any], kind: FactorKind, name: str) -> NDArray[np.float64]:
    """A factor in float64; angles unchanged, others without offsets and extreme scales."""
    if kind == "angular":
        return column.astype(np.float64)
    floats = as_floats(column)[0].astype(np.float64)
    if float(np.abs(floats).max()) > MAX_CODE:
        floats = unit_scaled(floats[:, None])[:, 0]
    scaled: NDArray[np.float64] = unit_scaled(centred(floats)[0][:, None])[:, 0]
    if scaled.min() == scaled.max():
        raise MetricError(f"{name} varies by less than a float64 can hold: rescale it")
    return scaled


def read_codes(codes: ArrayLike) -> Codes:
    """Check codes and shift them so that no score loses digits.

    Raises:
        MetricError: See `check_codes`.

    Warns:
        LostDigitsWarning: See `check_codes`.
    """
    if isinstance(codes, Codes):
        return codes
    columns = read_columns(codes, "codes", "(N, D)", text=False)
    _check_finite(columns.values, "codes")
    coarse = lost_digits(columns.values)
    exact = [as_floats(column) for column in columns.values]
    for values, _ in exact:
        if float(np.abs(values).max()) > MAX_CODE:
            raise MetricError(f"codes exceed {MAX_CODE:g}: rescale them")
    moved = [centred(values) for values, _ in exact]
    offsets = np.array([a + b for (_, a), (_, b) in zip(exact, moved, strict=True)])
    found = Codes(np.stack([values for values, _ in moved], axis=1), offsets, columns.names)
    if coarse:
        which = ", ".join(map(found.latent, coarse))
        warnings.warn(
            f"{which}: a large offset has rounded the values to a few different ones; subtract it "
            "from the codes "
            "before they are stored, or store them in float64",
            LostDigitsWarning,
            stacklevel=3,
        )
    return found


def check_codes(codes: ArrayLike, *, min_samples: int = 1) -> NDArray[Any]:
    """Check codes alone, for scores that need no factors and do not depend on an offset.

    Returns:
        (N, D) floats, see `Codes.values`.

    Raises:
        MetricError: For text, NaN, infinities, masked entries, missing values, codes beyond
            1e150, an array that is not 2-D or is empty, or N below `min_samples`.

    Warns:
        LostDigitsWarning: Where an offset has left a latent few different values.
    """
    z = read_codes(codes)
    _check_size(len(z), min_samples)
    return z.values


def check_scale(scale: ArrayLike | None, codes: NDArray[Any]) -> NDArray[np.float64] | None:
    """Check posterior standard deviations (N, D) of codes (N, D), where they are given.

    Raises:
        MetricError: For another shape, or entries that are not finite and positive.
    """
    if scale is None:
        return None
    columns = read_columns(scale, "scale", "(N, D)", text=False)
    _check_finite(columns.values, "scale")
    checked = np.stack([column.astype(np.float64) for column in columns.values], axis=1)
    if checked.shape != codes.shape:
        raise MetricError(f"scale has shape {checked.shape} and codes {codes.shape}: one each")
    if checked.min() <= 0:
        raise MetricError("scale must be positive: standard deviations of q(z|x)")
    return checked


def _check_size(n: int, least: int) -> None:
    if n < least:
        raise MetricError(f"{n} samples are too few: at least {least} are needed")


def _check_finite(columns: Sequence[NDArray[Any]], what: str) -> None:
    bad = [~np.isfinite(column) for column in columns]
    count = sum(int(column.sum()) for column in bad)
    if count:
        row, d = min((int(np.argmax(column)), d) for d, column in enumerate(bad) if column.any())
        raise MetricError(
            f"{what} must be finite: {count} of {len(bad) * len(bad[0])} entries are NaN or "
            f"infinite, the first at row {row}, column {d}"
        )
