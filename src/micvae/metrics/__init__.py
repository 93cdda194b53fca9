r"""Scores of a representation: pure functions of codes (N, D) and ground-truth factors (N, K).

`evaluate` computes all of them, or those named; `intervals` adds bootstrap intervals; each function
(`mig`, `dci`, …) also returns what its score was made from. `METRICS` lists every score once.
`udr` compares several models without ground truth.
"""

from micvae.errors import AmbiguousKindWarning
from micvae.metrics.active import active_units
from micvae.metrics.beta_vae_score import beta_vae_score
from micvae.metrics.block import block_score
from micvae.metrics.catalogue import METRICS, Metric
from micvae.metrics.correlation import gaussian_total_correlation, wasserstein_correlation
from micvae.metrics.dci import dci
from micvae.metrics.dci_es import dci_es
from micvae.metrics.dcimig import dcimig
from micvae.metrics.evaluation import Evaluation, Intervals, evaluate, intervals
from micvae.metrics.explicitness import explicitness
from micvae.metrics.factor_vae_score import factor_vae_score
from micvae.metrics.infomec import infomec
from micvae.metrics.interventions import Matched, Rendered
from micvae.metrics.irs import irs
from micvae.metrics.jemmig import jemmig
from micvae.metrics.latent_information import mean_pairwise_mi
from micvae.metrics.mcc import mcc_pearson, mcc_spearman
from micvae.metrics.mcc_affine import mcc_affine
from micvae.metrics.mcc_nonlinear import mcc_nonlinear
from micvae.metrics.mig import mig
from micvae.metrics.mig_rank import mig_rank
from micvae.metrics.mig_sup import mig_sup
from micvae.metrics.modularity import modularity
from micvae.metrics.results import BootstrapInterval
from micvae.metrics.rmig import rmig
from micvae.metrics.sap import sap
from micvae.metrics.score import (
    LostDigitsWarning,
    MetricError,
    MissingScoreWarning,
    Score,
    UndefinedScoreWarning,
    UnfairMetricWarning,
)
from micvae.metrics.udr import Ranking, udr

__all__ = [
    "METRICS",
    "AmbiguousKindWarning",
    "BootstrapInterval",
    "Evaluation",
    "Intervals",
    "LostDigitsWarning",
    "Matched",
    "Metric",
    "MetricError",
    "MissingScoreWarning",
    "Ranking",
    "Rendered",
    "Score",
    "UndefinedScoreWarning",
    "UnfairMetricWarning",
    "active_units",
    "beta_vae_score",
    "block_score",
    "dci",
    "dci_es",
    "dcimig",
    "evaluate",
    "explicitness",
    "factor_vae_score",
    "gaussian_total_correlation",
    "infomec",
    "intervals",
    "irs",
    "jemmig",
    "mcc_affine",
    "mcc_nonlinear",
    "mcc_pearson",
    "mcc_spearman",
    "mean_pairwise_mi",
    "mig",
    "mig_rank",
    "mig_sup",
    "modularity",
    "rmig",
    "sap",
    "udr",
    "wasserstein_correlation",
]
