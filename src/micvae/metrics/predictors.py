"""Predictors that give the importance of each code for one factor, besides those of `boosting`."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """The fit of one predictor to one factor.

    Attributes:
        importance: (D,) Importance of each code; the sum is 1, or all are 0.
        quality: On the test set, the accuracy of a discrete target, else R².
    """

    importance: Floats
    quality: float

    @classmethod
    def of(cls, importance: Floats, predicted: Floats, true: Floats, discrete: bool) -> "Fit":
        """Normalise the importance and judge the predictions (M,)."""
        importance = np.abs(importance).astype(np.float64)
        if importance.sum() > 0:
            importance = importance / importance.sum()
        if discrete:
            return cls(importance, float(np.mean(predicted == true)))
        return cls(importance, r_squared(predicted, true))


def r_squared(predicted: Floats, true: Floats, weights: Floats | None = None) -> float:
    """Coefficient of determination; 0 where the truth does not vary."""
    w = np.ones(len(true)) if weights is None else weights
    if w.sum() == 0:
        return 0.0
    spread = np.sum(w * (true - np.average(true, weights=w)) ** 2)
    return float(1 - np.sum(w * (true - predicted) ** 2) / spread) if spread > 0 else 0.0


def fit_ensemble(
    name: str,
    train: NDArray[Any],
    target: Floats,
    test: NDArray[Any],
    test_target: Floats,
    *,
    discrete: bool,
    random: np.random.RandomState,
) -> Fit:
    """Fit scikit-learn's classifier or regressor of that name with its defaults."""
    from sklearn import ensemble

    kind = getattr(ensemble, name + ("Classifier" if discrete else "Regressor"))
    model = kind(random_state=random).fit(train, target)
    return Fit.of(model.feature_importances_, model.predict(test), test_target, discrete)


fit_sklearn = partial(fit_ensemble, "GradientBoosting")
"""Gradient boosting as in the published study: the reference."""

fit_forest = partial(fit_ensemble, "RandomForest")
"""100 trees of unlimited depth."""


ALPHA = 0.01
"""Weight of the lasso's L1 penalty, for codes and targets of unit variance."""


def fit_lasso(
    train: NDArray[Any],
    target: Floats,
    test: NDArray[Any],
    test_target: Floats,
    *,
    discrete: bool,
    random: np.random.RandomState,
) -> Fit:
    """Fit a lasso to standardised codes; the importance is |coefficient|.

    A discrete target is one-hot encoded. The coefficients of its classes are summed, and the
    class with the largest prediction is predicted.
    """
    from sklearn.linear_model import Lasso

    mean, spread = train.mean(axis=0), train.std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    classes = np.unique(target)
    wanted = (target[:, None] == classes) if discrete else target[:, None]
    model = Lasso(alpha=ALPHA * wanted.std(axis=0).mean(), random_state=random)
    model.fit((train - mean) / spread, wanted.astype(np.float64))
    found = model.predict((test - mean) / spread).reshape(len(test), -1)
    predicted = classes[found.argmax(axis=1)] if discrete else found[:, 0]
    importance = np.abs(model.coef_.reshape(-1, train.shape[1])).sum(axis=0)
    return Fit.of(importance, predicted, test_target, discrete)
