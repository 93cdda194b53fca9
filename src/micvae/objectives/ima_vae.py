"""IMA-VAE: a decoder whose latents act in orthogonal directions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from micvae.checks import PositiveInt
from micvae.distributions import Trait
from micvae.models import VAEModel
from micvae.models.jacobian import ima_contrast, jacobians
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.identifiability import ELEMENTWISE, Identifiability
from micvae.objectives.schedules import Constant, Schedule


@dataclass(frozen=True)
class IMAVAE(Objective):
    r"""−E[log p(x|z)] + β · KL + γ · E[C(z)], in nats per sample.

    .. math:: C = \sum_d \log \|\partial f / \partial z_d\| - \tfrac{1}{2} \log \det J^\top J

    with J the Jacobian of f, the decoder's mean, at a sample of the posterior. C is averaged over
    the first `samples` images of the batch. Its gradient also reaches the encoder, through the
    point at which J is evaluated. A VAE with narrow posteriors tends to a small C by itself.

    References:
        *Independent Mechanism Analysis, a New Concept?*, Gresele, von Kügelgen, Stimper,
        Schölkopf & Besserve, 2021.
        *Embrace the Gap: VAEs Perform Independent Mechanism Analysis*, Reizinger, Gresele, Brady,
        von Kügelgen, Zietlow, Schölkopf, Martius, Brendel & Besserve, 2022.
        *Function Classes for Identifiable Nonlinear Independent Component Analysis*, Buchholz,
        Besserve & Schölkopf, 2022.

    Examples:
        >>> import micvae
        >>> data = "independent(n=400, sources=2, mixing='orthogonal')"
        >>> run = micvae.train(
        ...     "ima-vae", data=data, contrast_weight=1, latent_dim=2, epochs=1, out="run"
        ... )
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'ima_contrast']
    """

    summary: ClassVar[str] = "latents that move images in orthogonal directions"
    reference: ClassVar[str] = "Gresele et al. 2021"
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"vector_code"})
    """For a direction per latent."""
    identifiability: ClassVar[Identifiability | None] = Identifiability(
        up_to=ELEMENTWISE,
        given="the mixing has orthogonal columns and is not conformal in two dimensions",
        source="Gresele et al. 2021; Buchholz et al. 2022",
        evidence="partly proved",
        remark=(
            "The known families of wrong solutions and small deformations are excluded; there is "
            "no theorem for all of them."
        ),
    )

    beta: Schedule = Constant(1.0)
    """Weight of the KL term."""

    contrast_weight: Schedule = Constant(1.0)
    """γ, the weight of the contrast C."""

    samples: PositiveInt = 24
    """Images of a batch at which the Jacobian is evaluated, by D backward passes in a step."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`unweighted`: γ = 0, to watch the contrast of a VAE."""
        return {"unweighted": cls(contrast_weight=Constant(0.0))}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        at = elbo.z[: self.samples]
        contrast = ima_contrast(jacobians(lambda z: model.decode(z).mean, at)).mean()
        loss = (
            elbo.reconstruction
            + self.beta(step.number) * elbo.kl
            + self.contrast_weight(step.number) * contrast
        )
        return elbo.losses(loss, ima_contrast=contrast)
