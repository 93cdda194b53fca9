"""What lies at --out is replaced only where the same command wrote it before."""

import shutil
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from micvae.cli import main
from micvae.cli.outputs import check_folder, holds_comparison, holds_study, is_explorer
from micvae.errors import MicvaeError
from micvae.files import read_json, write_json
from micvae.networks import Patch
from micvae.objectives import VAEObjective
from micvae.sharing.written_files import is_codes, is_decoded
from micvae.training import RunConfig, train_run

SCORES = ("evaluate", "--codes", "z.npy", "--factors", "f.npy", "--metrics", "mig")
ENCODE = ("encode", "run", "squares(n=8)")
CODES = "row,z0,z1,z2\n0,1,2,3\n1,4,5,6\n"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    network = Patch(width=4, hidden=8)
    config = RunConfig(
        objective=VAEObjective(),
        data="squares(n=96)",
        epochs=1,
        network=network,
        latent_dim=3,
        device="cpu",
    )
    return train_run(config, tmp_path_factory.mktemp("finished") / "run").path


@pytest.fixture
def folder(finished, tmp_path, monkeypatch):
    for name in ("run", "other"):
        shutil.copytree(finished, tmp_path / name)
    factors = np.random.default_rng(0).uniform(size=(60, 2))
    np.save(tmp_path / "z.npy", factors)
    np.save(tmp_path / "f.npy", factors)
    (tmp_path / "c.csv").write_text(CODES)
    (tmp_path / "photos").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "photos" / "0.png")
    np.savez(tmp_path / "own.npz", images=np.zeros((4, 1, 32, 32), np.float32))
    (tmp_path / "own.csv").write_text("x0,x1\n1,2\n")
    pq.write_table(pa.table({"x0": np.zeros(3, np.float32)}), tmp_path / "own.parquet")
    (tmp_path / "own.html").write_text("<!DOCTYPE html><title>my page</title>")
    write_json(tmp_path / "own.json", {"metrics": {}, "samples": 3})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def content(folder):
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def refused(capsys, monkeypatch, folder, *arguments):
    before = content(folder)
    with warnings.catch_warnings(), pytest.raises(SystemExit) as stop:
        monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
        main(list(arguments))
    assert stop.value.code == 2
    assert content(folder) == before
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1
    return said


@pytest.mark.parametrize(
    ("command", "out", "message"),
    [
        (SCORES, "own.npz", "exists and is not scores of micvae evaluate"),
        (SCORES, "own.json", "exists and is not scores of micvae evaluate"),
        (SCORES, "run/scores.json", ""),
        (SCORES, "f.npy", "is what this command reads"),
        (SCORES, "photos", "is a folder; give the path of a file"),
        (ENCODE, "own.csv", "exists and is not a table of codes"),
        (ENCODE, "own.parquet", "exists and is not a table of codes"),
        (("encode", "run", "c.csv"), "c.csv", "is what this command reads"),
        (("decode", "run", "c.csv"), "own.npz", "exists and is not what micvae decode wrote"),
        (("decode", "run", "run/representation.npz"), "run/representation.npz", "command reads"),
        (("explore", "run"), "keep.h5", "ends in .h5; the explorer is an HTML page"),
        (("explore", "run"), "own.html", "exists and is not a page of micvae explore"),
    ],
    ids=str,
)
def test_a_file_of_somebody_else_stays(capsys, monkeypatch, folder, command, out, message):
    write_json(folder / "run" / "scores.json", {"metrics": {}, "samples": 3, "seed": 0})
    assert message in refused(capsys, monkeypatch, folder, *command, "--out", out)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_codes_and_images_are_written_again(folder, suffix):
    for _ in range(2):
        main([*ENCODE, "--out", f"codes{suffix}"])
        main(["decode", "run", f"codes{suffix}", "--out", "images.npz"])
        main([*SCORES, "--out", "scores.json"])
    assert is_codes(folder / f"codes{suffix}") and is_decoded(folder / "images.npz")
    np.testing.assert_array_equal(np.load("images.npz")["images"].shape, (8, 1, 32, 32))
    assert read_json(folder / "scores.json")["factor_names"] == ["0", "1"]


@pytest.mark.parametrize("name", ["own.csv", "own.parquet", "own.npz", "own.html", "z.npy"])
def test_what_looks_like_decoded_data_is_not_taken_for_it(folder, name):
    assert not is_decoded(folder / name) and not is_codes(folder / name)
    assert not is_explorer(folder / name)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_decoded_vectors_are_recognised(tmp_path, suffix):
    from micvae.sharing.writers import npz_writer, table_writer

    path, rows = tmp_path / f"v{suffix}", np.ones((2, 3), np.float32)
    if suffix == ".npz":
        with npz_writer(path, "images", rows.shape, np.dtype(np.float32)) as put:
            put(rows)
    else:
        with table_writer(path, [(f"x{i}", np.dtype(np.float32)) for i in range(3)]) as put:
            put(list(rows.T.copy()))
    assert is_decoded(path)


@pytest.mark.parametrize(
    "command",
    [
        ("report", "run", "other"),
        ("export", "run"),
        ("audit", "run"),
        ("theorem", "--quick"),
        ("study", "vae"),
        ("select", "squares(n=96)"),
        ("reproduce", "--quick"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("out", ["photos", "run", "own.npz"])
def test_a_folder_of_somebody_else_stays(capsys, monkeypatch, folder, command, out):
    said = refused(capsys, monkeypatch, folder, *command, "--out", out)
    if out == "photos":
        assert "photos contains files that micvae" in said and "such as 0.png" in said
    elif out == "own.npz":
        assert "own.npz is a file; give the path of a folder" in said


def test_an_audit_is_not_written_over_a_theorem(capsys, monkeypatch, folder):
    (folder / "t").mkdir()
    write_json(folder / "t" / "theorem.json", {})
    said = refused(capsys, monkeypatch, folder, "audit", "run", "--out", "t")
    assert "files that micvae audit does not write, such as theorem.json" in said


def test_a_comparison_and_an_export_are_written_again(folder):
    (folder / "both").mkdir()
    (folder / "both" / ".DS_Store").write_text("")  # hidden files leave a folder empty
    for _ in range(2):
        main(["report", "run", "other", "--out", "both"])
    assert holds_comparison(folder / "both")
    pytest.importorskip("onnxruntime")
    for _ in range(2):
        main(["export", "run", "--out", "onnx"])


def test_a_study_goes_on_and_is_told_from_a_selection(finished, tmp_path):
    """`study.json` is written last: before, the runs alone say what the folder is."""
    shutil.copytree(finished, tmp_path / "s" / "runs" / "vae" / "seed-0-0123abcd")
    for kind in (None, "selection", "paper"):
        check_folder(tmp_path / "s", "study", holds_study(kind))
    write_json(tmp_path / "s" / "study.json", {"kind": "selection", "failed": {}})
    check_folder(tmp_path / "s", "select", holds_study("selection"))
    with pytest.raises(MicvaeError, match="files that micvae study does not write"):
        check_folder(tmp_path / "s", "study", holds_study())
    (tmp_path / "s" / "study.json").write_text("{cut")  # the study is given again
    check_folder(tmp_path / "s", "study", holds_study())
