"""What `import micvae` offers: one function for each step of an analysis.

Each function does what the `micvae` command of the same name does. Data is a description or a path
as for `micvae train --data`, a `DataDescription`, a `FactorDataset`, or any other input of
`Disentangler.fit`: arrays, tensors, data frames. Runs are `Run` objects or the paths of their
folders.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from micvae.errors import MicvaeError, nearest
from micvae.files import expanded

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from micvae.data import FactorDataset
    from micvae.identifiability.audit.record import AuditRecord
    from micvae.metrics import Evaluation
    from micvae.objectives import Objective
    from micvae.studies.study import Rows
    from micvae.training import Run, RunConfig, TrainedModel
    from micvae.training.record import Scores

# Imports stand in the functions: scores of arrays need no torch, which takes seconds to load.


def train(
    method: str | Objective,
    *,
    data: Any = "squares",
    out: str | Path,
    standardise: bool = True,
    verbose: bool = False,
    **options: Any,
) -> Run:
    """Train one model into a run folder; the same call continues an interrupted training.

    Args:
        method: an `Objective`, or its text as in `micvae train`: "beta-tcvae(beta=4)".
        data: what to train on, see `micvae.api`. Data that is handed over in memory is stored in
            the run folder.
        out: the run folder: new, empty, or one that holds a run of the same configuration.
        standardise: whether measured vectors are scaled to mean 0 and variance 1 per feature.
            Generated data is never scaled.
        verbose: whether to show a progress bar.
        **options: fields of `TrainingOptions` (epochs, latent_dim, seed, network, …) and of the
            method (beta, …), as values or as text.

    Raises:
        MicvaeError: for a method, options or data that do not fit.
        RunError: where `out` holds something else.

    Examples:
        >>> import micvae
        >>> run = micvae.train("beta-vae(beta=2)", data="squares(n=128)", epochs=1, out="runs/a")
        >>> run.representation().codes.shape
        (128, 3)
    """
    from micvae.data import standardised
    from micvae.training.data_identity import IN_MEMORY
    from micvae.training.run import DATA
    from micvae.training.train import data_for, train_run

    path, (text, dataset) = expanded(out), _described(data)
    config = _config(method, text, options)
    dataset = data_for(config, path) if dataset is None else dataset
    if standardise and (scaled := _standardised_name(text, dataset)) is not None:
        config, dataset = replace(config, data=scaled), standardised(dataset)
    with _progress(verbose, "run", f"training {config.method} on {dataset.name}") as report:
        run = train_run(config, path, report, dataset)
    if config.data == IN_MEMORY and not (path / DATA).exists():
        dataset.as_float32().save(path / DATA)
    return run


@overload
def evaluate(  # type: ignore[overload-overlap]  # text is array-like, too
    codes: Run | str | Path, *, interventions: bool = True, seed: int = 0
) -> Scores: ...
@overload
def evaluate(codes: ArrayLike, factors: ArrayLike | None = None, **options: Any) -> Evaluation: ...
def evaluate(codes: Any, factors: Any = None, **options: Any) -> Scores | Evaluation:
    """Score a trained run, or codes from any program.

    Args:
        codes: a finished run, whose scores are also stored in its folder; or codes `(N, D)`.
        factors: ground truth `(N, K)` of these codes. A run has its own factors.
        **options: of `micvae.metrics.evaluate` for codes (metrics, factor_kinds, seed, …); for a
            run `seed`, and `interventions=False` to leave out the β-VAE and FactorVAE scores.

    Returns:
        `Scores` for a run; for codes an `Evaluation`, which reads like a dictionary and prints as a
        table. Scores are never NaN.

    Raises:
        MicvaeError: for input that cannot be scored.

    Examples:
        >>> import micvae
        >>> import numpy as np
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> scores = micvae.evaluate(-factors, factors, metrics=["mcc_pearson"])
        >>> round(scores["mcc_pearson"], 6)
        1.0
    """
    if isinstance(codes, str | Path) or _is_run(codes):
        if factors is not None:
            raise MicvaeError("factors belong to codes; a run has its own factors.")
        from micvae.scoring import evaluate_run

        return evaluate_run(_run(codes), **{"interventions": True, **options})
    from micvae.metrics import evaluate as evaluate_codes

    return evaluate_codes(codes, factors, **options)


def load(place: str | Path) -> TrainedModel:
    """Open a trained model, which encodes data and decodes codes.

    Args:
        place: the folder of a run, a folder written by `micvae share`, or "hf://OWNER/NAME" for a
            model on the Hugging Face hub.

    Raises:
        RunError: where there is no trained model.

    Examples:
        >>> import micvae
        >>> from micvae.data import squares
        >>> run = micvae.train("vae", data="squares(n=128)", epochs=1, out="runs/vae")
        >>> model = micvae.load("runs/vae")
        >>> codes = model.encode(squares(8, seed=1)).codes
        >>> model.decode(codes).shape
        (8, 1, 32, 32)
    """
    from micvae.sharing.load_model import open_trained

    return open_trained(str(place))


def audit(
    runs: Run | str | Path | Sequence[Run | str | Path],
    *,
    out: str | Path | None = None,
    images: int | None = None,
    quick: bool = False,
    seed: int = 0,
) -> AuditRecord:
    """Audit trained models: decoder, encoder, independence, and what is identified.

    Args:
        runs: one finished run, or several on the same data, which are also compared pairwise.
        out: folder for `audit.json`; nothing is written where it is left out.
        images: number of images for the decoder's Jacobian and the encoder's gap: 300, or 50 if
            `quick`.
        quick: fewer samples everywhere, and wider intervals.
        seed: determines which samples are used, and all random draws.

    Raises:
        MicvaeError: for runs that are not finished, on different data, or given twice.

    Examples:
        >>> import micvae
        >>> run = micvae.train("vae", data="squares(n=128)", epochs=1, out="runs/vae")
        >>> found = micvae.audit(run, quick=True, images=8)
        >>> found.runs[0].method
        'vae'
    """
    from micvae.identifiability.audit import audit_runs

    given = [runs] if isinstance(runs, str | Path) or not isinstance(runs, Sequence) else runs
    folder = None if out is None else expanded(out)
    return audit_runs([_run(r) for r in given], folder, seed=seed, images=images, quick=quick)


def compare(
    methods: Mapping[str, str | Objective] | Sequence[str],
    *,
    data: Any = "squares",
    out: str | Path,
    seeds: int = 5,
    restarts: int = 1,
    workers: int | None = None,
    standardise: bool = True,
    verbose: bool = False,
    **options: Any,
) -> Rows:
    """Train and score several methods under several seeds; the same call continues the study.

    Args:
        methods: methods by label, or their texts, which are then the labels.
        data: what to train on, see `micvae.api`. `{seed}` in a text stands for the seed of a run.
        out: folder of the study. `micvae.reports.report_folder(out)` draws its page.
        seeds: number of seeds per method: seed, seed + 1, ….
        restarts: trainings per method and seed. The one with the lowest loss is `kept`.
        workers: runs at a time, one thread each; one per core where it is left out.
        standardise: as for `train`.
        verbose: whether to show a progress bar.
        **options: as for `train`.

    Returns:
        A dictionary per run: its label as `row`, `seed`, `path`, every score, cost, configuration.
        `pandas.DataFrame(rows)` makes a table of it.

    Raises:
        MicvaeError: for methods, options or data that do not fit.
        RunError: where `out` holds another study, or every run failed.

    Examples:
        >>> import micvae
        >>> rows = micvae.compare(
        ...     {"VAE": "vae", "β = 4": "beta-vae(beta=4)"},
        ...     data="squares(n=128)",
        ...     epochs=1,
        ...     seeds=1,
        ...     workers=1,
        ...     out="studies/a",
        ... )
        >>> [(row["row"], row["seed"]) for row in rows]
        [('VAE', 0), ('β = 4', 0)]
    """
    from micvae.data import describe
    from micvae.studies.pool import leave_if_worker
    from micvae.studies.record import StudyRecord
    from micvae.studies.selection import OWN_DATA
    from micvae.studies.study import described, grid, n_workers, run_study

    leave_if_worker()
    if seeds < 1 or restarts < 1:
        raise MicvaeError(f"seeds is {seeds} and restarts is {restarts}; give at least 1 of each.")
    folder, (text, dataset) = expanded(out), _described(data)
    if dataset is not None:
        dataset.save(folder / OWN_DATA)
        text = str(folder / OWN_DATA)
    else:
        dataset = describe(text).with_seed(0).load()
    text = (standardise and _standardised_name(text, dataset)) or text
    named = methods if isinstance(methods, Mapping) else {method: method for method in methods}
    rows = {label: _config(method, text, options) for label, method in named.items()}
    first = next((config.seed for config in rows.values()), 0)
    cells = grid(rows, range(first, first + seeds), dict.fromkeys(rows, restarts))
    about = StudyRecord(title=f"{', '.join(rows)} on {text}", seeds=seeds, rows=described(rows))
    with _progress(verbose, "study", cells) as report:
        return run_study(cells, folder, about, workers or n_workers(), report)


def plot(run: Run | str | Path, figure: str = "traversals") -> Figure:
    """Draw one figure of a run's report.

    Args:
        run: a finished run. A run without scores is scored first.
        figure: reconstructions, traversals, effects, mi-latents-factors, codes-factors, mi-latents
            or curves.

    Raises:
        MicvaeError: for an unknown figure, or one that this run does not have.

    Examples:
        >>> import micvae
        >>> run = micvae.train("vae", data="squares(n=128)", epochs=1, out="runs/vae")
        >>> figure = micvae.plot(run, "curves")
        >>> figure.savefig("curves.png")
    """
    from micvae.reports.figures import RUN_FIGURES
    from micvae.reports.material import gather
    from micvae.scoring import ensure_scores

    if figure not in RUN_FIGURES:
        near, known = nearest(figure, RUN_FIGURES), ", ".join(RUN_FIGURES)
        raise MicvaeError(f"figure is {figure!r}{near}; choose from {known}.")
    run, missing = _run(run), list[str]()
    ensure_scores(run)
    group = RUN_FIGURES[figure]([gather(run, "", missing)])
    if group is None:
        raise MicvaeError(
            f"{figure}: this run has no such figure. " + (" ".join(missing) or "See its report.")
        )
    return group.plates[0].figure


def _is_run(value: object) -> bool:
    """Whether this is a `Run`, of which there is none before its module is loaded."""
    module = sys.modules.get("micvae.training.run")
    return module is not None and isinstance(value, module.Run)


def _run(run: Run | str | Path) -> Run:
    from micvae.training import Run

    return run if isinstance(run, Run) else Run(expanded(run))


def _config(method: str | Objective, data: str, options: Mapping[str, Any]) -> RunConfig:
    from micvae.estimator.settings import config_of, objective_of
    from micvae.training import TrainingOptions

    general = {field.name for field in fields(TrainingOptions)}
    of_method = {name: value for name, value in options.items() if name not in general}
    given = {name: value for name, value in options.items() if name in general}
    return config_of(objective_of(method, of_method), data, given)


def _described(data: Any) -> tuple[str, FactorDataset | None]:
    """What a run stores as its data; and the data itself, unless that text names it."""
    from micvae.data import DataDescription
    from micvae.estimator.containers import open_container
    from micvae.estimator.inputs import dataset_of

    if isinstance(data, str | Path | DataDescription):
        return str(data), None
    opened = open_container(data, column=None, fitting=True)
    given = dataset_of(opened.values, layout=opened.layout or "auto")
    names = opened.names or given.dataset.feature_names
    return given.data, replace(given.dataset, feature_names=names)


def _standardised_name(text: str, dataset: FactorDataset) -> str | None:
    """What a run on measured vectors stores as its data once they are standardised."""
    from micvae.data import describe
    from micvae.data.standardised import own_vectors
    from micvae.training.data_identity import IN_MEMORY

    if not own_vectors(dataset.source, dataset.image_shape):
        return None
    return text if text == IN_MEMORY else str(describe(text).wrapped("standardised"))


def _progress(verbose: bool, what: Literal["run", "study"], *about: Any) -> Any:
    """A progress bar, which gives the function to call with the progress."""
    if not verbose:
        return nullcontext(lambda progress: None)
    from micvae.cli import display  # loads what only the terminal needs

    return (display.run_progress if what == "run" else display.study_progress)(*about)
