"""Codes whose scores are known in closed form."""

import numpy as np
import pytest

from micvae.information.plug_in import as_labels
from micvae.metrics import UndefinedScoreWarning, dci, evaluate, mig
from micvae.metrics.binning import entropy, equal_width_bins, mutual_information

SIZES = (4, 5, 3)


def full_grid(repeats=10):
    """Every combination of three discrete factors equally often: exactly independent."""
    axes = np.meshgrid(*(np.arange(size) for size in SIZES), indexing="ij")
    return np.tile(np.stack([axis.ravel() for axis in axes], axis=1), (repeats, 1))


FACTORS = full_grid()
PERFECT = FACTORS.astype(float)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_a_perfect_code_scores_one_whatever_the_order(order):
    codes = PERFECT[:, order] * [1.0, -3.0, 0.5] + 7
    # MIG: at most 20 values per factor fall into bins of their own, so I = H and the gap is 1.
    assert float(mig(codes, FACTORS)) == pytest.approx(1, abs=1e-12)
    scores = dci(codes, FACTORS).values
    # DCI: the 1e-11 added to each importance costs about 2e-11 · log(1e11) / log 3.
    assert scores["dci_disentanglement"] == pytest.approx(1, abs=1e-8)
    assert scores["dci_completeness"] == pytest.approx(1, abs=1e-8)
    assert scores["dci_informativeness"] == 1


def test_a_duplicated_code_has_no_gap_and_half_the_completeness():
    codes = np.concatenate([PERFECT, -2 * PERFECT], axis=1)
    score = mig(codes, FACTORS)
    np.testing.assert_allclose(score.details["gaps"], 0, atol=1e-12)
    scores = dci(codes, FACTORS).values
    # Each factor is shared equally by 2 of 6 latents: C = 1 − log 2 / log 6. Each latent still
    # knows one factor: D = 1.
    assert scores["dci_disentanglement"] == pytest.approx(1, abs=1e-8)
    assert scores["dci_completeness"] == pytest.approx(1 - np.log(2) / np.log(6), abs=1e-8)


def test_one_duplicated_latent_costs_exactly_its_factor():
    codes = np.column_stack([PERFECT, PERFECT[:, 0]])
    np.testing.assert_allclose(mig(codes, FACTORS).details["gaps"], [0, 1, 1], atol=1e-12)


def test_dead_latents_change_nothing():
    dead = np.column_stack([np.zeros(len(PERFECT)), PERFECT, np.full(len(PERFECT), 30.0)])
    assert float(mig(dead, FACTORS)) == pytest.approx(1, abs=1e-12)
    score = dci(dead, FACTORS)
    np.testing.assert_array_equal(score.details["importance"][[0, 4]], 0)
    # Completeness is relative to the number of latents, but an entropy of 0 is 0 to any base.
    assert score.values["dci_disentanglement"] == pytest.approx(1, abs=1e-8)
    assert score.values["dci_completeness"] == pytest.approx(1, abs=1e-8)


def test_codes_that_are_all_dead_score_nothing():
    with pytest.warns(UndefinedScoreWarning, match="all codes are constant.* 0 by convention"):
        scores = evaluate(np.zeros((len(FACTORS), 4)), FACTORS)
    assert scores["mig"] == 0
    # Uniform importances have the largest entropy; log's rounding is all that remains.
    assert scores["dci_disentanglement"] == pytest.approx(0, abs=1e-12)
    assert scores["dci_completeness"] == pytest.approx(0, abs=1e-12)
    # The prior's most frequent class is all there is to predict.
    assert scores["dci_informativeness"] < 0.35


def test_an_invertible_mixture_of_two_factors_is_complete_in_no_latent():
    # Sum and difference of two factors determine both, and neither latent knows one better: the
    # sum's and the difference's tables are mirror images of each other.
    sides = np.stack(np.meshgrid(np.arange(4), np.arange(4), indexing="ij"), axis=-1)
    factors = np.tile(sides.reshape(-1, 2), (20, 1))
    codes = np.stack([factors.sum(axis=1), factors[:, 0] - factors[:, 1]], axis=1).astype(float)
    score = mig(codes, factors)
    np.testing.assert_allclose(score.details["gaps"], 0, atol=1e-12)
    # I(sum; factor) = H(sum) − H(other factor), the sum of two uniform 4-valued factors being
    # triangular.
    triangle = np.array([1, 2, 3, 4, 3, 2, 1]) / 16
    expected = -np.sum(triangle * np.log(triangle)) - np.log(4)
    np.testing.assert_allclose(score.details["mutual_information"], expected, atol=1e-12)


def test_independent_noise_scores_no_more_than_chance():
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 4, (6000, 3))
    scores = evaluate(rng.normal(size=(6000, 3)), factors)
    # The plug-in bias is (20 − 1)(4 − 1) / 2N = 0.005 nats for each latent; the gap is between
    # the largest two of three such, so below it over H = log 4.
    assert 0 <= scores["mig"] < 0.005 / np.log(4)
    # All codes are equally useless; what is left of unequal importances is of order 1 / N.
    assert scores["dci_disentanglement"] < 0.03
    assert scores["dci_completeness"] < 0.03
    # Chance is 1/4, with a standard deviation of √(3/16 / 6000) < 0.006 over 3 × 2,000 tests.
    assert scores["dci_informativeness"] == pytest.approx(0.25, abs=0.025)


