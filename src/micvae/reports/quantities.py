"""Name, unit and number of digits of each quantity of a report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from micvae.metrics import METRICS

NOT_KNOWN = "–"


@dataclass(frozen=True)
class Quantity:
    """A column of a table, an axis of a figure.

    Args:
        name: its key in `scores.json` and `table.parquet`.
        label: what a reader sees.
        unit: its unit, empty for a pure number.
        digits: decimals shown.
        direction: `higher` or `lower` where one end is the good one, else empty.
        meaning: one line.
        short: the label where there is little room; empty where that is short enough.
    """

    name: str
    label: str
    unit: str = ""
    digits: int = 3
    direction: str = ""
    meaning: str = ""
    short: str = ""

    @property
    def head(self) -> str:
        """The header of a narrow column."""
        return self.short or self.label

    @property
    def subtitle(self) -> str:
        """The line below a short label: the rest of the label, or the unit."""
        return self.label.removeprefix("DCI ") if self.short else self.unit

    @property
    def axis(self) -> str:
        """The label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def shown(self, value: float | None, signed: bool = False) -> str:
        """The value with its digits and a true minus sign; a dash where there is none."""
        if value is None:
            return NOT_KNOWN
        text = f"{value:{'+' if signed else ''},.{self.digits}f}"
        if float(text.replace(",", "")) == 0:
            text = text.lstrip("+-")  # no sign on a zero
        return text.replace("-", "−")


_LABELS = {
    "mig": "MIG",
    "dci_disentanglement": "DCI disentanglement",
    "dci_completeness": "DCI completeness",
    "dci_informativeness": "DCI informativeness",
    "mig_rank": "MIG on ranks",
    "rmig": "RMIG",
    "jemmig": "JEMMIG",
    "mig_sup": "MIG-sup",
    "dcimig": "DCIMIG",
    "dci_explicitness": "DCI-ES explicitness",
    "dci_size": "DCI-ES size",
    "sap": "SAP",
    "irs": "IRS",
    "infom": "InfoM",
    "infoe": "InfoE",
    "infoc": "InfoC",
    "mcc_pearson": "MCC, Pearson",
    "mcc_spearman": "MCC, Spearman",
    "mcc_nonlinear": "MCC, nonlinear",
    "mcc_affine": "MCC, affine",
    "beta_vae_score": "β-VAE score",
    "factor_vae_score": "FactorVAE score",
    "gaussian_total_correlation": "Gaussian total correlation",
    "mean_pairwise_mi": "mean pairwise MI",
}
_UNITS = {"gaussian_total_correlation": "nats", "mean_pairwise_mi": "nats"}
HEADLINE = ("mig", "dci_disentanglement", "dci_completeness", "dci_informativeness")
"""The scores that every page shows first."""

_SHORT = {
    "dci_disentanglement": "DCI\N{NON-BREAKING HYPHEN}D",
    "dci_completeness": "DCI\N{NON-BREAKING HYPHEN}C",
    "dci_informativeness": "DCI\N{NON-BREAKING HYPHEN}I",
}
_OTHERS = (
    Quantity("udr", "UDR", "", 3, "higher", "agreement of the latents with those of other seeds"),
    Quantity("agreement", "MCC of seeds", "", 2, "higher", "latents matched one to one, by ranks"),
    Quantity("elbo", "ELBO, unseen", "nats", 1, "higher", "per held-out sample"),
    Quantity(
        "held_out_reconstruction",
        "reconstruction, unseen",
        "nats",
        1,
        "lower",
        "−E[log p(x|z)] per held-out sample",
    ),
    Quantity("active_units", "active units", "", 1, "", "latents that depend on the image"),
    Quantity("r_mi", "R_MI", "nats", 3, "lower", "Σ over i≠j of I(z_i; z_j), aggregate posterior"),
    Quantity("reconstruction", "reconstruction", "nats", 1, "lower", "−E[log p(x|z)] per image"),
    Quantity("kl", "KL", "nats", 2, "", "KL(q(z|x) ‖ p(z)) per image"),
    Quantity("seconds", "training", "s", 1, "lower", "training time"),
)


