"""Bad and odd input: every function refuses it by name, or has a finite score."""

import numpy as np
import pytest

from micvae.metrics import (
    METRICS,
    Matched,
    MetricError,
    explicitness,
    factor_vae_score,
    irs,
    mig,
    rmig,
    sap,
)

pytestmark = pytest.mark.filterwarnings("ignore:sap. not fair to codes whose")  # on purpose


def changed(array, index, value):
    array = np.array(array, float)
    array[index] = value
    return array


RNG = np.random.default_rng(0)
N = 60
F = np.column_stack([RNG.integers(0, 3, N), RNG.integers(0, 2, N)]).astype(float)
C = F + 0.3 * RNG.normal(size=F.shape)
G = RNG.normal(size=(N, 2))
REFUSED = {
    "NaN codes": (changed(C, (3, 1), np.nan), F, None, "finite"),
    "infinite codes": (changed(C, (3, 1), -np.inf), F, None, "finite"),
    "text codes": (C.astype(str), F, None, "real numbers"),
    "one sample": (C[:1], F[:1], None, "too few|constant"),
}
REFUSED_FACTORS = {
    "NaN factors": (C, changed(F, (0, 0), np.nan), None, "finite"),
    "infinite factors": (C, changed(F, (0, 0), np.inf), None, "finite"),
    "text factors": (C, F.astype(str), None, "number the categories"),
    "lengths": (C[:-1], F, None, "59 rows and factors 60"),
    "constant factor": (C, changed(F, np.s_[:, 1], 2), None, r"factor 1 is constant \(2\)"),
    "too few kinds": (C, F, ("ordinal",), "factor_kinds has 1 entries for 2"),
    "unknown kinds": (C, F, ("round", "flat"), "unknown factor kind 'round'"),
}
EITHER = {
    "one sample per class": (
        C,
        np.column_stack([RNG.permutation(N), F[:, 0]]),
        ("categorical",) * 2,
    ),
    "a class of one": (C, changed(F, (0, 0), 9), None),
    "a rare class": (C, changed(np.zeros((N, 1)), (0, 0), 1), None),
    "D = 1": (C[:, :1], F, None),
    "K = 1": (C, F[:, :1], None),
    "D = K = 1": (C[:, :1], F[:, :1], None),
    "D > N": (RNG.normal(size=(30, 35)), F[:30], None),
    "distinct categories": (C, G, ("categorical", "categorical")),
    "distinct ordinals": (C, G, ("ordinal", "ordinal")),
    "continuous": (C, G, None),
    "all kinds": (C, np.column_stack([F, G]), ("categorical", "angular", "continuous", "angular")),
    "dead codes": (np.full_like(C, 0.1), F, None),
    "dead codes, continuous": (np.zeros_like(C), G, None),
    "huge dead latent": (np.column_stack([np.full(N, 1e30), C]), G, None),
    "repeated codes": (C[:, [0, 0, 1, 1]], G, None),
    "last bits": (0.1 * (1 + 2.3e-16 * RNG.integers(0, 3, C.shape)), G, None),
    "last bits of factors": (C, 0.1 * (1 + 2.3e-16 * RNG.integers(0, 3, C.shape)), None),
    "offsets": (C + 1e9, G + 1e12, None),
    "huge codes": (C * 1e36, G, None),
    "an outlier": (changed(C, (0, 0), 1e37), G, None),
    "Booleans": (C > 0.5, F > 0, None),
    "integers": (np.round(3 * C).astype(int), F.astype(int), None),
    "float32": (C.astype(np.float32), F.astype(np.float32), None),
    **{f"N = {n}": (C[:n], F[:n], None) for n in (2, 3, 5, 10, 20, 30)},
    **{f"N = {n}, continuous": (C[:n], G[:n], None) for n in (2, 3, 5, 10, 20, 30)},
    "minute codes": (C * 1e-200, G, None),
    "minute factors": (C, G * 1e-200, None),
    "enormous factors": (C, G * 1e200, None),
    "factors beyond float64's range": (C, 1.7e308 * np.sign(G) * np.tanh(np.abs(G)), None),
}
FUNCTIONS = {metric.function.__name__: metric for metric in METRICS.values()}


def call(metric, codes, factors, kinds, **options):
    if metric.needs == "codes":
        return metric.function(codes, **options)
    if metric.needs == "factors":
        return metric.function(codes, factors, factor_kinds=kinds, **options)
    options = {"group": 8, "train_points": 50, "test_points": 20}
    if metric.function is factor_vae_score:
        options = {"group": 8, "train_votes": 50, "test_votes": 20, "variance_samples": 50}
    return metric.function(Matched(codes, factors, kinds), **options)


@pytest.mark.parametrize(
    ("function", "case"),
    [
        (function, case)
        for function, metric in FUNCTIONS.items()
        for case in REFUSED | REFUSED_FACTORS
        # Some functions take no factors, and active_units takes a single sample.
        if metric.needs != "codes" or (case in REFUSED and case != "one sample")
    ],
)
def test_bad_input_is_refused_by_every_function(function, case):
    metric = FUNCTIONS[function]
    *given, message = (REFUSED | REFUSED_FACTORS)[case]
    with pytest.raises(MetricError, match=message):
        call(metric, *given)


@pytest.mark.filterwarnings("ignore::micvae.metrics.LostDigitsWarning")
@pytest.mark.filterwarnings("ignore::micvae.metrics.AmbiguousKindWarning")
@pytest.mark.parametrize("case", EITHER)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_odd_input_has_a_finite_score_or_is_refused(function, case):
    metric = FUNCTIONS[function]
    try:
        score = call(metric, *EITHER[case])
    except MetricError as error:
        assert len(str(error)) > 20  # says what and why
        return
    for name, value in score.values.items():
        low, high = METRICS[name].range
        # Rounding of sums of logarithms.
        assert np.isfinite(value) and low - 1e-9 <= value <= high + 1e-9, (name, value)


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (sap, {"C": 0}),
        (sap, {"C": np.nan}),
        (irs, {"quantile": 0}),
        (irs, {"quantile": 1.1}),
        (irs, {"quantile": np.nan}),
        (mig, {"resamples": -1}),
        (mig, {"factor_bins": 0}),
        (rmig, {"limits": (np.nan, 1)}),
        pytest.param(rmig, {"limits": (0, np.inf)}),
        pytest.param(explicitness, {"C": -1}),
        pytest.param(explicitness, {"C": 0}),
        pytest.param(explicitness, {"C": np.nan}),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_unusable_settings_are_named(function, options):
    with pytest.raises(MetricError, match=next(iter(options))):
        function(C, G, **options)
