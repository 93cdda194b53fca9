"""What the figures of reports are computed from."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from micvae.data import FactorDataset
from micvae.distributions import Gaussian, GaussianLatents
from micvae.identifiability.audit.record import Audited, Conditions, Truth
from micvae.identifiability.audit.rotations import Against
from micvae.models import build_vae
from micvae.networks import MLP
from micvae.records import Missing
from micvae.reports.audit_figures import factors
from micvae.reports.codes import codes_against_factors
from micvae.reports.curves import envelope, smoothed
from micvae.reports.effects import FEATURES, effects, effects_matrix, shown_features
from micvae.reports.matrices import factor_matrix, latent_matrix
from micvae.reports.page import breakable, slug
from micvae.reports.quantities import quantity
from micvae.reports.spreads import ablation, differences
from micvae.reports.style import (
    PALETTE,
    by_kl,
    latent_name,
    short,
    tile,
    tile_size,
    wrapped,
)
from micvae.reports.tables import caution, verdict
from micvae.reports.traversals import COLUMNS, traversals, values_along
from micvae.representation import Encoded, Representation
from micvae.studies.statistics import MeanInterval
from micvae.studies.table import Row, StudyTable
from micvae.text import number


def test_envelope_keeps_the_extremes_where_they_are():
    values = np.random.default_rng(0).normal(size=10_000)
    values[1234], values[7777] = 50.0, -50.0
    x, y = envelope(values)
    assert len(y) <= 800
    assert (y == values[x.astype(int)]).all() and (np.diff(x) > 0).all()
    assert y.max() == 50.0 and y.min() == -50.0


def test_smoothing_leaves_a_straight_line_as_it_is():
    line = np.linspace(3, -7, 5000)
    x, y = smoothed(line)
    np.testing.assert_allclose(y, np.interp(x, np.arange(5000), line), atol=1e-9)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiles_lie_where_their_row_and_column_say(channels):
    images = np.zeros((2, 3, channels, 4, 5), dtype=np.float32)
    images[1, 2] = 0.5
    picture = tile(images, gap=1)
    assert picture.shape == (9, 17, 3)
    assert (picture[5:, 12:] == 0.5).all()
    assert (picture[4] == 1).all() and (picture[:4, :5] == 0).all()


def test_matrices_write_their_numbers_in_the_order_of_kl():
    kl, active = [0.1, 2.0], [False, True]
    figure = factor_matrix([[0.11, 0.12], [0.21, -0.001]], ["a", "b"], kl, active)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["0.21", "0.00", "0.11", "0.12"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["z₁", "z₀"]
    assert axes.get_yticklabels()[1].get_fontstyle() == "italic"
    figure = latent_matrix([[0.0, 0.3], [0.3, 0.0]], kl, active)
    assert [text.get_text() for text in figure.axes[0].texts] == ["·", "0.30", "0.30", "·"]


def test_ten_latents_have_a_name_and_a_place_each():
    kl = np.arange(10.0)
    matrix = np.random.default_rng(0).random((10, 10))
    figure = latent_matrix(matrix.tolist(), kl.tolist(), [True] * 10)
    names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert names == [latent_name(d) for d in range(9, -1, -1)] and latent_name(10) == "z₁₀"
    assert len(figure.axes[0].texts) == 100
    assert by_kl(kl) == list(range(9, -1, -1))


def test_the_ablation_gives_lambda_zero_a_place_and_every_seed_a_dot():
    q = quantity("mig")
    figure = ablation({q: {0.0: [0.1, 0.2], 2.0: [0.3], 10.0: [0.2, 0.2]}})
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "2", "10"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [sorted(line.get_ydata()) for line in dots] == [[0.1, 0.2], [0.3], [0.2, 0.2]]


def test_differences_keep_zero_in_the_middle():
    figure = differences({quantity("mig"): {"ours": [0.1, 0.3]}}, "vanilla")
    low, high = figure.axes[0].get_xlim()
    assert low == -high and high > 0.3


def test_numbers_are_written_as_numbers():
    assert quantity("mig").shown(-0.1234) == "−0.123"
    assert quantity("mig").shown(0.1234, signed=True) == "+0.123"
    assert quantity("mig").shown(-0.0001, signed=True) == "0.000"
    assert quantity("mig").shown(None) == "–"
    assert quantity("seconds").shown(1234.56) == "1,234.6"
    assert quantity("a_new_metric").label == "a new metric"
    assert number(-0.001, 2) == "0.00" and number(-1.5, 1) == "−1.5"
    assert breakable("a(b_c=3) <i>") == "a<wbr/>(b_<wbr/>c=<wbr/>3) &lt;i&gt;"
    assert breakable("1,234.6 (a,b)") == "1,234.6 <wbr/>(a,<wbr/>b)"
    assert slug("MI-constrained, λ = 2, seed 0") == "mi-constrained-λ-=-2-seed-0"


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (MeanInterval(0.1, 0.05, 0.2), "distinguishable"),
        (MeanInterval(-0.1, -0.2, -0.05), "distinguishable"),
        (MeanInterval(0.1, 0.02, 0.2), "not distinguishable"),  # 6 seeds: too near to 0
        (MeanInterval(0.1, 0.0, 0.2), "not distinguishable"),
        (MeanInterval(0.1, None, None), "no interval"),
    ],
)
def test_verdict_in_plain_words(interval, said):
    assert verdict(interval, 6) == said


def test_few_seeds_are_said_to_be_few():
    assert verdict(MeanInterval(0.1, 0.01, 0.2), 5) == "5 seeds: too few to tell"
    assert verdict(MeanInterval(0.1, 0.05, 0.2), 6) == "distinguishable"
    assert "With 2 seeds" in caution(2) and "50% of studies" in caution(2)
    assert "12% of studies" in caution(4) and "at least 6 seeds" in caution(4)
    assert caution(1) == caution(10) == ""


def test_pairs_are_made_by_seed_and_the_median_run_stands_for_its_row():
    rows = [
        Row(label, seed, "", "", 1.0, columns={"mig": mig})
        for label, seed, mig in (
            ("base", 0, 0.1),
            ("base", 2, 0.5),
            ("ours", 2, 0.75),
            ("ours", 0, 0.2),
            ("ours", 1, 0.9),
            ("ours", 3, None),
        )
    ]
    table = StudyTable(tuple(rows))
    assert table.paired("ours", "base", "mig") == pytest.approx([0.25, 0.1])
    assert table.representative("ours").seed == 2
    assert table.representative("base").seed == 0
    assert table.representative("nobody") is None


def test_a_table_of_a_study_prints_means_and_converts():
    def row(seed, mig, kept=True):
        return Row("vae", seed, f"runs/{seed}", "squares", 2.0, kept, {"mig": mig})

    table = StudyTable((row(0, 0.25), row(1, 0.75), row(1, 0.1, kept=False)))
    assert str(table).splitlines()[1].split(maxsplit=2) == ["vae", "2", "0.5 [0.25, 0.75]"]
    frame = table.to_frame()
    assert list(frame["mig"]) == [0.25, 0.75, 0.1] and list(frame["kept"]) == [True, True, False]
    first = {"row": "vae", "seed": 0, "path": "runs/0", "data": "squares", "seconds": 2.0}
    assert table.to_dict()["rows"][0] == {**first, "kept": True, "mig": 0.25}
    assert table[0] == {**first, "kept": True, "mig": 0.25}


def test_only_what_is_above_random_rotations_is_painted_as_beyond_chance():
    values = {"pearson": 0.1, "spearman": 0.6, "nonlinear": 0.9}
    scores = {
        f"mcc_{name}": Against(value=value, low=0.5, median=0.6, high=0.7, share=0.5)
        for name, value in values.items()
    }
    truth = Truth(
        samples=100,
        rotations=50,
        **scores,
        mcc_affine=0.9,
        per_factor=(0.9,),
        excess=(None,),
        factors=("a",),
        kinds=("continuous",),
    )
    parts = dict.fromkeys(("generator", "encoder", "sources", "latents"), Missing(missing="–"))
    run = Audited(
        name="run",
        method="vae",
        seed=0,
        latents_total=1,
        active=(0,),
        truth=truth,
        **parts,
        conditions=Conditions(
            independent_sources=None, gaussian_encoder=None, no_pairwise_information=None
        ),
        identified=None,
        said=(),
        advice=(),
    )
    dots = [line for line in factors([run], ["run"]).axes[0].lines]
    assert [dot.get_color() for dot in dots] == [PALETTE[0], PALETTE[0], PALETTE[1]]


def represented(codes, draws, factors=None):
    """Codes and draws of a representation whose latents are all Gaussian."""
    codes, draws = (np.asarray(values, dtype=np.float32) for values in (codes, draws))
    scale = np.full_like(codes, 0.1)
    kinds = ("gaussian",) * codes.shape[1]
    encoded = Encoded(codes, scale, draws, np.arange(codes.shape[1], 0.0, -1.0), kinds)
    x = np.zeros((len(codes), 1, 6, 12), dtype=np.float32)
    data = FactorDataset("x", x, *(() if factors is None else (factors, ("a", "b"))))
    return Representation.of(encoded, data)


def test_a_traversal_goes_where_the_codes_are():
    """Standard codes keep −2 to 2; codes at 4.2 to 6 are traversed there, constant ones about."""
    generator = np.random.default_rng(0)
    normal, far = generator.normal(size=2000), generator.uniform(4.2, 6, 2000)
    draws = np.stack([normal, far, np.full(2000, 7.0)], axis=1)
    found = represented(draws, draws)
    model = build_vae(
        MLP(hidden=4, depth=1), Gaussian(), GaussianLatents(), 3, (1, 6, 12),
        torch.Generator().manual_seed(0), torch.device("cpu"),
    )  # fmt: skip
    rows = [values_along(model, found, d) for d in range(3)]
    np.testing.assert_allclose(rows[0], np.linspace(-2, 2, COLUMNS), atol=1e-6)
    np.testing.assert_allclose(rows[1][[0, -1]], [4.218, 5.982], atol=0.02)
    np.testing.assert_allclose(rows[2][[0, -1]], [6.75, 7.25], atol=1e-6)
    labels = [label.get_text() for label in traversals(model, found).axes[0].get_yticklabels()]
    assert any("4.2 to 6" in label for label in labels)


def test_effects_are_those_of_a_linear_decoder():
    """x = W z: a feature moves by its weight times the latent's range, over its own spread."""
    generator = np.random.default_rng(0)
    z = generator.normal(size=(4000, 2))
    weights = np.array([[3.0, 0.0, -1.0], [0.0, 0.5, 2.0]])
    model = build_vae(
        MLP(depth=0), Gaussian(), GaussianLatents(), 2, (3,),
        torch.Generator().manual_seed(0), torch.device("cpu"),
    )  # fmt: skip
    layer = model.decoder[0]
    layer.weight.data, layer.bias.data = torch.from_numpy(weights.T).float(), torch.ones(3)
    data = FactorDataset("x", z @ weights, feature_names=("a", "b", "c"))
    found = effects(model, represented(z, z), data)
    assert found.latents == [0, 1] and found.names == ("a", "b", "c")
    np.testing.assert_allclose(found.moved, 4 * weights / (z @ weights).std(0), rtol=1e-5)
    figure = effects_matrix(found, np.array([True, True]), np.array([0, 2]))
    image = figure.axes[0].images[0]
    assert image.norm.vmin == -image.norm.vmax
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["a", "c"]


