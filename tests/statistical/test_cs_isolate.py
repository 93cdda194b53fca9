"""What makes CS-Isolate itself: wrong labels, augmentations, trust, and who learns from what."""

import dataclasses

import numpy as np
import pytest
import torch

from micvae.data import FactorDataset, squares
from micvae.data.augmentation import Augmentation
from micvae.data.labels import instance_dependent, label_of
from micvae.distributions import Bernoulli, DiagonalGaussian
from micvae.errors import DataError, MicvaeError
from micvae.models import build_vae
from micvae.networks import Patch
from micvae.objectives import CSIsolate, Step, divide_mix
from micvae.objectives.cs_isolate import kl, waves
from micvae.objectives.hooks import ObjectiveContext
from micvae.objectives.schedules import Constant
from micvae.training.config import RunConfig
from micvae.training.trainer import Trainer

CPU = torch.device("cpu")
STILL = Augmentation(rotation=0, shift=0, zoom=0, contrast=0, brightness=0)


def noisy(rate, seed=0, n=20_000):
    """Random small images of three classes, and their labels made wrong."""
    random = np.random.default_rng(seed)
    images = random.random((n, 1, 4, 4), dtype=np.float32)
    labels = random.integers(0, 3, n)
    return images, labels, instance_dependent(images, labels, rate, np.random.default_rng(seed + 1))


@pytest.mark.parametrize("rate", [0.2, 0.4])
def test_the_share_of_wrong_labels_is_that_of_the_truncated_normal(rate):
    """Its mean is rate + 0.1 φ(a)/Φ(−a) with a = −rate/0.1; the upper cut is 6 σ away."""
    _, labels, wrong = noisy(rate)
    a = rate / 0.1
    density = np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi)
    expected = rate + 0.1 * density / torch.special.ndtr(torch.tensor(a)).item()
    # four standard errors of a share out of 20,000
    assert (wrong != labels).mean() == pytest.approx(expected, abs=4 * 0.5 / np.sqrt(20_000))
    assert wrong.min() == 0 and wrong.max() == 2


def test_no_noise_leaves_the_labels():
    _, labels, wrong = noisy(0.0)
    assert np.array_equal(labels, wrong)


def test_the_wrong_class_depends_on_the_image():
    """A linear map of the pixels tells which wrong label is given, better than the commoner one."""
    images, labels, wrong = noisy(0.4, n=30_000)
    flipped = (labels == 0) & (wrong != 0)
    design = np.c_[images.reshape(len(images), -1)[flipped], np.ones(flipped.sum())]
    given = wrong[flipped] == 1
    half = len(given) // 2
    fit = np.linalg.lstsq(design[:half], given[:half] - 0.5, rcond=None)[0]
    found = ((design[half:] @ fit > 0) == given[half:]).mean()
    # a standard error of either share is below 0.012
    assert found > max(given.mean(), 1 - given.mean()) + 0.05


def test_impossible_noise_and_labels_are_refused():
    images, labels, _ = noisy(0.0, n=8)
    with pytest.raises(DataError, match=r"noise is 1\.0"):
        instance_dependent(images, labels, 1.0, np.random.default_rng())
    with pytest.raises(DataError, match="one class"):
        instance_dependent(images, labels * 0, 0.2, np.random.default_rng())
    bare = FactorDataset("bare", images, np.random.default_rng(0).random((8, 1)))
    with pytest.raises(DataError, match="bare has no categorical or ordinal factor"):
        label_of(bare)
    with pytest.raises(DataError, match=r"has 4 values; a label needs 2 to 3 \(classes\)"):
        CSIsolate(classes=3).prepare(squares(64), torch.Generator())
    with pytest.raises(MicvaeError, match="leaves none for style"):
        CSIsolate(content=3).contents(3)
    with pytest.raises(MicvaeError, match="warm_up is -1; give a whole number of at least 0"):
        CSIsolate(warm_up=-1)


def test_the_label_is_the_first_category_unless_named():
    toy = squares(64)
    assert label_of(toy) == 2 and label_of(toy, "size") == 0
    ordinal = FactorDataset("own", toy.images, np.c_[toy.factors[:, :1], np.arange(64) % 3])
    assert label_of(ordinal) == 1


