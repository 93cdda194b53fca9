"""The conclusions of an audit in words."""

from __future__ import annotations

from collections.abc import Sequence

from micvae.identifiability.audit.decoder import AuditedDecoder
from micvae.identifiability.audit.record import (
    ComparedPair,
    Conditions,
    Measured,
    MissingPair,
    NoTruth,
)
from micvae.identifiability.audit.subject import Subject
from micvae.identifiability.conditions import Check
from micvae.objectives.identifiability import statement
from micvae.records import Missing
from micvae.text import number

SMALL_GAP = 0.1
"""Nats. KL ≤ 0.1 means total variation ≤ √(KL / 2) = 0.22 (Pinsker): from one draw, the posterior
that it came from can be guessed in at most 61% of cases."""

IDENTIFIED = 0.95
"""Least MCC, after elementwise maps, of identified latents."""


def conditions(found: Measured) -> Conditions:
    """Say whether each condition of the paper's Theorem 4.3 holds; None where it is not known."""
    sources, encoder, latents = found.sources, found.encoder, found.latents
    return Conditions(
        independent_sources=None
        if isinstance(sources, Missing)
        else sources.r_mi.holds and sources.tc.holds,
        gaussian_encoder=None if isinstance(encoder, Missing) else encoder.gap <= SMALL_GAP,
        no_pairwise_information=None if isinstance(latents, Missing) else latents.r_mi.holds,
    )


def identified(found: Measured) -> bool | None:
    """Say whether the known factors were found each in a latent of its own; None if none is known.

    They were if MCC after elementwise maps is at least `IDENTIFIED` and no factor shows excess
    information: as far as so many samples tell.
    """
    truth = found.truth
    if isinstance(truth, NoTruth):
        return False if truth.factors else None  # factors, and no active latent
    if len(found.active) < len(truth.factors):
        return False  # some factor has no latent of its own
    clean = all(row is None or not row.beyond for row in truth.excess)
    return truth.mcc_nonlinear.value >= IDENTIFIED and clean


def by_chance(found: Measured) -> bool:
    """Whether more than one in twenty random rotations come as near to the factors as the run."""
    truth = found.truth
    return (
        not isinstance(truth, NoTruth) and len(found.active) > 1 and not truth.mcc_nonlinear.above
    )


def sentences(found: Measured) -> list[str]:
    """The conclusions about one model, a sentence or two per subject."""
    return [
        *_conditions_said(found),
        *_decoder_said(found.generator),
        *_truth_said(found),
    ]


def _conditions_said(found: Measured) -> list[str]:
    held = conditions(found)
    said = []
    if not isinstance(found.sources, Missing):
        says = "are consistent with independence" if held.independent_sources else "are dependent"
        said.append(f"The factors {says}: total correlation {_with_null(found.sources.tc)}.")
    encoder = found.encoder
    if isinstance(encoder, Missing):
        said.append(f"The encoder's gap to the true posterior is {encoder.missing}.")
    else:
        close = "is close to" if held.gaussian_encoder else "differs from"
        said.append(
            f"The encoder's posterior {close} the true posterior: the gap is at least "
            f"{encoder.gap:.3f} ± {encoder.gap_error:.3f} nats"
            f"{'' if held.gaussian_encoder else f', more than {SMALL_GAP} nats'}."
        )
        chains = encoder.monte_carlo
        if not isinstance(chains, Missing) and chains.r_hat > 1.1:
            said.append(
                f"The Monte Carlo chains have not converged (R̂ = {chains.r_hat:.2f}): ignore the "
                "comparison with them."
            )
    latents = found.latents
    if isinstance(latents, Missing):
        said.append(f"Independence of latents is {latents.missing}.")
    else:
        pairs, joint = latents.r_mi, latents.tc
        zero = {True: "is zero within noise", False: "is not zero"}
        said.append(
            f"R_MI {zero[pairs.holds]}: {_with_null(pairs)}. The total correlation "
            f"{zero[joint.holds]}: {_with_null(joint)}."
        )
        if pairs.holds:
            said.append(
                "This does not identify the latents: independent latents can be rotated into other "
                "independent latents that explain the same images (docs/theorem.md)."
            )
    if held.hold:
        said.append("None of the three conditions of the paper's Theorem 4.3 is refuted.")
    return said


def _decoder_said(generator: AuditedDecoder | Missing) -> list[str]:
    if isinstance(generator, Missing):
        return [f"The decoder's Jacobian is {generator.missing}."]
    count = len(generator.active)
    if count == 1:
        near = 1 - generator.rank_full
        still = f", except near {near:.0%} of images" if near else ""
        rank = f"The one active latent moves the decoder's mean{still}"
    elif generator.rank_full == 1:
        rank = (
            f"Near every image the {count} active latents move the decoder's mean in {count} "
            "independent directions"
        )
    else:
        rank = (
            f"Near {1 - generator.rank_full:.0%} of images the {count} active latents move the "
            f"decoder's mean in fewer than {count} directions, so the decoder is not invertible "
            "there"
        )
    median = _infinite(generator.condition_median)
    said = [f"{rank}. The median condition number is {median}."]
    contrast = generator.ima
    if contrast is not None and generator.ima_rotated is not None:
        low, middle, high = generator.ima_rotated
        place = "below" if contrast < low else "above" if contrast > high else "inside"
        said.append(
            f"The IMA contrast is {contrast:.3f} ± {generator.ima_error:.3f} nats, {place} the "
            f"interval for randomly rotated latents ({low:.3f} to {high:.3f}, median {middle:.3f})"
            + (
                ": the columns of the decoder's Jacobian are closer to orthogonal than along other "
                "axes. What this identifies is proved for some classes of decoders only."
                if place == "below"
                else "."
            )
        )
    return said


