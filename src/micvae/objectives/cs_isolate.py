"""CS-Isolate: content and style separated by augmentation, to learn from noisy labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from micvae.checks import NonNegativeInt, Positive, PositiveInt, ShareBelowOne
from micvae.data import FactorDataset
from micvae.data.augmentation import Augmentation
from micvae.data.labels import instance_dependent, label_of
from micvae.distributions import DiagonalGaussian, StandardNormal, Trait
from micvae.errors import DataError, MicvaeError
from micvae.models.vae import VAEModel
from micvae.networks import dense
from micvae.objectives import divide_mix
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.hooks import ObjectiveContext
from micvae.objectives.schedules import Constant, Schedule

CLASSIFIER, CONTENT, STYLE = "classifier", "content prior", "style prior"
AUGMENTATION = Augmentation()
LABELS, IDENTITIES = "labels", "identities"
WAVES = 16  # sines, and as many cosines, that stand for an identity


@dataclass(frozen=True)
class CSIsolate(Objective):
    r"""Classification of content, plus λ times an ELBO of images and of their augmentations.

    .. math:: \lambda \big[-E \log p(x | z_c, z_s) + \mathrm{KL}(q(z_c|x) \,\|\, N(m_c(u_c), I))
        + \mathrm{KL}(q(z_s|x) \,\|\, N(m_s(u_s), I))\big]
        + H(y, h(E[z_c|x])) + \gamma |\hat y - h|^2 + \beta\, \mathrm{KL}(1/K \,\|\, \bar h)

    The first latents are content z_c, the others style z_s. An image and its augmentation share
    u_c, so that content is the same for both. u_s contains the strengths of the augmentation, so
    that changes belong to style. u_c is the class if the label is trusted, else the image's index.

    A label is trusted if the classifier agrees, or if its cross-entropy belongs to the lower of two
    Gaussians fitted to the cross-entropies of the batch. The target of other images is the mean
    prediction ŷ of both views; targets are sharpened. The first `warm_up` steps trust every label:
    enough to separate the classes, too few to memorise wrong labels.

    Differences from the published method: one network where it trains two that select for each
    other; selection within a batch, and trust in labels that the classifier agrees with; images are
    not mixed in pairs (with one network, whole classes were lost); content and style share an
    encoder; u_s are the strengths of the augmentation, not its number.

    `label_loss` is a cross-entropy in nats, `guess_error` a squared distance of probabilities.

    References:
        *CS-Isolate: Extracting Hard Confident Examples by Content and Style Isolation*, Lin, Yao,
        Shi, Gong, Shen, Xu & Liu, 2023.
        *DivideMix: Learning with Noisy Labels as Semi-supervised Learning*, Li, Socher & Hoi, 2020.

    Examples:
        >>> import micvae
        >>> data = "squares(n=128)"
        >>> run = micvae.train(
        ...     "cs-isolate", data=data, label="rotation", latent_dim=4, epochs=1, out="run"
        ... )
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'label_loss', 'guess_error', 'trusted']
    """

    summary: ClassVar[str] = "content and style separated by augmentation, from noisy labels"
    reference: ClassVar[str] = "Lin et al. 2023"
    prior_description: ClassVar[str] = "means that it learns"
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"gaussian", "normal prior"})
    """Both priors are Gaussian with learned means."""

    label: str | None = None
    """The factor that is the label; None: the first categorical one, else the first ordinal one."""

    noise: ShareBelowOne = 0.0
    """Share of labels that are made wrong first, depending on the image; 0 keeps all labels."""

    content: PositiveInt | None = None
    """Number of content latents; None: half of them, rounded up."""

    classes: int = 32
    """Outputs of the classifier; the label may have fewer values."""

    augmentation: Augmentation = AUGMENTATION
    """Changes of the style: style(rotation=15, shift=0.1, …); they must keep the label."""

    elbo_weight: Schedule = Constant(0.003)
    """λ, the weight of the ELBO."""

    guess_weight: Schedule = Constant(0.3)
    """γ, the weight of images with labels that are not trusted."""

    balance: Schedule = Constant(1.0)
    """β, the weight of equally frequent classes; set 0 if they are not."""

    warm_up: NonNegativeInt = 300
    """Steps that trust every label."""

    threshold: ShareBelowOne = 0.5
    """Probability of being right from which a label is trusted."""

    temperature: Positive = 0.5
    """Temperature of the targets: values below 1 sharpen them."""

    def contents(self, latent_dim: int) -> int:
        """Number of content latents, which come first.

        Raises:
            MicvaeError: if none is left for style.
        """
        count = self.content or (latent_dim + 1) // 2
        if count >= latent_dim:
            raise MicvaeError(
                f"{count} of {latent_dim} latents are content, which leaves none for style; raise "
                "latent_dim or lower content."
            )
        return count

    def networks(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """The classifier of content, and the means of both priors."""
        content = self.contents(context.latent_dim)
        style = context.latent_dim - content
        return {
            CLASSIFIER: dense(content, [64], self.classes, generator),
            CONTENT: dense(2 * WAVES, [128, 128], content, generator),
            STYLE: dense(self.augmentation.strengths, [64, 64], style, generator),
        }

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray]:
        """The labels, one-hot `(N, K)` with some of them made wrong, and a number per image.

        Raises:
            DataError: for vectors, which cannot be augmented; if no factor can be the label, or
                the label has more values than `classes`.
        """
        if not dataset.pictures:
            raise DataError(f"cs-isolate augments images, and {dataset.name} has vectors.")
        k = label_of(dataset, self.label)
        values, labels = np.unique(dataset.factors[:, k], return_inverse=True)
        if not 2 <= len(values) <= self.classes:
            raise DataError(
                f"{dataset.factor_names[k]} has {len(values)} values; a label needs 2 to "
                f"{self.classes} (classes). Set classes, or label to another factor."
            )
        seed = int(torch.randint(2**31, (1,), generator=generator))
        noisy = instance_dependent(dataset.images, labels, self.noise, np.random.default_rng(seed))
        # Numbers near each other have similar codes, and files are often ordered by class.
        order = torch.randperm(len(dataset), generator=generator).numpy()
        return {
            LABELS: np.eye(len(values), dtype=np.float32)[noisy],
            IDENTITIES: order + len(values),
        }

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch and its augmentation; see `Objective`."""
        labels, identities = step.prepared_rows(LABELS, x), step.prepared_rows(IDENTITIES, x)
        classifier = step.networks[CLASSIFIER]
        count = self.contents(model.latent_dim)
        moved, drawn = self.augmentation(x, step.generator)
        views = torch.cat([x, moved])
        posterior = DiagonalGaussian.require(model.encode(views))
        content = posterior.loc[:, :count]

        targets, trust = labels, torch.ones_like(labels[:, 0])
        weights = [1.0, 0.0, 0.0]
        if step.number >= self.warm_up:
            weights[1:] = self.guess_weight(step.number), self.balance(step.number)
            with torch.no_grad():
                guesses = classifier(content)[:, : labels.shape[1]].softmax(1)
            trust = divide_mix.right(guesses[: len(x)], labels)
            kept = torch.where(trust > self.threshold, trust, 0)
            targets = divide_mix.targets(guesses, labels, kept, self.temperature)
        trusted = trust > self.threshold

        classified, learned, parts = divide_mix.both_sides(
            classifier, content, targets.repeat(2, 1), trusted.repeat(2), weights
        )
        sign = torch.where(trusted, labels.argmax(1), identities)
        means = [
            step.networks[CONTENT](waves(sign)).repeat(2, 1),
            step.networks[STYLE](torch.cat([torch.zeros_like(drawn), drawn])),
        ]
        weight = self.elbo_weight(step.number)
        with torch.set_grad_enabled(weight > 0):  # without weight it is only logged
            z = posterior.sample(step.generator)
            reconstruction = -model.decode(z).log_prob(views).mean()
            latent_kl = kl(posterior, torch.cat(means, 1).detach())
            elbo = ELBO(posterior, z, reconstruction, latent_kl)
        found = torch.split(posterior.loc.detach(), [count, model.latent_dim - count], 1)
        pulls = [0.5 * (q - m).square().sum(1).mean() for q, m in zip(found, means, strict=True)]

        losses = elbo.losses(
            classified + weight * (reconstruction + latent_kl.sum()),
            label_loss=parts[0],
            guess_error=parts[1],
            trusted=trusted.to(x).mean(),
        )
        losses.minimised.update({CLASSIFIER: learned, CONTENT: pulls[0], STYLE: pulls[1]})
        return losses


def kl(posterior: DiagonalGaussian, mean: Tensor) -> Tensor:
    """KL(q(z_d|x) ‖ N(mean_d, 1)) per latent, `(D,)`, nats, averaged over the batch."""
    spread = StandardNormal().kl_from(torch.zeros_like(mean), posterior.log_variance)
    return (0.5 * (posterior.loc - mean) ** 2 + spread).mean(0)


def waves(numbers: Tensor) -> Tensor:
    """Sines and cosines, of periods from 2π to 2π · 10⁴, of whole numbers `(B,)`: `(B, 32)`."""
    angles = numbers[:, None] / torch.logspace(0, 4, WAVES, device=numbers.device)
    return torch.cat([angles.sin(), angles.cos()], 1)
