"""What many tests set up: small networks, short trainings, data with every optional part."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from micvae.cli import main
from micvae.data import squares
from micvae.errors import MicvaeError
from micvae.metrics import evaluate
from micvae.networks import MLP, Patch
from micvae.objectives import Objective, find
from micvae.scoring import ensure_scores, runs
from micvae.studies.pool import Event
from micvae.training import Run, RunConfig, train_run

SMALL_PATCH = Patch(width=4, hidden=8)
"""For images; `NETWORK` is its text."""
SMALL_MLP = MLP(hidden=8, depth=1)
"""For vectors, and for images of which nothing is to be learned."""
NETWORK = "patch(width=4, hidden=8)"


def tiny_config(objective: Objective | str = "vae", **settings: Any) -> RunConfig:
    """One epoch of a small network on 96 toy images; `settings` replace any of that."""
    if isinstance(objective, str):
        objective = find(objective)
    usual = {"data": "squares(n=96)", "network": SMALL_PATCH, "epochs": 1, "device": "cpu"}
    return RunConfig(objective=objective, **usual | settings)


def tiny_run(path: Path, objective: Objective | str = "vae", **settings: Any) -> Run:
    """A finished run of `tiny_config` in a folder."""
    return train_run(tiny_config(objective, **settings), path)


def complete_file(path: Path) -> Path:
    """64 toy images with whatever a method may ask for: factors, partners, a label, an order."""
    toy = squares(64, seed=0)
    rotation = np.unique(toy.factors[:, 2], return_inverse=True)[1]
    np.savez(
        path,
        images=toy.images,
        factors=np.column_stack([toy.factors[:, :2], rotation]),
        factor_names=["size", "intensity", "rotation"],
        partners=np.roll(toy.images, -1, axis=0),
        auxiliary=rotation,
        sequence=np.arange(64) // 8,
    )
    return path


def run_quietly(*arguments: object) -> None:
    """A command in this process; its warnings are ignored, and a failure is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main([*map(str, arguments)])


BLANK = b'<svg xmlns="http://www.w3.org/2000/svg" width="1pt" height="1pt" viewBox="0 0 1 1"/>'


def without_rendering(setattr: Callable[[Any, str, Any], None]) -> None:
    """Figures are made, but blank files are written in place of drawings, which take seconds.

    For tests of something else than figures; `setattr` may be that of a `pytest.MonkeyPatch`.
    """
    from matplotlib.figure import Figure

    def savefig(self: Figure, target: Any, **options: Any) -> None:
        if isinstance(target, io.BytesIO):
            target.write(BLANK)
        else:
            Path(target).write_bytes(BLANK)

    setattr(Figure, "draw_without_rendering", lambda self: None)
    setattr(Figure, "savefig", savefig)


def few_scores(setattr: Callable[[Any, str, Any], None]) -> None:
    """Runs are scored by four metrics, and from few votes: for tests of something else."""
    dci = ("disentanglement", "completeness", "informativeness")
    chosen = ("mig", *(f"dci_{name}" for name in dci))

    def scored(*arrays: Any, **options: Any) -> Any:
        return evaluate(*arrays, **options | {"metrics": chosen if len(arrays) > 1 else None})

    setattr(runs, "evaluate", scored)
    setattr(runs, "VOTES", dict.fromkeys(runs.VOTES, (20, 20)))


def quick_audits(setattr: Callable[[Any, str, Any], None]) -> None:
    """`--quick` of an audit is quicker still, and ten images are enough for it."""
    from micvae.identifiability.audit import run as audit

    setattr(audit, "QUICK", audit.Scale(4, 4, 1, 4, 64, 60, 200, 5))
    setattr(audit, "MIN_IMAGES", 10)


def in_process(
    jobs: Any, workers: int, report: Callable[[Event], None] = lambda event: None
) -> dict[int, str]:
    """Stands for `run_jobs`: the runs of a study one after the other, without worker processes.

    Workers, and what happens when they die, have tests of their own (`tests/unit/test_killed.py`).
    """
    failures = {}
    for index, job in enumerate(jobs):
        try:
            ensure_scores(train_run(job.config, Path(job.folder)))
            report(Event(index, "done"))
        except MicvaeError as error:
            failures[index] = str(error)
            report(Event(index, "failed", failures[index]))
    return failures
