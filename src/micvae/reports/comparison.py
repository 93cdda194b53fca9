"""The page of several runs side by side."""

from pathlib import Path

from micvae.errors import RunError
from micvae.files import expanded, making
from micvae.reports.page import write_page
from micvae.reports.study import study_page
from micvae.studies.comparison import Comparison
from micvae.studies.study import STUDY
from micvae.torch_state import with_torch_defaults
from micvae.training.run import RECORD

FILES = (("figures/", "every figure of this page as PNG and SVG"),)


@with_torch_defaults
def report_comparison(comparison: Comparison, out: Path) -> Path:
    """Write `report.html` and `figures/` that compare finished runs.

    Args:
        comparison: the runs, see `micvae.studies.comparison.compare_runs`.
        out: folder of the page; nothing is written into the runs.

    Returns:
        The path of the page.

    Raises:
        RunError: where `out` holds a run or a study, whose own page this one would replace.

    Examples:
        >>> import micvae
        >>> from micvae.reports import report_comparison
        >>> from micvae.scoring import ensure_scores
        >>> from micvae.studies.comparison import compare_runs
        >>> runs = [
        ...     micvae.train(method, data="squares(n=64)", epochs=1, out=f"runs/{method}")
        ...     for method in ("vae", "beta-vae")
        ... ]
        >>> scores = [ensure_scores(run) for run in runs]
        >>> report_comparison(compare_runs(runs), "comparison").name
        'report.html'
    """
    out = expanded(out)
    if any((out / name).is_file() for name in (RECORD, STUDY)):
        raise RunError(
            f"{out} holds a run or a study with a page of its own; choose another --out."
        )
    page = study_page(
        comparison.study, comparison.rows, out, "Comparison", FILES, [comparison.finding]
    )
    with making(out, "report"):
        return write_page(page, out)
