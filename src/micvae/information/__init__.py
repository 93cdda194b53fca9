"""Estimators of mutual information: differentiable ones to train with, and ones to evaluate with.

Training: `ESTIMATORS` maps a name to a `PairwiseEstimator`; see its docstring for the interface.
Evaluation: `pairwise_mutual_information`, `mutual_information_matrix`, `aggregate_pairwise_mi`,
`total_correlation`; `permutation_null` says what an estimate is where nothing depends on anything.
Everything is in nats. Names are imported when first used, so that torch is loaded late.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from micvae import spelling

if TYPE_CHECKING:
    from micvae.information.aggregate import aggregate_pairwise_mi
    from micvae.information.base import PairwiseEstimator
    from micvae.information.binned import mutual_information_matrix
    from micvae.information.multi_information import total_correlation
    from micvae.information.pairwise import pairwise_mutual_information
    from micvae.information.permutation import null_interval, permutation_null

    ESTIMATORS: dict[str, type[PairwiseEstimator]]

# To add a training estimator, write its file and add its line here.
_TRAINING = {
    "mixture": "mixture.MinibatchMixture",
    "mws": "mws.MinibatchWeightedSampling",
    "mss": "mss.MinibatchStratifiedSampling",
    "gaussian": "gaussian.GaussianCorrelation",
    "density-ratio": "density_ratio.DensityRatio",
}

_EXPORTS = {
    "PairwiseEstimator": "base.PairwiseEstimator",
    "aggregate_pairwise_mi": "aggregate.aggregate_pairwise_mi",
    "mutual_information_matrix": "binned.mutual_information_matrix",
    "null_interval": "permutation.null_interval",
    "pairwise_mutual_information": "pairwise.pairwise_mutual_information",
    "permutation_null": "permutation.permutation_null",
    "total_correlation": "multi_information.total_correlation",
}

__all__ = [
    "ESTIMATORS",
    "PairwiseEstimator",
    "aggregate_pairwise_mi",
    "mutual_information_matrix",
    "null_interval",
    "pairwise_mutual_information",
    "permutation_null",
    "total_correlation",
]


def _load(target: str) -> Any:
    module, name = target.split(".")
    return getattr(import_module(f"{__name__}.{module}"), name)


def __getattr__(name: str) -> Any:
    if name == "ESTIMATORS":
        value: Any = {key: _load(target) for key, target in _TRAINING.items()}
        spelling.register(_load(_EXPORTS["PairwiseEstimator"]), value, "estimator")
    elif name in _EXPORTS:
        value = _load(_EXPORTS[name])
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
