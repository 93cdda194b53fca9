"""`micvae audit` as a user meets it."""

import re

import pytest

from micvae.cli import main
from micvae.files import read_json, write_json

TOY = ("--epochs", "1", "--network", "patch(width=4, hidden=8)", "--latent-dim", "2")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for seed, data in ((0, "squares(n=256)"), (1, "squares(n=256)"), (2, "squares(n=128)")):
        words = ["train", "vae", "--data", data, *TOY, "--seed", str(seed)]
        main([*words, "--out", str(folder / f"r{seed}")])
    return folder


def audited(capsys, *words):
    status = 0
    try:
        main(["audit", *map(str, words)])
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    return status, out, err


def test_two_runs_are_audited_to_table_page_and_json(runs, tmp_path, capsys):
    out = tmp_path / "both"
    status, said, err = audited(capsys, runs / "r0", runs / "r1", "--quick", "--out", out)
    assert status == 0, err
    result = read_json(out / "audit.json")
    page = (out / "report.html").read_text()
    assert len(result["runs"]) == 2 and len(result["agreement"]) == 1
    for run in result["runs"]:
        for sentence in run["said"]:
            assert sentence in said
        # what is shown is what was measured
        assert f"{run['encoder']['gap']:.3f}" in said and f"{run['encoder']['gap']:.3f}" in page
    assert "no auxiliary variable" in said
    assert "fewer samples than usual" in page and "short training" not in page
    assert re.search(r"<script|https?://", page.replace("http://www.w3.org", "")) is None
    first = (out / "audit.json").read_bytes()
    audited(capsys, runs / "r0", runs / "r1", "--quick", "--out", out)
    assert (out / "audit.json").read_bytes() == first  # a seed gives the same bits


def test_bad_input_is_one_line(runs, tmp_path, capsys):
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    record = read_json(runs / "r0" / "run.json")
    write_json(unfinished / "run.json", record | {"status": "training"})
    for words, message in (
        ([unfinished], "is not finished"),
        ([runs / "r0", runs / "r2"], "was trained on other data"),
        ([runs / "r0", runs / "r0"], "a run is given twice"),
        ([runs / "r0", "--images", 1], "images is 1; give a whole number of at least 2"),
    ):
        status, _, err = audited(capsys, *words)
        (line,) = [line for line in err.splitlines() if "error" in line]
        assert status == 2 and message in line and line.startswith("micvae: error: ")
    assert not (runs / "r0" / "audit").exists()


def test_a_run_is_not_compared_with_itself(runs, capsys):
    """Its agreement with itself is 1, and would be taken for that of two seeds."""
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", str(runs / "r0"), str(runs / "r0")])
    assert stop.value.code == 2 and "a run is given twice" in capsys.readouterr().err