def test_effects_show_the_features_that_move_furthest():
    """Of sixty, those of the largest effect in the data's order; what does not vary is none."""
    generator = np.random.default_rng(0)
    z = generator.normal(size=(500, 1))
    strength = np.arange(60.0) / 59
    noise = generator.normal(size=(500, 60))
    x = z * strength + noise
    x[:, 0], x[:, 30] = 7, 7 + 1e-7 * noise[:, 30]  # constant, and constant but for rounding
    model = build_vae(
        MLP(depth=0), Gaussian(), GaussianLatents(), 1, (60,),
        torch.Generator().manual_seed(0), torch.device("cpu"),
    )  # fmt: skip
    model.decoder[0].weight.data = torch.from_numpy(strength[:, None]).float()
    found = effects(model, represented(z, z), FactorDataset("x", x))
    assert np.isnan(found.moved[0, [0, 30]]).all() and np.isfinite(found.moved).sum() == 58
    (features,) = shown_features([found])
    assert len(features) == FEATURES and (np.diff(features) > 0).all()
    assert features[0] > 20 and 30 not in features and found.names == tuple(map(str, range(60)))
    # Beside a run that moves others further, both show the same; other data has its own.
    moved = np.where(np.arange(60) == 5, 99.0, 0.0)[None]
    both = shown_features([found, replace(found, moved=moved)])
    assert (both[0] == both[1]).all() and 5 in both[0]
    apart = shown_features([found, replace(found, moved=moved, names=("a",) * 60)])
    assert (apart[0] == features).all()


