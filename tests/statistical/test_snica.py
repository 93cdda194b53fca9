"""SNICA: its windows, what it makes of sequences, and that time helps against noise."""

import numpy as np
import pytest
import torch

from micvae.data import FactorDataset, state_space
from micvae.distributions import GaussianLatents, LearnedGaussian
from micvae.errors import DataError, MicvaeError
from micvae.metrics import mcc_pearson
from micvae.models import build_vae, encode
from micvae.networks import MLP
from micvae.objectives import SNICA, Step
from micvae.objectives.hooks import ObjectiveContext
from micvae.objectives.schedules import Ramp
from micvae.objectives.snica import DYNAMICS, beginnings, overlapping
from micvae.training.config import RunConfig
from micvae.training.log import read_log
from micvae.training.trainer import LOG, Trainer

CPU = torch.device("cpu")
LINEAR = MLP(depth=0)


def built(objective, data, latent_dim):
    generator = torch.Generator().manual_seed(0)
    shape = data.image_shape
    model = build_vae(
        LINEAR, LearnedGaussian(1.0), GaussianLatents(), latent_dim, shape, generator, CPU
    )
    setting = ObjectiveContext(latent_dim, shape, LINEAR)
    model.auxiliary_modules.update(objective.auxiliary_modules(setting, generator))
    return model


def step(objective, data, rows):
    generator = torch.Generator().manual_seed(1)
    given = objective.prepare(data, generator)
    given = {name: torch.from_numpy(array) for name, array in given.items()}
    return Step(0, len(data), generator, {}, None, torch.as_tensor(rows), given)


def frames(n=30, features=3, seed=0, lengths=(30,)):
    images = np.random.default_rng(seed).standard_normal((n, features)).astype(np.float32)
    return FactorDataset("frames", images, sequence=np.repeat(np.arange(len(lengths)), lengths))


@pytest.mark.parametrize("total, length", [(2, 2), (9, 2), (64, 64), (65, 64), (1000, 64), (37, 9)])
def test_every_frame_has_a_window_around_it(total, length):
    start, chosen = overlapping(total, length)
    assert start[0] == 0 and start[-1] == total - length and (start.diff() > 0).all()
    place = torch.arange(total) - start[chosen]
    assert (place >= 0).all() and (place < length).all()
    sooner = place.minimum(torch.arange(total))
    later = (length - 1 - place).minimum(torch.arange(total).flip(0))
    margin = length // 4
    inside = (start[chosen] > 0) & (start[chosen] < total - length)
    assert (sooner[inside] >= margin - 1).all() and (later[inside] >= margin - 1).all()


def test_one_window_of_all_frames_is_the_smoother_itself():
    data, objective = frames(), SNICA(window=100, iterations=2)
    model = built(objective, data, 2)
    encoded = objective.encode_dataset(model, data)
    begins = torch.from_numpy(beginnings(data))[:, None]
    with torch.no_grad():
        smoothed = objective.smooth(model, model.encode(torch.from_numpy(data.images)), begins)
    np.testing.assert_array_equal(encoded.codes, smoothed.mean[:, 0].float())
    np.testing.assert_allclose(encoded.latent_kl, smoothed.kl[0] / len(data))
    np.testing.assert_array_equal(encoded.scale, smoothed.variance[:, 0].sqrt().float())


def test_a_sequence_owes_nothing_to_another():
    """Neither its codes nor, within a window that holds both, its share of the KL."""
    data, objective = frames(lengths=(12, 18)), SNICA(window=100)
    model = built(objective, data, 2)
    other = frames(lengths=(12, 18), seed=1)
    other.images[12:] = data.images[12:]
    one, two = (objective.encode_dataset(model, of).codes for of in (data, other))
    np.testing.assert_allclose(one[12:], two[12:], rtol=1e-6)
    assert np.abs(one[:12] - two[:12]).max() > 1e-3


