"""The estimator of scikit-learn's kind: fit, transform, score on one's own data."""

from micvae.estimator.disentangler import Disentangler

__all__ = ["Disentangler"]
