"""Figures, and one self-contained HTML page per run or study."""

from pathlib import Path

from micvae.errors import RunError
from micvae.files import expanded
from micvae.identifiability.audit.run import RESULT as AUDIT
from micvae.identifiability.theorem import RESULT
from micvae.paths import member
from micvae.records import read
from micvae.reports import _matplotlib  # noqa: F401, the first that loads Matplotlib
from micvae.reports.audit import report_audit
from micvae.reports.comparison import report_comparison
from micvae.reports.page import FIGURES
from micvae.reports.paper import report_paper
from micvae.reports.run import report_run
from micvae.reports.selection import report_selection
from micvae.reports.study import report_study
from micvae.reports.theorem import report_theorem
from micvae.studies.record import StudyRecord
from micvae.studies.study import STUDY
from micvae.torch_state import with_torch_defaults
from micvae.training.run import RECORD, RUNS, Run

__all__ = ["report_comparison", "report_folder", "report_run"]

KINDS = {"paper": report_paper, "selection": report_selection}
"""Studies with a page of their own, by their name in `study.json`."""


@with_torch_defaults
def report_folder(folder: Path) -> Path:
    """Write the report of a folder: of a run, a study, the paper's comparison, ….

    Every figure is written to `figures/` as PNG and SVG, and all of them into `report.html`.

    Args:
        folder: what a command with --out wrote.

    Returns:
        The path of the page.

    Raises:
        RunError: where the folder holds none of them, or what it holds is not finished or
            has no scores.

    Examples:
        >>> import micvae
        >>> from micvae.reports import report_folder
        >>> run = micvae.train("vae", data="squares(n=128)", epochs=1, out="runs/vae")
        >>> scores = micvae.evaluate(run, interventions=False)
        >>> report_folder("runs/vae").name
        'report.html'
    """
    folder = expanded(folder)
    member(folder, FIGURES)  # a link is refused before anything is computed
    if (folder / RECORD).is_file():
        return report_run(Run(folder))
    if (folder / STUDY).is_file():
        study = read(StudyRecord, folder / STUDY)
        return KINDS.get(str(study.kind), report_study)(folder)
    if (folder / AUDIT).is_file():
        return report_audit(folder)
    if (folder / RESULT).is_file():
        return report_theorem(folder)
    if (folder / RUNS).is_dir():
        raise RunError(
            f"{folder} holds an unfinished study: runs without {STUDY}. Give the same "
            "command again; it goes on where it stopped, or says why runs fail."
        )
    raise RunError(
        f"{folder} holds neither a run ({RECORD}) nor a study ({STUDY}); give the --out of "
        "micvae train, micvae study, micvae select, micvae reproduce, micvae audit or micvae "
        "theorem."
    )
