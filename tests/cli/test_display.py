"""What the terminal shows: it fits 80 columns, and takes its bars away before an error."""

import io

import pytest
from rich.console import Console

from micvae.cli import display
from micvae.cli.lists import print_list
from micvae.metrics import METRICS
from micvae.studies.table import StudyTable
from micvae.training.trainer import Progress

SCORES = ("mig", "dci_disentanglement", "dci_completeness", "dci_informativeness")


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 80 columns in place of stderr."""
    shown = io.StringIO()
    console = Console(file=shown, width=80, force_terminal=True, color_system=None)
    monkeypatch.setattr(display, "Console", lambda **_: console)
    return shown


def test_the_training_bar_fits_80_columns(terminal):
    with display.run_progress("training mi-constrained on squares") as report:
        report(Progress(256_000, 256_000, {"loss": 1.0}, 14_223.0))
    shown = terminal.getvalue()
    assert "256000/256000 14,223 samples/s 0:00:0" in shown and "0:00:00 left" in shown
    assert "training mi-constrained on squares" in shown and "…" not in shown


def test_a_bar_goes_when_an_error_passes(terminal):
    with pytest.raises(ValueError, match="wrong"), display.run_progress("training"):
        raise ValueError("wrong")
    assert terminal.getvalue().endswith("\x1b[2K")  # the last thing: a line is cleared


def rows(n):
    scores = dict.fromkeys(SCORES, 0.5) | {"reconstruction": 1234.5}
    own = {"row": "mi-constrained:recommended", "path": "", "data": "squares", "seconds": 1.0}
    return StudyTable.of([{**own, **scores, "seed": i} for i in range(n)])


def test_a_study_fits_80_columns_and_shows_what_failed(capsys):
    display.print_summary(rows(3), ["mi-constrained:recommended", "ada-gvae"])
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80 and shown.count("0.50…0.50") == 4
    for head in (
        "1234…1234",
        "mi-constrained",
        "MIG",
        "DCI-D",
        "DCI-C",
        "DCI-I",
        "−log p",
        "DCI-C: completeness",
    ):
        assert head in shown
    (line,) = [line for line in shown.splitlines() if "ada-gvae" in line]
    assert line.split() == ["ada-gvae", *"–––––"]
    assert "0 seeds" in shown
    assert "mean over seeds" in shown


def test_one_seed_is_no_mean(capsys):
    display.print_summary(rows(1), ["mi-constrained:recommended"])
    shown = capsys.readouterr().out
    assert "one seed" in shown and "mean" not in shown


def test_names_of_a_list_are_whole(capsys):
    print_list("metrics")
    shown = capsys.readouterr().out
    assert [name for name in METRICS if f" {name} " not in shown] == []
