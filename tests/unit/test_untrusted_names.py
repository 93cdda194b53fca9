"""Names and links out of other people's files never lead outside of the folder they belong to."""

import json
import os
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builders import tiny_run
from micvae.cli import main
from micvae.errors import FileError, MicvaeError, RunError
from micvae.objectives import CSIsolate, VAEObjective
from micvae.paths import LONGEST, checked_file, member, safe_name
from micvae.reports import report_folder
from micvae.reports.page import Plate, _named, save, slug
from micvae.scoring import evaluate_run
from micvae.sharing.hub import from_pretrained, save_pretrained
from micvae.sharing.onnx import export_run
from micvae.studies.record import StudyRecord
from micvae.studies.study import Cell
from micvae.tracking.tensorboard import TensorBoard
from micvae.training import Run, RunConfig
from micvae.training.run import FILES

HOSTILE = [
    "../../../../esc",
    "/etc/passwd",
    "..",
    ".",
    "",
    "a/b\\c",
    "C:\\Windows\\x",
    "\\\\server\\share",
    ".hidden",
    "ends with a dot.",
    "con",
    "NUL.txt",
    "com1",
    "tab\tline\nnull\0",
    "\x1b[31mred",
    "\u202egnp.exe",
    "lone \udc80 surrogate",
    "x" * 5000,
    "é" * 300,
    "日本" * 200,
    "<script>",
    'a"b|c?d*e',
    "~",
    "semi-supervised(base='" + "../" * 40 + "')",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_any_text_makes_one_name(text, tmp_path):
    name = safe_name(text)
    assert 0 < len(name.encode()) <= LONGEST and Path(name).name == name
    assert not name.startswith(".") and not name.endswith((".", " ")) and name.isprintable()
    assert not set(name) & set('<>:"/\\|?*') and name.split(".")[0].lower() not in ("con", "nul")
    made = tmp_path / name
    made.mkdir()
    assert [made] == list(tmp_path.iterdir()) and member(tmp_path, name) == made


def test_names_stay_apart_and_good_ones_stay():
    assert len({safe_name(text) for text in HOSTILE}) == len(HOSTILE)
    assert safe_name("a/b") != safe_name("a-b") == "a-b" and safe_name("x" * 999) != "x" * 999
    assert safe_name("x" * 999) != safe_name("x" * 998)
    for good in ("vae", "mi-constrained(mi_weight=1)", "Größe 3,5", "figure-v1.2", "z0"):
        assert safe_name(good) == good
    assert safe_name("mi-constrained:paper", keep=":") == "mi-constrained:paper"


@pytest.mark.parametrize("label", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_the_runs_of_a_study_lie_in_its_folder(label, tmp_path):
    """A row is called as its method is given, which may name a factor out of somebody's file."""
    config = RunConfig(objective=CSIsolate(label=label))
    path = Cell(f"cs-isolate(label={label!r})", config).path
    assert path.parts[0] == "runs" and len(path.parts) == 3 and ".." not in path.parts
    (tmp_path / path).mkdir(parents=True)
    assert member(tmp_path, path).is_dir()
    assert [found.name for found in (tmp_path / "runs").iterdir()] == [path.parts[1]]


def test_rows_of_studies_are_called_as_before():
    config = RunConfig(objective=VAEObjective())
    for row, folder in (
        ("vae", "vae"),
        ("factor-vae(tc_weight=20, width=8)", "factor-vae(tc_weight=20,-width=8)"),
        ("mi-constrained:paper", "mi-constrained:paper"),
    ):
        assert Cell(row, config).path.parts[1] == folder


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_figures_lie_in_their_folder(text, tmp_path):
    for name in (text, f"traversals-{slug(text)}"):
        save(_named(Plate(name, plt.Figure((1, 1)), "nothing"), set()), tmp_path / "figures")
    assert [path.name for path in tmp_path.iterdir()] == ["figures"]
    assert sorted(path.suffix for path in (tmp_path / "figures").iterdir())[::2] == [".png", ".svg"]


def test_figures_of_equal_names_are_all_there():
    taken: set[str] = set()
    names = [_named(Plate(name, plt.Figure(), ""), taken).name for name in ("a", "A", "a", "b")]
    assert names == ["a", "A-2", "a-3", "b"]


@pytest.mark.parametrize(
    "relative", ["../x", "a/../../x", "/etc", "C:\\x", "\\\\server\\x", "\\x", "runs/\0", ".."]
)
def test_paths_of_records_stay_inside(relative, tmp_path):
    with pytest.raises(RunError, match="outside of it"):
        member(tmp_path, relative)


# --- folders from others --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = tiny_run(tmp_path_factory.mktemp("finished") / "run")
    evaluate_run(run)
    save_pretrained(run, run.path.parent / "shared", intervals=False)
    return run.path.parent


@pytest.fixture
def folder(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "received")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "samples.png").write_text("my holidays")
    (tmp_path / "mine" / "secret.bin").write_text("a secret")
    return tmp_path


def content(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(
    ("link", "action"),
    [
        ("figures", lambda run: report_folder(run)),
        ("figures", lambda run: main(["report", str(run)])),
        ("onnx", lambda run: main(["export", str(run)])),
        ("tracking", lambda run: TensorBoard().open(run)),
        ("tracking/tensorboard", lambda run: TensorBoard().open(run)),
    ],
)
def test_nothing_is_written_through_a_link(link, action, folder, capsys):
    run = folder / "received" / "run"
    (run / link).parent.mkdir(exist_ok=True)
    (run / link).symlink_to(folder / "mine")
    before = content(folder / "mine")
    with pytest.raises((RunError, SystemExit)) as caught:
        action(run)
    said = str(caught.value) if caught.type is RunError else capsys.readouterr().err
    assert "is a link" in " ".join(said.split()) and "Traceback" not in said
    assert content(folder / "mine") == before


def test_a_link_in_place_of_a_file_is_replaced_and_not_followed(folder):
    run = folder / "received" / "run"
    (run / "figures").mkdir()
    for name in ("report.html", "figures/samples.png"):
        (run / name).symlink_to(folder / "mine" / "samples.png")
    report_folder(run)
    assert (folder / "mine" / "samples.png").read_text() == "my holidays"
    assert not (run / "report.html").is_symlink()


def test_the_folder_that_the_user_names_may_be_a_link(folder):
    (folder / "link").symlink_to(folder / "received" / "run")
    assert report_folder(folder / "link").exists()
    export_run(Run(folder / "link"), folder / "link" / "onnx")


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_a_run_is_not_read_through_a_link_that_leaves_it(name, folder):
    path = folder / "received" / "run" / name
    path.unlink(missing_ok=True)
    path.symlink_to(folder / "mine" / "secret.bin")
    with pytest.raises(FileError, match="is a link to a file outside of"):
        Run(path.parent)


def test_a_shared_model_is_not_read_through_a_link_that_leaves_it(folder):
    path = folder / "received" / "shared" / "model.safetensors"
    path.unlink()
    path.symlink_to(folder / "mine" / "secret.bin")
    with pytest.raises(FileError, match="is a link to a file outside of"):
        from_pretrained(path.parent)


def test_links_of_tools_that_keep_files_by_content_are_followed(folder):
    snapshot = folder / "models--a--b" / "snapshots" / "0f"
    snapshot.mkdir(parents=True)
    (folder / "models--a--b" / "blobs").mkdir()
    for name in ("config.json", "model.safetensors"):
        blob = folder / "models--a--b" / "blobs" / name[:4]
        shutil.copy(folder / "received" / "shared" / name, blob)
        (snapshot / name).symlink_to(os.path.relpath(blob, snapshot))
    assert from_pretrained(snapshot).config.method == "vae"
    annex = folder / ".git" / "annex" / "objects"
    annex.mkdir(parents=True)
    run = folder / "received" / "run"
    shutil.move(run / "weights.safetensors", annex / "w")
    (run / "weights.safetensors").symlink_to(annex / "w")
    assert Run(run).model() is not None
    (run / "own").write_text("")
    (run / "inside").symlink_to(run / "own")
    assert checked_file(run / "inside", run)


def study_of(folder: Path, path: str) -> Path:
    study = folder / "study"
    study.mkdir()
    row = {"row": "vae", "seed": 0, "path": path, "data": "squares", "loss": 1.0, "seconds": 1.0}
    pq.write_table(pa.Table.from_pylist([row]), study / "table.parquet")
    (study / "study.json").write_text(json.dumps({"title": "t", "notes": [], "failed": {}}))
    return study


@pytest.mark.parametrize("path", ["../received/run", "ABSOLUTE", "runs/vae/link"])
def test_a_table_cannot_name_runs_elsewhere(path, folder):
    """Whatever reads the runs of a study would read, score or draw others."""
    (folder / "received" / "run" / "scores.json").unlink()
    study = study_of(folder, path.replace("ABSOLUTE", str(folder / "received" / "run")))
    (study / "runs" / "vae").mkdir(parents=True)
    (study / "runs" / "vae" / "link").symlink_to(folder / "received" / "run")
    with pytest.raises(MicvaeError, match=r"outside of it|is a link"):
        report_folder(study)
    assert not (folder / "received" / "run" / "scores.json").exists()


def test_a_study_does_not_train_through_a_link(folder, monkeypatch):
    from micvae.studies import study

    monkeypatch.setattr(study, "run_jobs", lambda *a: pytest.fail("something was begun"))
    (folder / "out").mkdir()
    (folder / "out" / "runs").symlink_to(folder / "mine")
    cells = [Cell("vae", RunConfig(objective=VAEObjective()))]
    with pytest.raises(RunError, match="is a link"):
        study.run_study(cells, folder / "out", StudyRecord(title="t"), 1)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"n": 96, "text": "squares(n=1000000000)"}, "counts 96 samples, and its data squares"),
        ({"n": 96, "text": "split('squares(n=50000000)')"}, "would make 50,000,000"),
        ({"n": 10**7, "text": "squares(n=10000000)"}, r"representation\.npz has 96"),
    ],
)
def test_a_record_does_not_make_its_reader_generate_more_than_it_counts(record, message, folder):
    path = folder / "received" / "run" / "run.json"
    values = json.loads(path.read_text())
    values["config"]["data"], values["data"]["n"] = record["text"], record["n"]
    path.write_text(json.dumps(values))
    with pytest.raises(RunError, match=message):
        Run(path.parent).dataset()


def test_codes_are_of_the_run(folder):
    assert len(Run(folder / "received" / "run").dataset()) == 96
    assert np.isfinite(Run(folder / "received" / "run").representation().codes).all()
