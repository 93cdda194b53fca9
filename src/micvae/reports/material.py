"""The data of a run's figures, read once."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from matplotlib.figure import Figure

from micvae.data import FactorDataset
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.models import VAEModel
from micvae.reports.page import Group, NotDrawn, Plate, slug
from micvae.representation import Representation
from micvae.scoring import stored_scores
from micvae.training.record import Scores
from micvae.training.run import Run


@dataclass(frozen=True)
class Material:
    """One run, with all that its figures need.

    Args:
        label: distinguishes this run from those beside it; empty for a single run.
        dataset: its data, or None where the data cannot be read any more.
    """

    label: str
    run: Run
    model: VAEModel
    representation: Representation
    scores: Scores
    dataset: FactorDataset | None

    @property
    def pictures(self) -> bool:
        """Whether the model decodes to images."""
        return self.run.data.pictures

    def plate(self, name: str, figure: Figure, alt: str) -> Plate:
        """A figure of this run; its file name and its description carry the label."""
        if not self.label:
            return Plate(name, figure, f"{alt}.")
        return Plate(f"{name}-{slug(self.label)}", figure, f"{alt} ({self.label}).", self.label)


RunFigure = Callable[[Sequence[Material]], Group | None]
"""Draws the same figure of every run that it suits, side by side; None where it suits none."""


def gather(run: Run, label: str, missing: list[str]) -> Material:
    """Read a run and its scores; what cannot be drawn goes into `missing`.

    Raises:
        RunError: where the run is not finished, has no scores, or is damaged.
    """
    model = run.model()
    scores = stored_scores(run)
    whose = f" of {label}" if label else ""
    if run.config.objective.closed_form_fit:
        missing.append(
            f"Learning curves{whose}: {run.config.method} is fitted in closed form after the last "
            "step, so the steps do not describe the model."
        )
    if run.config.objective.changes_after_training:
        # Scores of earlier versions have those of the last epoch.
        final = run.final_terms()
        scores = replace(scores, reconstruction=final.get("reconstruction"), kl=final.get("kl"))
    try:
        with warnings.catch_warnings():
            # The page shows the notes on the data from the run's own record.
            warnings.simplefilter("ignore", MicvaeWarning)
            dataset = run.dataset()
    except (MicvaeError, OSError) as error:
        dataset = None
        pictures = run.data.pictures
        what = "Samples and reconstructions" if pictures else "What each latent moves"
        missing.append(NotDrawn(f"{what}{whose}: the data cannot be read ({error})"))
    return Material(label, run, model, run.representation(), scores, dataset)
