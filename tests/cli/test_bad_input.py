"""Bad input ends in one line that says what would work, and leaves nothing half-written."""

import re
import shutil
import warnings
from pathlib import Path

import pytest
from bad_input_cases import CASES

from micvae.cli import main
from micvae.data import load, read_matrix
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.metrics import evaluate
from micvae.paths import member
from micvae.reports import report_folder
from micvae.sharing.load_model import open_trained


@pytest.fixture
def folder(finished_run, tmp_path, monkeypatch):
    shutil.copytree(finished_run.path, tmp_path / "run")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("years of work")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def content(folder):
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_it_is_one_line_and_leaves_nothing(case, folder, capsys, monkeypatch):
    arguments = case.spoil(folder)
    before = content(folder)
    with warnings.catch_warnings(), pytest.raises(SystemExit) as stop:
        monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
        main(arguments)
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert case.message in " ".join(said.split()) and "Traceback" not in said
    if said.lstrip().startswith("micvae: error:"):  # else a wrong flag's own explanation
        assert len([line for line in said.splitlines() if line.strip()]) == 1
    assert content(folder) == before


def test_there_are_enough_cases_and_each_is_its_own():
    assert len({case.title for case in CASES}) == len(CASES) >= 40


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c.spoil.__qualname__.split(".")[0] != "option"],
    ids=lambda c: c.title,
)
def test_python_raises_the_same(case, folder):
    """What the command line refuses, the functions beneath it refuse with the same words."""
    arguments = case.spoil(folder)
    if arguments[0] == "encode":
        action = lambda: open_trained(arguments[1]).encode(load(arguments[2]))  # noqa: E731
    elif arguments[:2] == ["evaluate", "--codes"]:
        given = dict(zip(arguments[1::2], arguments[2::2], strict=False))
        kinds = arguments[6:8] if "--factor-kinds" in arguments else None

        def action():
            codes = read_matrix(Path(given["--codes"]), "codes").values
            factors = read_matrix(Path(given["--factors"]), "factors")
            evaluate(
                codes,
                factors.values,
                factor_kinds=kinds,
                factor_names=factors.names,
                metrics=["sap"],
            )
    elif arguments[0] == "report":
        action = lambda: report_folder(Path(arguments[1]))  # noqa: E731
    elif arguments[0] == "export":
        action = lambda: member(Path(arguments[1]), "onnx")  # noqa: E731
    elif arguments[0] == "train" and "--data" in arguments:
        action = lambda: load(arguments[arguments.index("--data") + 1])  # noqa: E731
    else:
        from micvae.sharing.codes import read_codes
        from micvae.sharing.hub import save_pretrained
        from micvae.training import Run

        run = Run(Path(arguments[1]))
        action = {
            "audit": run.dataset,
            "share": lambda: save_pretrained(run, folder / "shared"),
            "evaluate": run.representation,
            "decode": lambda: read_codes(Path(arguments[2]), open_trained("run")),
        }[arguments[0]]
    with warnings.catch_warnings(), pytest.raises(MicvaeError, match=re.escape(case.message)):
        warnings.simplefilter("ignore", MicvaeWarning)  # comes before the error
        action()
