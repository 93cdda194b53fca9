"""SNICA: sources with switching linear dynamics, estimated from noisy data by smoothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from micvae.checks import Between, PositiveInt
from micvae.data import FactorDataset, LazyImages
from micvae.distributions import DiagonalGaussian, Trait
from micvae.distributions.switching import Smoothed, SwitchingDynamics
from micvae.errors import DataError
from micvae.models import VAEModel, finite, laid_out
from micvae.models.encoding import batch_size_for
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.hooks import ObjectiveContext
from micvae.objectives.identifiability import ELEMENTWISE, Identifiability
from micvae.objectives.pcl import PairScore, pair_loss
from micvae.objectives.schedules import NONE, Constant, Ramp, Schedule
from micvae.representation import Encoded

DYNAMICS, SCORE, FRAMES, BEGINS = "dynamics", "score", "frames", "begins"
_FRAMES = 100_000  # frames smoothed side by side when codes are computed


@dataclass(frozen=True)
class SNICA(Objective):
    r"""Δ-SNICA: −E[log p(x|s)] + β · KL(q(y) q(u) ‖ p(y, u)), in nats per frame of a window.

    Every source s_t = y_{t,1} has linear dynamics that a Markov chain of hidden states u_t selects
    (see `SwitchingDynamics`), and the image is decoded from all sources together. The encoder's
    Gaussian for image x_t is evidence on s_t and not a posterior. Of

    .. math:: q(y)\, q(u) \propto p(y, u) \prod_t q(s_t; x_t)

    coordinate ascent finds the best factorised approximation, alternating a Kalman smoother for y
    and forward–backward for u, source by source. Codes are E[s_t | the whole sequence].

    c · L_c may be added: PCL's logistic loss on the encoder's means (see `PCL`), which is ours and
    not in the paper, whose c is 0. It trains the encoder early towards coordinates that depend on
    their own past only; without it training first finds any coordinates that reconstruct, and may
    stay there. While β is 0 there is no smoothing: the encoder's Gaussians are q(s), and the
    reported KL is that to a standard normal.

    The rows of a batch are the first frames of windows, so that a step reads `window` times
    `batch_size` images. A window that reaches into the next sequence restarts there.

    References:
        *Disentangling Identifiable Features from Noisy Data with Structured Nonlinear ICA*,
        Hälvä, Le Corff, Lehéricy, So, Zhu, Gassiat & Hyvärinen, 2021.

    Examples:
        >>> import micvae
        >>> data = "state_space(n=256, sources=2)"
        >>> run = micvae.train("snica", data=data, window=16, latent_dim=2, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl']
    """

    summary: ClassVar[str] = "sources of switching dynamics, smoothed over time; identifiable"
    reference: ClassVar[str] = "Hälvä et al. 2021"
    prior_description: ClassVar[str] = "the frames around"
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"gaussian", "normal prior"})
    """For Gaussian evidence, source by source."""
    identifiability: ClassVar[Identifiability | None] = Identifiability(
        up_to=ELEMENTWISE,
        given=(
            "sources are independent, each depends on its own past in a way that is not "
            "Gaussian-like, the mixing is injective, and noise is independent of the sources"
        ),
        source="Hälvä et al. 2021",
    )

    beta: Schedule = Constant(1.0)
    """Weight of the KL term."""

    contrast: Schedule = NONE
    """c, the weight of L_c."""

    states: PositiveInt = 2
    """K, the number of hidden states of each source."""

    order: PositiveInt = 2
    """d, the dimension of each source's linear dynamics."""

    window: Annotated[int, Between(2)] = 64
    """T, the number of consecutive frames in a window."""

    iterations: PositiveInt = 3
    """Iterations of coordinate ascent."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: windows of 100 frames, 5 iterations, β from 0 to 1 over 500 steps.

        `contrastive`, our tuning for about 1,250 steps: c = 10 until β grows.
        """
        contrastive = cls(
            beta=Ramp(0, 1, steps=400, begin=400),
            contrast=Ramp(10, 0, steps=400, begin=400),
            window=32,
            iterations=2,
        )
        paper = cls(beta=Ramp(0, 1, steps=500), window=100, iterations=5)
        return {"paper": paper, "contrastive": contrastive}

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray | LazyImages]:
        """All frames, and whether each is the first of its sequence."""
        return {FRAMES: dataset.images, BEGINS: beginnings(dataset)}

    def auxiliary_modules(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """The dynamics of the sources, and the score of pairs if L_c is used."""
        d = context.latent_dim
        built: dict[str, nn.Module] = {
            DYNAMICS: SwitchingDynamics(d, self.states, self.order, generator)
        }
        if self.contrast != NONE:
            built[SCORE] = PairScore(d, generator)
        return built

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on the windows that start at a batch; see `Objective`."""
        assert step.rows is not None
        frames, begins = step.prepared[FRAMES], step.prepared[BEGINS]
        length = min(self.window, len(frames))
        start = step.rows.to(frames.device).clamp(max=len(frames) - length)
        rows = start + torch.arange(length, device=frames.device)[:, None]  # (T, B)
        seen, begins = laid_out(frames[rows.flatten()], x.device), begins[rows].to(x.device)
        evidence, beta = DiagonalGaussian.require(model.encode(seen)), self.beta(step.number)
        if beta > 0:
            found = self.smooth(model, evidence, begins)
            noise = torch.empty_like(found.mean).normal_(generator=step.generator)
            s = (found.mean + found.variance.sqrt() * noise).flatten(0, 1).to(seen.dtype)
            latent_kl = found.kl.mean(0).to(seen.dtype) / length
        else:
            s, kl = model.space.draw(evidence, step.generator)
            latent_kl = kl.mean(0)
        elbo = ELBO(evidence, s, -model.decode(s).log_prob(seen).mean(), latent_kl)
        loss = elbo.reconstruction + beta * elbo.kl
        terms = {}
        if self.contrast != NONE:  # logged even at weight 0
            h = evidence.loc.view(length, -1, model.latent_dim)
            pairs = h[1:].flatten(0, 1), h[:-1].flatten(0, 1)
            there = (~begins[1:]).flatten().float()
            terms["contrast"] = pair_loss(
                model.auxiliary_modules[SCORE], *pairs, there, step.generator
            )
            loss = loss + self.contrast(step.number) * terms["contrast"]
        return elbo.losses(loss, **terms)

    def smooth(self, model: VAEModel, evidence: DiagonalGaussian, begins: Tensor) -> Smoothed:
        """Smooth windows, given the encoder's Gaussians `(T · B, D)` and `begins` `(T, B)`.

        In double precision if the device supports it: precisions differ by orders of magnitude.
        """
        device = evidence.loc.device
        kind = torch.float32 if device.type == "mps" else torch.float64
        precision = (-evidence.log_variance.to(kind)).exp()
        shape = (*begins.shape, model.latent_dim)
        h = (precision * evidence.loc).view(shape)
        found: Smoothed = model.auxiliary_modules[DYNAMICS](
            h, precision.view(shape), begins, self.iterations
        )
        return found

    def encode_dataset(self, model: VAEModel, dataset: FactorDataset) -> Encoded:
        """Codes of all frames of a data set, from windows that overlap by half.

        The code of a frame comes from the window in which it is nearest to the middle.
        """
        dataset = dataset.as_float32()
        begins = torch.from_numpy(beginnings(dataset))
        total = len(begins)
        length = min(self.window, total)
        start, chosen = overlapping(total, length)
        device = next(model.parameters()).device
        frames = batch_size_for(dataset.images, 1000)
        mean, variance, kl = [], [], []
        with torch.inference_mode():
            said = torch.cat(
                [
                    model.encoder(laid_out(torch.from_numpy(dataset.images[few]), device))
                    for few in np.array_split(np.arange(total), -(-total // frames))
                ]
            )
            for some in torch.split(start, max(_FRAMES // length, 1)):
                rows = some + torch.arange(length)[:, None]
                evidence = model.space.posterior(said[rows.flatten().to(device)])
                found = self.smooth(model, evidence, begins[rows].to(device))
                mean.append(found.mean.cpu())
                variance.append(found.variance.cpu())
                kl.append(found.kl.cpu())
        at = (torch.arange(total) - start[chosen], chosen)
        codes = torch.cat(mean, dim=1)[at].float()
        scale = torch.cat(variance, dim=1)[at].sqrt().float()
        noise = torch.randn(codes.shape, generator=torch.Generator().manual_seed(0))
        latent_kl = torch.cat(kl).mean(0).double() / length
        draws = codes + scale * noise
        return finite(
            Encoded(
                codes.numpy(), scale.numpy(), draws.numpy(), latent_kl.numpy(), model.space.kinds
            )
        )


def overlapping(total: int, length: int) -> tuple[Tensor, Tensor]:
    """Windows that overlap by half: their starts, and the window for each frame.

    Args:
        total: N frames.
        length: of a window, at most N.

    Returns:
        Starts `(W,)`, and per frame which window, `(N,)`: it has at least a quarter of a window
        on both sides of the frame, as far as there are frames.
    """
    stride = max(length // 2, 1)
    start = torch.arange(0, total - length + stride, stride).clamp(max=total - length)
    frame = torch.arange(total)
    middle = start + (length - 1) / 2
    later = torch.searchsorted(middle, frame.to(middle.dtype)).clamp(max=len(start) - 1)
    sooner = (later - 1).clamp(min=0)
    nearer = (frame - middle[sooner]).abs() <= (frame - middle[later]).abs()
    return start, torch.where(nearer, sooner, later)


def beginnings(dataset: FactorDataset) -> np.ndarray:
    """Whether each frame is the first of its sequence, `(N,)`.

    Raises:
        DataError: if the data has no sequences, or only sequences of one frame.
    """
    if dataset.sequence is None:
        raise DataError(
            f"snica needs images in the order of time, and {dataset.name} has no sequences; "
            "give an array named sequence beside images, or use the sequences wrapper."
        )
    begins = np.ones(len(dataset), dtype=bool)
    begins[1:] = dataset.sequence[1:] != dataset.sequence[:-1]
    if begins.all():
        raise DataError(f"every sequence of {dataset.name} has one frame; snica needs more.")
    return begins
