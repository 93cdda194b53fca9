"""A refactoring changes no bit of a training: weights are those recorded before it."""

import json

import pytest
import weight_sets

RECORDED = json.loads(weight_sets.RECORDED.read_text())


def test_every_method_is_recorded():
    assert RECORDED["methods"].keys() == weight_sets.METHODS.keys()


@pytest.mark.parametrize("method", weight_sets.METHODS)
def test_weights_are_the_recorded_ones(method, tmp_path):
    """To the bit on a machine like the recording one; within rounding on others."""
    weights, known = weight_sets.weights_of(method, tmp_path), RECORDED["methods"][method]
    found = weight_sets.norms(weights)
    assert found.keys() == known["norms"].keys()
    if weight_sets.machine() == RECORDED["machine"]:
        assert weight_sets.digest(weights) == known["sha256"]
    else:
        assert found == pytest.approx(known["norms"], rel=0.05, abs=0.05)
