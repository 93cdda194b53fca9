"""A scikit-learn estimator: fit, transform and score own data."""

from micvae.estimator.disentangler import Disentangler

__all__ = ["Disentangler"]
