"""Tripod: latents on a grid, told to be independent, and not to interact in the decoder."""

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

    with s the batch's standard deviations and f the decoder's output (logits or means). The total
    correlation comes from kernels on the batch (`kernel_total_correlation`), as q(z|x) has no
    density; the curvature from second differences (`curvature`). Scaling a latent, or f, changes
    neither, so neither can be had cheaper by shrinking.

    What differs from the paper: the reconstruction is summed over pixels, not averaged, so its
    weights are to be multiplied by the number of pixels; f is the decoder's output alone, where
    the published code adds up four hidden layers; the kernels of marginals are as wide as those
    of the joint, and a sample's own is left out; `images` of a batch are probed and not all, to
    bound the cost, each in more directions than two, and by longer steps than 0.1, as a decoder
    of rectifiers curves only at kinks. The default weights were chosen
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
    """Without a KL term, only the grid bounds what latents can say."""

    tc_weight: Schedule = Constant(3.0)
    """λ, the weight of the total correlation."""

    hessian_weight: Schedule = Constant(10.0)
    """η, the weight of the mixed share of the decoder's curvature."""

    step_size: Positive = 0.5
    """ε of the second differences, in standard deviations of each latent."""

    directions: Annotated[int, Between(2)] = 4
    """Directions of each kind per image that the decoder is probed in."""

    images: PositiveInt = 8
    """How many images of a batch are probed; the whole batch where it is smaller."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: λ = 10⁻⁴ and η = 10⁻² per pixel of 64×64 colour images, as for 3D shapes.

        All 64 images of a batch are probed in two directions by short steps; a step costs some
        five times a VAE's.
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
