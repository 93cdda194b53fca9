"""What metrics refuse, in which words, and what they infer."""

import numpy as np
import pytest

from micvae.errors import AmbiguousKindWarning, MicvaeError
from micvae.metrics import METRICS, MetricError, MissingScoreWarning, dci, evaluate, mig
from micvae.metrics.inputs import check_inputs

RNG = np.random.default_rng(0)
CODES = RNG.normal(size=(60, 2))
FACTORS = RNG.integers(0, 3, (60, 2))


def changed(array, index, value):
    array = array.astype(float)
    array[index] = value
    return array


BAD = {
    "NaN codes": (changed(CODES, (4, 1), np.nan), FACTORS, "codes must be finite.*row 4, column 1"),
    "infinite codes": (changed(CODES, (0, 0), np.inf), FACTORS, "codes must be finite: 1 of 120"),
    "NaN factors": (CODES, changed(FACTORS, (0, 0), np.nan), "factors must be finite"),
    "huge codes": (CODES * 1e151, FACTORS, "codes exceed 1e\\+150: rescale them"),
    "lengths": (CODES[:-1], FACTORS, "codes have 59 rows and factors 60"),
    "1-D codes": (CODES[:, 0], FACTORS, r"codes must have two dimensions.*values\[:, None\]"),
    "1-D factors": (CODES, FACTORS[:, 0], r"factors must have two dimensions"),
    "3-D codes": (CODES[..., None], FACTORS, r"not shape \(60, 2, 1\)"),
    "no latents": (CODES[:, :0], FACTORS, "codes are empty"),
    "no samples": (CODES[:0], FACTORS[:0], "codes are empty"),
    "few samples": (CODES[:5], FACTORS[:5], "5 samples are too few: at least"),
    "constant factor": (CODES, changed(FACTORS, np.s_[:, 1], 2), r"factor 1 is constant \(2\)"),
    "strings": (CODES, np.full((60, 2), "red"), "number the categories first"),
    "objects": (CODES, np.full((60, 2), None), "factors must be real numbers, not object"),
    "complex": (CODES + 1j, FACTORS, "codes must be real numbers, not complex"),
    "ragged": ([[1, 2], [3]], FACTORS, "codes cannot be read as an array"),
}


@pytest.mark.parametrize("function", [mig, dci, evaluate])
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(function, case):
    codes, factors, message = BAD[case]
    if function is evaluate and case == "few samples":
        with pytest.warns(MissingScoreWarning, match=message):
            assert "mcc_pearson" in evaluate(codes, factors)
        return
    with pytest.raises(MetricError, match=message):
        function(codes, factors)


def test_metric_errors_are_the_librarys():
    assert issubclass(MetricError, MicvaeError)


def test_unknown_names_are_answered_with_the_valid_ones():
    with pytest.raises(MetricError, match=r"unknown metric mgi: choose from mig, mig_rank, rmig"):
        evaluate(CODES, FACTORS, metrics=["mgi"])
    with pytest.raises(MetricError, match=r"unknown predictor 'bushes': choose from trees, sk"):
        dci(CODES, FACTORS, predictor="bushes")
    with pytest.raises(MetricError, match=r"unknown factor kind 'round': choose from continuous"):
        mig(CODES, FACTORS, factor_kinds=("round", "ordinal"))
    with pytest.raises(MetricError, match="factor_kinds has 1 entries for 2 factors"):
        dci(CODES, FACTORS, factor_kinds=("ordinal",))
    with pytest.raises(MetricError, match="seed=-1"):
        dci(CODES, FACTORS, seed=-1)
    with pytest.raises(MetricError, match=r"seed=0\.5: give a whole number"):
        dci(CODES, FACTORS, seed=0.5)
    with pytest.raises(MetricError, match=r"^bins=1: give"):
        mig(CODES, FACTORS, bins=1)
    with pytest.raises(MetricError, match=r"^factor_bins=2\.5: give"):
        mig(CODES, FACTORS, factor_bins=2.5)


def test_more_classes_than_can_be_learnt():
    distinct = np.column_stack([RNG.permutation(60), FACTORS[:, 0]])
    with pytest.raises(MetricError, match="factor 0 has 60 classes in 60 samples"):
        dci(CODES, distinct, factor_kinds=("categorical", "categorical"))
    rare = np.zeros((60, 1))
    seed = 3
    rare[np.random.default_rng(seed).permutation(60)[-1]] = 1  # the last of the test part
    with pytest.raises(MetricError, match="factor 0 takes one value only in the 40 samples"):
        dci(CODES, rare, seed=seed)
    common = 1 - rare
    common[np.random.default_rng(seed).permutation(60)[0]] = 0.5  # only trained on
    common[np.random.default_rng(seed).permutation(60)[-1]] = 1
    with pytest.raises(MetricError, match="factor 0 takes one value only in the 20 samples tested"):
        dci(CODES, common, factor_kinds=("continuous",), seed=seed)


def test_kinds_are_inferred_by_the_stated_rule():
    n = 200
    factors = np.column_stack(
        [
            RNG.uniform(size=n),  # all distinct
            RNG.integers(0, 4, n) * 22.5,  # four values, not whole numbers
            np.arange(n) % 100,  # 100 whole numbers, an order and no class
            (np.arange(n) % 100) / 7,  # 100 values, not whole numbers
            RNG.permutation(n),  # all distinct, whole
            np.arange(n) % 20,  # few values, ten samples each
            np.arange(n) % 21,  # fewer than ten samples each
        ]
    )
    with pytest.warns(AmbiguousKindWarning, match="2 is taken as continuous.*, 6 is taken as"):
        kinds = check_inputs(np.zeros((n, 1)), factors).kinds
    line = "continuous"
    assert kinds == (line, "ordinal", line, line, line, "ordinal", line)


def test_kinds_decide_bins_and_trees():
    rng = np.random.default_rng(1)
    factors = np.column_stack([rng.uniform(size=300), rng.integers(0, 3, 300)])
    codes = factors + 0.1 * rng.normal(size=factors.shape)
    assert mig(codes, factors).details["binned_factors"] == (0,)
    assert dci(codes, factors).details["informativeness_measure"] == ("r2", "accuracy")
    as_line = dci(codes, factors, factor_kinds=("angular", "continuous")).details
    assert as_line["informativeness_measure"] == ("r2", "r2")
    in_turns = dci(codes, factors, factor_kinds=("continuous", "angular")).details
    assert in_turns["informativeness_measure"] == ("r2", "accuracy")


def test_evaluate_returns_what_is_asked_in_the_lists_order():
    everything = evaluate(CODES, FACTORS)
    assert list(everything) == [n for n, m in METRICS.items() if m.needs != "interventions"]
    assert all(type(value) is float for value in everything.values())
    some = evaluate(CODES, FACTORS, metrics=("dci_completeness", "mig"))
    assert list(some) == ["mig", "dci_completeness"]
    assert some == {name: everything[name] for name in some}
    assert evaluate(CODES, FACTORS, metrics="mig") == {"mig": everything["mig"]}
    assert evaluate(CODES, FACTORS, metrics=()) == {}
