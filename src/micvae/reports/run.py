"""The report of one run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from micvae.metrics import METRICS
from micvae.reports.page import Cell, Details, Group, Key, Page, Table, write_page
from micvae.reports.quantities import known, quantity
from micvae.reports.single import data_group, gather, run_groups
from micvae.studies.command_lines import train_command
from micvae.training.record import RunRecord, Scores
from micvae.training.run import Run

FILES = (
    ("run.json", "configuration, data, environment, time taken"),
    ("log.parquet", "every term at every step, in nats"),
    ("weights.safetensors", "the trained weights"),
    ("representation.npz", "codes beside factors"),
    ("scores.json", "every score with what it was computed from"),
    ("figures/", "every figure of this page as PNG and SVG"),
)


def report_run(run: Run) -> Path:
    """Write `report.html` and `figures/` into a run's folder; a run without scores is scored.

    Args:
        run: a finished run.

    Returns:
        The path of the page.

    Raises:
        RunError: where the run is not finished or damaged.
    """
    missing: list[str] = []
    material = gather(run, "", missing)
    scores = material.scores
    if "mig" not in scores.metrics:
        missing.append(
            "MIG, DCI and every figure that needs ground truth: the data has no factors that vary."
        )
    groups: list[Group] = []
    if material.dataset is not None and material.dataset.pictures:
        groups.append(data_group(material.dataset))
    page = Page(
        title=f"{run.config.method} on {run.record.data.name}",
        kind="One run",
        answer=_answer(run, scores),
        keys=_keys(scores),
        table=_table(run, scores),
        groups=[*groups, *run_groups([material])],
        notes=[*run.notes, *scores.cautions],
        missing=missing,
        configuration=[Details("This run", "", configuration(run.config.to_json()))],
        environment=environment(run.record),
        files=FILES,
        command=train_command(run.config, Path("out/again"), full=True),
    )
    return write_page(page, run.path)


def _answer(run: Run, scores: Scores) -> str:
    latents = len(scores.active)
    used = f"{scores.active_units} of {latents} latents are active"
    epochs = f"{run.config.epochs} epoch{'s' if run.config.epochs > 1 else ''}"
    after = f"After {epochs} with seed {run.config.seed}"
    metrics = scores.metrics
    if "mig" not in metrics:
        return f"{after}, {used} and R_MI is {quantity('r_mi').shown(scores.r_mi)} nats."
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
            keys.append(Key(q.label, str(values[q.name]), f"of {total} latents"))
        elif values.get(q.name) is not None:
            better = f"{q.direction} is better" if q.direction else ""
            keys.append(
                Key(q.label, q.shown(values[q.name]), ", ".join(filter(None, (q.unit, better))))
            )
    return keys


def _table(run: Run, scores: Scores) -> Table:
    values: dict[str, Any] = {**scores.quantities, "seconds": run.record.seconds}
    rows = []
    for name in known([values]):
        q = quantity(name)
        if name == "active_units":
            bounds = f"0 to {len(scores.active)}"
        elif name in METRICS:
            low, high = METRICS[name].range
            bounds = f"{low:g} to {high:g}".replace("inf", "∞").replace("-", "−")
        else:
            bounds = q.unit
        shown = f"{values[name]:d}" if name == "active_units" else q.shown(values[name])
        better = f"{q.direction} is better" if q.direction else ""
        rows.append(
            [
                Cell(q.label),
                Cell(shown, value=values[name]),
                *map(Cell, (bounds, better, q.meaning)),
            ]
        )
    caption = (
        f"One run, seed {run.config.seed}: a single value has no interval. Scores are computed on "
        f"{scores.samples:,} images."
    )
    columns = [
        ("score", ""),
        ("value", ""),
        ("range or unit", ""),
        ("direction", ""),
        ("meaning", ""),
    ]
    return Table(caption, columns, rows, words=True)


def configuration(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values as a reader sees them."""
    return [(name.replace("_", " "), str(value)) for name, value in values.items()]


def environment(record: RunRecord) -> list[tuple[str, str]]:
    """What else determines a run's bits, from its record."""
    data = record.data
    known = {name: v for name, v in vars(record.environment).items() if v is not None}
    items = {
        "micvae": record.micvae,
        **known,
        "data": f"{data.name}, {data.n} images of {list(data.image_shape)}",
        "data fingerprint": data.fingerprint,
    }
    return [(name, str(value)) for name, value in items.items()]