@pytest.mark.parametrize("name", ["gross_$_net_$", "a$_$b", "$ in % of $", "$\\foo$", "<&>"])
def test_any_text_will_do_as_a_name(name, tmp_path):
    figure = factor_matrix([[0.5]], [name], [1.0], [True])
    figure.savefig(tmp_path / "x.svg")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == [name]


def test_every_latent_has_its_own_scale_and_an_inactive_one_stays_flat():
    generator = np.random.default_rng(0)
    codes = np.stack([generator.normal(size=500), generator.normal(size=500) + 50,
                      1e-3 * generator.normal(size=500)], axis=1)  # fmt: skip
    found = represented(codes, codes, generator.random((500, 2)))
    limits = [axes.get_ylim() for axes in codes_against_factors(found, [0, 1]).axes[::2]]
    assert limits[0][1] < 10 and limits[1][0] > 40
    low, high = limits[2]
    assert high - low == pytest.approx(2, abs=0.05)


def test_pictures_that_are_not_square_fill_their_figure():
    width, height = tile_size((3, 40, 56), 0.4)
    assert height / width == pytest.approx(40 / 56) and width * height == pytest.approx(0.16)
    assert tile_size((1, 64, 64), 0.4) == (0.4, 0.4)


def test_long_names_of_factors_are_turned_and_cut_and_keep_the_map_wide():
    """Three names of 18 characters overlapped; one of 60 left no room for the map."""
    for name in ("horizontal position", "a name of a factor that goes on and on for ever and ever"):
        figure = factor_matrix([[0.1] * 3] * 3, [name, "b", "c"], [3, 2, 1], [True] * 3)
        figure.draw_without_rendering()
        axes = figure.axes[0]
        assert axes.get_xticklabels()[0].get_rotation() == 40
        box = axes.get_window_extent()
        assert box.width / figure.dpi > 1.2 and box.height / figure.dpi > 1.2
    assert short("a" * 30) == "a" * 12 + "…" + "a" * 7 and short("size") == "size"
    assert wrapped("sharpness_of_edge", 15) == "sharpness_of_\nedge"
