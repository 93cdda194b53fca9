"""The report of one run."""

from collections.abc import Mapping
from pathlib import Path

from micvae.data.standardised import own_vectors
from micvae.metrics import METRICS
from micvae.objectives.identifiability import statement
from micvae.reports.figures import run_groups
from micvae.reports.material import gather
from micvae.reports.page import Cell, Details, Group, Key, Page, Table, write_page
from micvae.reports.quantities import known, quantity
from micvae.reports.samples import data_group
from micvae.scoring.nulls import nulls_of, r_mi_said
from micvae.studies.command_lines import train_command
from micvae.torch_state import with_torch_defaults
from micvae.training.data_identity import IN_MEMORY
from micvae.training.record import Scores
from micvae.training.run import Run

FILES = (
    ("run.json", "configuration, data, environment, time taken"),
    ("log.parquet", "every term at every step, in nats"),
    ("weights.safetensors", "the trained weights"),
    ("representation.npz", "codes beside factors"),
    ("scores.json", "every score with what it was computed from"),
    ("figures/", "every figure of this page as PNG and SVG"),
)


@with_torch_defaults
def report_run(run: Run) -> Path:
    """Write `report.html` and `figures/` into a run's folder.

    Args:
        run: a finished run with scores, see `micvae.scoring.evaluate_run`.

    Returns:
        The path of the page.

    Raises:
        RunError: where the run is not finished, has no scores, or is damaged.

    Examples:
        >>> import micvae
        >>> from micvae.reports import report_run
        >>> run = micvae.train("vae", data="squares(n=128)", epochs=1, out="runs/vae")
        >>> scores = micvae.evaluate(run, interventions=False)
        >>> page = report_run(run)
        >>> page.name, (run.path / "figures" / "traversals.svg").exists()
        ('report.html', True)
    """
    missing: list[str] = []
    material = gather(run, "", missing)
    scores = material.scores
    missing += _left_out(scores)
    if not scores.factor_names:
        missing.append(
            "MIG, DCI and every figure that needs ground truth: the data has no factors that vary."
        )
    groups: list[Group] = []
    if material.dataset is not None and material.dataset.pictures:
        groups.append(data_group(material.dataset))
    page = Page(
        title=f"{run.config.method} on {run.data.name}",
        kind="One run",
        answer=_answer(run, scores),
        caveat=" ".join(run.remarks()),
        keys=_keys(scores),
        table=_table(run, scores),
        groups=[*groups, *run_groups([material])],
        notes=[
            *run.data.notes,
            statement(run.config.objective.identifiability),
            *scores.cautions,
        ],
        missing=missing,
        configuration=[Details("This run", "", configuration(run.config.to_json()))],
        environment=environment(run),
        files=FILES,
        command=train_command(run.config, Path("out/again"), True, not _raw_vectors(run)),
    )
    return write_page(page, run.path)


def _raw_vectors(run: Run) -> bool:
    """Whether a run was trained on a table or file whose vectors were left as they are."""
    data = run.data
    return run.config.data != IN_MEMORY and own_vectors(data.source, data.image_shape)


def _left_out(scores: Scores) -> list[str]:
    """The scores that could not be computed, a sentence per reason."""
    reasons: dict[str, list[str]] = {}
    for name, reason in scores.missing.items():
        reasons.setdefault(reason, []).append(quantity(name).label)
    return [f"{', '.join(names)}: {reason}." for reason, names in reasons.items()]


def _answer(run: Run, scores: Scores) -> str:
    latents = len(scores.active)
    used = f"{scores.active_units} of {latents} latents are active"
    epochs = f"{run.config.epochs} epoch{'s' if run.config.epochs > 1 else ''}"
    fitted = "Fitted in closed form" if run.config.objective.closed_form_fit else f"After {epochs}"
    after = f"{fitted} with seed {run.config.seed}"
    metrics = scores.metrics
    if not {"mig", "dci_disentanglement"} <= metrics.keys():
        return f"{after}, {used}. {r_mi_said(scores)}."
    shown = quantity("mig").shown(metrics["mig"])
    return (
        f"{after}, MIG is {shown} and DCI disentanglement "
        f"{quantity('mig').shown(metrics['dci_disentanglement'])} (1 is perfect); {used}. "
        "One seed says little: differences between seeds are often larger than between methods."
    )


def _keys(scores: Scores) -> list[Key]:
    values = scores.quantities
    wanted = ("mig", "dci_disentanglement", "active_units", "reconstruction", "r_mi")
    keys = []
    for q in map(quantity, wanted):
        if q.name == "active_units":
            total = len(scores.active)
            keys.append(Key(q.label, str(scores.active_units), f"of {total} latents"))
        elif values.get(q.name) is not None:
            better = f"{q.direction} is better" if q.direction else ""
            null = nulls_of(scores).get(q.name)
            said = f"independent: {null.shown}" if null is not None else better
            keys.append(
                Key(q.label, q.shown(values[q.name]), ", ".join(filter(None, (q.unit, said))))
            )
    return keys


def _table(run: Run, scores: Scores) -> Table:
    values: dict[str, float | None] = {**scores.quantities, "seconds": run.seconds}
    nulls = nulls_of(scores)
    rows = []
    for name in known([{**values}]):
        q = quantity(name)
        if name == "active_units":
            bounds = f"0 to {len(scores.active)}"
        elif name in METRICS:
            bounds = METRICS[name].limits
        else:
            bounds = q.unit
        shown = str(scores.active_units) if name == "active_units" else q.shown(values[name])
        better = f"{q.direction} is better" if q.direction else ""
        null = nulls.get(name)
        beside = "" if null is None else f"independent: {null.shown}"
        rows.append(
            [
                Cell(q.label),
                Cell(shown, beside, values[name]),
                *map(Cell, (bounds, better, q.meaning)),
            ]
        )
    caption = (
        f"One run, seed {run.config.seed}: a single value has no interval. Scores are computed on "
        f"{scores.samples:,} images. Below a dependence among latents stands what the same "
        "estimate gives for independent latents of this size (permuted columns), with 95% "
        "probability."
    )
    columns = [
        ("score", ""),
        ("value", ""),
        ("range or unit", ""),
        ("direction", ""),
        ("meaning", ""),
    ]
    return Table(caption, columns, rows, words=True)


def configuration(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """Names and values as displayed."""
    return [(name.replace("_", " "), str(value)) for name, value in values.items()]


def environment(run: Run) -> list[tuple[str, str]]:
    """The environment that also determines a run's results, from its record."""
    data = run.data
    known = {name: v for name, v in vars(run.environment).items() if v is not None}
    items = {
        "micvae": run.version,
        **known,
        "data": f"{data.name}, {data.n} images of {list(data.image_shape)}",
        "data fingerprint": data.fingerprint,
    }
    return [(name, str(value)) for name, value in items.items()]
