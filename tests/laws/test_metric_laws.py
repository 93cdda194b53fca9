"""Laws that every score in `METRICS` obeys."""

import warnings

import numpy as np
import pytest

from micvae.metrics import METRICS, UnfairMetricWarning, evaluate, intervals

pytestmark = pytest.mark.filterwarnings("ignore:sap. not fair to codes whose")  # on purpose

SHAPES = ("perfect", "rotated", "merged", "dead", "noise")
SCORED = [name for name, metric in METRICS.items() if metric.needs == "factors"]

# Reordering samples changes which of them train the predictors, hence a sampling error: with 400
# training and 200 test samples, a few hundredths. What only counts has the same sums.
REORDERED = 1e-9
REORDERED_SPLIT = 0.08

# A rotation hides nothing from a linear reader of all codes together.
LINEAR_READERS = {"explicitness", "infoe", "mcc_affine"}

# Scores whose definition does not ask how much a code knows; their docstrings say so.
RELATIVE = {
    "dci_explicitness": "no probe makes more of a code that knows nothing than the smallest one",
    "dci_size": "counts factors and latents",
    "modularity": "noise's spurious information prefers the factor with most values",
    "infom": "the same, for what an estimate of 0 leaves",
    "infoc": "the same, latent by latent",
}


def example(shape, seed=0, n=600):
    rng = np.random.default_rng(seed)
    factors = np.column_stack([rng.uniform(size=n), rng.integers(0, 4, n), rng.integers(0, 3, n)])
    standard = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    turn = np.array([[1, -1, 0], [1, 1, 0], [0, 0, np.sqrt(2)]]) / np.sqrt(2)  # 45° in a plane
    codes = {
        "perfect": standard,
        "rotated": standard @ turn @ turn[[2, 0, 1]][:, [2, 0, 1]],
        "merged": np.column_stack([standard[:, 0] + 5 * standard[:, 1], standard[:, 2]]),
        "dead": np.column_stack([standard[:, :2], np.zeros(n), 1e-3 * rng.normal(size=n)]),
        "noise": rng.normal(size=(n, 3)),
    }[shape]
    return codes, factors


@pytest.mark.parametrize("shape", SHAPES)
def test_bounds(shape):
    for name, value in evaluate(*example(shape)).items():
        low, high = METRICS[name].range
        assert low - 1e-12 <= value <= high + 1e-12, name  # rounding of sums of logarithms


@pytest.mark.parametrize("shape", SHAPES)
def test_permuting_and_flipping_latents_changes_nothing(shape):
    codes, factors = example(shape)
    plain = evaluate(codes, factors)
    order = np.random.default_rng(1).permutation(codes.shape[1])
    # Sums over latents in another order; an iteration that stops at a tolerance stops elsewhere.
    for name, value in evaluate(codes[:, order], factors).items():
        assert value == pytest.approx(plain[name], abs=ITERATED.get(name, 1e-9)), name
    signs = np.where(np.arange(codes.shape[1]) % 2 == 0, -1.0, 1.0)
    # A value exactly on the edge of a histogram's bin belongs to the right one, so that flipping
    # moves it to the next bin: none does for codes drawn from a continuum; one in N might.
    for name, value in evaluate(codes * signs, factors).items():
        assert value == pytest.approx(plain[name], abs=ITERATED.get(name, 1e-9)), name


# L-BFGS stops at a gradient of 1e-4; on separable classes its loss is still falling there.
ITERATED = {"explicitness": 1e-3, "infoe": 5e-3, "dci_explicitness": 1e-6}


@pytest.mark.parametrize("name", SCORED)
def test_scaling_one_latent_matters_only_where_it_is_said_to(name):
    codes, factors = example("rotated")
    plain = evaluate(codes, factors, metrics=name)[name]
    # A power of two scales without rounding; trees see codes in float32.
    scaled = evaluate(codes * [1.0, 64.0, 1.0], factors, metrics=name)[name]
    if METRICS[name].invariant & {"scale", "monotone"}:
        assert scaled == pytest.approx(plain, abs=ITERATED.get(name, 1e-9))
    else:
        assert scaled != pytest.approx(plain, abs=1e-4)


@pytest.mark.parametrize("name", SCORED)
def test_monotone_maps_matter_only_where_they_are_said_to(name):
    codes, factors = example("rotated")
    bent = np.column_stack([np.exp(2 * codes[:, 0]), codes[:, 1] ** 3, np.tanh(codes[:, 2])])
    plain = evaluate(codes, factors, metrics=name)[name]
    mapped = evaluate(bent, factors, metrics=name)[name]
    if "monotone" in METRICS[name].invariant:
        # Trees split halfway between two training codes, where a test code may change sides.
        assert mapped == pytest.approx(plain, abs=1e-3 if METRICS[name].refits else 1e-9)
    else:
        assert mapped != pytest.approx(plain, abs=1e-4)


