"""Figures of one run, or of several side by side, gathered by kind."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from micvae.data import FactorDataset
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.models import VAEModel
from micvae.reports.codes import FACTORS, LATENTS, SAMPLES, codes_against_factors
from micvae.reports.curves import curves
from micvae.reports.effects import FEATURES, effects, effects_matrix, shown_features
from micvae.reports.matrices import SMALLEST_TOP, factor_matrix, latent_matrix
from micvae.reports.page import Group, NotDrawn, Plate, slug
from micvae.reports.reconstructions import reconstructions
from micvae.reports.samples import factor_rows, samples
from micvae.reports.style import short
from micvae.reports.traversals import MOST, traversals
from micvae.representation import Representation
from micvae.scoring import stored_scores
from micvae.scoring.nulls import r_mi_said
from micvae.training.record import Scores
from micvae.training.run import Run

BRACKETS = (
    " Numbers in brackets are no larger than independent {} of this size give, of which one in 40 "
    "is larger by chance: there no dependence is shown."
)


@dataclass(frozen=True)
class Material:
    """What the figures of one run are made from, read once.

    Args:
        label: what tells this run from those beside it; empty where it is alone.
        dataset: its data, or None where that is no longer to be had.
    """

    label: str
    run: Run
    model: VAEModel
    representation: Representation
    scores: Scores
    dataset: FactorDataset | None

    def name(self, figure: str) -> str:
        """A figure's file name, told apart by the label."""
        return f"{figure}-{slug(self.label)}" if self.label else figure

    @property
    def pictures(self) -> bool:
        """Whether what the model decodes can be looked at."""
        return self.run.data.pictures

    @property
    def about(self) -> str:
        """End of a text for who cannot see the figure."""
        return f" ({self.label})" if self.label else ""


def gather(run: Run, label: str, missing: list[str]) -> Material:
    """Read a run and its scores; what is not there goes into `missing`.

    Raises:
        RunError: where the run is not finished, has no scores, or is damaged.
    """
    model = run.model()
    scores = stored_scores(run)
    whose = f" of {label}" if label else ""
    if run.config.objective.closed_form_fit:
        missing.append(
            f"Learning curves{whose}: {run.config.method} is fitted in closed form after the last "
            "step, and nothing of the steps is left in the model."
        )
    if (
        run.config.objective.changes_after_training
    ):  # scores of earlier versions have those of the last epoch
        final = run.final_terms()
        scores = replace(scores, reconstruction=final.get("reconstruction"), kl=final.get("kl"))
    try:
        with warnings.catch_warnings():
            # What there is to say of the data stands on the page, from the run's own record.
            warnings.simplefilter("ignore", MicvaeWarning)
            dataset = run.dataset()
    except (MicvaeError, OSError) as error:
        dataset = None
        pictures = run.data.pictures
        what = "Samples and reconstructions" if pictures else "What each latent moves"
        missing.append(NotDrawn(f"{what}{whose}: the data cannot be read ({error})"))
    return Material(label, run, model, run.representation(), scores, dataset)


def data_group(dataset: FactorDataset) -> Group:
    """What images look like."""
    plates = [Plate("samples", samples(dataset), f"Images of {dataset.name}.")]
    caption = f"Images of {dataset.name}, chosen at random out of {len(dataset):,}."
    if dataset.renderer is not None and dataset.n_factors:
        alt = f"One row per factor of {dataset.name}: {', '.join(dataset.factor_names)}."
        plates.append(Plate("factors", factor_rows(dataset), alt))
        caption += (
            " Beside them one row per factor, which varies from left to right while the others "
            "stay in the middle of their range: what a latent should do, ideally, in the "
            "traversals below. A factor with few values repeats them."
        )
    return Group("The data", caption, plates)


def run_groups(materials: Sequence[Material]) -> list[Group]:
    """Every kind of figure of one run, each kind with the same figure of all runs given."""
    groups = [draw(materials) for draw in FIGURES.values()]
    return [group for group in groups if group.plates]


