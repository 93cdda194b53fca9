"""A run finds its data from any folder, and no page is replaced by a poorer one."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from micvae.cli import main
from micvae.data import describe, squares
from micvae.data.places import StartingPoints, starting_points
from micvae.errors import MicvaeError, RunError
from micvae.reports import report_comparison, report_folder
from micvae.scoring import evaluate_run
from micvae.sharing.hub import save_pretrained
from micvae.studies.comparison import compare_runs
from micvae.training import Run

SMALL = ["--epochs", "1", "--network", "patch(width=4, hidden=8)", "--device", "cpu"]

TEXTS = [
    # as it was given, is it relative, taken from /home/me
    ("photos", True, "/home/me/photos"),
    ("./my data/x.npz", True, "/home/me/my data/x.npz"),
    ("/abs/x.npz", False, "/abs/x.npz"),
    ("~/x.npz", False, "~/x.npz"),
    ("squares", False, "squares"),
    ("squares(n=96, seed=1)", False, "squares(n=96, seed=1)"),
    ("standardised('t.csv')", True, "standardised('/home/me/t.csv')"),
    ("standardised(data='t.csv')", True, "standardised(data='/home/me/t.csv')"),
    (
        "split(\"standardised('t.csv')\", share=0.1)",
        True,
        "split(\"standardised('/home/me/t.csv')\", share=0.1)",
    ),
    ("arrays('x.npz', layout='auto')", True, "arrays('/home/me/x.npz', layout='auto')"),
    ("split(pairs('x.npz'))", True, "split(\"pairs('/home/me/x.npz')\")"),
    ("shapes3d('3d shapes.h5', n=64)", True, "shapes3d('/home/me/3d shapes.h5', n=64)"),
    ("split('squares(n=96)')", False, "split('squares(n=96)')"),
    ("split('/abs/x.npz')", False, "split('/abs/x.npz')"),
]


@pytest.mark.parametrize(("text", "relative", "absolute"), TEXTS)
def test_relative_paths_are_found_at_any_depth(text, relative, absolute):
    assert describe(text).relative is relative
    assert str(describe(text).from_folder(Path("/home/me"))) == absolute


def test_a_file_beside_the_run_has_the_same_name():
    gone = describe("split('/gone/x.npz', share=0.1)").beside(Path("/runs"))
    assert str(gone) == "split('/runs/x.npz', share=0.1)"
    assert str(describe("squares(n=8)").beside(Path("/runs"))) == "squares(n=8)"


def test_only_relative_paths_are_recorded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert starting_points(describe("squares(n=8)"), tmp_path / "run") is None
    assert starting_points(describe("/abs/x.npz"), tmp_path / "run") is None
    found = starting_points(describe("x.npz"), tmp_path / "out" / "run")
    assert found == StartingPoints(absolute=str(tmp_path), from_run="../..")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project with pictures, a run in out/, and its page with all figures."""
    project = tmp_path_factory.mktemp("a project")
    (project / "photos").mkdir()
    for i, image in enumerate(squares(72, seed=0).images[:, 0]):
        Image.fromarray(np.uint8(255 * image)).save(project / "photos" / f"{i:03}.png")
    before = Path.cwd()
    os.chdir(project)
    try:
        main(["train", "vae", "--data", "photos", "--out", "out/run", *SMALL])
        evaluate_run(Run(Path("out/run")))
        report_folder(Path("out/run"))
    finally:
        os.chdir(before)
    return project


@pytest.fixture
def project(trained, tmp_path):
    """A copy of its own, which also stands elsewhere than where it was trained."""
    return Path(shutil.copytree(trained, tmp_path / "moved"))


def recorded_elsewhere(run: Path) -> None:
    """Make the record speak of folders that are gone."""
    record = json.loads((run / "run.json").read_text("utf-8"))
    record["data"]["paths_from"] = {"absolute": "/gone", "from_run": "../gone"}
    (run / "run.json").write_text(json.dumps(record), "utf-8")


def test_the_data_is_found_from_any_folder(trained, tmp_path, monkeypatch):
    """`cd out; micvae report run` replaced a good page by one without pictures."""
    monkeypatch.chdir(trained / "out")
    assert len(Run(Path("run")).dataset()) == 72
    main(["report", "run"])
    page = (trained / "out" / "run" / "report.html").read_text("utf-8")
    assert "reconstructions" in page and "Figures are missing" not in page


