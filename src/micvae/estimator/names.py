"""Names of features: kept when an estimator is fitted, and compared afterwards."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from micvae.errors import DataError

SHOWN = 5


def check_names(estimator: Any, names: tuple[str, ...], fitting: bool) -> None:
    """Keep the names of the columns of a frame, or compare them with those that were fitted.

    scikit-learn does the same, in the same words, for frames that it knows; this is for the frames
    of every library.

    Args:
        estimator: whose `feature_names_in_` and `n_features_in_` are set or read.
        names: of the columns.
        fitting: whether to set or to read them.

    Raises:
        DataError: where names are unseen, missing or in another order.
    """
    if fitting:
        estimator.feature_names_in_ = np.asarray(names, dtype=object)
        estimator.n_features_in_ = len(names)
        return
    kind = type(estimator).__name__
    fitted = getattr(estimator, "feature_names_in_", None)
    if fitted is None:
        warnings.warn(
            f"X has feature names, but {kind} was fitted without feature names",
            UserWarning,
            stacklevel=4,
        )
        expected = getattr(estimator, "n_features_in_", len(names))
        if len(names) != expected:
            raise DataError(
                f"X has {len(names)} features, but {kind} is expecting {expected} features as "
                "input."
            )
        return
    known = tuple(fitted)
    if names == known:
        return
    message = "The feature names should match those that were passed during fit.\n"
    unseen, missing = sorted({*names} - {*known}), sorted({*known} - {*names})
    if unseen:
        message += "Feature names unseen at fit time:\n" + _listed(unseen)
    if missing:
        message += "Feature names seen at fit time, yet now missing:\n" + _listed(missing)
    if not unseen and not missing:
        message += "Feature names must be in the same order as they were in fit.\n"
    raise DataError(message)


def _listed(names: list[str]) -> str:
    lines = [f"- {name}\n" for name in names[:SHOWN]]
    return "".join([*lines, "- ...\n"] if len(names) > SHOWN else lines)