def _reconstructions(materials: Sequence[Material]) -> Group:
    plates = [
        Plate(
            m.name("reconstructions"),
            reconstructions(m.model, m.dataset.images),
            f"Originals above their reconstructions{m.about}.",
            m.label,
        )
        for m in materials
        if m.dataset is not None and m.dataset.pictures
    ]
    caption = (
        "Above: images of the data. Below: the decoder's mean at the posterior mean of each. "
        "What differs between the two rows is what the latents do not carry."
    )
    return Group("Reconstructions", caption, plates)


def _traversals(materials: Sequence[Material]) -> Group:
    materials = [m for m in materials if m.pictures]
    plates = [
        Plate(
            m.name("traversals"),
            traversals(m.model, m.representation),
            f"Images along each latent{m.about}.",
            m.label,
        )
        for m in materials
    ]
    caption = (
        "One row per latent, by falling KL (nats): it runs through its values while the others "
        "stay at the posterior mean of one image, that with the code nearest to the mean code; the "
        "red frame is nearest to the image's own value. A Gaussian latent runs from −2 to 2, or "
        "where its values over the data are spread otherwise from their 1% to their 99% quantile, "
        "which then stand beside its row. In a disentangled representation each row "
        "changes one factor only. An inactive latent changes nothing."
    )
    if any(len(m.scores.latent_kl) > MOST for m in materials):
        caption += f" The {MOST} latents of the highest KL are shown."
    return Group("Latent traversals", caption, plates)


def _effects(materials: Sequence[Material]) -> Group:
    materials = [m for m in materials if m.dataset is not None and not m.pictures]
    found = [
        effects(m.model, m.representation, m.dataset) for m in materials if m.dataset is not None
    ]
    top = max([SMALLEST_TOP, *(float(one.furthest.max()) for one in found)])
    shown = shown_features(found)
    plates = [
        Plate(
            m.name("effects"),
            effects_matrix(one, m.representation.active, features, top),
            f"How far every feature moves with every latent{m.about}.",
            m.label,
        )
        for m, one, features in zip(materials, found, shown, strict=True)
    ]
    caption = (
        "One row per latent, by falling KL: it runs through its values while the others stay at "
        "those of one sample, that with the code nearest to the mean code. A cell says how far the "
        "decoder's mean of a feature moves meanwhile, from its lowest to its highest, in standard "
        "deviations (SD) of that feature over the data: red where it ends higher than it began, "
        "blue where it ends lower. A latent can be named by the features that it moves; its sign "
        "is arbitrary. An inactive latent moves them by little and at random. A dot: the feature "
        "does not vary in the data."
    )
    pairs = list(zip(found, shown, strict=True))
    every = all(len(one.names) == len(features) for one, features in pairs)
    if not every or any(len(m.scores.latent_kl) > MOST for m in materials):
        caption += (
            f" At most {MOST} latents (highest KL) and {FEATURES} features (moved furthest) are "
            "shown."
        )
    names = dict.fromkeys(one.names[f] for one, features in pairs for f in features)
    return Group("What each latent moves", caption + _in_full(names), plates)


def _factor_matrices(materials: Sequence[Material]) -> Group:
    materials = [m for m in materials if m.scores.factor_mi is not None]
    top = _top([np.asarray(m.scores.factor_mi) for m in materials])
    plates = [
        Plate(
            m.name("mi-latents-factors"),
            factor_matrix(
                m.scores.factor_mi or (),
                m.scores.factor_names,
                m.scores.latent_kl,
                m.scores.active,
                top,
                m.scores.factor_mi_null,
            ),
            f"Mutual information of every latent with every factor, in nats{m.about}.",
            m.label,
        )
        for m in materials
    ]
    caption = (
        "How much each latent knows of each factor, in nats. MIG is high where every column has "
        "one dark cell and the rest are pale; DCI disentanglement where every row has at most "
        "one. Labels of inactive latents are grey: the mean of a collapsed latent can still follow "
        "a factor faintly, and mutual information, like MIG, does not see how faintly."
    )
    if any(m.scores.factor_mi_null is not None for m in materials):
        caption += BRACKETS.format("latents and factors")
    names = dict.fromkeys(name for m in materials for name in m.scores.factor_names)
    return Group("Latents and factors", caption + _in_full(names), plates)


