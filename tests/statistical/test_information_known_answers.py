"""Estimators against mutual informations known in closed form or by numerical integration."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import ive

from micvae.information import ESTIMATORS, aggregate_pairwise_mi, pairwise_mutual_information

COUNT = 5000
RHOS = [0.0, 0.3, 0.6, 0.9, 0.99]


def gaussian_pair(rho: float, count: int = COUNT, seed: int = 0) -> NDArray[np.float64]:
    x = np.random.default_rng(seed).standard_normal((count, 2))
    x[:, 1] = rho * x[:, 0] + math.sqrt(1 - rho**2) * x[:, 1]
    return x


def gaussian_truth(rho: float) -> float:
    return -0.5 * math.log1p(-(rho**2))


# Standard errors at N = 5,000: the mean of N terms whose spread is about rho (information density
# of a Gaussian) is 0.014 at most; 0.05 is over three of them and is what the design asks for.
@pytest.mark.parametrize("rho", RHOS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_ksg_on_gaussians(rho: float, seed: int) -> None:
    result = pairwise_mutual_information(gaussian_pair(rho, seed=seed), "ksg")[0, 1]
    assert result == pytest.approx(gaussian_truth(rho), abs=0.05)


@pytest.mark.parametrize("rho", RHOS)
def test_gaussian_on_gaussians(rho: float) -> None:
    result = pairwise_mutual_information(gaussian_pair(rho), "gaussian")[0, 1]
    # d I = rho d rho / (1 - rho²), d rho ~ (1 - rho²)/√N: error ~ rho/√N ≤ 0.014; four of them
    assert result == pytest.approx(gaussian_truth(rho), abs=4 * max(rho, 0.1) / math.sqrt(COUNT))


@pytest.mark.parametrize("rho", RHOS)
def test_binned_on_gaussians(rho: float) -> None:
    result = pairwise_mutual_information(gaussian_pair(rho), "binned")[0, 1]
    # 20 bins lose up to a tenth of the information, at rho = 0.99 and at 0.3, and never gain any
    truth = gaussian_truth(rho)
    assert 0.88 * truth - 0.03 < result < truth + 0.03


@pytest.mark.parametrize("name", ["ksg", "binned", "gaussian"])
def test_independent_uniforms(name: str) -> None:
    x = np.random.default_rng(0).random((COUNT, 4))
    result = pairwise_mutual_information(x, name)
    # spread at independence: ksg about 0.012 (k = 3), binned 19·19/N·√(2/361)/2 ≈ 0.003
    assert np.abs(result).max() < 0.05


def entropy(density: NDArray[np.float64], step: float) -> float:
    return float(-np.sum(np.where(density > 0, density * np.log(density + 1e-300), 0)) * step)


def ring_truth(noise: float) -> float:
    """I(x; y) = 2 h(x) - h(x, y) of a unit circle blurred by N(0, noise²)."""
    r, step = np.linspace(0, 1 + 10 * noise, 20001, retstep=True)
    radial = np.exp(-((r - 1) ** 2) / (2 * noise**2)) * ive(0, r / noise**2)
    radial /= 2 * np.pi * noise**2
    assert np.sum(2 * np.pi * r * radial) * step == pytest.approx(1, abs=1e-6)
    joint = entropy_of_log(radial, 2 * np.pi * r * step)
    x, step = np.linspace(-1 - 8 * noise, 1 + 8 * noise, 4001, retstep=True)
    angle = (np.arange(4000) + 0.5) * np.pi / 4000  # the cosine of an even grid: no singularity
    kernel = np.exp(-((x[:, None] - np.cos(angle)) ** 2) / (2 * noise**2))
    marginal = kernel.mean(1) / (noise * math.sqrt(2 * np.pi))
    return 2 * entropy(marginal, float(step)) - joint


def entropy_of_log(density: NDArray[np.float64], measure: NDArray[np.float64]) -> float:
    return float(-np.sum(measure * density * np.log(density + 1e-300)))


def test_noisy_ring() -> None:
    noise = 0.1
    generator = np.random.default_rng(0)
    angle = generator.uniform(0, 2 * np.pi, COUNT)
    x = np.stack([np.cos(angle), np.sin(angle)], 1) + noise * generator.standard_normal((COUNT, 2))
    truth = ring_truth(noise)
    assert 0.5 < truth < 1.5
    # the information density spreads by about 0.7: standard error 0.01, and ksg's small bias;
    # bins a tenth of the radius wide at the middle, as wide as the noise, lose about a tenth
    assert pairwise_mutual_information(x, "ksg")[0, 1] == pytest.approx(truth, abs=0.05)
    assert pairwise_mutual_information(x, "gaussian")[0, 1] < 0.002  # blind to it
    assert pairwise_mutual_information(x, "binned")[0, 1] == pytest.approx(truth, rel=0.15)


def parabola_truth(noise: float) -> float:
    """I(x; y) = h(y) - h(noise), y = x² + noise, x standard normal."""
    y, step = np.linspace(-8 * noise, 40, 12001, retstep=True)
    x, width = np.linspace(-7, 7, 4001, retstep=True)
    weight = np.exp(-(x**2) / 2) / math.sqrt(2 * np.pi) * width
    density = np.empty_like(y)
    for start in range(0, len(y), 500):
        part = y[start : start + 500, None]
        kernel = np.exp(-((part - x**2) ** 2) / (2 * noise**2))
        density[start : start + 500] = kernel @ weight / (noise * math.sqrt(2 * np.pi))
    assert density.sum() * step == pytest.approx(1, abs=1e-4)
    return entropy(density, float(step)) - 0.5 * math.log(2 * np.pi * math.e * noise**2)


def test_parabola_is_uncorrelated_and_dependent() -> None:
    noise = 0.5
    generator = np.random.default_rng(0)
    x = generator.standard_normal(COUNT)
    pair = np.stack([x, x**2 + noise * generator.standard_normal(COUNT)], 1)
    truth = parabola_truth(noise)
    # the information density spreads by about 0.9: standard error 0.013, and ksg's small bias
    assert pairwise_mutual_information(pair, "ksg")[0, 1] == pytest.approx(truth, abs=0.05)
    # skewness makes the sample correlation spread by √15/√N = 0.055: ρ²/2 below 0.01 at 2.5 of it
    assert pairwise_mutual_information(pair, "gaussian")[0, 1] < 0.01
    # the outermost bins of a normal variable are wide, and there y varies fastest: a fifth is lost
    assert 0.75 * truth < pairwise_mutual_information(pair, "binned")[0, 1] < truth + 0.03


@pytest.mark.parametrize("name", ["ksg", "binned", "gaussian"])
def test_sum_modulo_one_is_pairwise_independent_though_jointly_dependent(name: str) -> None:
    x = np.random.default_rng(0).random((COUNT, 2))
    z = np.column_stack([x, x.sum(1) % 1])
    # three independent pairs: the spreads of `test_independent_uniforms`, four times the largest
    assert np.abs(pairwise_mutual_information(z, name)).max() < 0.05
    joint = pairwise_mutual_information(np.column_stack([(z[:, 0] + z[:, 1]) % 1, z[:, 2]]), "ksg")
    assert joint[0, 1] > 3  # the third is a function of the other two


@pytest.mark.parametrize("levels", [2, 5])
def test_ksg_of_discrete_variables_tends_to_their_discrete_information(levels: int) -> None:
    generator = np.random.default_rng(0)
    x = generator.integers(0, levels, COUNT)
    y = np.where(generator.random(COUNT) < 0.5, x, generator.integers(0, levels, COUNT))
    samples = np.stack([x, y], 1).astype(float)
    exact = pairwise_mutual_information(samples, "binned")[0, 1]
    # digamma(n) is log n to 1/2n at n > 100 per cell; standard error 0.7/√N = 0.01
    assert pairwise_mutual_information(samples, "ksg")[0, 1] == pytest.approx(exact, abs=0.05)


# Training estimators. Locations drawn from N(0, C), C = [[1, r], [r, 1]], and posteriors of
# standard deviation s give an aggregate posterior N(0, C + s² I): correlation r / (1 + s²).
LOCATION_RHO, SCALE = 0.9, 0.7


def posterior_batch(size: int, seed: int = 0) -> tuple[torch.Tensor, ...]:
    loc = gaussian_pair(LOCATION_RHO, size, seed)
    noise = np.random.default_rng(seed + 100).standard_normal((size, 2))
    z = loc + SCALE * noise
    return tuple(torch.from_numpy(a.astype(np.float32)) for a in (z, loc, np.full_like(loc, SCALE)))


TRUTH = gaussian_truth(LOCATION_RHO / (1 + SCALE**2))


@pytest.mark.parametrize(
    ("name", "offset"),
    [("mixture", 0.0), ("mws", math.log(10**6)), ("mss", 0.0), ("gaussian", 0.0)],
)
def test_training_estimators_on_a_gaussian_aggregate(name: str, offset: float) -> None:
    size = 3000
    result = ESTIMATORS[name]()(*posterior_batch(size), dataset_size=10**6)[0, 1].item()
    # standard error ρ/√B = 0.011; the estimate of a density by B wide components adds O(1/B)
    assert result == pytest.approx(TRUTH + offset, abs=0.04)


def test_aggregate_evaluation_and_ksg_agree_with_the_truth() -> None:
    tensors = posterior_batch(4000)
    # standard error ρ/√N = 0.01 of both, four and five of them
    assert aggregate_pairwise_mi(*tensors)[0, 1] == pytest.approx(TRUTH, abs=0.04)
    ksg = pairwise_mutual_information(tensors[0].numpy(), "ksg")[0, 1]
    assert ksg == pytest.approx(TRUTH, abs=0.05)


def test_the_minibatch_bias_is_upward_and_shrinks_with_the_batch() -> None:
    """Independent latents with posteriors a tenth as wide as their spread."""

    def mean_estimate(size: int, batches: int) -> float:
        generator = torch.Generator().manual_seed(0)
        values = []
        for _ in range(batches):
            loc = torch.randn(size, 2, generator=generator)
            scale = torch.full_like(loc, 0.1)
            z = loc + 0.1 * torch.randn(size, 2, generator=generator)
            values.append(ESTIMATORS["mixture"]()(z, loc, scale, dataset_size=size)[0, 1].item())
        return float(np.mean(values))

    small, medium, large = mean_estimate(64, 40), mean_estimate(512, 8), mean_estimate(3000, 2)
    assert 0.5 < small < math.log(64)  # far from the true 0
    assert 0 < large < medium < small
    assert large < 0.2


def test_density_ratio_learns_the_information_of_its_samples() -> None:
    estimator = ESTIMATORS["density-ratio"]()
    generator = torch.Generator().manual_seed(0)
    network = estimator.network(3, torch.Generator().manual_seed(1))
    assert network is not None
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)

    def draw(size: int) -> torch.Tensor:
        z = torch.randn(size, 3, generator=generator)
        z[:, 2] = 0.8 * z[:, 0] + 0.6 * z[:, 2]
        return z

    for _ in range(600):
        loss = estimator.network_loss(draw(256), network=network, generator=generator)
        assert loss is not None
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    z = draw(20_000)
    result = estimator(z, z, torch.ones_like(z), dataset_size=256, network=network).detach()
    # a network after 600 steps of noise: within 0.1 of the truth, 0.51 nats, and of zero
    assert result[0, 2].item() == pytest.approx(gaussian_truth(0.8), abs=0.1)
    assert abs(result[0, 1].item()) < 0.1
    assert abs(result[1, 2].item()) < 0.1
