"""Which of several candidates to go on with, what it is not told apart from, and what to know."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from micvae.studies.candidates import Candidate
from micvae.studies.statistics import Interval, enough_seeds, paired_interval, told_apart

LEAST_ACTIVE = 2
"""With fewer latents in use, seeds agree by having nothing to disagree about."""

HIGHER = {"udr": True, "elbo": True, "held_out_reconstruction": False}
"""What candidates are compared in, and whether more is better."""

CAVEAT = (
    "UDR went with disentanglement on data sets whose factors are known (Duan et al. 2020). That "
    "is an observation and no law: seeds that share a bias agree as well, and agreement does not "
    "prove that latents are identified, let alone that they are the factors of this data. Look at "
    "the traversals before you believe it."
)


def choose(candidates: Sequence[Candidate], latent_dim: int) -> dict[str, Any]:
    """Rank candidates by UDR and compare each with the first.

    Candidates that use fewer than two latents on average, or of which no two runs have active
    latents, come last: their agreement is trivial, or none. Differences are paired by seed; their
    intervals are widened (Bonferroni) so that all comparisons of one quantity hold together with
    95% confidence, and a difference tells candidates apart as `told_apart` has it at that level.

    Args:
        candidates: at least one.
        latent_dim: D, how many latents each has.

    Returns:
        Plain values: `candidates`, best first, each with its intervals, its difference to the
        first per quantity and whether that tells them apart; `recommended` (row, seed, path), or
        None where the agreement of all candidates is trivial; `level` of each single comparison.
        Agreements that do not exist are None.
    """
    trivial = min(LEAST_ACTIVE, latent_dim)
    means = {c.label: _means(c) for c in candidates}
    empty = {c.label: not c.comparable or bool(c.active.mean() < trivial) for c in candidates}
    ordered = sorted(
        candidates,
        key=lambda c: (
            not empty[c.label],
            c.comparable,
            means[c.label]["udr"]["mean"] or 0.0,
            means[c.label]["elbo"]["mean"],
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
        listed.append(
            {
                "row": candidate.label,
                "seeds": list(candidate.seeds),
                "paths": list(candidate.paths),
                "scores": candidate.scores.tolist() if candidate.comparable else None,
                "trivial": empty[candidate.label],
                "rotated": candidate.rotated,
                "affine": candidate.affine,
                **means[candidate.label],
                "difference": {
                    name: None if found is None else found._asdict()
                    for name, found in differences.items()
                },
            }
        )
    return with_verdicts(
        {
            "recommended": None
            if empty[first.label]
            else {
                "row": first.label,
                "seed": first.seeds[first.best],
                "path": first.paths[first.best],
            },
            "level": level,
            "candidates": listed,
        }
    )


def with_verdicts(result: dict[str, Any]) -> dict[str, Any]:
    """Say of every difference over how many `seeds` it is and whether they tell it `apart`.

    Args:
        result: as `choose` returns it, or as an earlier version has stored it, whose verdicts did
            not ask how many seeds there were.
    """
    first = result["candidates"][0]
    for candidate in result["candidates"]:
        seeds = len(set(candidate["seeds"]) & set(first["seeds"]))
        for found in candidate["difference"].values():
            if found is not None:
                interval = Interval(found["mean"], found["low"], found["high"])
                found["seeds"] = seeds
                found["apart"] = told_apart(interval, seeds, result["level"])
    return result


def _means(candidate: Candidate) -> dict[str, dict[str, float | None]]:
    """Means over seeds with their intervals; None for agreement where no two runs can agree."""
    unknown = () if candidate.comparable else ("udr", "agreement")
    return {
        name: dict.fromkeys(("mean", "low", "high")) if name in unknown else interval._asdict()
        for name, interval in candidate.intervals().items()
    }


def _difference(one: Candidate, other: Candidate, name: str, level: float) -> Interval | None:
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


def answer(result: dict[str, Any]) -> str:
    """The recommendation and its reason, or why there is none, in two sentences at most."""
    first, *others = result["candidates"]
    chosen, udr = result["recommended"], first["udr"]
    seeds = len(first["seeds"])
    if chosen is None:
        return (
            "Nothing to recommend: too few latents are in use for seeds to agree or to disagree "
            "about. Train for longer, or with less strength."
        )
    start = f"Go on with {chosen['row']}, seed {chosen['seed']}: "
    if not others:
        return f"{start}of {seeds} seeds the one that agrees most with the others (UDR)."
    why = f"its {seeds} seeds agree best on their latents (UDR {udr['mean']:.2f})"
    near = [c["row"] for c in others if not c["trivial"] and not _told(c, "udr")]
    if not near:
        return f"{start}{why}, and every other candidate less, beyond chance."
    told = f"{start}{why}. Not told apart from {_listed(near)} by these seeds"
    if seeds < enough_seeds(result["level"]):
        return f"{told}: to tell {len(others) + 1} candidates apart takes {_needed(result)}."
    return f"{told}."


def trade_offs(result: dict[str, Any]) -> list[str]:
    """What the recommendation costs, a sentence for each thing that a user should weigh.

    Where nothing is recommended: why not, a sentence for each candidate.
    """
    first, *others = result["candidates"]
    if result["recommended"] is None:
        return [_latents_said(candidate) for candidate in result["candidates"]]
    said, least = [], enough_seeds(result["level"])
    for name, what, unit in (
        ("held_out_reconstruction", "reconstructs unseen samples better", "nats"),
        ("elbo", "has the higher ELBO on unseen samples", "nats"),
    ):
        sign = 1 if HIGHER[name] else -1
        better = [c for c in others if _told(c, name) and sign * c["difference"][name]["mean"] > 0]
        if better:
            best = max(better, key=lambda c: sign * c["difference"][name]["mean"])
            size = abs(best["difference"][name]["mean"])
            said.append(f"{best['row']} {what}, by {size:.1f} {unit} on average.")
    if others and not said:
        said.append(
            f"No other candidate is told apart from {first['row']} by a better reconstruction or "
            "ELBO on unseen samples"
            + (f": that takes {_needed(result)}." if len(first["seeds"]) < least else ".")
        )
    most = max(result["candidates"], key=lambda c: c["active_units"]["mean"])
    if most["active_units"]["mean"] - first["active_units"]["mean"] >= 1:
        said.append(
            f"{first['row']} uses {first['active_units']['mean']:.1f} latents, {most['row']} "
            f"{most['active_units']['mean']:.1f}: fewer latents agree more easily, and may carry "
            "fewer of the factors."
        )
    said.append(_seeds_said(first))
    trivial = [c["row"] for c in others if c["trivial"]]
    if trivial:
        said.append(
            f"Ranked last: {_listed(trivial)}, whose runs use too few latents to disagree about."
        )
    return said


def _latents_said(candidate: dict[str, Any]) -> str:
    used = candidate["active_units"]["mean"]
    said = f"Runs of {candidate['row']} use {used:.1f} latents on average"
    if candidate["agreement"]["mean"] is None:
        return f"{said}, but no two of them have any in use: how far seeds agree is not known."
    return f"{said}."


def _seeds_said(first: dict[str, Any]) -> str:
    mean, rotated = first["agreement"]["mean"], first["rotated"]
    start = (
        f"Across its seeds, latents of {first['row']} agree one by one with an MCC of {mean:.2f}; "
        f"randomly rotated codes reach {rotated:.2f}, the best affine map at least "
        f"{first['affine']:.2f}."
    )
    if first["affine"] - mean > 0.15:
        return f"{start} The seeds share a space more than its axes."
    return start


def _needed(result: dict[str, Any]) -> str:
    return f"at least {enough_seeds(result['level'])} seeds (--seeds)"


def _told(candidate: dict[str, Any], name: str) -> bool:
    difference = candidate["difference"][name]
    return bool(difference and difference["apart"])


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