def test_the_loss_is_per_frame_of_the_windows_that_start_in_the_batch():
    data, objective = frames(), SNICA(window=10)
    model = built(objective, data, 2)
    x = torch.from_numpy(data.images)
    # Rows from 20 on would reach beyond the end, and stand for the last window.
    late = [objective(model, x[[row]], step(objective, data, [row])).terms for row in (20, 29)]
    assert late[0]["loss"].item() == late[1]["loss"].item()
    each = [objective(model, x[[row]], step(objective, data, [row])) for row in (3, 7)]
    both = objective(model, x[[3, 7]], step(objective, data, [3, 7]))
    mean = torch.stack([losses.latent_kl for losses in each]).mean(0)
    torch.testing.assert_close(both.latent_kl, mean)
    begins = torch.from_numpy(beginnings(data))[3:13, None]
    alone = objective.smooth(model, model.encode(x[3:13]), begins)
    torch.testing.assert_close(each[0].latent_kl, alone.kl[0].float() / 10)


def test_the_log_has_the_same_terms_when_the_contrast_has_ended(tmp_path):
    """The log keeps a column per term; training crosses the ends of both schedules here."""
    objective = SNICA(beta=Ramp(0, 1, steps=2, begin=2), contrast=Ramp(1, 0, steps=3), window=8)
    config = RunConfig(objective=objective, latent_dim=2, epochs=1, batch_size=4, network=LINEAR)
    trainer = Trainer(config, frames())
    trainer.fit(tmp_path)
    contrast = read_log(tmp_path / LOG)["contrast"]
    assert len(contrast) == trainer.step == 7 and (contrast != 0).all()  # at weight 0, too
    assert trainer.model.auxiliary_modules[DYNAMICS].matrix.isfinite().all()


def test_smoothing_under_the_true_dynamics_beats_single_frames():
    """Noise as strong as the signal, the true linear map and dynamics: only time can help.

    The mixing is near a rotation, so that noise is nearly independent from source to source.
    """
    data = state_space(4000, sources=2, mixing="linear(condition=1.2)", noise=1.0, seed=2)
    objective, known = SNICA(window=64), data.parameters
    model = built(objective, data, 2)
    dynamics = model.auxiliary_modules[DYNAMICS]
    scale = float(known["noise"].mean())
    mixing = data.mixing.jacobian(np.zeros((1, 2)))[0]
    unmixing = np.linalg.inv(mixing)
    with torch.no_grad():
        encoder = [m for m in model.encoder.modules() if isinstance(m, torch.nn.Linear)][-1]
        encoder.weight.copy_(torch.from_numpy(np.vstack([unmixing, 0 * unmixing])))
        spread = np.log(scale**2 * (unmixing**2).sum(1))
        encoder.bias.copy_(torch.from_numpy(np.concatenate([[0, 0], spread])))
        alpha, beta = (torch.from_numpy(known[name].T) for name in ("momentum", "return"))
        matrix = torch.zeros(2, 2, 2, 2)
        matrix[:, :, 0, 0] = 1 + alpha - beta
        matrix[:, :, 0, 1] = -alpha
        matrix[:, :, 1, 0] = 1.0
        dynamics.matrix = matrix
        shift = beta * torch.from_numpy(known["mean"].T)
        dynamics.shift = torch.stack([shift, 0 * shift], dim=-1).float()
        own = -torch.from_numpy(known["variance"].T).log()
        dynamics.log_precision = torch.stack([own, 0 * own + 8.0], dim=-1).float()
        dynamics.move = torch.tensor([[0.99, 0.01], [0.01, 0.99]]).log().repeat(2, 1, 1)
    alone = float(mcc_pearson(encode(model, data.images).codes, data.factors))
    found = float(mcc_pearson(objective.encode_dataset(model, data).codes, data.factors))
    assert found > alone + 0.1


def test_data_without_time_is_refused():
    with pytest.raises(DataError, match="has no sequences"):
        beginnings(FactorDataset("bare", frames().images))
    with pytest.raises(DataError, match="one frame"):
        beginnings(FactorDataset("ones", frames().images, sequence=np.arange(30)))


@pytest.mark.parametrize("name", ["states", "order", "window", "iterations"])
def test_settings_must_be_possible(name):
    with pytest.raises(MicvaeError, match=f"{name} is 0"):
        SNICA(**{name: 0})
