"""Every network, on every shape it accepts, obeys the same laws."""

import pytest
import torch
from torch import nn

from micvae.distributions import AutoLikelihood, Bernoulli, GaussianLatents
from micvae.errors import DataError
from micvae.models import build_vae
from micvae.networks import MLP, NETWORKS, initialise, patch
from micvae.networks.patch import FromPatches, FromVector, ToPatches, ToVector, exchanged

SHAPES = [(1, 32, 32), (1, 64, 64), (3, 64, 64), (3, 32, 48), (4, 16, 16), (1, 96, 64)]
ODD = [(1, 28, 28), (2, 37, 50), (1, 8, 8), (5, 9, 31), (3, 63, 21)]
CUTS = [(1, 32, 32, 4), (3, 64, 48, 8), (2, 9, 15, 1), (5, 6, 4, 2), (3, 12, 8, 4)]


def build(name, shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    cpu = torch.device("cpu")
    return build_vae(NETWORKS[name](), Bernoulli(), GaussianLatents(), 5, shape, generator, cpu)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shape", SHAPES + ODD, ids=str)
def test_images_to_latents_and_back(name, shape):
    model = build(name, shape)
    x = torch.rand(3, *shape, generator=torch.Generator().manual_seed(1))
    posterior = model.encode(x)
    assert posterior.loc.shape == posterior.scale.shape == (3, 5)
    assert model.decode(posterior.loc).mean.shape == x.shape
    # Every weight takes part: none is left without a gradient.
    (
        posterior.loc.sum() + posterior.scale.sum() + model.decode(posterior.loc).mean.sum()
    ).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_samples_do_not_mix(name):
    model = build(name, (1, 32, 32))
    x = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(model.encode(x).loc[1:2], model.encode(x[1:2]).loc)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_generator_decides_every_weight(name):
    a, b, c = (build(name, (1, 32, 32), seed) for seed in (0, 0, 1))
    for x, y, z in zip(a.parameters(), b.parameters(), c.parameters(), strict=True):
        assert torch.equal(x, y) and not torch.equal(x, z)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in ("mlp", "sparse")])
def test_images_below_eight_pixels_are_refused(name):
    with pytest.raises(DataError, match="7×32 pixels are too small"):
        build(name, (1, 7, 32))


@pytest.mark.parametrize("name", ["conv", "patch"])
def test_every_pixel_counts_whatever_the_size(name):
    """The border is put around the image and not over it: all pixels are read, and all written."""
    model = build(name, (1, 37, 50))
    x = torch.rand(1, 1, 37, 50, generator=torch.Generator().manual_seed(1), requires_grad=True)
    model.encode(x).loc.sum().backward()
    assert (x.grad != 0).float().mean() > 0.9  # some sit behind rectifiers that are off
    assert (x.grad[..., [0, -1], :] != 0).any(-1).all() and (x.grad[..., [0, -1]] != 0).any(
        -2
    ).all()
    z = torch.randn(64, 5, generator=torch.Generator().manual_seed(2))
    assert (model.decode(z).mean.std(0) > 0).all()


@pytest.mark.parametrize("name", ["auto", "mlp"])
def test_vectors_to_latents_and_back(name):
    generator, cpu = torch.Generator().manual_seed(0), torch.device("cpu")
    options = (AutoLikelihood(), GaussianLatents(), 5, (7,), generator, cpu)
    model = build_vae(NETWORKS[name](), *options)
    x = 100 * torch.randn(3, 7, generator=generator)
    image = model.decode(model.encode(x).loc)
    assert image.mean.shape == x.shape
    # a Gaussian of scale 0.1, summed over the vector, by PyTorch's own
    expected = torch.distributions.Normal(image.mean, 0.1).log_prob(x).sum(1)
    torch.testing.assert_close(image.log_prob(x), expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", ["conv", "patch"])
def test_networks_for_images_refuse_vectors(name):
    with pytest.raises(DataError, match="use --network mlp"):
        build(name, (7,))


def test_a_perceptron_of_no_depth_is_linear():
    model = build_vae(
        MLP(depth=0),
        AutoLikelihood(),
        GaussianLatents(),
        2,
        (4,),
        torch.Generator().manual_seed(0),
        torch.device("cpu"),
    )
    x = torch.randn(2, 4, generator=torch.Generator().manual_seed(1))
    a, b, middle = (model.encode(one).loc for one in (x[:1], x[1:], x.mean(0, keepdim=True)))
    torch.testing.assert_close(middle, (a + b) / 2)


def test_the_standard_network_at_64_is_the_published_one():
    model = build("conv", (1, 64, 64))
    convolutions = [m for m in model.encoder if isinstance(m, torch.nn.Conv2d)]
    assert [m.out_channels for m in convolutions] == [32, 32, 64, 64]
    assert all(m.kernel_size == (4, 4) and m.stride == (2, 2) for m in convolutions)
    hidden = [m.out_features for m in model.encoder if isinstance(m, torch.nn.Linear)]
    assert hidden == [256, 2 * 5]


def test_weights_have_the_spread_of_pytorch():
    with torch.random.fork_rng():  # PyTorch's own initialisation draws globally
        layer = torch.nn.Linear(400, 300)
    reference = layer.weight.detach().clone()
    initialise(layer, torch.Generator().manual_seed(0))
    assert layer.weight.abs().max() <= 400**-0.5
    # 120,000 draws: the standard deviation is known to 0.2%.
    assert layer.weight.std().item() == pytest.approx(reference.std().item(), rel=0.01)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("channels", "height", "width", "side"), CUTS)
