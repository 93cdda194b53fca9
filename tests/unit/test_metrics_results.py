"""What evaluate(), intervals() and a single metric return: mappings, tables, data frames."""

import dataclasses

import numpy as np
import pytest

from micvae.errors import MicvaeError
from micvae.metrics import Evaluation, Intervals, evaluate, intervals, mig

FACTORS = np.random.default_rng(0).uniform(size=(200, 2))
CODES = FACTORS + 0.1 * np.random.default_rng(1).normal(size=(200, 2))
NAMES = ["mig", "mcc_pearson"]


def test_scores_read_like_a_dictionary_that_cannot_be_changed():
    found = evaluate(CODES, FACTORS, metrics=NAMES)
    assert isinstance(found, Evaluation) and list(found) == NAMES and len(found) == 2
    assert found == {name: found[name] for name in NAMES} == found.to_dict()
    assert found != {"mig": found["mig"]}
    with pytest.raises(KeyError):
        found["sap"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.scores = {}


def test_a_table_of_scores_is_aligned_and_names_range_and_direction():
    lines = repr(evaluate(CODES, FACTORS, metrics=[*NAMES, "active_units"])).splitlines()
    assert lines[0].split() == ["score", "value", "range", "meaning"]
    assert len({line.index("0 to") for line in lines[1:]} | {lines[0].index("range")}) == 1
    assert "0 to 1 ↑" in lines[1] and lines[3].split()[:5] == [
        "active_units",
        "2.0000",
        "0",
        "to",
        "∞",
    ]
    assert repr(Evaluation({})) == "no scores"


def test_what_is_left_out_is_named_with_its_reason():
    with pytest.warns(UserWarning, match="left out"):
        found = evaluate(CODES[:12], FACTORS[:12])
    assert found.missing and not found.missing.keys() & found.keys()
    name, reason = next(iter(found.missing.items()))
    assert f"left out: {name}; {reason}" in repr(found).splitlines()


def test_scores_convert_to_data_frames():
    found = evaluate(CODES, FACTORS, metrics=NAMES)
    assert found.to_frame()["value"].to_dict() == found.to_dict()
    spread = intervals(CODES, FACTORS, metrics=NAMES, resamples=20)
    assert isinstance(spread, Intervals) and spread.level == 0.95
    frame = spread.to_frame()
    assert list(frame.columns) == ["value", "low", "high"]
    assert tuple(frame.loc["mig"]) == spread["mig"] and spread["mig"].value == found["mig"]
    assert frame.T.to_dict() == spread.to_dict()
    assert Evaluation({}).to_frame().empty


def test_a_single_metric_is_a_table_with_deviations_where_there_are_resamples():
    plain, resampled = mig(CODES, FACTORS), mig(CODES, FACTORS, resamples=20)
    assert plain.to_dict() == {"mig": float(plain)} and list(plain.to_frame()) == ["value"]
    assert resampled.to_frame().loc["mig", "deviation"] == resampled.deviations["mig"]
    first, second, third = repr(resampled).splitlines()
    assert first.split() == ["score", "value", "deviation"] and second.startswith("mig ")
    assert third.startswith("details: gaps, mutual_information")


def test_without_pandas_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MicvaeError, match="pip install pandas"):
        Evaluation({"mig": 1.0}).to_frame()
