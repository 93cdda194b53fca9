"""What makes the weakly supervised and adversarial methods themselves."""

import numpy as np
import pytest
import torch

from micvae.data import FactorDataset, squares
from micvae.distributions import Bernoulli, DiagonalGaussian, GaussianLatents, UniformLatents
from micvae.errors import DataError, MicvaeError
from micvae.models import build_vae
from micvae.networks import Patch
from micvae.objectives import (
    AdaGVAE,
    AdaMLVAE,
    BetaVAE,
    InfoGAN,
    SemiSupervised,
    Step,
    VAEObjective,
)
from micvae.objectives.hooks import ObjectiveContext
from micvae.objectives.schedules import Constant
from micvae.training.config import RunConfig
from micvae.training.trainer import Trainer

CPU = torch.device("cpu")


def pair_of_posteriors():
    """Two latents agree, one is 3 standard deviations away."""
    loc = torch.tensor([[0.0, 1.0, 2.0], [0.1, -2.0, 2.1]])
    log_variance = torch.tensor([[0.0, 0.0, -1.0], [0.2, 0.0, -1.0]])
    return DiagonalGaussian(loc, log_variance)


@pytest.mark.parametrize("divergence", ["symmetric", "one-way"])
def test_the_latent_that_differs_is_told(divergence):
    shared = AdaGVAE(divergence=divergence).shared(pair_of_posteriors())
    assert shared.tolist() == [[True, False, True]]


def test_the_threshold_is_half_way_between_the_extremes():
    """δ = ½ (μ − μ')² for unit variances: 0, 2, 4.5, 8 with the threshold at 4."""
    loc = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.0, 2.0, 3.0, 4.0]])
    shared = AdaGVAE().shared(DiagonalGaussian(loc, torch.zeros(2, 4)))
    assert shared.tolist() == [[True, True, False, False]]


def test_shared_posteriors_are_averaged_or_multiplied():
    posterior = pair_of_posteriors()
    group = AdaGVAE().average(posterior)
    assert group.loc[0].tolist() == pytest.approx([0.05, -0.5, 2.05])
    variance = (1 + np.exp(0.2)) / 2
    assert group.log_variance[0, 0].exp().item() == pytest.approx(variance)
    product = AdaMLVAE().average(posterior)
    precision = 1 + np.exp(-0.2)
    assert product.log_variance[0, 0].exp().item() == pytest.approx(1 / precision)
    assert product.loc[0, 0].item() == pytest.approx(0.1 * np.exp(-0.2) / precision)
    assert product.loc[0, 1].item() == pytest.approx(-0.5)  # equal precisions: the mean


def test_identical_pairs_leave_the_vae():
    """Where a partner is the image itself both posteriors are equal, and so is the bound."""
    toy = squares(16, seed=0)
    dataset = FactorDataset("same", toy.images, toy.factors, partners=toy.images)
    model = build_vae(
        Patch(width=4, hidden=8),
        Bernoulli(),
        GaussianLatents(),
        3,
        (1, 32, 32),
        torch.Generator().manual_seed(0),
        CPU,
    )
    x = torch.from_numpy(toy.images)
    given = {"partners": torch.from_numpy(dataset.partners)}
    step = Step(0, 16, torch.Generator().manual_seed(1), rows=torch.arange(16), prepared=given)
    for objective in (AdaGVAE(), AdaMLVAE()):
        losses = objective(model, x, step)
        kl = model.space.draw(model.encode(x), torch.Generator())[1].mean(0)
        torch.testing.assert_close(losses.latent_kl, kl)


def test_pairs_without_factors_are_refused():
    bare = FactorDataset("bare", squares(64).images)
    with pytest.raises(DataError, match="bare has no known factors"):
        Trainer(RunConfig(objective=AdaGVAE()), bare)


def test_labels_are_scaled_drawn_once_and_few():
    toy = squares(200, seed=3)
    objective = SemiSupervised(labels=20)
    one, two = (objective.prepare(toy, torch.Generator().manual_seed(5)) for _ in range(2))
    assert np.array_equal(one["their factors"], two["their factors"]) and one[
        "their factors"
    ].shape == (20, 3)
    assert one["their factors"].min() >= 0 and one["their factors"].max() <= 1
    # the labels belong to their images: the brightness of a square is its intensity
    bright = one["labelled images"].max((1, 2, 3))
    assert np.corrcoef(bright, one["their factors"][:, 1])[0, 1] > 0.99
    with pytest.raises(DataError, match="needs 300 images"):
        SemiSupervised(labels=300).prepare(toy, torch.Generator())
    with pytest.raises(MicvaeError, match="base is semi-supervised"):
        SemiSupervised(base=SemiSupervised())


def test_labels_only_add_to_the_base(tmp_path):
    """With weight 0 the base's training is left, to the bit."""
    toy = squares(128, seed=0)
    settings = {"network": Patch(width=4, hidden=8), "epochs": 2, "batch_size": 32}
    weights = []
    for objective in (BetaVAE(), SemiSupervised(BetaVAE(), labels=8, label_weight=Constant(0.0))):
        folder = tmp_path / type(objective).__name__
        folder.mkdir()
        trainer = Trainer(RunConfig(objective=objective, **settings), toy)
        weights.append(torch.cat([p.flatten() for p in trainer.fit(folder).parameters()]))
    assert torch.equal(*weights)


def test_labels_tie_latents_to_factors(tmp_path):
    """Given many labels and a large weight, latent k follows factor k."""
    toy = squares(1024, seed=0)
    objective = SemiSupervised(base=VAEObjective(), labels=512, label_weight=Constant(100.0))
    config = RunConfig(objective=objective, network=Patch(8, 32), epochs=10, batch_size=32)
    model = Trainer(config, toy).fit(tmp_path)
    with torch.inference_mode():
        codes = model.codes(torch.from_numpy(toy.images))[0].numpy()
    for k in (0, 1):  # of the rotation only the values next to each other are alike
        assert np.corrcoef(codes[:, k], toy.factors[:, k])[0, 1] > 0.9


def test_infogans_codes_are_read_off_its_own_images(tmp_path):
    """Codes drawn from the prior are found again in the images made from them."""
    toy = squares(1024, seed=0)
    objective = InfoGAN()
    config = RunConfig(
        objective=objective,
        latents=UniformLatents(),
        latent_dim=2,
        network=Patch(8, 64),
        epochs=15,
        batch_size=32,
    )
    model = Trainer(config, toy).fit(tmp_path)
    with torch.inference_mode():
        z = model.space.sample(500, torch.Generator().manual_seed(1))
        found = model.codes(model.decode(z).mean)[0].numpy()
    drawn = model.space.codes_of(z).numpy()
    for d in range(2):
        # chance is below 0.15; an untrained recognition network finds nothing
        assert np.corrcoef(found[:, d], drawn[:, d])[0, 1] > 0.8


def test_infogans_recognition_network_does_not_see_the_discriminators_loss():
    objective = InfoGAN()
    network = Patch(4, 8)
    generator = torch.Generator().manual_seed(0)
    shape = (1, 32, 32)
    model = build_vae(network, Bernoulli(), objective.latents, 3, shape, generator, CPU)
    own = objective.networks(ObjectiveContext(3, shape, network), generator)
    x = torch.from_numpy(squares(8).images)
    losses = objective(model, x, Step(0, 8, generator, own))
    loss = losses.minimised["discriminator"]
    leak = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    assert all(g is None for g in leak)