def test_a_quarter_rotation_of_continuous_factors_lies_between():
    rng = np.random.default_rng(0)
    factors = rng.uniform(-1, 1, (3000, 2))
    turned = factors @ np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    perfect, rotated = evaluate(factors, factors), evaluate(turned, factors)
    # The same bins on both sides: all is lost that the other latent's plug-in bias,
    # 19 · 19 / 2N = 0.06 nats of log 20, takes.
    assert perfect["mig"] == pytest.approx(1 - 0.06 / np.log(20), abs=0.01)
    # By symmetry both latents are equal; sampling leaves a gap of a few hundredths.
    assert rotated["mig"] < 0.05
    assert rotated["dci_disentanglement"] < 0.05
    assert perfect["dci_disentanglement"] > 0.99
    # A line in the two latents' plane is learnt well by trees: R² stays high.
    assert perfect["dci_informativeness"] > 0.99
    assert 0.9 < rotated["dci_informativeness"] < perfect["dci_informativeness"]


def test_a_gaussian_shaped_perfect_code_meets_its_ceiling():
    from scipy.special import ndtr, ndtri

    n = 20_000
    factors = np.random.default_rng(0).uniform(size=(n, 2))
    codes = ndtri(factors)
    # Both sets of bins cut the same uniform variable u, so that their joint entropy is that of
    # the pieces between all edges together: I = H(bins of z) + H(bins of u) − H(pieces).
    cuts_u = np.arange(21) / 20

    def pieces(cuts):
        p = np.diff(np.unique(cuts))
        return -np.sum(p * np.log(p))

    gaps = []
    for code in codes.T:
        cuts_z = ndtr(np.linspace(code.min(), code.max(), 21))
        cuts_z[[0, -1]] = 0, 1
        both = np.concatenate([cuts_z, cuts_u])
        gaps.append((pieces(cuts_z) + pieces(cuts_u) - pieces(both)) / pieces(cuts_u))
    # Sampling moves the entropies by about 1 / √n; the plug-in bias is 19 · 19 / 2n = 0.009 nats.
    assert float(mig(codes, factors)) == pytest.approx(np.mean(gaps), abs=0.01)
    assert np.mean(gaps) < 0.75


def test_fewer_latents_than_factors():
    # One latent that carries two factors: mixed radix, so that all of both is in it.
    merged = (FACTORS[:, 0] * 5 + FACTORS[:, 1]).astype(float)
    score = mig(np.stack([merged, PERFECT[:, 2]], axis=1), FACTORS)
    np.testing.assert_allclose(score.details["gaps"], 1, atol=1e-12)
    scores = dci(np.stack([merged, PERFECT[:, 2]], axis=1), FACTORS)
    # The merged latent's row is (1, 1, 0) and has 2/3 of the weight.
    expected = (2 / 3) * (1 - np.log(2) / np.log(3)) + 1 / 3
    assert scores.values["dci_disentanglement"] == pytest.approx(expected, abs=1e-6)
    assert scores.values["dci_completeness"] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("predictor", ["trees", "sklearn"])
def test_one_latent_and_one_factor(predictor):
    code, factor = PERFECT[:, :1], FACTORS[:, :1]
    assert float(mig(code, FACTORS)) == pytest.approx(1 / 3, abs=1e-12)  # gap to zero
    scores = dci(code, factor, predictor=predictor).values
    assert list(scores.values()) == pytest.approx([1, 1, 1], abs=1e-12)
    useless = dci(np.zeros_like(code), factor, predictor=predictor).values
    assert useless["dci_disentanglement"] == useless["dci_completeness"] == 0
    # K = 1: every latent of any importance is about the one factor.
    many = dci(np.random.default_rng(0).normal(size=(600, 3)), factor, predictor=predictor)
    assert many.values["dci_disentanglement"] == pytest.approx(1, abs=1e-12)
    # D = 1: every factor that is predicted at all is in the one latent.
    assert dci(code, FACTORS, predictor=predictor).values["dci_completeness"] == pytest.approx(1)


def test_a_latent_that_varies_in_its_last_bits_only_is_defined():
    rng = np.random.default_rng(0)
    codes = np.column_stack([PERFECT, rng.normal(size=len(PERFECT))]).astype(np.float32)
    codes[:, 3] = np.float32(0.3) * (1 + np.float32(1e-7) * rng.integers(0, 3, len(PERFECT)))
    scores = evaluate(codes, FACTORS)  # a dead latent: nothing to warn of
    assert scores["mig"] > 0.98  # three random values carry about 3 · 2 / 2N nats by chance
    assert scores["dci_disentanglement"] > 0.99


def test_bins_are_numpys():
    rng = np.random.default_rng(0)
    for values in (rng.normal(size=999), rng.normal(size=999).astype(np.float32)):
        edges = np.histogram(values, 20)[1]
        np.testing.assert_array_equal(
            equal_width_bins(values, 20), np.digitize(values, edges[:-1]) - 1
        )


def test_information_measures_in_nats():
    a = np.repeat(np.arange(4), 6)
    b = np.tile(np.arange(6), 4)
    assert entropy(a) == pytest.approx(np.log(4), abs=1e-12)
    assert mutual_information(a, b) == pytest.approx(0, abs=1e-12)
    assert mutual_information(a, a // 2) == pytest.approx(np.log(2), abs=1e-12)
    np.testing.assert_array_equal(as_labels(np.array([22.5, -1.0, 22.5])), [1, 0, 1])