@pytest.mark.parametrize("name", [n for n in SCORED if "rotation" in METRICS[n].invariant])
def test_rotations_change_nothing_where_that_is_said(name):
    (codes, factors), (turned, _) = example("noise"), example("noise")
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    plain = evaluate(codes, factors, metrics=name)[name]
    assert evaluate(turned @ rotation, factors, metrics=name)[name] == pytest.approx(
        plain, abs=1e-3
    )


def test_permuting_factors_changes_nothing():
    codes, factors = example("rotated")
    plain = evaluate(codes, factors)
    for name, value in evaluate(codes, factors[:, [2, 0, 1]]).items():
        assert value == pytest.approx(plain[name], abs=1e-9), name


@pytest.mark.parametrize("shape", SHAPES)
def test_the_order_of_samples_does_not_matter(shape):
    codes, factors = example(shape)
    order = np.random.default_rng(2).permutation(len(codes))
    plain, reordered = evaluate(codes, factors), evaluate(codes[order], factors[order])
    for name, value in reordered.items():
        tolerance = REORDERED_SPLIT if METRICS[name].splits else ITERATED.get(name, REORDERED)
        assert value == pytest.approx(plain[name], abs=tolerance), name


def test_relabelling_a_factors_categories_changes_nothing():
    codes, factors = example("rotated")
    relabelled = factors.copy()
    relabelled[:, 1] = np.array([30.0, -1.0, 7.5, 2.0])[factors[:, 1].astype(int)]
    kinds = ("continuous", "categorical", "categorical")
    fair = [name for name in SCORED if "categorical" not in METRICS[name].unfair_to]
    plain = evaluate(codes, factors, factor_kinds=kinds, metrics=fair)
    renamed = evaluate(codes, relabelled, factor_kinds=kinds, metrics=fair)
    for name in fair:
        # The classes' trees are the same in another order: rounding of their common softmax
        # remains, which can decide a tie between splits.
        tolerance = 0.005 if METRICS[name].refits else ITERATED.get(name, 1e-9)
        assert renamed[name] == pytest.approx(plain[name], abs=tolerance), name


def test_scores_that_take_categories_for_numbers_say_so():
    codes, factors = example("perfect")
    kinds = ("continuous", "categorical", "angular")
    with pytest.warns(UnfairMetricWarning) as caught:
        evaluate(codes, factors, factor_kinds=kinds)
    said = {
        kind: str(w.message) for w in caught for kind in kinds if f"to {kind}" in str(w.message)
    }
    assert set(said) == {"categorical", "angular"}
    for kind, text in said.items():
        named = text.partition(":")[0].split(", ")
        assert named == [name for name in SCORED if kind in METRICS[name].unfair_to]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(codes, factors, factor_kinds=kinds, metrics=("block_score", "mig_sup"))


@pytest.mark.parametrize("name", SCORED)
def test_a_perfect_code_beats_a_rotated_one_beats_noise(name):
    perfect, rotated, noise = (
        evaluate(*example(shape), metrics=name)[name] for shape in ("perfect", "rotated", "noise")
    )
    assert METRICS[name].higher_is_better or name in RELATIVE
    if name in RELATIVE:
        assert perfect >= rotated - 1e-6
    elif name in LINEAR_READERS:
        assert perfect == pytest.approx(rotated, abs=0.01) and rotated > noise + 0.3
    else:
        assert perfect > rotated > noise


@pytest.mark.parametrize("name", [n for n, m in METRICS.items() if m.needs != "interventions"])
def test_more_samples_narrow_the_interval(name):
    # Of a rotated code modularity compares little but the informations' biases, which fall with n.
    shape, widths = "perfect" if name == "modularity" else "rotated", {}
    for n in (500, 5000):
        codes, factors = example(shape, n=n)
        codes = codes + 0.1 * np.random.default_rng(7).normal(size=codes.shape)
        given = None if METRICS[name].needs == "codes" else factors
        found = intervals(codes, given, metrics=name, resamples=30, refits=10)[name]
        assert found.low <= found.value <= found.high
        widths[n] = found.high - found.low
    if name in ("dci_size", "active_units"):
        assert widths[5000] == 0  # counts that no resample changes
    else:
        # A tenth of the variance is expected, a third of the width; 30 draws know it to 13%.
        assert 0 < widths[5000] < 0.75 * widths[500]


def test_every_score_says_where_it_comes_from():
    for name, metric in METRICS.items():
        assert metric.summary and metric.reference, name
        assert metric.range[0] < metric.range[1], name
        documented = metric.function.__doc__ or ""
        for part in ("Args:", "Returns:", "Raises:", "Degenerate inputs:", "References:"):
            assert part in documented, f"{metric.function.__name__} {part}"
        assert f"`{name}`" in documented, name
