"""Logged terms: labels, units and ranges."""

from dataclasses import dataclass

NATS = "nats"
NO_UNIT = ""


@dataclass(frozen=True)
class Term:
    """A scalar that objectives log at every step.

    Args:
        label: text in figures and tables.
        unit: `nats` (per sample), another unit, or empty for a pure number.
        least: the smallest possible value, up to the noise of one batch; None if a value may be
            negative.
        most: the largest possible value; None if there is none.
        meaning: one line.
    """

    label: str
    unit: str = NATS
    least: float | None = 0.0
    most: float | None = None
    meaning: str = ""

    @property
    def title(self) -> str:
        """The label, with the unit unless that is nats."""
        if self.unit == NATS:
            return self.label
        return f"{self.label} ({self.unit or 'no unit'})"


# To log a new term, add its line here.
TERMS: dict[str, Term] = {
    "loss": Term("loss", least=None, meaning="the loss of the model"),
    "reconstruction": Term("reconstruction", least=None, meaning="−E[log p(x|z)]"),
    "kl": Term("KL", meaning="KL(q(z|x) ‖ p(z))"),
    "r_mi": Term(
        "R_MI of a batch, estimate",
        least=None,
        meaning="Σ over i≠j of I(z_i; z_j), by the estimator of the training, on one batch",
    ),
    "density_ratio_loss": Term("density-ratio loss", meaning="logistic loss of the adversary"),
    "index_code_mi": Term(
        "index-code MI of a batch",
        meaning="I(n; z) of image n of the batch and its latents; at most log B",
    ),
    "total_correlation": Term(
        "total correlation of a batch",
        meaning="KL(q(z) ‖ Π q(z_d)) of the batch's aggregate posterior",
    ),
    "dimension_wise_kl": Term(
        "dimension-wise KL of a batch",
        meaning="Σ KL(q(z_d) ‖ p(z_d)) of the batch's aggregate posterior",
    ),
    "total_correlation_estimate": Term(
        "total correlation, estimate",
        least=None,
        meaning="by an adversary or by kernels; its error may have either sign",
    ),
    "discriminator_loss": Term("discriminator loss", meaning="logistic loss of the adversary"),
    "generator_loss": Term("generator loss", meaning="logistic loss of fooling the adversary"),
    "code_surprise": Term(
        "code surprise", least=None, meaning="−log of the density of the drawn codes"
    ),
    "capacity_gap": Term("capacity gap", meaning="|KL − C|"),
    "kl_numbers": Term("KL of numbers", meaning="KL of the Gaussian latents"),
    "kl_categories": Term("KL of categories", meaning="KL of the discrete latents"),
    "off_diagonal": Term(
        "off-diagonal", NO_UNIT, meaning="squared covariances of different latents, summed"
    ),
    "diagonal": Term("diagonal", NO_UNIT, meaning="squared deviations of variances from 1, summed"),
    "mmd": Term(
        "MMD²",
        NO_UNIT,
        None,
        meaning="squared mean discrepancy to the prior; the unbiased estimate may be negative",
    ),
    "support_distance": Term(
        "support distance", "squared distance", meaning="from the support to its factorised hull"
    ),
    "shrinkage": Term(
        "shrinkage", NO_UNIT, meaning="how far standard deviations of means are below 1"
    ),
    "quantisation": Term(
        "quantisation", "squared distance", meaning="of values to the encoder's output"
    ),
    "commitment": Term(
        "commitment", "squared distance", meaning="of the encoder's output to values"
    ),
    "mixed_curvature": Term(
        "mixed curvature", "share", 0.0, 1.0, "of the decoder's curvature, across latents"
    ),
    "shared": Term("shared latents", "latents per pair", meaning="latents that a pair shares"),
    "label_loss": Term("label loss", meaning="cross-entropy of known labels"),
    "guess_error": Term("guess error", "squared distance", meaning="of guessed labels"),
    "trusted": Term("trusted labels", "share", 0.0, 1.0, "of labels that are trusted"),
    "segment_loss": Term("segment loss", meaning="cross-entropy of the segments"),
    "pair_loss": Term("pair loss", meaning="logistic loss of pairs in time"),
    "contrast": Term("contrast", least=None, meaning="at least −log B"),
    "transition_kl": Term("transition KL", meaning="KL to the prior of the neighbour in time"),
    "embedding_loss": Term("embedding loss", meaning="½ squared distance to the coordinates"),
    "ima_contrast": Term("IMA contrast", meaning="how far the Jacobian is from orthogonal"),
    "mask_penalty": Term("mask penalty", meaning="spike-and-slab lasso of the masks"),
}


def term(name: str) -> Term:
    """Look up a term; without a line in `TERMS` its label is its name and it has no unit.

    Args:
        name: as it is logged; `kl_0`, `kl_1`, … are the KL of single latents.
    """
    if name.startswith("kl_") and name[3:].isdigit():
        return Term(f"KL of latent {name[3:]}")
    return TERMS.get(name, Term(name.replace("_", " "), NO_UNIT, None))
