"""Tripod: latents on a grid, independent, and without interaction in the decoder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from micvae.checks import Between, Positive, PositiveInt
from micvae.distributions import FSQLatents, Latents, Trait
from micvae.information.kernel import kernel_total_correlation, spread
from micvae.models.hessian import curvature
from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.schedules import Constant, Schedule

COLOUR_64 = 3 * 64 * 64


@dataclass(frozen=True)
class Tripod(Objective):
    r"""−log p(x|z) + λ · TC(z) + η · (mixed share of the decoder's curvature), latents on a grid.

    .. math:: \eta\; E_x \frac{\sum_{i \ne j} H_{ij}^2}{\sum_{i, j} H_{ij}^2}, \qquad
        H_{ij} = s_i s_j \frac{\partial^2 f}{\partial z_i \partial z_j}

    with s the batch's standard deviations and f the decoder's output (logits or means). Kernels on
    the batch estimate the total correlation (`kernel_total_correlation`), as q(z|x) has no density;
    second differences estimate the curvature (`curvature`). Both are invariant to the scale of a
    latent and of f, so shrinking does not reduce them.

    Differences from the paper: the reconstruction is summed over pixels, not averaged, so its
    weights must be multiplied by the number of pixels; f is the decoder's output alone, where
    the published code adds up four hidden layers; the kernels of marginals are as wide as those
    of the joint, and a sample's own is left out; only `images` of a batch are probed, to bound
    the cost, in more than two directions and with steps longer than 0.1, since a decoder with
    rectifiers has curvature only at kinks. The default weights were chosen
    out of four settings on one seed of the toy squares, where η = 30 scored far lower.

    References:
        *Tripod: Three Complementary Inductive Biases for Disentangled Representation Learning*,
        Hsu, Hamid, Burns, Finn & Wu, 2024.

    Examples:
        >>> import micvae
        >>> run = micvae.train("tripod", data="squares(n=128)", tc_weight=3, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'total_correlation_estimate', 'mixed_curvature']
    """

    summary: ClassVar[str] = "a fixed grid, independent latents, a decoder that does not mix them"
    reference: ClassVar[str] = "Hsu et al. 2024"
    latents: ClassVar[Latents] = FSQLatents()
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"vector_code", "quantised"})
    """Without a KL term, only the grid bounds the information in the latents."""

    tc_weight: Schedule = Constant(3.0)
    """λ, the weight of the total correlation."""

    hessian_weight: Schedule = Constant(10.0)
    """η, the weight of the mixed share of the decoder's curvature."""

    step_size: Positive = 0.5
    """ε of the second differences, in standard deviations of each latent."""

    directions: Annotated[int, Between(2)] = 4
    """Directions of each kind in which the decoder is probed per image."""

    images: PositiveInt = 8
    """Number of images of a batch that are probed, at most the whole batch."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: λ = 10⁻⁴ and η = 10⁻² per pixel of 64×64 colour images, as for 3D shapes.

        All 64 images of a batch are probed in two directions with short steps; a step costs about
        five times that of a VAE.
        """
        paper = cls(
            tc_weight=Constant(1e-4 * COLOUR_64),
            hessian_weight=Constant(1e-2 * COLOUR_64),
            step_size=0.1,
            directions=2,
            images=64,
        )
        return {"paper": paper}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        correlation = kernel_total_correlation(elbo.z)
        mixed = curvature(
            lambda z: model.decoder(model.space.features(z)),
            elbo.z[: self.images],
            spread(elbo.z),
            step.generator,
            directions=self.directions,
            step=self.step_size,
        ).share
        loss = (
            elbo.reconstruction
            + self.tc_weight(step.number) * correlation
            + self.hessian_weight(step.number) * mixed
        )
        return elbo.losses(loss, total_correlation_estimate=correlation, mixed_curvature=mixed)
