"""What may hold codes and factors, and what is said of it: frames, tensors, masks, kinds."""

import re
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from scipy.sparse import csr_array

from micvae.data import FactorDataset
from micvae.data.dataset import guess_kind, is_ambiguous
from micvae.errors import MicvaeError
from micvae.information import (
    mutual_information_matrix,
    pairwise_mutual_information,
    permutation_null,
    total_correlation,
)
from micvae.metrics import (
    METRICS,
    AmbiguousKindWarning,
    Matched,
    MetricError,
    MissingScoreWarning,
    UndefinedScoreWarning,
    dci,
    evaluate,
    mig,
    rmig,
    sap,
    udr,
)
from micvae.metrics.inputs import check_inputs

N = 300
RNG = np.random.default_rng(0)
F = np.column_stack([RNG.integers(0, 3, N), RNG.integers(0, 4, N)])
Z = F + 0.3 * RNG.normal(size=F.shape)
FAST = ("mig", "dci_disentanglement", "sap", "mcc_pearson", "block_score")
EXPECTED = evaluate(Z, F, metrics=FAST)


class Stranger:
    """Something that is no array."""


def frame(array, names):
    return pd.DataFrame({name: array[:, i] for i, name in enumerate(names)})


@pytest.mark.parametrize(
    ("codes", "factors"),
    [
        (Z.tolist(), F.tolist()),
        (np.ma.masked_array(Z), np.ma.masked_array(F, mask=np.zeros(F.shape, bool))),
        (torch.tensor(Z, requires_grad=True), torch.tensor(F)),
        (csr_array(Z), csr_array(F)),
        (frame(Z, "ab"), frame(F, "cd")),
        (frame(Z, "ab").astype("Float64"), frame(F, "cd").astype("Int64")),
        (pa.table(frame(Z, "ab")), pa.table(frame(F, "cd"))),
        (frame(Z, "ab").astype({"b": object}), frame(F, "cd").map(Decimal)),
        (np.asfortranarray(Z), F.astype(np.uint8)),
    ],
    ids=["lists", "unmasked", "tensors", "sparse", "pandas", "nullable", "pyarrow", "objects",
         "Fortran"],
)  # fmt: skip
def test_every_container_gives_the_scores_of_the_array(codes, factors):
    assert evaluate(codes, factors, metrics=FAST) == pytest.approx(EXPECTED, abs=1e-12)


@pytest.mark.parametrize("library", ["polars", "xarray"])
def test_other_libraries_give_the_scores_of_the_array(library):
    other = pytest.importorskip(library)
    read = other.DataFrame if library == "polars" else other.DataArray
    assert evaluate(read(Z), read(F), metrics=FAST) == pytest.approx(EXPECTED, abs=1e-12)


def test_text_and_categories_of_a_frame_are_numbered_and_named():
    words = np.array(["oval", "heart", "square"])[F[:, 0]]
    order = ["low", "mid", "high", "top"]
    sizes = pd.Categorical(np.array(order)[F[:, 1]], categories=order, ordered=True)
    factors = pd.DataFrame({"shape": words, "size": sizes, "x": Z[:, 0]})
    given = check_inputs(Z, factors)
    assert given.kinds == ("categorical", "ordinal", "continuous")
    assert given.names == ("shape", "size", "x")
    np.testing.assert_array_equal(given.factors[:, 1], F[:, 1])  # in the order of the categories
    assert given.factor(0) == "factor 'shape'"
    with pytest.warns(UserWarning, match=r"not fair to categorical factors \(column 'shape'\)"):
        evaluate(Z, factors, metrics="mcc_pearson")


HOLES = pd.DataFrame({"a": [1.0, None] * 150, "b": np.arange(300.0)})
MASKED = np.ma.masked_array(F, mask=F == 2)


@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (Z, MASKED, "factors is a masked array with .* leave these rows out"),
        (np.ma.masked_less(Z, 0), F, "codes is a masked array with"),
        (HOLES, F, "column 'a' of codes has no value in 150 of 300 rows: leave these rows out"),
        (Z, HOLES, "column 'a' of factors has no value in 150 of 300 rows"),
        (frame(Z, "ab").assign(w="x"), F, "column 'w' of codes holds String: give numbers, or"),
        (Z, frame(F, "ab").assign(t=pd.Timestamp(0)), "column 't' of factors holds Datetime.*: "
         "give numbers or text, or leave the column out"),
        (Z, frame(F, "ab").assign(t=1), "factor 't' is constant"),
        (frame(Z, "ab").iloc[:0], F, "codes are empty"),
        (Stranger(), F, "codes must be real numbers, not object: a Stranger is none of the"),
        (torch.eye(3).to_sparse(), F, "codes cannot be read as an array of shape"),
        (pd.Series(Z[:, 0]), F, "codes must have two dimensions"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)  # fmt: skip
@pytest.mark.parametrize("function", [evaluate, mig, dci])
def test_what_cannot_be_read_is_named(function, codes, factors, message):
    with pytest.raises(MetricError, match=message):
        function(codes, factors)


