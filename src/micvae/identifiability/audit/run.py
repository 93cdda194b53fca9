"""The whole audit of one or several models on the same data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from micvae import records
from micvae.checks import whole_number
from micvae.errors import RunError
from micvae.files import expanded
from micvae.identifiability.audit.agreement import audit_agreement
from micvae.identifiability.audit.decoder import audit_decoder
from micvae.identifiability.audit.dependence import audit_latents, audit_sources
from micvae.identifiability.audit.encoder import audit_encoder
from micvae.identifiability.audit.record import Audited, AuditRecord, Measured
from micvae.identifiability.audit.subject import Subject, check_image_count
from micvae.identifiability.audit.truth import audit_truth
from micvae.identifiability.audit.verdict import (
    advice,
    agreement_sentences,
    conditions,
    identified,
    sentences,
)
from micvae.torch_state import with_torch_defaults
from micvae.training.record import DataSummary
from micvae.training.run import Run

RESULT = "audit.json"
MIN_IMAGES = 100
PARTS = 5

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Scale:
    """The sample sizes of an audit."""

    images: int = 300
    """For the Jacobian and the importance-weighted bound."""
    weights: int = 64
    """Samples per image of that bound."""
    points: int = 5
    """Images for Hamiltonian Monte Carlo."""
    iterations: int = 200
    """Its transitions after warm-up."""
    samples: int = 5_000
    """For MCC and agreement."""
    neighbours: int = 1_000
    """For nearest-neighbour estimates."""
    permutations: int = 200
    """Of every null."""
    rotations: int = 200
    """Of the baseline."""


FULL = Scale()
QUICK = Scale(50, 32, 2, 60, 1_000, 400, 200, 50)


@with_torch_defaults
def audit_subject(
    subject: Subject,
    scale: Scale = FULL,
    seed: int = 0,
    step: Callable[[str], None] = lambda what: None,
) -> Audited:
    """Audit one model.

    Args:
        subject: the model with its data.
        scale: how much is computed.
        seed: determines everything.
        step: called with what is next, `PARTS` times.

    Returns:
        What is measured, each part either numbers or the reason why it is missing, and what
        follows from it.

    Raises:
        MicvaeError: for fewer than 100 images.
    """
    check_image_count(subject, MIN_IMAGES)
    step(f"{subject.name}: the decoder's Jacobian")
    generator = audit_decoder(subject, scale.images, scale.rotations, seed)
    step(f"{subject.name}: the encoder against the posterior")
    encoder = audit_encoder(
        subject, scale.images, scale.weights, scale.points, scale.iterations, seed
    )
    step(f"{subject.name}: independence of sources")
    sources = audit_sources(subject, scale.neighbours, scale.permutations, seed)
    step(f"{subject.name}: independence of latents")
    latents = audit_latents(subject, scale.neighbours, scale.permutations, seed)
    step(f"{subject.name}: latents against factors")
    truth = audit_truth(
        subject, scale.samples, scale.neighbours, scale.rotations, scale.permutations, seed
    )
    measured = Measured(
        name=subject.name,
        method=subject.method,
        seed=seed,
        latents_total=subject.model.latent_dim,
        active=tuple(subject.active.tolist()),
        generator=generator,
        encoder=encoder,
        sources=sources,
        latents=latents,
        truth=truth,
    )
    return Audited(
        **vars(measured),
        conditions=conditions(measured),
        identified=identified(measured),
        said=tuple(sentences(measured)),
        advice=tuple(advice(subject)),
    )


@with_torch_defaults
def audit_runs(
    runs: Sequence[Run],
    out: Path | None = None,
    *,
    seed: int = 0,
    images: int | None = None,
    quick: bool = False,
    progress: Progress | None = None,
) -> AuditRecord:
    """Audit finished runs on the same data.

    Args:
        runs: at least one.
        out: folder for `audit.json`; nothing is written where it is left out.
        seed: determines which samples are taken, and all draws.
        images: for the Jacobian and the encoder's gap; 300, or 50 if `quick`.
        quick: fewer samples everywhere: wide intervals.
        progress: called with steps done, steps in all and what is next.

    Raises:
        MicvaeError: a run that is not finished, runs on different data, a run given twice, data
            that has changed, fewer than 2 images.
    """
    seed = whole_number("seed", seed, least=0)
    scale = QUICK if quick else FULL
    if images is not None:
        scale = replace(scale, images=whole_number("images", images, least=2))
    _same_data(runs)
    dataset = runs[0].dataset()
    total = PARTS * len(runs) + (len(runs) > 1)
    done = 0

    def step(what: str) -> None:
        nonlocal done
        if progress is not None:
            progress(done, total, what)
        done += 1

    subjects = [Subject.of_run(run, dataset) for run in runs]
    result = AuditRecord(
        data=DataSummary(name=dataset.name, n=len(dataset), notes=dataset.notes),
        quick=quick,
        seed=seed,
        images=scale.images,
        runs=tuple(audit_subject(subject, scale, seed, step) for subject in subjects),
    )
    if len(runs) > 1:
        step("agreement of the runs")
        pairs = audit_agreement(subjects, scale.samples, scale.rotations, seed)
        said = tuple(agreement_sentences(pairs))
        result = replace(result, agreement=tuple(pairs), agreement_said=said)
    if out is not None:
        records.write(expanded(out) / RESULT, result)
    if progress is not None:
        progress(total, total, "done")
    return result


def _same_data(runs: Sequence[Run]) -> None:
    for run in runs:
        run.check_done()
    if len({run.path.resolve() for run in runs}) < len(runs):
        raise RunError("a run is given twice; give each run once.")
    first = runs[0]
    for run in runs[1:]:
        if run.data.fingerprint != first.data.fingerprint:
            raise RunError(
                f"{run.path} was trained on other data than {first.path}; audit together runs "
                "on the same data (for generated sets: the same --data)."
            )