def quantity(name: str) -> Quantity:
    """Look a quantity up; one of `METRICS` without an entry of its own is called by its name."""
    for other in _OTHERS:
        if other.name == name:
            return other
    label = _LABELS.get(name, name.replace("_", " "))
    if name not in METRICS:
        return Quantity(name, label)
    metric = METRICS[name]
    direction = {True: "higher", False: "lower", None: ""}[metric.higher_is_better]
    unit = _UNITS.get(name, "")
    return Quantity(name, label, unit, 3, direction, metric.summary, _SHORT.get(name, ""))


def known(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """The quantities that at least one row of a table has, in the order of presentation."""
    names = dict.fromkeys([*METRICS, *(other.name for other in _OTHERS)])
    there = {name for row in rows for name, value in row.items() if value is not None}
    return [name for name in names if name in there]


DEFINITIONS: tuple[tuple[str, str], ...] = (
    (
        "MIG, mutual information gap",
        "For each factor, the mutual information with the best latent minus that with the second "
        "best, divided by the entropy of the factor; then the mean over factors. 1: only one "
        "latent is informative about each factor. 0: two latents are equally informative. "
        "(Chen et al. 2018)",
    ),
    (
        "DCI disentanglement, completeness, informativeness (DCI-D, DCI-C, DCI-I)",
        "Gradient-boosted trees predict every factor from all latents. Disentanglement: each "
        "latent is important for one factor only. Completeness: each factor depends on one latent "
        "only. Both lie in 0 to 1. Informativeness: how well the factors are predicted on held-out "
        "samples (accuracy for discrete factors, R² for continuous ones; 1 is perfect). (Eastwood "
        "& Williams 2018)",
    ),
    (
        "R_MI",
        "Σ over i≠j of I(z_i; z_j), in nats, under the aggregate posterior q(z). The sum is over "
        "ordered pairs, so each pair counts twice. It is estimated on thousands of samples after "
        "training; in the learning curves it is estimated on one batch. R_MI = 0 means that "
        "latents are pairwise independent. It does not mean that the factors were found: a latent "
        "that ignores the image has no mutual information with the others either.",
    ),
    (
        "KL",
        "KL(q(z|x) ‖ p(z)), in nats per image: how much information the latents carry about an "
        "image. It is the mean over the last epoch, or over the data where training ends with a "
        "closed form. A latent with KL ≈ 0 has collapsed onto the prior.",
    ),
    (
        "Reconstruction",
        "−E[log p(x|z)], in nats per image, summed over pixels; lower is better. It is the mean "
        "over the last epoch, or over the data where training ends with a closed form. For grey "
        "values under a Bernoulli likelihood even a perfect reconstruction costs the entropy of "
        "the pixels, so only differences are meaningful.",
    ),
    (
        "Active units",
        "Latents whose posterior mean has a variance above 0.01 over the images. "
        "(Burda, Grosse & Salakhutdinov 2016)",
    ),
    (
        "Interval",
        "95% percentile-bootstrap interval of the mean over seeds, in brackets. Seeds are "
        "resampled; runs are not repeated. With few seeds the interval is too narrow. A single "
        "seed has none.",
    ),
    (
        "Paired difference",
        "A method's score minus the baseline's under the same seed, then the mean over seeds with "
        "its interval. Two methods are distinguishable where there are at least 6 seeds and the "
        "interval, widened for few seeds (Student's t), excludes 0. With fewer seeds, all "
        "differences of two equal methods fall on one side of 0 too often (with 3 seeds in 25% of "
        "studies).",
    ),
    ("Nat", "The unit of information under the natural logarithm: 1 nat = 1.44 bits."),
)