def _truth_said(found: Measured) -> list[str]:
    truth = found.truth
    if isinstance(truth, NoTruth):
        if truth.factors:
            return ["NOT IDENTIFIED: no latent is active, so none is a factor."]
        return [
            f"Whether the latents are the factors is {truth.missing}. Audit several seeds "
            "together: their agreement is evidence."
        ]
    score = truth.mcc_nonlinear
    beyond = [
        name
        for name, row in zip(truth.factors, truth.excess, strict=True)
        if row is not None and row.beyond
    ]
    said = []
    value = f"MCC {score.value:.3f} after elementwise maps"
    chance = f"{score.share:.0%} of random rotations do as well"
    lone = len(found.active) == 1
    if lone:
        chance = "one latent cannot be rotated, so there is no chance to compare with"
    if identified(found):
        said.append(
            f"IDENTIFIED up to elementwise maps, as far as these samples tell: {value} ({chance})"
            + ("." if lone else ". No other latent adds information about a factor to its own.")
        )
        if by_chance(found):
            said.append(
                "With so few latents a random rotation often does as well, so this run alone is no "
                "evidence that the method finds the axes. Audit several seeds together."
            )
    elif lone:
        said.append(f"NOT IDENTIFIED: {value} ({chance}).")
    else:
        above = "above" if score.above else "not above"
        said.append(f"NOT IDENTIFIED: {value}, {above} chance ({chance}).")
    if beyond:
        said.append(
            f"Other latents carry information about {', '.join(beyond)} that the factor's own "
            "latent lacks: factors are mixed, or spread over several latents."
        )
    if not identified(found) and conditions(found).hold:
        said.append("Here the conditions hold and the conclusion fails: they do not imply it.")
    return said


def _with_null(check: Check) -> str:
    value, low, high = (number(v, 3) for v in (check.value, check.low, check.high))
    return f"{value} nats (null interval {low} to {high})"


def _infinite(value: float | None) -> str:
    return "infinite" if value is None else f"{value:.1f}"


def agreement_sentences(pairs: Sequence[ComparedPair | MissingPair]) -> list[str]:
    """The conclusion from the agreement of several runs."""
    usable = [pair for pair in pairs if isinstance(pair, ComparedPair)]
    if not usable:
        return ["No two runs can be compared: a run without active latents agrees with none."]
    above = sum(pair.ranks.above for pair in usable)
    lowest = min(pair.ranks.value for pair in usable)
    linear = min(pair.affine for pair in usable)
    chance = max(pair.ranks.share for pair in usable)
    scores = (
        f"The lowest MCC of ranks is {lowest:.3f}; the lowest MCC after an affine map of all "
        f"latents is {linear:.3f}."
    )
    turned = [pair for pair in usable if pair.latents > 1]
    start = (
        f"In {above} of {len(usable)} pairs of runs, latents agree one to one better than 95% of "
        "random rotations of the same codes (in the pair nearest to chance, "
        f"{chance:.0%} of rotations agree as well)"
    )
    if not turned:
        start = "One latent cannot be rotated, so there is no chance to compare agreement with"
    said = [f"{start}. {scores}"]
    if lowest >= IDENTIFIED and turned and above < len(usable):
        said.append(
            "Agreement is high in every pair, but not beyond chance in all. With so few latents, "
            "random rotations often agree as well, so these runs do not show that the seeds find "
            "the same axes."
        )
    elif lowest >= IDENTIFIED:
        said.append(
            "The seeds find the same latents up to monotone maps. Identifiability would give this, "
            "and so would a bias that all runs share. It does not show that the latents are the "
            "sources."
        )
    elif linear >= IDENTIFIED:
        said.append(
            "The seeds find the same space but not the same axes: latents agree up to an affine "
            "map only, as they do where nothing identifies them."
        )
    else:
        said.append(
            "The seeds do not find the same latents, not even up to an affine map: the method does "
            "not identify them on this data, or training has not converged."
        )
    return said


def advice(subject: Subject) -> list[str]:
    """Say which further assumption would make the model identifiable, and what here uses it."""
    data, offers = subject.dataset, []
    if data.auxiliary is not None:
        offers.append(
            "The data has an auxiliary variable. If the sources are independent given it and "
            "their distribution changes enough with it, ivae identifies them elementwise, and so "
            "does tcl where the variable is a label of segments."
        )
    if data.sequence is not None:
        offers.append(
            "The data comes in sequences. If each source depends on its own past in a non-Gaussian "
            "way, pcl identifies the sources elementwise, and snica does so under noise. If they "
            "move by sparse steps, slow-vae identifies them up to permutation, sign and scale."
        )
    if data.partners is not None:
        offers.append(
            "The data comes in pairs. If partners share all sources but a few, use ada-gvae; if "
            "they follow each other in time by sparse steps, use slow-vae."
        )
    if not offers:
        few = (
            "semi-supervised can use some of the data's factors as labels"
            if data.n_factors
            else f"so would labels of a few {'images' if data.pictures else 'samples'} "
            "(semi-supervised)"
        )
        offers.append(
            "The data has no auxiliary variable (for ivae, tcl), no order of time (for pcl, "
            "slow-vae, snica) and no pairs that share sources (for ada-gvae). One of them would "
            f"make identification possible (docs/data.md shows how to add it), and {few}. "
            "Otherwise restrict the mixing, as isometric-ica does to local isometries "
            "(docs/theorem.md, Section 6)."
        )
    if subject.objective is not None:
        offers.append(f"{subject.method}: {statement(subject.objective.identifiability)}")
    return offers
