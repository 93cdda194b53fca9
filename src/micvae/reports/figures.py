"""The figures of a run, in the order of the page; pages of studies show runs side by side."""

from collections.abc import Sequence

from micvae.reports.codes import codes_group
from micvae.reports.curves import curves_group
from micvae.reports.effects import effects_group
from micvae.reports.information import factor_information, latent_information
from micvae.reports.material import Material, RunFigure
from micvae.reports.page import Group
from micvae.reports.reconstructions import reconstructions_group
from micvae.reports.traversals import traversals_group

RUN_FIGURES: dict[str, RunFigure] = {
    "reconstructions": reconstructions_group,
    "traversals": traversals_group,
    "effects": effects_group,
    "mi-latents-factors": factor_information,
    "codes-factors": codes_group,
    "mi-latents": latent_information,
    "curves": curves_group,
}
"""By file name."""


def run_groups(
    materials: Sequence[Material], figures: Sequence[RunFigure] | None = None
) -> list[Group]:
    """Draw the figures of one run, or of several side by side.

    Args:
        materials: the runs.
        figures: which; all of `RUN_FIGURES` by default.
    """
    chosen = RUN_FIGURES.values() if figures is None else figures
    return [group for figure in chosen if (group := figure(materials)) is not None]
