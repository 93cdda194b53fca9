"""Mutual information of latents with factors and among themselves."""

from collections.abc import Sequence

import numpy as np

from micvae.reports.material import Material
from micvae.reports.matrices import SMALLEST_TOP, factor_matrix, latent_matrix
from micvae.reports.page import Group
from micvae.reports.style import names_in_full
from micvae.scoring.nulls import r_mi_said

BRACKETS = (
    " A number in brackets is not above the 97.5% quantile for independent {} of this size: it "
    "shows no dependence."
)


def factor_information(materials: Sequence[Material]) -> Group | None:
    """Mutual information of each latent and each factor."""
    suited = [m for m in materials if m.scores.factor_mi is not None]
    if not suited:
        return None
    top = _top([np.asarray(m.scores.factor_mi) for m in suited])
    plates = [
        m.plate(
            "mi-latents-factors",
            factor_matrix(
                m.scores.factor_mi or (),
                m.scores.factor_names,
                m.scores.latent_kl,
                m.scores.active,
                top,
                m.scores.factor_mi_null,
            ),
            "Mutual information of every latent with every factor, in nats",
        )
        for m in suited
    ]
    caption = (
        "Mutual information of each latent with each factor, in nats. MIG is high where every "
        "column has one dark cell and the rest are pale; DCI disentanglement is high where every "
        "row has at most one dark cell. Labels of inactive latents are grey: the mean of a "
        "collapsed latent can still follow a factor weakly, and mutual information, like MIG, "
        "ignores how weakly."
    )
    if any(m.scores.factor_mi_null is not None for m in suited):
        caption += BRACKETS.format("latents and factors")
    names = dict.fromkeys(name for m in suited for name in m.scores.factor_names)
    return Group("Latents and factors", caption + names_in_full(names), plates)


def latent_information(materials: Sequence[Material]) -> Group | None:
    """Mutual information between the latents."""
    suited = [m for m in materials if len(m.scores.latent_kl) > 1]
    if not suited:
        return None
    top = _top([np.asarray(m.scores.latent_mi) for m in suited])
    plates = [
        m.plate(
            "mi-latents",
            latent_matrix(
                m.scores.latent_mi,
                m.scores.latent_kl,
                m.scores.active,
                top,
                m.scores.latent_mi_null,
            ),
            "Mutual information of every pair of latents, in nats",
        )
        for m in suited
    ]
    totals = "; ".join((f"{m.label}: " if m.label else "") + r_mi_said(m.scores) for m in suited)
    caption = (
        "Mutual information of every pair of latents under the aggregate posterior, in nats. The "
        "paper's regulariser lowers it. The estimate is biased, more so with fewer samples. The "
        f"sum over all cells off the diagonal is R_MI. {totals}."
    )
    if any(m.scores.latent_mi_null is not None for m in suited):
        caption += BRACKETS.format("latents")
    return Group("Latents among themselves", caption, plates)


def _top(matrices: Sequence[np.ndarray]) -> float:
    """One scale for all runs shown side by side."""
    return max([SMALLEST_TOP, *(float(matrix.max()) for matrix in matrices)])