def _in_full(names: Iterable[str]) -> str:
    """End of a caption: the names that its figure shortens."""
    cut = [name for name in names if short(name) != name]
    return f" Names in full: {', '.join(cut)}." if cut else ""


def _latent_matrices(materials: Sequence[Material]) -> Group:
    materials = [m for m in materials if len(m.scores.latent_kl) > 1]
    top = _top([np.asarray(m.scores.latent_mi) for m in materials])
    plates = [
        Plate(
            m.name("mi-latents"),
            latent_matrix(
                m.scores.latent_mi,
                m.scores.latent_kl,
                m.scores.active,
                top,
                m.scores.latent_mi_null,
            ),
            f"Mutual information of every pair of latents, in nats{m.about}.",
            m.label,
        )
        for m in materials
    ]
    totals = "; ".join((f"{m.label}: " if m.label else "") + r_mi_said(m.scores) for m in materials)
    caption = (
        "Mutual information of every pair of latents under the aggregate posterior, in nats: what "
        "the paper's regulariser lowers. Its estimate is biased, the more so the fewer samples "
        f"there are. The sum over all cells off the diagonal: {totals}."
    )
    if any(m.scores.latent_mi_null is not None for m in materials):
        caption += BRACKETS.format("latents")
    return Group("Latents among themselves", caption, plates)


def _codes(materials: Sequence[Material]) -> Group:
    materials = [m for m in materials if m.representation.varying_factors]
    plates = []
    left_out = False
    for m in materials:
        factors = m.representation.varying_factors
        left_out |= len(factors) > FACTORS or len(m.scores.latent_kl) > LATENTS
        plates.append(
            Plate(
                m.name("codes-factors"),
                codes_against_factors(m.representation, factors),
                f"Codes of every latent against every factor{m.about}.",
                m.label,
            )
        )
    caption = (
        f"The code (posterior mean) of each latent against each factor, from at most {SAMPLES:,} "
        "images. Darker is denser; a factor of few values shows the spread of the code at each of "
        "them, with the median as a dot. A latent that stands for one factor gives a narrow curve "
        "in that column and shapeless bands in all others."
    )
    if left_out:
        caption += f" At most {LATENTS} latents (highest KL) and {FACTORS} factors are shown."
    return Group("Codes against factors", caption, plates)


def _curves(materials: Sequence[Material]) -> Group:
    materials = [m for m in materials if not m.run.config.objective.closed_form_fit]
    plates = []
    for m in materials:
        steps = max(1, m.run.steps_per_epoch)
        plates.append(
            Plate(
                m.name("curves"),
                curves(m.run.log(), steps, columns=1 if len(materials) > 2 else 2),
                f"Every term of the loss over the steps of training{m.about}.",
                m.label,
            )
        )
    caption = (
        "Every logged term over training, in nats per sample where its title names no other unit: "
        "one step faint, the running mean over a fortieth of the training solid. The first steps "
        "may lie above the frame. A latent whose KL falls to 0 has been turned off. R_MI, mutual "
        "information and total correlation are here estimates on one batch, which are coarser "
        "than those in the table: on B samples an information is at most log B per pair, and "
        "estimates by an adversary or by kernels may be negative."
    )
    return Group("Learning curves", caption, plates)


def _top(matrices: Sequence[np.ndarray]) -> float:
    """One scale for all runs shown side by side."""
    return max([SMALLEST_TOP, *(float(matrix.max()) for matrix in matrices)])


FIGURES = {
    "reconstructions": _reconstructions,
    "traversals": _traversals,
    "effects": _effects,
    "mi-latents-factors": _factor_matrices,
    "codes-factors": _codes,
    "mi-latents": _latent_matrices,
    "curves": _curves,
}
"""The figures of a run by file name, in the order of the page; a run may lack some of them."""
