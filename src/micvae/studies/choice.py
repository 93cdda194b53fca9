"""Ranks the candidates of a selection, and gives the reasons of the recommendation."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from micvae.studies.candidates import Candidate
from micvae.studies.record import Choice, Difference, Differences, Mean, Ranked, Recommended
from micvae.studies.statistics import MeanInterval, distinguishable, enough_seeds, paired_interval

C = TypeVar("C", bound=Choice)

MIN_ACTIVE = 2
"""With fewer active latents, the agreement of seeds is trivial."""

HIGHER = {"udr": True, "elbo": True, "held_out_reconstruction": False}
"""What candidates are compared by, and whether higher is better."""

CAVEAT = (
    "On data sets with known factors, UDR went along with disentanglement (Duan et al. 2020). This "
    "is an observation, not a law: seeds that share a bias agree as well, and agreement proves "
    "neither that latents are identified nor that they are the factors of this data. Check the "
    "traversals."
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
        quantity and whether they are distinguishable by it; the recommended run, or None where the
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
    """Add to every difference its number of `seeds`, and whether it is distinguishable (`apart`).

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
            "Nothing to recommend: too few latents are active to compare seeds by. Train for more "
            "epochs, or with a lower strength."
        )
    start = f"Use {chosen.row}, seed {chosen.seed}. "
    if not others:
        return f"{start}Of its {seeds} seeds, this one agrees most with the others (UDR)."
    why = f"Its {seeds} seeds agree best on their latents (UDR {first.udr.mean:.2f})"
    near = [c.row for c in others if not c.trivial and not c.apart("udr")]
    if not near:
        return f"{start}{why}; every other candidate agrees less, beyond chance."
    sentence = f"{start}{why}. With these seeds it is not distinguishable from {_listed(near)}"
    if seeds < enough_seeds(result.level):
        return f"{sentence}; comparing {len(others) + 1} candidates needs {_needed(result)}."
    return f"{sentence}."


def trade_offs(result: Choice) -> list[str]:
    """The disadvantages of the recommendation, a sentence each.

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
            f"No other candidate is shown to have a better reconstruction or ELBO on unseen "
            f"samples than {first.row}"
            + (f"; that needs {_needed(result)}." if len(first.seeds) < least else ".")
        )
    most = max(result.candidates, key=lambda c: c.active_units.mean)
    if most.active_units.mean - first.active_units.mean >= 1:
        said.append(
            f"{first.row} has {first.active_units.mean:.1f} active latents, {most.row} has "
            f"{most.active_units.mean:.1f}. Fewer latents agree more easily, and may encode fewer "
            "of the factors."
        )
    said.append(_seeds_said(first))
    trivial = [c.row for c in others if c.trivial]
    if trivial:
        said.append(
            f"Ranked last: {_listed(trivial)}. Too few of their latents are active to compare."
        )
    return said


def _latents_said(candidate: Ranked) -> str:
    used = candidate.active_units.mean
    said = f"Runs of {candidate.row} have {used:.1f} active latents on average"
    if candidate.agreement.mean is None:
        return f"{said}. No two runs have any, so the agreement of seeds is not known."
    return f"{said}."


def _seeds_said(first: Ranked) -> str:
    mean, rotated, affine = first.agreement.mean, first.rotated, first.affine
    assert mean is not None and rotated is not None and affine is not None  # see `Choice`
    start = (
        f"Matched one to one, the latents of two seeds of {first.row} agree with a mean MCC of "
        f"{mean:.2f}. Randomly rotated codes reach {rotated:.2f}; the best affine map reaches at "
        f"least {affine:.2f}."
    )
    if affine - mean > 0.15:
        return f"{start} The seeds agree on the latent space more than on its axes."
    return start


def _needed(result: Choice) -> str:
    return f"at least {enough_seeds(result.level)} seeds (--seeds)"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
