"""A score changes under an affine map of the codes only where its definition says so."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from micvae.metrics import (
    METRICS,
    LostDigitsWarning,
    Matched,
    MissingScoreWarning,
    beta_vae_score,
    dci,
    evaluate,
    factor_vae_score,
    rmig,
)

pytestmark = pytest.mark.filterwarnings("ignore:sap. not fair to codes whose")  # on purpose

N = 600
KINDS = ("ordinal", "ordinal", "continuous")

MOST = 0.02
"""By so much at most may a score move: rounding at an offset of 1e12 is 1e-4 of a code's spread,
and a sample of 200 that changes sides moves an accuracy by 0.005."""


@cache
def example():
    """Codes (N, 4) that mix three factors, the last one dead; and the factors."""
    rng = np.random.default_rng(0)
    factors = np.column_stack([rng.integers(0, 3, N), rng.integers(0, 5, N), rng.normal(size=N)])
    standard = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    mixed = standard @ np.array([[1, 0.6, 0.1], [0.3, 1, 0.2], [0.1, 0.2, 1]])
    codes = mixed + 0.4 * rng.normal(size=(N, 3))
    return np.column_stack([codes, np.zeros(N)]), factors


@cache
def plain():
    codes, factors = example()
    return evaluate(codes, factors, factor_kinds=KINDS)


def moved(codes, *ways):
    """Scores that are out of reach of what was done to the codes, and that should not be."""
    _, factors = example()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingScoreWarning)  # sap, of a large offset
        found = evaluate(codes, factors, factor_kinds=KINDS)
    expected = plain()
    held = {
        name: score
        for name, score in found.items()
        if all(METRICS[name].invariant & set(way) for way in ways)
    }
    assert len(held) > 10
    return {
        name: (expected[name], score)
        for name, score in held.items()
        if not abs(score - expected[name]) <= MOST
    }


offsets = st.one_of(st.just(0.0), st.floats(0, 12).map(lambda e: 10.0**e))
signed = st.builds(lambda size, sign: size * sign, offsets, st.sampled_from([-1, 1]))
scales = st.floats(-160, 12).map(lambda e: 10.0**e)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.lists(signed, min_size=3, max_size=3), st.lists(scales, min_size=3, max_size=3))
def test_shifts_and_scales_of_single_latents(shift, scale):
    codes = (example()[0] + [*shift, 0]) * [*scale, 1]  # the dead latent stays where it is
    assert not moved(codes, ("offset",), ("scale",))


@settings(max_examples=8, deadline=None, derandomize=True)
@given(signed, scales)
def test_a_common_shift_and_scale(shift, scale):
    codes = (example()[0] + [shift, shift, shift, 0]) * scale
    assert not moved(codes, ("offset",), ("scale", "common scale"))


@pytest.mark.parametrize(
    ("change", "ways"),
    [
        (lambda z: z + 1e7, [("offset",)]),
        (lambda z: z + 1e8, [("offset",)]),
        (lambda z: z - 1e12, [("offset",)]),
        (lambda z: (z + 1e4).astype(np.float32), [("offset",)]),
        (lambda z: z * 1e-160, [("scale", "common scale")]),
        (lambda z: z * 1e140, [("scale", "common scale")]),
        (lambda z: (z * 1e-40).astype(np.float32), [("scale", "common scale")]),  # subnormal
        (lambda z: z.astype(np.longdouble) + np.longdouble(1e14), [("offset",)]),
        *(
            (lambda z, at=at: np.round(z * 1e6).astype(np.int64) + at, [("offset",), ("scale",)])
            for at in (2**60, -(2**62), 2**53 + 1)
        ),
        (
            lambda z: np.round(z * 1e6 + 1e7).astype(np.uint64) + np.uint64(2**63),
            [("offset",), ("scale",)],
        ),
    ],
    ids=["1e7", "1e8", "-1e12", "float32 1e4", "1e-160", "1e140", "float32 subnormal",
         "longdouble", "2**60", "-2**62", "2**53", "uint64"],
)  # fmt: skip
def test_offsets_and_scales_at_the_ends_of_types(change, ways):
    assert not moved(change(example()[0]), *ways)


def test_an_outlier_or_two_clusters_far_apart_keep_the_digits_of_trees():
    """No single offset helps the float32 image of such a column; its order does."""
    codes, factors = example()
    expected = dci(codes, factors, factor_kinds=KINDS).values
    outlier = codes + 1e12
    outlier[0] = 0
    for name, score in dci(outlier, factors, factor_kinds=KINDS).values.items():
        assert score == pytest.approx(expected[name], abs=MOST), name
    halves = codes + np.where(np.arange(N) % 2, 1e10, -1e10)[:, None]
    # Trees spend splits on the clusters, which know nothing of the factors.
    assert dci(halves, factors, factor_kinds=KINDS).value > 0.5 * expected["dci_disentanglement"]


@pytest.mark.parametrize("shift", [1e6, -1e12])
def test_interventional_scores_do_not_depend_on_an_offset(shift):
    codes, factors = example()
    for codes_of in (lambda z: z, lambda z: z + shift):
        source = Matched(codes_of(codes), factors[:, :2], KINDS[:2])
        few = {"group": 16, "seed": 3}
        found = (
            beta_vae_score(source, train_points=300, test_points=200, **few).value,
            factor_vae_score(source, train_votes=300, test_votes=200, **few).value,
        )
        if codes_of(0.0) == 0:
            expected = found
    assert found == pytest.approx(expected, abs=MOST)


@pytest.mark.parametrize("scale", [1e-200, 1e-110, 1e160, 1e300])
def test_factors_of_any_scale_and_offset_give_the_same_scores(scale):
    codes, factors = example()
    expected = plain()
    for f in (factors * scale, factors + 1e9, (factors + 1e3) * scale):
        found = evaluate(codes, f, factor_kinds=KINDS)
        assert found == pytest.approx(expected, abs=MOST)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda z: (z + 1e7).astype(np.float32), True),
        (lambda z: (z + 1e9).astype(np.float32), True),  # constant
        (lambda z: (z + 1e8).astype(np.float32).astype(np.float64), False),  # whole numbers
        (lambda z: (z + 1e6).astype(np.float32).astype(np.float64), True),
        (lambda z: z + 1e15, True),
        (lambda z: z + 1e8, False),
        (lambda z: z.astype(np.float32), False),
        (lambda z: z.astype(np.float16), False),
        (lambda z: np.round(z).astype(np.int64) + 10**7, False),
        (lambda z: z * [1e-7, 1, 1] + 0.3, False),  # a dead latent
    ],
)
def test_codes_that_came_without_their_digits_are_named(change, said):
    codes, factors = example()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        evaluate(change(codes[:, :3]), factors, factor_kinds=KINDS, metrics="mcc_pearson")
    lost = [str(w.message) for w in caught if w.category is LostDigitsWarning]
    assert len(lost) == said
    if said:
        assert lost[0].startswith(
            "latent 0, latent 1, latent 2: a large offset has rounded the values"
        )


@pytest.mark.parametrize("predictor", ["sklearn", "forest", "lasso"])
@pytest.mark.parametrize("change", [lambda z: z + 1e9, lambda z: z * 1e-160])
def test_other_predictors_of_dci_keep_the_digits(predictor, change):
    codes, factors = example()
    options = {"factor_kinds": KINDS[:1], "predictor": predictor}
    expected = dci(codes[:200], factors[:200, :1], **options).values
    found = dci(change(codes[:200]), factors[:200, :1], **options).values
    assert found == pytest.approx(expected, abs=MOST)


def test_limits_of_bins_move_with_the_codes():
    codes, factors = example()
    scale = np.full(codes.shape, 0.3)
    options = {"factor_kinds": KINDS, "scale": scale}
    expected = rmig(codes, factors, limits=(-4, 4), **options).value
    found = rmig(codes + 1e8, factors, limits=(1e8 - 4, 1e8 + 4), **options).value
    assert found == pytest.approx(expected, abs=1e-3)


def held(container, codes):
    """The same codes in another container."""
    names = [f"z{d}" for d in range(codes.shape[1])]
    if container == "list":
        return codes.tolist()
    if container == "tensor":
        return torch.from_numpy(codes)
    if container == "frame":
        return pd.DataFrame(codes, columns=names)
    if container == "table":
        return pa.table(dict(zip(names, codes.T, strict=True)))
    return csr_array(codes) if container == "sparse" else codes


LIMITS = {"int16": 30_000, "int32": 2e9, "int64": 9e18, "uint64": 1.8e19, "float32": 1e5}
LIMITS |= {"float64": 1e14, "longdouble": 1e16}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.sampled_from(["array", "list", "tensor", "frame", "table", "sparse"]),
    st.sampled_from(sorted(LIMITS)),
    st.lists(st.floats(-1, 1), min_size=4, max_size=4),
)
def test_types_offsets_and_containers_give_the_scores_of_the_plain_array(container, dtype, shares):
    codes, factors = example()
    whole = np.round(100 * codes).astype(np.int64)  # at most 3 digits, which every type can hold
    if dtype == "longdouble" and container in ("tensor", "table", "list", "sparse"):
        container = "array"  # they have no such type
    shift = [int(share * LIMITS[dtype]) for share in shares]
    if dtype == "uint64":
        shift = [abs(s) + 1000 for s in shift]
        moved_codes = whole.astype(np.uint64) + np.array(shift, np.uint64)
    else:
        wide = np.longdouble if np.dtype(dtype).kind == "f" else np.int64
        moved_codes = (whole.astype(wide) + np.array(shift, wide)).astype(dtype)
    names = ("mig", "dci_disentanglement", "mcc_pearson", "block_score", "infom")
    found = evaluate(held(container, moved_codes), factors, factor_kinds=KINDS, metrics=names)
    expected = evaluate(whole, factors, factor_kinds=KINDS, metrics=names)
    assert found == pytest.approx(expected, abs=MOST)
