"""Which of several candidates to go on with, what it is not told apart from, and what to know."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from micvae.studies.candidates import Candidate
from micvae.studies.record import Choice, Difference, Differences, Mean, Ranked, Recommended
from micvae.studies.statistics import MeanInterval, distinguishable, enough_seeds, paired_interval

C = TypeVar("C", bound=Choice)

MIN_ACTIVE = 2
"""With fewer latents in use, seeds agree by having nothing to disagree about."""

HIGHER = {"udr": True, "elbo": True, "held_out_reconstruction": False}
"""What candidates are compared in, and whether more is better."""

CAVEAT = (
    "UDR went with disentanglement on data sets whose factors are known (Duan et al. 2020). That "
    "is an observation and no law: seeds that share a bias agree as well, and agreement does not "
    "prove that latents are identified, let alone that they are the factors of this data. Look at "
    "the traversals before you believe it."
)


def choose(candidates: Sequence[Candidate], latent_dim: int) -> Choice:
    """Rank candidates by UDR and compare each with the first.

    Candidates that use fewer than two latents on average, or of which no two runs have active
    latents, come last: their agreement is trivial, or none. Differences are paired by seed; their
    intervals are widened (Bonferroni) so that all comparisons of one quantity hold together with
    95% confidence. `distinguishable` decides at that level which candidates differ.

    Args:
        candidates: at least one.
        latent_dim: D, how many latents each has.

    Returns:
        The candidates, best first, each with its intervals, its difference to the first per
        quantity and whether that tells them apart; the recommended run, or None where the
        agreement of all candidates is trivial; the level of each single comparison.
    """
    trivial = min(MIN_ACTIVE, latent_dim)
    means = {c.label: c.intervals() for c in candidates}
    empty = {c.label: not c.comparable or bool(c.active.mean() < trivial) for c in candidates}
    ordered = sorted(
        candidates,
        key=lambda c: (
            not empty[c.label],
            c.comparable,
            means[c.label]["udr"].mean if c.comparable else 0.0,
            means[c.label]["elbo"].mean,
        ),
        reverse=True,
    )
    first = ordered[0]
    level = 1 - 0.05 / max(1, len(ordered) - 1)
    listed = []
    for candidate in ordered:
        differences = {
            name: None if candidate is first else _difference(candidate, first, name, level)
            for name in HIGHER
        }
        intervals = candidate.intervals()
        listed.append(
            Ranked(
                row=candidate.label,
                seeds=candidate.seeds,
                paths=candidate.paths,
                scores=tuple(candidate.scores.tolist()) if candidate.comparable else None,
                trivial=empty[candidate.label],
                rotated=candidate.rotated,
                affine=candidate.affine,
                udr=_mean(candidate, intervals["udr"]),
                agreement=_mean(candidate, intervals["agreement"]),
                elbo=intervals["elbo"],
                held_out_reconstruction=intervals["held_out_reconstruction"],
                active_units=intervals["active_units"],
                difference=Differences(
                    **{
                        name: None if found is None else Difference(**found._asdict())
                        for name, found in differences.items()
                    }
                ),
            )
        )
    chosen = Recommended(
        row=first.label, seed=first.seeds[first.best], path=first.paths[first.best]
    )
    return with_verdicts(
        Choice(
            recommended=None if empty[first.label] else chosen,
            level=level,
            candidates=tuple(listed),
        )
    )


def with_verdicts(result: C) -> C:
    """Say of every difference over how many `seeds` it is and whether they tell it `apart`.

    Args:
        result: what was compared; an earlier version may have stored it, whose verdicts did not
            ask how many seeds there were.
    """
    judged = [_judged(one, result.candidates[0], result.level) for one in result.candidates]
    return replace(result, candidates=tuple(judged))


def _judged(candidate: Ranked, first: Ranked, level: float) -> Ranked:
    seeds = len(set(candidate.seeds) & set(first.seeds))
    differences = {
        name: found
        and replace(found, seeds=seeds, apart=distinguishable(found.interval, seeds, level))
        for name in HIGHER
        for found in [candidate.differs(name)]
    }
    return replace(candidate, difference=Differences(**differences))


def _mean(candidate: Candidate, interval: MeanInterval) -> Mean:
    """Of an agreement; None where no two runs can agree."""
    if not candidate.comparable:
        return Mean(mean=None, low=None, high=None)
    return Mean(**interval._asdict())


def _difference(one: Candidate, other: Candidate, name: str, level: float) -> MeanInterval | None:
    """One minus the other under the seeds that both have; None where these are too few."""
    both = [seed for seed in one.seeds if seed in other.seeds]
    if len(both) < (2 if name == "udr" else 1):
        return None
    if name == "udr" and not (one.comparable and other.comparable):
        return None
    a, b = (_values(c, name, both) for c in (one, other))
    return paired_interval(a, b, level)


def _values(candidate: Candidate, name: str, seeds: Sequence[int]) -> np.ndarray:
    at = [candidate.seeds.index(seed) for seed in seeds]
    if name == "udr":
        return candidate.udr[np.ix_(at, at)]
    return (candidate.elbo if name == "elbo" else candidate.reconstruction)[at]


def answer(result: Choice) -> str:
    """The recommendation and its reason, or why there is none, in two sentences at most."""
    first, *others = result.candidates
    chosen = result.recommended
    seeds = len(first.seeds)
    if chosen is None:
        return (
            "Nothing to recommend: too few latents are in use for seeds to agree or to disagree "
            "about. Train for longer, or with less strength."
        )
    start = f"Go on with {chosen.row}, seed {chosen.seed}: "
    if not others:
        return f"{start}of {seeds} seeds the one that agrees most with the others (UDR)."
    why = f"its {seeds} seeds agree best on their latents (UDR {first.udr.mean:.2f})"
    near = [c.row for c in others if not c.trivial and not c.apart("udr")]
    if not near:
        return f"{start}{why}, and every other candidate less, beyond chance."
    told = f"{start}{why}. Not told apart from {_listed(near)} by these seeds"
    if seeds < enough_seeds(result.level):
        return f"{told}: to tell {len(others) + 1} candidates apart takes {_needed(result)}."
    return f"{told}."


def trade_offs(result: Choice) -> list[str]:
    """What the recommendation costs, a sentence for each thing that a user should weigh.

    Where nothing is recommended: why not, a sentence for each candidate.
    """
    first, *others = result.candidates
    if result.recommended is None:
        return [_latents_said(candidate) for candidate in result.candidates]
    said, least = [], enough_seeds(result.level)
    for name, what, unit in (
        ("held_out_reconstruction", "reconstructs unseen samples better", "nats"),
        ("elbo", "has the higher ELBO on unseen samples", "nats"),
    ):
        sign = 1 if HIGHER[name] else -1
        better = [
            (sign * found.mean, c.row)
            for c in others
            if (found := c.differs(name)) is not None and found.apart and sign * found.mean > 0
        ]
        if better:
            size, row = max(better, key=lambda pair: pair[0])
            said.append(f"{row} {what}, by {size:.1f} {unit} on average.")
    if others and not said:
        said.append(
            f"No other candidate is told apart from {first.row} by a better reconstruction or "
            "ELBO on unseen samples"
            + (f": that takes {_needed(result)}." if len(first.seeds) < least else ".")
        )
    most = max(result.candidates, key=lambda c: c.active_units.mean)
    if most.active_units.mean - first.active_units.mean >= 1:
        said.append(
            f"{first.row} uses {first.active_units.mean:.1f} latents, {most.row} "
            f"{most.active_units.mean:.1f}: fewer latents agree more easily, and may carry "
            "fewer of the factors."
        )
    said.append(_seeds_said(first))
    trivial = [c.row for c in others if c.trivial]
    if trivial:
        said.append(
            f"Ranked last: {_listed(trivial)}, whose runs use too few latents to disagree about."
        )
    return said


def _latents_said(candidate: Ranked) -> str:
    used = candidate.active_units.mean
    said = f"Runs of {candidate.row} use {used:.1f} latents on average"
    if candidate.agreement.mean is None:
        return f"{said}, but no two of them have any in use: how far seeds agree is not known."
    return f"{said}."


def _seeds_said(first: Ranked) -> str:
    mean, rotated, affine = first.agreement.mean, first.rotated, first.affine
    assert mean is not None and rotated is not None and affine is not None  # see `Choice`
    start = (
        f"Across its seeds, latents of {first.row} agree one by one with an MCC of {mean:.2f}; "
        f"randomly rotated codes reach {rotated:.2f}, the best affine map at least "
        f"{affine:.2f}."
    )
    if affine - mean > 0.15:
        return f"{start} The seeds share a space more than its axes."
    return start


def _needed(result: Choice) -> str:
    return f"at least {enough_seeds(result.level)} seeds (--seeds)"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
