"""`micvae list`: tables of names."""

from typing import Any

from rich.console import Console
from rich.table import Column

from micvae.cli.display import PlainTable
from micvae.data import BUNDLED, FORMATS, GENERATED, OWN, PROBLEMS, PUBLISHED, WRAPPERS
from micvae.distributions import LATENTS
from micvae.information import ESTIMATORS
from micvae.metrics import METRICS
from micvae.objectives import METHODS
from micvae.objectives.identifiability import short


def print_list(what: str) -> None:
    """Print the names of one kind, one per row."""
    table = PlainTable(
        Column("name", no_wrap=True), Column("what it is", overflow="fold"), "source"
    )
    if what == "methods":
        table = PlainTable(
            Column("name", no_wrap=True),
            Column("what it is", overflow="fold"),
            Column("identified up to", overflow="fold"),
            "source",
        )
        for name, kind in METHODS.items():
            presets = ", ".join(f"{name}:{preset}" for preset in kind.presets())
            summary = kind.summary + (f" (presets: {presets})" if presets else "")
            table.add_row(name, summary, short(kind().identifiability), kind.reference)
    elif what == "latents":
        for name, latents in LATENTS.items():
            table.add_row(name, latents.summary, latents.reference)
    elif what == "metrics":
        for name, metric in METRICS.items():
            table.add_row(name, metric.summary, metric.reference)
    elif what == "estimators":
        for name, estimator in ESTIMATORS.items():
            table.add_row(name, _first_line(estimator), "micvae.information")
    else:
        for name, make in GENERATED.items():
            table.add_row(name, _first_line(make), "generated")
        for name, make in BUNDLED.items():
            table.add_row(name, _first_line(make), "scikit-learn")
        for name, problem in PROBLEMS.items():
            table.add_row(name, _first_line(problem), "known truth")
        for name, make in PUBLISHED.items():
            table.add_row(f"{name}('PATH')", _first_line(make), "a published file")
        for name, make in WRAPPERS.items():
            table.add_row(f"{name}('DATA')", _first_line(make), "any of these")
        for name, make in OWN.items():
            table.add_row(f"{name}('PATH')", _first_line(make), "your own")
        for form in FORMATS:
            names = ", ".join(f"PATH{suffix}" for suffix in form.suffixes)
            table.add_row(names, form.summary, "your own")
        table.add_row("FOLDER", "a folder of images, optional factors.csv", "your own")
    Console().print(table)


def _first_line(documented: Any) -> str:
    return (documented.__doc__ or "").strip().partition("\n")[0]  # empty under python -OO
