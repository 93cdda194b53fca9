"""Choosing without ground truth: methods or strengths × seeds on one's own data, ranked."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from numpy.typing import ArrayLike

from micvae import records, spelling
from micvae.arrays import unmasked
from micvae.data import DataDescription, FactorDataset, load
from micvae.data.standardised import own_vectors
from micvae.errors import MicvaeError, RunError
from micvae.files import expanded
from micvae.objectives import Objective, find
from micvae.objectives.schedules import Constant, Schedule
from micvae.studies.candidates import Candidate, measure
from micvae.studies.choice import choose
from micvae.studies.command_lines import command_line, train_command
from micvae.studies.pool import Event, leave_if_worker
from micvae.studies.record import SelectionRecord, StudyRecord
from micvae.studies.study import Cell, described, grid, n_workers, run_study
from micvae.studies.table import StudyTable, write_table
from micvae.studies.truth import check
from micvae.training.config import RunConfig, TrainingOptions
from micvae.training.data_identity import as_trained_on
from micvae.training.run import RECORD, Run

SELECTION = "selection.json"
METHODS = ("vae", "beta-vae", "beta-tcvae", "factor-vae", "mi-constrained")
OWN_DATA = "data.npz"

Step = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class Selection(TrainingOptions):
    """Several methods or strengths × seeds on the same data, without use of its factors."""

    methods: tuple[str, ...] = METHODS
    """What to try, e.g. vae beta-vae mi-constrained:paper "factor-vae(tc_weight=20)"."""

    strengths: tuple[float, ...] = ()
    """Values of the weight that makes each method what it is (beta of beta-vae, mi_weight of
    mi-constrained, …), all tried with every method that has one; left out: the methods' own."""

    seeds: int = 5
    """Seeds per candidate: seed, seed + 1, …; two seeds make one pair to compare, five make ten."""

    share: float = 0.1
    """How much of the data is kept aside, at random, for the ELBO of unseen samples."""

    latent_dim: int = 10
    """Number of latents, D: rather too many than too few, since unneeded ones stay inactive."""

    check: bool = False
    """If the data has factors: report how well the ranking agrees with MIG and DCI. They are read
    after everything is ranked."""

    out: Path = Path("out/selection")
    """Folder of the study, its runs and the page."""

    workers: int = n_workers()
    """Runs at a time, one thread each."""

    standardise: bool = True
    """Whether vectors of a table or array file of your own are brought to mean 0 and variance 1
    per feature; generated data is left as it is."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("seeds", 2), ("workers", 1)):
            if getattr(self, name) < least:
                raise MicvaeError(f"{name} is {getattr(self, name)}; at least {least} needed.")
        if not self.methods:
            raise MicvaeError("methods is empty; name at least one, such as beta-vae.")
        if self.restart:
            raise MicvaeError("restart belongs to train; a selection compares seeds.")
        if self.description.follows_seed:
            raise MicvaeError(
                "data has {seed}; runs are compared on the same data, so give it a fixed seed."
            )

    def in_model_units(self) -> Self:
        """The same job with its data standardised, where `standardise` asks for that."""
        if not self.standardise:
            return self
        dataset = load(self.data)
        if not own_vectors(dataset.source, dataset.image_shape):
            return self
        return dataclasses.replace(self, data=str(self.description.wrapped("standardised")))

    def training_data(self, factors: bool = False) -> DataDescription:
        """What every run trains on; with the factors only to check the ranking."""
        return self.description.wrapped("split", share=self.share, factors=factors)

    def kept_aside(self) -> FactorDataset:
        """The samples that no run sees, without their factors."""
        data = self.description.wrapped("split", share=self.share, factors=False, train=False)
        return data.load()

    def rows(self) -> dict[str, RunConfig]:
        """The candidates by their label, which names the method as `micvae train` takes it."""
        names = {field.name for field in dataclasses.fields(TrainingOptions)}
        values = {name: getattr(self, name) for name in names} | {"data": str(self.training_data())}
        objectives = candidates(self.methods, self.strengths)
        return {
            label: RunConfig(objective=objective, **values)
            for label, objective in objectives.items()
        }

    def cells(self) -> list[Cell]:
        """Every run, seeds in the outer loop."""
        return grid(self.rows(), range(self.seed, self.seed + self.seeds))


def candidates(methods: Sequence[str], strengths: Sequence[float] = ()) -> dict[str, Objective]:
    """Methods, each under every strength, by a label that says both.

    Raises:
        MicvaeError: for unknown methods, or strengths where no method has any.
    """
    found = []
    for method in map(find, methods):
        if not strengths or not method.strength:
            found.append(method)
        for value in strengths if method.strength else ():
            weight = Constant(float(value))
            found.append(dataclasses.replace(method, **{method.strength: weight}))
    if strengths and not any(method.strength for method in found):
        raise MicvaeError(
            f"strengths: none of {', '.join(methods)} has a strength; name methods such as "
            "beta-vae, or leave strengths out."
        )
    return {_label(objective): objective for objective in found}


def _label(objective: Objective) -> str:
    """The method as `micvae train` takes it, its strength always among its arguments."""
    if objective.strength:
        weight: Schedule = getattr(objective, objective.strength)
        usual = getattr(type(objective)(), objective.strength)
        others = dataclasses.replace(objective, **{objective.strength: usual})
        text = str(spelling.spell(others))
        if isinstance(weight, Constant) and "(" not in text:
            return f"{text}({objective.strength}={weight(0):g})"
    return str(spelling.spell(objective))


def train_candidates(
    job: Selection, report: Callable[[Event], None] = lambda event: None
) -> StudyTable:
    """Train what is not there yet, several runs at a time; the rows of the study's table.

    Raises:
        RunError: where runs in the folder are of other data than is there now.
    """
    cells = job.cells()
    if job.check and load(job.data).n_factors == 0:
        raise MicvaeError(f"{job.data} has no factors to check against; leave --check out.")
    _same_data(job, cells)
    description = StudyRecord(
        title=f"Which model for {load(job.data).name}?",
        kind="selection",
        seeds=job.seeds,
        command=command_line(["micvae", "select", job.data], job, leave_out=("data", "workers")),
        rows=described(job.rows()),
    )
    return run_study(cells, job.out, description, job.workers, report, command="select")


def compare_candidates(
    job: Selection,
    rows: StudyTable,
    step: Step = lambda done, total, what: None,
) -> SelectionRecord:
    """Measure and rank what was trained; write `selection.json`, and the measures to the table.

    Returns:
        What `selection.json` holds.

    Raises:
        RunError: where no candidate has two finished runs.
    """
    aside = job.kept_aside()
    by_row = {label: [row for row in rows if row.row == label] for label in job.rows()}
    usable = {label: mine for label, mine in by_row.items() if len(mine) > 1}
    if not usable:
        raise RunError("no candidate has two finished runs, so there is no agreement to rank by.")
    total, done = 2 * len(usable) + job.check, 0

    def said(what: str) -> None:
        nonlocal done
        step(done, total, what)
        done += 1

    measured = [measure(label, mine, job.out, aside, said) for label, mine in usable.items()]
    choice = choose(measured, job.latent_dim)
    chosen = choice.recommended
    train = None
    if chosen is not None:
        config = job.rows()[chosen.row]
        config = dataclasses.replace(config, data=job.data, seed=chosen.seed)
        train = train_command(config, Path("out/chosen"), standardise=job.standardise)
    checked = None
    if job.check:
        said("factors, to check the ranking")
        ranked = [candidate for candidate in measured if candidate.comparable]
        checked = check(job.training_data(factors=True).load(), ranked, job.out)
    result = SelectionRecord(
        **vars(choice),
        data=load(job.data).name,
        aside=len(aside),
        not_ranked=tuple(label for label in by_row if label not in usable),
        train=train,
        check=checked,
    )
    write_table(_with_measures(rows, measured), job.out)
    records.write(job.out / SELECTION, result)
    step(total, total, "compared")
    return result


def select(
    dataset: FactorDataset | ArrayLike | str | Path,
    methods: Sequence[str] = METHODS,
    *,
    report: Callable[[Event], None] = lambda event: None,
    step: Step = lambda done, total, what: None,
    **settings: Any,
) -> SelectionRecord:
    """Choose among methods or strengths without ground truth.

    Args:
        dataset: a data set, an array of images `(N, C, H, W)` in [0, 1] or vectors `(N, F)`, or
            what `load` takes. Its factors are not used.
        methods: what to try, as `micvae train` names it.
        report: called with every event of the training.
        step: called with steps done, steps in all and what is next, when runs are compared.
        settings: further fields of `Selection`: strengths, seeds, epochs, latent_dim, out, ….
            Vectors of an array or a file are standardised, unless `standardise` is False.

    Returns:
        The candidates, best first, with intervals; `recommended` (row, seed, path) and `train`,
        the command line to go on with, both None where nothing can be recommended; also written to
        `selection.json`. `micvae report OUT` draws the page.

    Raises:
        MicvaeError: settings that do not fit.
        RunError: where `out` holds runs of other data, or every run failed.

    Examples:
        >>> from micvae import select
        >>> small = {"epochs": 1, "latent_dim": 2, "seeds": 2, "workers": 1}
        >>> found = select("squares(n=128)", ["vae"], out="choice", **small)
        >>> [candidate.row for candidate in found.candidates]
        ['vae']
    """
    leave_if_worker()
    out = expanded(settings.pop("out", Selection.out))
    data = dataset
    if not isinstance(data, FactorDataset | str | Path):
        data = FactorDataset(name="data", images=unmasked(data, "dataset"))
    if isinstance(data, FactorDataset):
        data.save(out / OWN_DATA)  # where every worker finds it
        data = out / OWN_DATA
    job = Selection(data=str(data), methods=tuple(methods), out=out, **settings)
    job = job.in_model_units()
    return compare_candidates(job, train_candidates(job, report), step)


def _same_data(job: Selection, cells: Sequence[Cell]) -> None:
    there = [job.out / cell.path for cell in cells if (job.out / cell.path / RECORD).is_file()]
    if not there:
        return
    now = job.training_data().load()
    for path in there:
        wanted = Run(path).data.fingerprint
        if as_trained_on(now, wanted, job.training_data().load) is None:
            raise RunError(
                f"{path} was trained on other data than {job.data} holds now; choose another --out."
            )


def _with_measures(rows: StudyTable, measured: Sequence[Candidate]) -> StudyTable:
    found = {
        path: {
            "udr": float(candidate.scores[place]) if candidate.comparable else None,
            "elbo": float(candidate.elbo[place]),
            "held_out_reconstruction": float(candidate.reconstruction[place]),
        }
        for candidate in measured
        for place, path in enumerate(candidate.paths)
    }
    return StudyTable(tuple(row.with_columns(found.get(row.path, {})) for row in rows))