def test_a_decoy_of_the_same_name_is_not_taken(trained, tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(tmp_path / "photos" / "1.png")
    monkeypatch.chdir(tmp_path)
    assert len(Run(trained / "out" / "run").dataset()) == 72


def test_the_error_names_the_place_where_training_found_it(project, tmp_path, monkeypatch):
    run = Path(shutil.move(project / "out" / "run", project / "run"))
    record = json.loads((run / "run.json").read_text("utf-8"))
    record["data"]["paths_from"] = {"absolute": str(project), "from_run": ".."}
    (run / "run.json").write_text(json.dumps(record), "utf-8")
    shutil.rmtree(project / "photos")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MicvaeError, match=re.escape(repr(str(project / "photos")))):
        Run(run).dataset()


@pytest.mark.parametrize("to", ["with the project", "beside the run", "into the run", "here"])
def test_the_data_is_found_where_it_was_moved(to, project, tmp_path, monkeypatch):
    run = project / "out" / "run"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    if to == "with the project":
        record = json.loads((run / "run.json").read_text("utf-8"))
        record["data"]["paths_from"]["absolute"] = "/gone"
        (run / "run.json").write_text(json.dumps(record), "utf-8")
    else:
        recorded_elsewhere(run)
        place = {"beside the run": run.parent, "into the run": run, "here": elsewhere}[to]
        shutil.move(project / "photos", place / "photos")
    assert len(Run(run).dataset()) == 72


@pytest.mark.parametrize("command", [["report"], ["explore"]])
def test_a_page_is_not_replaced_by_a_poorer_one(command, project, tmp_path, monkeypatch, capsys):
    run = project / "out" / "run"
    recorded_elsewhere(run)
    monkeypatch.chdir(project)
    if command == ["explore"]:
        build = pytest.importorskip("micvae.explorer.build")
        monkeypatch.setattr(build, "runtime_files", lambda: (b"script", b"machine"))
        main(["explore", str(run)])
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    shutil.rmtree(project / "photos")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main([*command, str(run)])
    said = capsys.readouterr().err
    assert stop.value.code == 2 and "is kept" in said and "photos" in said
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before


def test_a_first_page_without_the_data_says_so_at_the_top(project, tmp_path, monkeypatch):
    run = project / "out" / "run"
    recorded_elsewhere(run)
    shutil.rmtree(project / "photos")
    (run / "report.html").unlink()
    monkeypatch.chdir(tmp_path)
    page = report_folder(run).read_text("utf-8")
    assert "Figures are missing" in page.partition("<h1>")[0]
    report_folder(run)  # a page that is as poor may be written again


def test_a_comparison_is_not_replaced_by_a_poorer_one(project, tmp_path, monkeypatch):
    run = project / "out" / "run"
    other = Path(shutil.copytree(run, project / "out" / "other"))
    monkeypatch.chdir(project)
    page = report_comparison(compare_runs([Run(run), Run(other)]), Path("both"))
    before = page.read_bytes()
    for one in (run, other):
        recorded_elsewhere(one)
    shutil.rmtree("photos")
    with pytest.raises(RunError, match="is kept: it has figures that cannot be drawn now"):
        report_comparison(compare_runs([Run(run), Run(other)]), Path("both"))
    assert page.read_bytes() == before


def test_a_run_goes_on_from_another_folder_name_of_the_project(project, monkeypatch):
    """Where relative paths start is no part of what was trained."""
    monkeypatch.chdir(project)
    record = json.loads(Path("out/run/run.json").read_text("utf-8"))
    Path("out/run/run.json").write_text(json.dumps(record | {"status": "training"}), "utf-8")
    main(["train", "vae", "--data", "photos", "--out", "out/run", *SMALL])
    again = json.loads(Path("out/run/run.json").read_text("utf-8"))
    assert again["status"] == "done"
    assert again["data"]["paths_from"] == {"absolute": str(project), "from_run": "../.."}


def test_a_record_of_an_earlier_version_is_read(project, monkeypatch):
    record = json.loads((project / "out/run/run.json").read_text("utf-8"))
    del record["data"]["paths_from"]
    (project / "out/run/run.json").write_text(json.dumps(record), "utf-8")
    monkeypatch.chdir(project)
    assert len(Run(Path("out/run")).dataset()) == 72
    monkeypatch.chdir(project / "out")
    with pytest.raises(MicvaeError, match="photos"):
        Run(Path("run")).dataset()


def test_what_is_shared_names_no_folder_of_this_machine(trained, tmp_path):
    folder = save_pretrained(Run(trained / "out" / "run"), tmp_path / "shared", intervals=False)
    shared = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    assert str(trained).encode() not in shared and b"paths_from" not in shared
    assert str(trained) not in (trained / "out/run/report.html").read_text("utf-8")