def test_patches_are_pytorchs_pixel_shuffle(channels, height, width, side, layout):
    """Values, layout in memory and gradients, up to the order of what a patch consists of."""
    cut = (channels, (height // side, width // side), side)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(4, channels, height, width, generator=generator).to(memory_format=layout)
    # PyTorch counts the pixels of the first channel, then those of the next.
    order = torch.arange(channels * side**2).view(channels, side**2).T.flatten()
    inverse = order.argsort()
    for ours, theirs in (
        (ToPatches(*cut), lambda image: nn.PixelUnshuffle(side)(image)[:, order]),
        (FromPatches(*cut), lambda patches: nn.PixelShuffle(side)(patches[:, inverse])),
    ):
        expected = theirs(x)
        assert torch.equal(ours(x), expected)
        if layout == torch.channels_last:
            assert ours(x).is_contiguous(memory_format=layout)
        upstream = torch.rand(expected.shape, generator=generator)
        found, known = (
            torch.autograd.grad(module(leaf), leaf, upstream)[0]
            for module, leaf in ((m, x.clone().requires_grad_()) for m in (ours, theirs))
        )
        assert torch.equal(found, known)
        x = expected.contiguous(memory_format=layout)  # patches go back to pixels


def test_patches_have_second_derivatives():
    """Penalties on a decoder's slopes and curvature are trained through them."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.rand(2, 12, 1, dtype=torch.float64, generator=generator, requires_grad=True)

    def curved(x):
        return exchanged(exchanged(x, (2, 3, 2)).sin() * x, (3, 2, 2)).exp()

    def slope(x):
        return torch.autograd.grad(curved(x).sum(), x, create_graph=True)[0]

    assert torch.autograd.gradcheck(curved, rows)
    assert torch.autograd.gradcheck(slope, rows)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # in forward mode
@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 32, 32)], ids=str)
def test_jacobians_of_whole_networks_can_be_taken(shape):
    """By the function transforms, as an analysis of one's own would; beside a plain difference."""
    model = build("patch", shape).double()
    z, step = torch.zeros(1, 5, dtype=torch.float64), torch.zeros(1, 5, dtype=torch.float64)
    step[0, 3] = 1e-6
    with torch.no_grad():
        change = (model.decoder(z + step) - model.decoder(z - step)) / 2e-6
    rows = torch.func.jacrev(model.decoder)(z)[..., 0, 3]
    _, column = torch.func.jvp(model.decoder, (z,), (step * 1e6,))
    for found in (rows, column):
        torch.testing.assert_close(found, change, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "recorded",
    [
        lambda module, z: torch.export.export(module, (z,)).module(),
        lambda module, z: torch.jit.trace(module, (z,)),
        lambda module, z: torch.compile(module, backend="eager", fullgraph=True),
    ],
    ids=["export", "trace", "compile"],
)
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_networks_can_be_written_down_and_go_on_working(recorded):
    """Nothing that a recorder made up stays behind in the process, even if it came first."""
    patch._order.cache_clear()
    model = build("patch", (1, 32, 32)).eval()
    z = torch.zeros(2, 5)
    written = recorded(model.decoder, z)
    torch.testing.assert_close(written(z), model.decoder(z))
    assert type(model.decoder(z)) is torch.Tensor


def test_vectors_of_a_grid_are_its_memory():
    grid = torch.arange(120).reshape(2, 5, 3, 4).contiguous(memory_format=torch.channels_last)
    vector = ToVector()(grid)
    back = FromVector((3, 4), 5)(vector)
    assert torch.equal(back, grid)
    assert grid.data_ptr() == vector.data_ptr() == back.data_ptr()
    assert back.is_contiguous(memory_format=torch.channels_last)


def test_images_of_another_size_are_refused():
    """A batch of larger images is not taken for a larger batch of smaller ones."""
    with pytest.raises(DataError, match=r"shape \(1, 64, 64\) for a network of \(1, 32, 32\)"):
        ToPatches(1, (8, 8), 4)(torch.zeros(2, 1, 64, 64))
