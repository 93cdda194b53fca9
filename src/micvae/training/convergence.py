"""Whether the loss has stopped falling, judged from the log of a training."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micvae.objectives import Objective
from micvae.objectives.schedules import Schedule
from micvae.records import Count
from micvae.training.config import RunConfig

STILL_FALLING = 0.02
"""Relative fall from the third to the last quarter above which a loss counts as falling."""

STANDARD_ERRORS = 3.0
"""A fall that is smaller than so many of its standard errors may be noise."""

FEWEST_STEPS = 20
"""With fewer steps nothing is judged: a quarter of them would have fewer than five."""

LONGEST = 50
"""Largest advised length, in units of the training."""

LEAST_SCALE = 5.0
"""Nats: falls are judged relative to the loss, but to no less than this: log-densities cross 0."""

EXPONENTS = np.linspace(0.01, 6.0, 600)
"""Exponents a of losses that fall as t^(−a), and below the falls that these give."""

FALL_RATIOS = (5**-EXPONENTS - 7**-EXPONENTS) / (3**-EXPONENTS - 5**-EXPONENTS)
"""Fall from the third to the last quarter over that from the second to the third, at their
middles (1, 3, 5 and 7 eighths of the training)."""

TARGET = 0.9 * STILL_FALLING
"""Fall that the advised length aims at: a little less, as the loss itself falls as well."""

SLOWING = 0.4
"""Share of the fitted exponent that is used: losses fall more slowly later on."""

COLLAPSED = 0.01
"""Nats: a latent of a smaller KL says nothing about the samples."""


@dataclass(frozen=True)
class Convergence:
    """Whether the loss of a training has stopped falling.

    Args:
        converged: whether it has; None where that cannot be judged.
        fall: by how many nats the loss falls an epoch, from the third to the last quarter of the
            steps; None where nothing is judged.
        share: that fall in units of the loss; None where it is not judged, and for losses near 0.
        epochs: how many epochs would do, where the loss still falls.
        reason: why nothing is judged, a clause; empty where something is.
    """

    converged: bool | None
    fall: float | None = None
    share: float | None = None
    epochs: Count | None = None
    reason: str = ""

    def sentence(self, option: str = "--epochs {}") -> str:
        """The result as a sentence; empty if the loss has settled, or does not show progress.

        Args:
            option: how the number of epochs is given, with `{}` for it.
        """
        if self.reason:
            return f"Whether the loss has stopped falling is not judged: {self.reason}."
        if self.converged is not False or self.epochs is None:
            return ""
        size = _short(self.fall or 0.0)
        by = f"{size} nats"
        if self.share is not None:
            by = f"{_short(100 * self.share)}% ({by})"
        return f"The loss still falls by {by} an epoch; train longer: {option.format(self.epochs)}."


def judge(losses: NDArray[np.floating], config: RunConfig, steps_per_epoch: int) -> Convergence:
    r"""Judge from the loss of every step whether training longer would lower it.

    Steps are split into quarters. With $\bar L_3$ and $\bar L_4$ the mean losses of the last two,

    $$ f = \frac{\bar L_3 - \bar L_4}{\max(|\bar L_4|,\; 5)} , $$

    training has not converged where f is above `STILL_FALLING` and $\bar L_3 - \bar L_4$ above
    `STANDARD_ERRORS` of its standard errors. The length that would do is found from a loss that
    falls as $t^{-a}$: there f goes down with $t^{-a}$ as well. The exponent is read from the last
    two falls, and `SLOWING` of it is counted on, between 0.5 and 2.

    A weight that changes moves the loss by itself. Only the steps after the last change are
    judged, and nothing is where these are too few. Nothing is either for a method that ends in a
    closed form or whose loss is one side of a game.

    Args:
        losses: of every step, `(T,)`.
        config: of the training.
        steps_per_epoch: batches in an epoch.
    """
    total = len(losses)
    objective = config.objective.with_total_steps(total)
    if objective.closed_form_fit or objective.adversarial:
        return Convergence(None)
    name, settled = max(
        ((name, weight.settled) for name, weight in _weights(objective)),
        key=lambda found: found[1],
        default=("", 0),
    )
    if settled > 0 and total - settled < max(FEWEST_STEPS, total / 5):
        until = "to the end" if math.isinf(settled) else f"until step {settled:,.0f}"
        return Convergence(None, reason=f"{name} changes {until}, and there were {total:,} steps")
    judged = np.asarray(losses[int(settled) :], dtype=np.float64)
    if len(judged) < FEWEST_STEPS:
        too_few = "1 step is too few" if total == 1 else f"{total} steps are too few"
        return Convergence(None, reason=too_few)
    quarters = np.array_split(judged, 4)
    second, third, last = (float(quarter.mean()) for quarter in quarters[1:])
    error = math.sqrt(sum(float(q.var(ddof=1)) / len(q) for q in quarters[2:]))
    fall = (third - last) / max(abs(last), LEAST_SCALE)
    per_epoch = (third - last) / (len(judged) / 4 / steps_per_epoch)
    share = per_epoch / abs(last) if abs(last) >= LEAST_SCALE else None
    if fall <= STILL_FALLING or third - last <= STANDARD_ERRORS * error:
        return Convergence(True, per_epoch, share)
    ratio = (third - last) / max(second - third, np.finfo(np.float64).tiny)
    fitted = np.interp(-ratio, -FALL_RATIOS, EXPONENTS)
    exponent = float(np.clip(SLOWING * fitted, 0.5, 2.0))
    longer = min((fall / TARGET) ** (1 / exponent), LONGEST)
    needed = math.ceil((int(settled) + longer * len(judged)) / steps_per_epoch)
    return Convergence(False, per_epoch, share, _round(needed))


def collapsed_said(latent_kl: NDArray[np.floating]) -> str:
    """How many latents have collapsed; empty where none has, or where latents have no KL.

    Args:
        latent_kl: KL(q(z_d|x) ‖ p(z_d)) per latent, `(D,)`, nats, averaged over the samples.
    """
    count, total = int((latent_kl < COLLAPSED).sum()), len(latent_kl)
    if count == 0 or not latent_kl.any():
        return ""
    below = f"KL below {COLLAPSED:g} nats"
    if count == total:
        which = "The one latent has" if total == 1 else f"All {total} latents have"
        return f"{which} collapsed ({below}): the codes say nothing about the samples."
    if count == 1:
        return f"1 of {total} latents has collapsed ({below}): it says nothing about the samples."
    return (
        f"{count} of {total} latents have collapsed ({below}): they say nothing about the samples."
    )


def _weights(objective: Objective, before: str = "") -> Iterator[tuple[str, Schedule]]:
    """Every schedule among the fields of an objective, and of what it steers, by name."""
    for field in dataclasses.fields(objective):
        value = getattr(objective, field.name)
        if isinstance(value, Schedule):
            yield before + field.name, value
        elif isinstance(value, Objective):
            yield from _weights(value, f"{field.name}.")


def _round(epochs: int) -> int:
    """Two digits, rounded up."""
    unit: int = 10 ** max(0, len(str(epochs)) - 2)
    return -(-epochs // unit) * unit


def _short(value: float) -> str:
    """Two digits of what is below 10, none after the point above."""
    return f"{value:.0f}" if value >= 10 else f"{float(f'{value:.2g}'):g}"
