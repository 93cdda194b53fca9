"""Every score, listed once.

To add a metric: write its function in a file of its own, returning a `Score`, and add its line
here. The command line, the law tests, the guide's table and `evaluate` pick it up from that line.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Literal

from micvae.metrics.active import active_units
from micvae.metrics.beta_vae_score import beta_vae_score
from micvae.metrics.block import block_score
from micvae.metrics.correlation import gaussian_total_correlation, wasserstein_correlation
from micvae.metrics.dci import dci
from micvae.metrics.dci_es import dci_es
from micvae.metrics.dcimig import dcimig
from micvae.metrics.explicitness import explicitness
from micvae.metrics.factor_vae_score import factor_vae_score
from micvae.metrics.infomec import infomec
from micvae.metrics.inputs import MetricInputs
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
from micvae.metrics.rmig import rmig
from micvae.metrics.sap import sap
from micvae.metrics.score import Score

Needs = Literal["factors", "codes", "interventions"]
Invariance = Literal["offset", "common scale", "scale", "monotone", "rotation"]


@dataclass(frozen=True)
class Metric:
    """How to compute and how to read one score.

    Attributes:
        function: Its `Score.values` holds this score's key; several scores may share a function.
        summary: One line for tables and help texts.
        range: The lowest and the highest possible value.
        higher_is_better: Whether the high end is the good one; `None` if neither is.
        reference: Where it was defined.
        needs: Arguments of the function. `factors`: codes, factors and their kinds;
            `codes`: codes alone; `interventions`: an `Interventions`.
        splits: Whether samples are split into a training and a test part by `seed`.
        takes_scale: Whether posterior standard deviations are used where they are known.
        refits: Whether every bootstrap resample costs as much as the score itself.
        unfair_to: Kinds of factors whose values it treats as numbers on a line, or expects in one
            latent though they need two.
        invariant: Changes of the codes that leave the score the same by definition, besides
            permuting and flipping latents: add an `offset` to a latent, multiply all
            by one number (`common scale`) or each by its own (`scale`), map a latent by a strictly
            `monotone` function, apply a `rotation` to all. SAP, which fits raw codes
            with a penalty on weight and intercept, has neither `offset` nor `scale`. Scores with a
            threshold (active units, FactorVAE) or a penalty on weights alone (β-VAE) have no
            `scale`.

    Examples:
        >>> from micvae.metrics import METRICS
        >>> METRICS["mig"].summary, METRICS["mig"].limits
        ('one latent alone knows each factor', '0 to 1')
    """

    function: Callable[..., Score]
    summary: str
    range: tuple[float, float]
    higher_is_better: bool | None
    reference: str
    needs: Needs = "factors"
    splits: bool = False
    takes_scale: bool = False
    refits: bool = False
    unfair_to: frozenset[str] = frozenset()
    invariant: frozenset[Invariance] = frozenset({"offset", "scale"})

    @property
    def limits(self) -> str:
        """The range as text: `0 to 1`."""
        low, high = self.range
        return f"{low:g} to {high:g}".replace("inf", "∞").replace("-", "−")

    @property
    def arrow(self) -> str:
        """` ↑` where higher is better, ` ↓` where lower is; else nothing."""
        return {True: " ↑", False: " ↓", None: ""}[self.higher_is_better]

    def compute(self, inputs: MetricInputs) -> Score:
        """Call the function with what it needs of the inputs.

        Raises:
            MetricError: Where the score has no defined value on them.
        """
        options: dict[str, object] = {"seed": inputs.seed}
        if self.needs == "interventions":
            return self.function(inputs.interventions, **options)
        options["resamples"] = inputs.refits if self.refits else inputs.resamples
        if self.needs == "codes":
            return self.function(inputs.checked_codes, **options)
        if self.refits:
            options["n_jobs"] = inputs.n_jobs
        if self.takes_scale:
            options["scale"] = inputs.checked_scale
        return self.function(inputs.checked_codes, inputs.checked_factors, **options)


_UNIT = (0.0, 1.0)
_ANGLE = frozenset({"angular"})
_LINE = frozenset({"angular", "categorical"})
_MONOTONE: frozenset[Invariance] = frozenset({"offset", "scale", "monotone"})
_ROTATION: frozenset[Invariance] = frozenset({"offset", "scale", "rotation"})
_COMMON: frozenset[Invariance] = frozenset({"offset", "common scale"})
_OFFSET: frozenset[Invariance] = frozenset({"offset"})
_NOTHING: frozenset[Invariance] = frozenset()
_DO = "Do & Tran 2020"
_DCI = "Eastwood & Williams 2018"
_ES = "Eastwood et al. 2023"
_INFOMEC = "Hsu et al. 2023"
_STUDY = "Locatello et al. 2019"

METRICS: dict[str, Metric] = {
    "mig": Metric(
        mig, "one latent alone knows each factor", _UNIT, True, "Chen et al. 2018",
        unfair_to=_ANGLE,
    ),
    "mig_rank": Metric(
        mig_rank, "the same on ranks: any monotone code", _UNIT, True, "Chen et al. 2018",
        unfair_to=_ANGLE, invariant=_MONOTONE,
    ),
    "rmig": Metric(
        rmig, "MIG under the posteriors, 100 bins", _UNIT, True, _DO,
        takes_scale=True, unfair_to=_ANGLE,
    ),
    "jemmig": Metric(
        jemmig, "one latent knows each factor, and nothing else", _UNIT, True, _DO,
        takes_scale=True, unfair_to=_ANGLE,
    ),
    "mig_sup": Metric(mig_sup, "each latent knows one factor", _UNIT, True, "Li et al. 2020"),
    "dcimig": Metric(
        dcimig, "information in latents of one factor", _UNIT, True, "Sepliarskaia et al. 2019",
        unfair_to=_ANGLE,
    ),
    "dci_disentanglement": Metric(
        dci, "each latent is about one factor", _UNIT, True, _DCI,
        splits=True, refits=True, invariant=_MONOTONE,
    ),
    "dci_completeness": Metric(
        dci, "each factor is in one latent", _UNIT, True, _DCI,
        splits=True, refits=True, unfair_to=_ANGLE, invariant=_MONOTONE,
    ),
    "dci_informativeness": Metric(
        dci, "the factors can be predicted (accuracy or R²)", (-inf, 1.0), True, _DCI,
        splits=True, refits=True, unfair_to=_ANGLE, invariant=_MONOTONE,
    ),
    "dci_explicitness": Metric(
        dci_es, "small predictors are enough", (-1.0, 1.0), True, _ES, splits=True,
    ),
    "dci_size": Metric(
        dci_es, "factors per latent", (0.0, inf), None, _ES, splits=True, invariant=_MONOTONE,
    ),
    "sap": Metric(
        sap, "one latent alone predicts each factor", _UNIT, True, "Kumar et al. 2018",
        splits=True, unfair_to=_LINE, invariant=_NOTHING,
    ),
    "modularity": Metric(
        modularity, "each latent depends on one factor", _UNIT, True, "Ridgeway & Mozer 2018",
    ),
    "explicitness": Metric(
        explicitness, "values are linearly separable", _UNIT, True, "Ridgeway & Mozer 2018",
        splits=True,
    ),
    "irs": Metric(
        irs, "latents stay fixed while their factor is fixed", _UNIT, True, "Suter et al. 2019",
        invariant=_COMMON,
    ),
    "infom": Metric(
        infomec, "one factor per latent", _UNIT, True, _INFOMEC, invariant=_COMMON,
    ),
    "infoe": Metric(
        infomec, "factors can be read linearly", (-inf, 1.0), True, _INFOMEC,
        invariant=_ROTATION,
    ),
    "infoc": Metric(
        infomec, "one latent per factor", _UNIT, True, _INFOMEC,
        unfair_to=_ANGLE, invariant=_COMMON,
    ),
    "mcc_pearson": Metric(
        mcc_pearson, "each factor is a latent, linearly", _UNIT, True,
        "Hyvärinen & Morioka 2016", unfair_to=_LINE,
    ),
    "mcc_spearman": Metric(
        mcc_spearman, "each factor is a latent, monotonically", _UNIT, True,
        "Hyvärinen & Morioka 2016", unfair_to=_LINE, invariant=_MONOTONE,
    ),
    "mcc_nonlinear": Metric(
        mcc_nonlinear, "each factor is a function of a latent", _UNIT, True,
        "Zheng et al. 2022", splits=True, unfair_to=_LINE, invariant=_MONOTONE,
    ),
    "mcc_affine": Metric(
        mcc_affine, "factors are an affine map of the codes", _UNIT, True,
        "Khemakhem et al. 2020", splits=True, unfair_to=_LINE, invariant=_ROTATION,
    ),
    "block_score": Metric(
        block_score, "each factor in a block fair to its kind", _UNIT, True,
        "von Kügelgen et al. 2021", splits=True,
    ),
    "beta_vae_score": Metric(
        beta_vae_score, "differences of codes identify a shared factor", _UNIT, True,
        "Higgins et al. 2017", needs="interventions", invariant=_OFFSET,
    ),
    "factor_vae_score": Metric(
        factor_vae_score, "the steadiest latent identifies the fixed factor", _UNIT, True,
        "Kim & Mnih 2018", needs="interventions", invariant=_OFFSET,
    ),
    "gaussian_total_correlation": Metric(
        gaussian_total_correlation, "linear dependence of codes, nats", (0.0, inf), False, _STUDY,
        needs="codes",
    ),
    "wasserstein_correlation": Metric(
        wasserstein_correlation, "distance from uncorrelated codes", (0.0, inf), False, _STUDY,
        needs="codes", invariant=_OFFSET,
    ),
    "wasserstein_correlation_norm": Metric(
        wasserstein_correlation, "the same over the total variance", (0.0, 2.0), False, _STUDY,
        needs="codes", invariant=_COMMON,
    ),
    "mean_pairwise_mi": Metric(
        mean_pairwise_mi, "information between latents, nats", (0.0, inf), False, _STUDY,
        needs="codes",
    ),
    "active_units": Metric(
        active_units, "latents in use", (0.0, inf), None, "Burda et al. 2016",
        needs="codes", invariant=_OFFSET,
    ),
}  # fmt: skip