def test_labels_are_drawn_from_the_passed_generator():
    toy = squares(64)
    clean = CSIsolate().prepare(toy, torch.Generator().manual_seed(1))
    values = np.unique(toy.factors[:, 2])
    assert np.array_equal(values[clean["labels"].argmax(1)], toy.factors[:, 2])
    one, two, other = (
        CSIsolate(noise=0.4).prepare(toy, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    for name in ("labels", "identities"):
        assert np.array_equal(one[name], two[name]) and not np.array_equal(one[name], other[name])
    # no image's number is that of a class or of another image
    assert np.array_equal(np.sort(one["identities"]), np.arange(4, 68))


def test_augmented_images_stay_images():
    x = torch.rand(64, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    strong = Augmentation(rotation=180, shift=1, zoom=0.99, contrast=1, brightness=1)
    for augmentation in (Augmentation(), strong):
        moved, drawn = augmentation(x, torch.Generator().manual_seed(1))
        assert moved.shape == x.shape and moved.min() >= 0 and moved.max() <= 1
        assert drawn.shape == (64, 6) and drawn.min() >= -1 and drawn.max() <= 1
        assert (moved != x).any(3).any(2).any(1).all()
    still, _ = STILL(x, torch.Generator().manual_seed(1))
    torch.testing.assert_close(still, x, rtol=0, atol=1e-5)  # interpolation at the pixels


def test_augmentations_do_what_they_say():
    """A quarter turn, a shift by whole pixels, half as large, brighter, without contrast."""
    x = torch.zeros(1, 1, 16, 16)
    x[0, 0, 4:12, 6:9] = 0.5  # 8 high, 3 wide
    augmentation = Augmentation(rotation=90, shift=0.25, zoom=0.5, contrast=1, brightness=0.25)

    def apply(**strengths):
        order = ("rotation", "right", "down", "zoom", "contrast", "brightness")
        drawn = torch.tensor([[float(strengths.get(name, 0)) for name in order]])
        return augmentation.apply(x, drawn)

    close = {"rtol": 0, "atol": 1e-5}  # of the sampling grid
    turned = torch.rot90(x, -1 if apply(rotation=1)[0, 0, 6, 4] > 0.25 else 1, (2, 3))
    torch.testing.assert_close(apply(rotation=1), turned, **close)
    torch.testing.assert_close(apply(right=1), x.roll(4, 3), **close)
    torch.testing.assert_close(apply(down=-1), x.roll(-4, 2), **close)
    # the area shrinks to a quarter; edges fall between pixels, whose grey values keep it
    assert apply(zoom=-1).sum().item() == pytest.approx(x.sum().item() / 4, rel=0.1)
    torch.testing.assert_close(apply(brightness=1), x + 0.25, **close)
    torch.testing.assert_close(apply(contrast=-1), torch.full_like(x, x.mean()), **close)


def test_a_turn_keeps_the_shape_of_what_is_not_in_a_square_image():
    """A square in a wide image is a square after a quarter turn."""
    x = torch.zeros(1, 1, 16, 32)
    x[0, 0, 4:12, 12:20] = 1
    turned = Augmentation(rotation=90).apply(x, torch.tensor([[1.0, 0, 0, 0, 0, 0]]))
    torch.testing.assert_close(turned, x, rtol=0, atol=1e-5)


def test_high_losses_are_told_from_low_ones():
    """Two groups of losses far apart: the mixture's posterior is 1 and 0 but for their tails."""
    random = np.random.default_rng(0)
    low, high = random.normal(0.3, 0.1, 60), random.normal(4, 0.5, 40)
    losses = torch.from_numpy(np.concatenate([low, high])).float()
    found = divide_mix.lower(losses)
    assert (found[:60] > 0.99).all() and (found[60:] < 0.01).all()
    # neither units nor order matter
    torch.testing.assert_close(divide_mix.lower(3 * losses + 1), found, rtol=0, atol=1e-3)
    torch.testing.assert_close(divide_mix.lower(losses.flip(0)), found.flip(0))
    assert divide_mix.lower(torch.ones(8)).tolist() == pytest.approx([1.0] * 8)


def test_labels_are_trusted_where_they_are_expected_or_unsurprising():
    """The classifier is sure of class 0 but for one image; of 40 labels the last ten are others."""
    guesses = torch.tensor([[0.98, 0.01, 0.01]]).repeat(40, 1)
    guesses[0] = torch.tensor([0.34, 0.33, 0.33])
    labels = torch.eye(3)[[0] * 30 + [1] * 10]
    trust = divide_mix.right(guesses, labels)
    assert trust[0] == 1  # surprising, but still the most probable class
    assert (trust[:30] > 0.9).all() and (trust[30:] < 0.1).all()


def test_targets_are_trusted_labels_or_sharpened_guesses():
    guesses = torch.tensor([[0.8, 0.2], [0.5, 0.5], [0.4, 0.6], [0.7, 0.3]])
    labels = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    told = divide_mix.targets(guesses, labels, torch.tensor([1.0, 0.0]), temperature=0.5)
    assert told[0].tolist() == [0, 1]
    assert told[1, 0].item() == pytest.approx(0.6**2 / (0.6**2 + 0.4**2))


def test_the_classifiers_parts_meet_their_closed_forms():
    logits = torch.tensor([[0.0, 0.0], [0.0, 2.0], [1.0, 3.0]])
    y = torch.tensor([[1.0, 0.0], [0.25, 0.75], [0.0, 1.0]])
    label, guess, balance = divide_mix.parts(logits, y, torch.tensor([True, False, False]))
    p = logits.softmax(1)
    assert label.item() == pytest.approx(np.log(2))
    assert guess.item() == pytest.approx(2 * ((p - y)[1:, 0] ** 2).mean().item())
    expected = (0.5 * (0.5 / p.mean(0)).log()).sum().item()
    assert balance.item() == pytest.approx(expected, rel=1e-5)


def parts(objective, n=32, step=0, latent_dim=4, seed=1):
    toy = squares(n, seed=0)
    network, shape = Patch(width=4, hidden=8), (1, 32, 32)
    generator = torch.Generator().manual_seed(0)
    model = build_vae(network, Bernoulli(), objective.latents, latent_dim, shape, generator, CPU)
    own = objective.networks(ObjectiveContext(latent_dim, shape, network), generator)
    given = objective.prepare(toy, torch.Generator().manual_seed(2))
    given = {name: torch.from_numpy(array) for name, array in given.items()}
    noise = torch.Generator().manual_seed(seed)
    x = torch.from_numpy(toy.images)
    return model, own, x, Step(step, n, noise, own, None, torch.arange(n), given)


def test_both_views_have_one_prior_of_content_and_styles_of_their_own():
    """Each latent's KL is that to a Gaussian whose mean the networks give of u_c and u_s."""
    objective = CSIsolate(augmentation=Augmentation(rotation=0))
    model, own, x, step = parts(objective)
    losses = objective(model, x, step)
    moved, drawn = objective.augmentation(x, torch.Generator().manual_seed(1))
    content = own["content prior"](
        waves(torch.from_numpy(step.prepared["labels"].numpy().argmax(1)))
    )
    terms = []
    for view, style in ((x, torch.zeros_like(drawn)), (moved, drawn)):
        q = model.encode(view)
        mean = torch.cat([content, own["style prior"](style)], 1)
        normal = torch.distributions.Normal
        divergence = torch.distributions.kl_divergence(normal(q.loc, q.scale), normal(mean, 1.0))
        terms.append(divergence.mean(0))
    torch.testing.assert_close(losses.latent_kl, (terms[0] + terms[1]) / 2)


def test_the_kl_to_a_moved_prior():
    posterior = DiagonalGaussian(torch.tensor([[1.0]]), torch.tensor([[np.log(0.25)]]))
    # ½ (σ² + (μ − m)² − 1 − log σ²)
    expected = 0.5 * (0.25 + 4 - 1 - np.log(0.25))
    assert kl(posterior, torch.tensor([[3.0]])).item() == pytest.approx(expected)


def test_images_have_numbers_and_trusted_ones_their_class():
    """Of the codes of 2,000 numbers no two are the same."""
    codes = waves(torch.arange(2000))
    nearest = torch.cdist(codes, codes).fill_diagonal_(9).min()
    assert codes.shape == (2000, 32) and nearest > 0.05


@pytest.mark.parametrize("step", [0, 500], ids=["warm-up", "selection"])
def test_every_group_has_the_gradients_of_its_own_part(step):
    """The classifier's loss has the value of the encoder's; the decoder learns from the ELBO."""
    objective = CSIsolate(elbo_weight=Constant(0.0))
    model, own, x, given = parts(objective, step=step)
    losses = objective(model, x, given)
    torch.testing.assert_close(losses.minimised["classifier"], losses.minimised["model"])

    def gradients(loss, module):
        return torch.autograd.grad(
            loss, list(module.parameters()), allow_unused=True, retain_graph=True
        )

    assert all(g is None for g in gradients(losses.minimised["model"], model.decoder))
    assert any(g.abs().sum() > 0 for g in gradients(losses.minimised["model"], model.encoder))
    for name, network in own.items():
        found = gradients(losses.minimised[name], network)
        assert all(g is not None and g.isfinite().all() for g in found)
        for other, module in own.items():
            if other != name:
                assert all(g is None for g in gradients(losses.minimised[name], module))
    weighed = dataclasses.replace(objective, elbo_weight=Constant(1.0))
    model, _, x, given = parts(weighed, step=step)
    told = gradients(weighed(model, x, given).minimised["model"], model.decoder)
    assert any(g.abs().sum() > 0 for g in told)


def test_no_style_reaches_the_classifier():
    objective = CSIsolate(elbo_weight=Constant(0.0))
    model, _, x, step = parts(objective)
    loss = objective(model, x, step).minimised["model"]
    last = model.encoder[-1].weight  # rows: four means, four log-variances; content first
    (slope,) = torch.autograd.grad(loss, last)
    assert (slope[:2].abs().sum(1) > 0).all() and (slope[2:] == 0).all()


def sides(n):
    """Noisy images with one of their four sides bright, on a background of some grey."""
    random = np.random.default_rng(0)
    classes = random.integers(0, 4, n)
    images = np.empty((n, 1, 16, 16), dtype=np.float32)
    images[:] = random.uniform(0.1, 0.3, (n, 1, 1, 1)) + random.uniform(0, 0.2, images.shape)
    for k in range(4):
        images[classes == k] += np.rot90(np.eye(1, 16)[0][:, None] * np.ones(16) * 0.5, k)
    return FactorDataset("sides", images, classes[:, None], factor_kinds=("categorical",))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """On four classes that are easy to tell, almost one label in three wrong."""
    dataset = sides(512)
    augmentation = Augmentation(rotation=5, shift=0.05, contrast=0.5, brightness=0.3)
    config = RunConfig(
        objective=CSIsolate(noise=0.3, augmentation=augmentation, warm_up=80),
        network=Patch(4, 32),
        latent_dim=8,
        epochs=20,
        learning_rate=3e-3,
        device="cpu",
    )
    trainer = Trainer(config, dataset)
    model = trainer.fit(tmp_path_factory.mktemp("run"))
    true = torch.from_numpy(dataset.factors[:, 0]).long()
    return trainer, model, torch.from_numpy(dataset.images), true


def test_wrong_labels_are_found_and_outvoted(trained):
    trainer, model, x, true = trained
    given = trainer.prepared["labels"]
    with torch.inference_mode():
        guess = trainer.networks["classifier"](model.encode(x).mean[:, :4])[:, :4].log_softmax(1)
        trusted = divide_mix.right(guess.exp(), given) > 0.5
    correct = given.argmax(1) == true
    assert correct.float().mean() < 0.75
    # who copied the labels would have that share both times
    assert correct[trusted].float().mean() > 0.85
    assert (guess.argmax(1) == true).float().mean() > 0.95


def test_content_stays_and_style_changes_under_augmentation(trained):
    """How much of the latents' variance lies between two views of an image: less of content's."""
    trainer, model, x, _ = trained
    generator = torch.Generator().manual_seed(3)
    with torch.inference_mode():
        views = [trainer.config.objective.augmentation(x, generator)[0] for _ in range(2)]
        one, two = (model.encode(view).mean for view in views)
    within = (one - two).square().mean(0) / 2
    total = torch.cat([one, two]).var(0)
    content, style = (within[part].sum() / total[part].sum() for part in (slice(4), slice(4, 8)))
    assert content < 0.5 * style
