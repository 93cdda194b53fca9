"""What the figures of reports are computed from."""

import numpy as np
import pytest

from micvae.reports.curves import envelope, smoothed
from micvae.reports.matrices import factor_matrix, latent_matrix
from micvae.reports.page import slug
from micvae.reports.quantities import quantity
from micvae.reports.spreads import ablation, differences
from micvae.reports.style import by_kl, latent_name, number, tile
from micvae.reports.tables import caution, paired, representative, verdict
from micvae.studies.statistics import Interval


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
    assert slug("MI-constrained, λ = 2, seed 0") == "mi-constrained-λ-=-2-seed-0"


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (Interval(0.1, 0.01, 0.2), "interval excludes 0"),
        (Interval(-0.1, -0.2, -0.01), "interval excludes 0"),
        (Interval(0.1, 0.0, 0.2), "interval includes 0"),
        (Interval(0.1, None, None), "no interval"),
    ],
)
def test_verdict_in_plain_words(interval, said):
    assert verdict(interval) == said


def test_few_seeds_are_said_to_be_few():
    assert "With 2 seeds" in caution(2) and "50% of studies" in caution(2)
    assert "12% of studies" in caution(4)
    assert caution(1) == caution(10) == ""


def test_pairs_are_made_by_seed_and_the_median_run_stands_for_its_row():
    rows = [
        {"row": "base", "seed": 0, "mig": 0.1},
        {"row": "base", "seed": 2, "mig": 0.5},
        {"row": "ours", "seed": 2, "mig": 0.75},
        {"row": "ours", "seed": 0, "mig": 0.2},
        {"row": "ours", "seed": 1, "mig": 0.9},
        {"row": "ours", "seed": 3, "mig": None},
    ]
    assert paired(rows, "ours", "base", "mig") == pytest.approx([0.25, 0.1])
    assert representative(rows, "ours")["seed"] == 2
    assert representative(rows, "base")["seed"] == 0
    assert representative(rows, "nobody") is None
