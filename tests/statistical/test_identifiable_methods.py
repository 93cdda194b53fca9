"""What makes the methods with a guarantee themselves: closed forms, densities, recoveries."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch.distributions import Laplace, Normal
from torch.distributions import kl_divergence as kl_of

from micvae.data import FactorDataset, autoregressive, load, segments
from micvae.distributions import DiagonalGaussian
from micvae.errors import DataError
from micvae.metrics import mcc_pearson
from micvae.networks import MLP
from micvae.objectives import PCL, TCL, find, observed
from micvae.objectives.ivae import contrast_of, product
from micvae.objectives.pcl import PairScore
from micvae.objectives.slow_vae import contrast_of as step_contrast
from micvae.objectives.slow_vae import transition_kl
from micvae.objectives.unmixing import independent_components
from micvae.training.config import RunConfig
from micvae.training.log import read_log
from micvae.training.trainer import LOG, Trainer

LINEAR = MLP(depth=0)


def gaussian(seed, rows=6, latents=4):
    generator = torch.Generator().manual_seed(seed)
    loc, log_variance = torch.randn(2, rows, latents, generator=generator, dtype=torch.float64)
    return DiagonalGaussian(loc, log_variance)


def normal(q):
    return Normal(q.loc, q.scale)


def test_the_product_of_gaussians_is_their_densities_product():
    """Up to a constant per row and latent, whatever the place."""
    a, b = gaussian(0), gaussian(1)
    both = product(a, b)
    z = torch.linspace(-3, 3, 7, dtype=torch.float64)[:, None, None]
    constant = normal(both).log_prob(z) - normal(a).log_prob(z) - normal(b).log_prob(z)
    torch.testing.assert_close(constant, constant[:1].expand_as(constant))
    torch.testing.assert_close(1 / both.scale**2, 1 / a.scale**2 + 1 / b.scale**2)


def test_the_kl_between_gaussians_is_that_of_torch():
    a, b = gaussian(2), gaussian(3)
    torch.testing.assert_close(a.kl_to(b), kl_of(normal(a), normal(b)))
    assert a.kl_to(a).abs().max() == 0


def test_the_contrast_is_that_of_the_densities():
    prior, z = gaussian(4), gaussian(5).loc
    by_hand = [
        [normal(prior).log_prob(row)[j].sum() for j in range(len(z))] for row in z
    ]  # rows z, columns u
    density = torch.tensor(by_hand, dtype=torch.float64).exp()
    expected = -(density.diagonal() / density.mean(1)).log().mean()
    torch.testing.assert_close(contrast_of(z, prior), expected)


def test_the_contrast_of_steps_is_that_of_the_densities():
    earlier, later = gaussian(6).loc.double(), gaussian(7).loc.double()
    steps = torch.distributions.Laplace(earlier[None], 1 / 6.0)
    density = steps.log_prob(later[:, None]).sum(2).exp()  # rows z_t, columns z_{j−1}
    expected = -(density.diagonal() / density.mean(1)).log().mean()
    torch.testing.assert_close(step_contrast(earlier, later, 6.0), expected)


@pytest.mark.parametrize(
    ("method", "data"),
    [("ivae", "segments(n=64, segments=4)"), ("slow-vae", "sparse_transitions(n=64)")],
)
def test_the_log_has_the_same_terms_when_the_contrast_has_ended(method, data, tmp_path):
    """The log keeps a column per term; this training crosses the end of the schedule."""
    objective = find(f"{method}(contrast='ramp(1, 0, steps=2)')")
    trainer = Trainer(RunConfig(objective=objective, epochs=1, batch_size=16), load(data))
    trainer.fit(tmp_path)
    contrast = read_log(tmp_path / LOG)["contrast"]
    assert len(contrast) == trainer.step == 4 and (contrast != 0).all()  # at weight 0, too


@pytest.mark.parametrize("rate", [0.5, 6.0])
def test_the_kl_of_a_step_is_its_integral(rate):
    """E KL(q(z) ‖ Laplace(z')) by quadrature over z − z', for one pair in both directions."""
    loc = torch.tensor([[0.3, -1.0], [0.5, 1.0]], dtype=torch.float64)
    log_variance = torch.tensor([[-2.0, 0.4], [-1.0, -0.3]], dtype=torch.float64)
    found = transition_kl(DiagonalGaussian(loc, log_variance), rate)
    assert found.shape == (1, 2)
    for d in range(2):
        apart = Normal(loc[0, d] - loc[1, d], (log_variance[:, d].exp().sum()).sqrt())
        step = Laplace(torch.zeros((), dtype=torch.float64), 1 / rate)

        def integrand(t, apart=apart, step=step):
            t = torch.tensor(t, dtype=torch.float64)
            return float(apart.log_prob(t).exp() * step.log_prob(t))

        # The kink is where the integrand is cut, so that quadrature is exact to rounding.
        cross = sum(quad(integrand, *ends)[0] for ends in ((-15, 0), (0, 15)))
        entropy = Normal(loc[:, d], (0.5 * log_variance[:, d]).exp()).entropy().mean()
        assert found[0, d].item() == pytest.approx(-float(entropy) - cross, rel=1e-6)


def test_the_kl_of_a_step_is_positive():
    """No Gaussian is a Laplace density."""
    spread = torch.linspace(-12, 4, 100, dtype=torch.float64)[:, None]
    same = DiagonalGaussian(torch.zeros(200, 1, dtype=torch.float64), spread.repeat(2, 1))
    assert transition_kl(same, 6.0).min() > 0


def test_the_score_of_pairs_is_the_log_density_ratio_of_laplace_autoregression():
    """log p(later|earlier); what p(later) adds, a function of one argument, is for `own`."""
    rho, scale = 0.7, 0.4
    score = PairScore(2, torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        score.later.fill_(1 / scale)
        score.earlier.fill_(-rho / scale)
        score.own.zero_()
        score.constant.fill_(-2 * np.log(2 * scale))
    later, earlier = torch.randn(2, 50, 2, generator=torch.Generator().manual_seed(1)).double()
    density = Laplace(rho * earlier, scale).log_prob(later).sum(1)
    torch.testing.assert_close(score(later, earlier), density)


def test_the_score_makes_up_for_the_law_of_the_later_sample():
    """−log p(later) of a Gaussian is a square, up to a constant."""
    score = PairScore(1, torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        score.own.fill_(0.5**0.5)
        score.own_shift.fill_(0.3)
        score.later.zero_()
        score.earlier.zero_()
    h = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    expected = (0.5**0.5 * h[:, 0] + 0.3) ** 2
    torch.testing.assert_close(score(h, -h), expected)


def test_independent_components_undo_a_known_mixing():
    generator = np.random.default_rng(0)
    sources = generator.laplace(size=(5000, 3))
    mixing = generator.uniform(-1, 1, (4, 3))  # four features: one direction is constant
    offset, unmixing = independent_components(sources @ mixing.T + 5, 0)
    assert unmixing.shape == (4, 4)
    assert (unmixing[3] == 0).all()
    recovered = (sources @ mixing.T + 5 - offset) @ unmixing[:3].T
    np.testing.assert_allclose(np.cov(recovered.T), np.eye(3), atol=1e-6)
    # FastICA's error is about 1/√N times a small number for Laplace sources.
    assert float(mcc_pearson(recovered, sources)) > 0.995


def test_constant_features_have_no_components():
    offset, unmixing = independent_components(np.full((50, 2), 3.0), 0)
    assert offset.tolist() == [3.0, 3.0]
    assert not unmixing.any()


def vectors(n=5, **more):
    return FactorDataset("hand-made", np.arange(n, dtype=np.float32)[:, None], **more)


def next_numbers(dataset, either):
    following, there = observed.next_frames(dataset, "pcl", either=either)
    return following[:, 0].tolist(), there.tolist()


def test_the_next_frame_is_that_of_the_same_sequence():
    films = vectors(sequence=np.array([0, 0, 1, 2, 2]))
    assert next_numbers(films, either=False) == (
        [1.0, 1.0, 2.0, 4.0, 4.0],
        [True, False, False, True, False],
    )
    assert next_numbers(films, either=True) == (
        [1.0, 0.0, 2.0, 4.0, 3.0],
        [True, True, False, True, True],
    )


def test_partners_come_before_sequences():
    paired = vectors(2, partners=np.array([[7.0], [8.0]], dtype=np.float32))
    assert next_numbers(paired, either=False) == ([7.0, 8.0], [True, True])


def test_without_time_there_is_no_next_frame():
    with pytest.raises(DataError, match="hand-made has no sequences"):
        observed.next_frames(vectors(), "pcl", either=False)
    with pytest.raises(DataError, match="every sequence of hand-made has one frame"):
        observed.next_frames(vectors(sequence=np.arange(5)), "pcl", either=True)


def test_labels_become_one_hot_and_numbers_are_scaled():
    label = vectors(auxiliary=np.array([[3.0], [9.0], [3.0], [-1.0], [9.0]]))
    hot = [[0, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert observed.conditions(label, "ivae").tolist() == hot
    assert observed.segments(label, "tcl").tolist() == [1, 2, 1, 0, 2]
    same = vectors(auxiliary=np.array(hot, dtype=np.float64))
    assert observed.conditions(same, "ivae").tolist() == hot
    assert observed.segments(same, "tcl").tolist() == [1, 2, 1, 0, 2]
    numbers = vectors(auxiliary=np.array([[0.5, 1], [1.5, 1], [2.5, 1], [3.5, 1], [4.5, 1]]))
    scaled = observed.conditions(numbers, "ivae")
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(0), [1, 0], atol=1e-6)


def test_what_is_no_label_is_no_segment():
    numbers = vectors(auxiliary=np.array([[0.5], [1.5], [2.5], [3.5], [4.5]]))
    with pytest.raises(DataError, match="tcl needs a label"):
        observed.segments(numbers, "tcl")
    with pytest.raises(DataError, match="hand-made has none"):
        observed.conditions(vectors(), "ivae")
    with pytest.raises(DataError, match="does not vary"):
        observed.segments(vectors(auxiliary=np.ones((5, 1))), "tcl")


def recovered(objective, dataset, tmp_path):
    """Codes of a linear network after a second of training."""
    config = RunConfig(
        objective=objective,
        data=dataset.name,
        latent_dim=dataset.n_factors,
        network=LINEAR,
        batch_size=500,
        epochs=60,
        learning_rate=0.02,
    )
    model = Trainer(config, dataset).fit(tmp_path)
    return objective.encode_dataset(model, dataset).codes


def shuffled(array):
    return np.random.default_rng(0).permutation(array)


def test_tcl_finds_absolute_values_by_the_segments_and_not_by_others(tmp_path):
    """A random rotation of three sources has an MCC of about 0.6."""
    data = segments(6000, sources=3, segments=12, marginal="laplace", layers=1, seed=1)
    told, misled = tmp_path / "told", tmp_path / "misled"
    told.mkdir(), misled.mkdir()
    assert float(mcc_pearson(recovered(TCL(), data, told), np.abs(data.factors))) > 0.9
    other = replace(data, auxiliary=shuffled(data.auxiliary))
    assert float(mcc_pearson(recovered(TCL(), other, misled), np.abs(data.factors))) < 0.8


def test_pcl_finds_sources_by_their_past_and_not_without_it(tmp_path):
    data = autoregressive(6000, sources=3, layers=1, seed=1)
    told, misled = tmp_path / "told", tmp_path / "misled"
    told.mkdir(), misled.mkdir()
    assert float(mcc_pearson(recovered(PCL(), data, told), data.factors)) > 0.95
    mixed = shuffled(np.arange(len(data)))  # in this order nothing follows from what was before
    other = data.subset(mixed)
    other = replace(other, sequence=np.zeros(len(data), dtype=np.int64))
    assert float(mcc_pearson(recovered(PCL(), other, misled), other.factors)) < 0.9
