"""Weights over steps."""

import pytest

from micvae.errors import MicvaeError
from micvae.objectives.schedules import Constant, Cycle, Piecewise, Ramp, RelativeRamp


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        (Constant(3), {0: 3, 10**9: 3}),
        (Ramp(1, 5, steps=4), {0: 1, 1: 2, 4: 5, 99: 5}),
        (Ramp(4, 0, steps=2, begin=10), {0: 4, 10: 4, 11: 2, 12: 0}),
        (RelativeRamp(1, 5, share=0.4).with_total_steps(10), {0: 1, 1: 2, 4: 5, 9: 5}),
        (
            RelativeRamp(4, 0, share=0.2, begin=0.5).with_total_steps(10),
            {0: 4, 5: 4, 6: 2, 7: 0, 9: 0},
        ),
        (RelativeRamp(0, 1, share=0.01).with_total_steps(3), {0: 0, 1: 1}),
        (Cycle(0, 1, period=4), {0: 0, 1: 0.5, 2: 1, 3: 1, 4: 0, 5: 0.5}),
        (Piecewise(((10, 1), (20, 3), (40, 0))), {0: 1, 10: 1, 15: 2, 20: 3, 30: 1.5, 50: 0}),
    ],
)
def test_values(schedule, values):
    assert {step: schedule(step) for step in values} == pytest.approx(values)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(float("inf")), "value is inf"),
        (lambda: Ramp(-1, 2, 3), "start is -1"),
        (lambda: Cycle(0, 1, 1), "period is 1"),
        (lambda: RelativeRamp(0, 1, share=0.0), "share is 0.0"),
        (lambda: RelativeRamp(0, 1, begin=1.0), "begin is 1.0"),
        (lambda: RelativeRamp(0, 1)(3), "length of the training"),
        (lambda: Piecewise(()), "points"),
        (lambda: Piecewise(((5, 1), (5, 2))), "increasing"),
        (lambda: Piecewise(((0, 1), (5, -2))), r"points\[1\] is -2"),
    ],
)
def test_nonsense_is_refused(make, message):
    with pytest.raises(MicvaeError, match=message):
        make()