@pytest.mark.parametrize(
    "call",
    [
        lambda m: rmig(Z, F, scale=np.ma.abs(m) + 1),
        lambda m: udr([Z, m]),
        lambda m: udr([Z, Z], [np.ma.masked_equal([1.0, 2.0], 2)] * 2),
        lambda m: Matched(m, F),
        lambda m: Matched(Z, np.ma.masked_equal(F, 1)),
        lambda m: pairwise_mutual_information(m),
        lambda m: mutual_information_matrix(Z, m),
        lambda m: total_correlation(m),
        lambda m: permutation_null(m, lambda z: 0.0, 3, 0),
    ],
)
def test_masks_are_refused_at_every_door(call):
    with pytest.raises(MicvaeError, match="is a masked array with"):
        call(np.ma.masked_less(Z, 0))


@pytest.mark.parametrize("estimator", ["ksg", "gaussian", "binned"])
def test_information_of_integers_beyond_float64_is_that_of_their_differences(estimator):
    z = np.round(1e4 * Z).astype(np.int64)
    expected = pairwise_mutual_information(z, estimator)
    for offset in (2**60, -(2**62)):
        found = pairwise_mutual_information(z + offset, estimator)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def column(distinct, n, kind=float):
    return (np.arange(n) % distinct).astype(kind)


@pytest.mark.parametrize(
    ("values", "kind", "ambiguous"),
    [
        (column(2, 300), "ordinal", False),
        (column(20, 100), "ordinal", False),
        (column(20, 20), "continuous", False),  # all distinct
        (column(21, 210), "ordinal", True),
        (column(21, 209), "continuous", True),
        (column(50, 500) / 7, "ordinal", True),
        (column(51, 5000), "continuous", True),  # whole numbers
        (column(51, 5000) / 7, "continuous", False),
        (np.arange(1000.0), "continuous", False),
        (np.random.default_rng(0).integers(18, 91, 1000), "continuous", True),  # ages
    ],
)
def test_the_rule_of_kinds(values, kind, ambiguous):
    assert guess_kind(values) == kind
    assert is_ambiguous(values) is ambiguous


def test_a_measurement_in_whole_numbers_is_one():
    """The code is the factor itself: it scored MIG 0.70 and SAP 0.02 as 73 classes."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 91, (1000, 1))
    said = r"the kind of a factor is a guess: 'age' is taken as continuous \(73 distinct values\)"
    codes = np.column_stack([age, rng.normal(size=1000)])
    with pytest.warns(UserWarning) as caught:
        found = evaluate(codes, pd.DataFrame({"age": age[:, 0]}), metrics=("mig", "sap"))
    (guessed,) = [w for w in caught if w.category is AmbiguousKindWarning]
    assert re.match(said, str(guessed.message))
    jittered = age + rng.uniform(-0.5, 0.5, age.shape)
    with pytest.warns(UndefinedScoreWarning, match="there is only one factor"):
        other = evaluate(codes, jittered, metrics=("mig", "sap"))
    # Bias of 20 by 20 bins in the second latent, and half a year at the edges of bins.
    assert found["mig"] > 0.88 and found["sap"] > 0.99 and other["mig"] > 0.8
    with warnings.catch_warnings():
        warnings.simplefilter("error", AmbiguousKindWarning)
        sap(age, age, factor_kinds=["continuous"])


def test_a_data_set_says_which_kinds_it_guessed():
    images, age = np.zeros((600, 2), np.float32), np.arange(600.0)[:, None] % 60
    with pytest.warns(AmbiguousKindWarning, match="'age' is taken as continuous.*factor_kinds"):
        assert FactorDataset("d", images, age, ("age",)).factor_kinds == ("continuous",)
    FactorDataset("d", images, age, ("age",), ("ordinal",))


def test_a_score_that_one_factor_cannot_have_leaves_the_others():
    """30 classes in 40 samples: a test part cannot hold them, and 27 scores need none."""
    rng = np.random.default_rng(0)
    factors = np.column_stack([rng.permutation(40) % 30, rng.integers(0, 3, 40)])
    codes = rng.normal(size=(40, 3))
    kinds = ("categorical", "ordinal")
    with pytest.warns(UserWarning) as caught:
        found = evaluate(
            codes, factors, factor_kinds=kinds, factor_names=("species", "size"), seed=1
        )
    (missing,) = [w.message for w in caught if isinstance(w.message, MissingScoreWarning)]
    assert missing.reason.startswith("factor 'species' has 30 classes in 40 samples")
    everything = {n for n, m in METRICS.items() if m.needs != "interventions"}
    assert set(found) | set(missing.names) == everything and not set(found) & set(missing.names)
    assert {"dci_disentanglement", "sap"} <= set(missing.names) and "mig" in found
    assert str(missing) == f"left out: {', '.join(missing.names)}; {missing.reason}"
    with pytest.raises(MetricError, match="factor 0 has 30 classes"):
        evaluate(codes, factors, factor_kinds=kinds, metrics=["block_score"])


@pytest.mark.parametrize(("scale", "said"), [(0.01, True), (1.0, False), (100.0, True)])
def test_sap_says_where_the_unit_of_the_codes_decides(scale, said):
    generator = np.random.default_rng(0)
    codes = scale * generator.normal(size=(200, 2))
    factors = generator.integers(0, 3, (200, 2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sap(codes, factors)
    assert any("their unit decides the score" in str(w.message) for w in caught) is said
