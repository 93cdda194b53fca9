"""The command line as a user meets it."""

import re
import subprocess
import sys
import warnings

import numpy as np
import pyarrow.parquet as pq
import pytest

from micvae.cli import COMMANDS
from micvae.data import DATASETS
from micvae.distributions import LATENTS
from micvae.errors import MicvaeWarning
from micvae.files import read_json
from micvae.metrics import METRICS
from micvae.objectives import METHODS

TOY = ("--data", "squares(n=256)", "--epochs", "1", "--network", "patch(width=4, hidden=8)")


def test_help_teaches_and_does_not_load_torch():
    """As a shell starts it; what is loaded is listed on the error stream."""
    command = [sys.executable, "-X", "importtime", "-m", "micvae", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    for command in COMMANDS:
        assert re.search(rf"^\s+(micvae )?{command}\b", done.stdout, re.MULTILINE), command
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "micvae.cli" in loaded and not loaded & {"torch", "numpy", "tyro"}


def test_help_of_commands_shows_every_setting_and_its_default(inline):
    shown = inline("train", "mi-constrained", "--help").stdout
    for flag in ("--data", "--epochs", "--seed", "--out", "--latent-dim", "--mi-weight", "--beta"):
        assert flag in shown
    assert "--mi-weight" not in inline("train", "vae", "--help").stdout


def test_version(inline):
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", inline("--version").stdout)


@pytest.mark.parametrize(
    ("what", "names"),
    [("methods", METHODS), ("metrics", METRICS), ("data", DATASETS), ("latents", LATENTS)],
)
def test_lists(inline, what, names):
    shown = inline("list", what).stdout
    assert all(name in shown for name in names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bogus"], "unknown command 'bogus'; choose from reproduce, train"),
        (["train"], "train needs a METHOD; choose from vae, mi-constrained"),
        (["train", "gan"], "unknown method 'gan'"),
        (["train", "mi-constrained:best"], "no preset 'best'"),
        (["trian"], "unknown command 'trian' (did you mean train?)"),
        (["train", "betavae"], "unknown method 'betavae' (did you mean beta-vae?)"),
        (["train", "mi-constrained:papr"], "no preset 'papr' (did you mean paper?)"),
        (["train", "vae:best"], "vae has no presets"),
        (["train", "vae", "--beta", "-1"], "--beta: value is -1.0"),
        (["train", "vae", "--beta=-1"], "--beta: value is -1.0"),
        (["train", "vae", "--data", "nowhere.npz"], "no data set or file 'nowhere.npz'"),
        (["train", "vae", "--epochs", "0"], "epochs is 0"),
        (["train", "vae", "--beta", "nan"], "value is nan; give a number of at least 0"),
        (["train", "vae", "--network", "transformer"], "unknown network 'transformer'"),
        (["train", "vae", "--data", "squares(n=10)"], "fewer than batch_size"),
        (["train", "vae", "--device", "mps"], "'mps' is not available here"),
        (["evaluate", "nowhere"], "nowhere is not a run"),
        (["report", "nowhere"], "nowhere"),
        (["study", "vae", "--seeds", "0"], "seeds is 0"),
        (["study", "gan"], "unknown method 'gan'"),
        (["reproduce", "--seeds", "1"], "seeds is 1"),
        (["report"], "report needs a FOLDER"),
        (["select"], "select needs DATA"),
        (["select", "squares", "--methods", "gan"], "unknown method 'gan'"),
        (["select", "squares", "--seeds", "1"], "seeds is 1"),
        (["select", "nowhere.npz"], "no data set or file 'nowhere.npz'"),
        (["select", "squares(n=99)", "--share", "2"], "share is 2.0"),
        (["select", "squares(n=200)", "--methods", "ada-gvae"], "has no known factors"),
        (["audit"], "audit needs a RUN"),
        (["audit", "nowhere"], "nowhere is not a run"),
        (["theorem", "--seed", "-1"], "seed is -1; give a whole number of at least 0"),
    ],
    ids=" ".join,
)
def test_a_wrong_input_is_one_line_and_status_2(inline, tmp_path, arguments, message):
    done = inline(*arguments)
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "error" in line]
    assert line.startswith("micvae: error: ") and message in line
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []  # nothing half-made is left


@pytest.mark.parametrize(
    "arguments",
    [["train", "vae", "--mi-weight", "3"], ["train", "vae", "--epochs", "x"], ["list", "foo"]],
    ids=" ".join,
)
def test_a_wrong_flag_is_status_2(inline, arguments):
    done = inline(*arguments)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert arguments[2 if arguments[0] == "train" else 1] in done.stderr


def test_train_evaluate_report(inline, tmp_path):
    run = tmp_path / "run"
    trained = inline("train", "mi-constrained", *TOY, "--seed", 3, "--out", run)
    assert trained.returncode == 0, trained.stderr
    assert f"micvae evaluate {run}" in trained.stdout
    assert read_json(run / "run.json")["config"]["seed"] == 3

    evaluated = inline("evaluate", run)
    assert evaluated.returncode == 0, evaluated.stderr
    scores = read_json(run / "scores.json")["metrics"]
    for name, value in scores.items():
        assert re.search(rf"{name}\b.*{value:.4f}", evaluated.stdout), name
    assert "−E[log p(x|z)]" in evaluated.stdout

    reported = inline("report", run)
    assert reported.returncode == 0, reported.stderr
    assert str(run / "report.html") in reported.stdout.replace("\n", "")
    assert "<html" in (run / "report.html").read_text()


def test_aliased_angles_are_told_once_and_go_into_the_record(inline, tmp_path):
    data = "squares(n=256, angles=(0, 90))"
    with warnings.catch_warnings():
        warnings.simplefilter("default", MicvaeWarning)  # as Python does for a user
        done = inline("train", "vae", *TOY[2:], "--data", data, "--out", tmp_path / "run")
    assert done.returncode == 0
    assert done.stderr.count("0°, 90° are indistinguishable") == 1
    assert "0°, 90°" in read_json(tmp_path / "run" / "run.json")["data"]["notes"][0]


def test_what_must_fail_is_not_offered(inline, tmp_path):
    np.save(tmp_path / "few.npy", np.random.default_rng(0).normal(size=(3, 4)))
    train = ("train", "vae", "--epochs", 1, "--batch-size", 3)
    done = inline(*train, "--data", "few.npy", "--out", "few")
    assert "3 samples are too few" in done.stdout and "next:" not in done.stdout
    np.save(tmp_path / "own.npy", np.random.default_rng(0).normal(size=(64, 4)))
    done = inline(*train, "--data", "own.npy", "--out", "my run ü")
    assert "next: micvae evaluate 'my run ü'; micvae report 'my run ü'" in done.stdout


def test_a_study_says_what_failed_and_is_not_replaced(inline, tmp_path):
    np.save(tmp_path / "own.npy", np.random.default_rng(0).normal(size=(64, 4)))
    command = ("study", "--data", "own.npy", "--seeds", 1, "--workers", 1, "--out", "out")
    done = inline(command[0], "vae", "ada-gvae", *command[1:], "--epochs", 1)
    assert done.returncode == 1
    assert re.search(r"ada-gvae +–", done.stdout)
    assert "failed: ada-gvae, seed 0: own, standardised has no known factors" in done.stdout
    done = inline(command[0], "vae", *command[1:], "--epochs", 2)
    assert done.returncode == 2 and "epochs: 1 there, 2 here" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.usefixtures("studies_in_process")
def test_study(inline, tmp_path):
    out = tmp_path / "study"
    arguments = ("vae", "mi-constrained(mi_weight=1)", *TOY, "--seeds", 2, "--out", out)
    done = inline("study", *arguments)
    assert done.returncode == 0, done.stderr
    for row in ("vae", "mi-constrained(mi_weight=1)"):
        assert re.search(rf"^ *{re.escape(row)} +0\.\d\d", done.stdout, re.MULTILINE), done.stdout
    assert read_json(out / "study.json")["failed"] == {}
    rows = pq.read_table(out / "table.parquet").to_pylist()
    assert sorted({row["seed"] for row in rows}) == [0, 1] and len(rows) == 4
    assert "<html" in (out / "report.html").read_text()


@pytest.mark.usefixtures("studies_in_process")
def test_select_and_compare(inline, tmp_path):
    out = tmp_path / "out"
    # after one epoch no latent is active, and nothing is recommended
    settings = ("--epochs", 60, *TOY[4:], "--latent-dim", 2)
    arguments = ("--methods", "vae", "--seeds", 2, *settings, "--out", out)
    done = inline("select", "squares(n=256)", *arguments)
    assert done.returncode == 0, done.stderr
    assert "2 runs (1 candidate × 2 seeds) on 230 samples: training takes about" in done.stdout
    assert "agreement proves" in done.stdout.replace("\n", " ")
    assert "micvae train vae --data 'squares(n=256)'" in done.stdout
    assert (out / "report.html").exists() and (out / "selection.json").exists()
    runs = sorted((out / "runs/vae").iterdir())
    done = inline("report", *runs, "--out", tmp_path / "both")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "both/report.html").exists() and not (runs[0] / "report.html").exists()
    done = inline("report", out, "--out", tmp_path / "elsewhere")
    assert done.returncode == 2 and "is for a comparison of several runs" in done.stderr


def test_own_images_from_a_folder(inline, tmp_path):
    from PIL import Image

    pictures = np.random.default_rng(0).integers(0, 256, (80, 16, 16, 3), dtype=np.uint8)
    (tmp_path / "pictures").mkdir()
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / "pictures" / f"{i:03}.png")
    run = tmp_path / "run"
    done = inline("train", "vae", *TOY[2:], "--data", tmp_path / "pictures", "--out", run)
    assert done.returncode == 0, done.stderr
    assert inline("evaluate", run).returncode == 0
    assert read_json(run / "run.json")["data"]["image_shape"] == [3, 16, 16]


def test_own_vectors(inline, tmp_path):
    sources = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    vectors = sources @ [[1.0, 2.0, 3.0], [3.0, -1.0, 0.5]]
    np.savez(tmp_path / "sensors.npz", images=vectors, factors=sources)
    data, run = ("--data", tmp_path / "sensors.npz"), tmp_path / "run"
    done = inline("train", "vae", "--epochs", 2, "--latent-dim", 2, *data, "--out", run)
    assert done.returncode == 0, done.stderr
    assert inline("evaluate", run).returncode == 0
    assert inline("report", run).returncode == 0
    assert "reconstructions" not in (run / "report.html").read_text().lower()
    done = inline("train", "vae", "--network", "conv", *data, "--out", tmp_path / "other")
    assert done.returncode == 2 and "use --network mlp" in done.stderr
    assert not (tmp_path / "other").exists()


def test_vectors_of_unlike_scales_are_standardised(inline, tmp_path):
    values = np.random.default_rng(0).standard_normal((64, 2)) * [1, 300]
    np.savetxt(tmp_path / "t.csv", values, delimiter=",", header="a,b", comments="")
    done = inline("train", "vae", "--epochs", 1, "--data", "t.csv", "--out", "even")
    assert done.returncode == 0 and "note:" not in done.stdout
    assert read_json(tmp_path / "even" / "run.json")["config"]["data"] == "standardised('t.csv')"
    raw = inline(
        "train", "vae", "--epochs", 1, "--data", "t.csv", "--no-standardise", "--out", "raw"
    )
    assert raw.returncode == 0
    assert read_json(tmp_path / "raw" / "run.json")["config"]["data"] == "t.csv"


@pytest.mark.shared_data
@pytest.mark.filterwarnings("ignore::micvae.errors.AmbiguousKindWarning")
def test_real_photographs(inline, tmp_path, coil20):
    run = tmp_path / "run"
    arguments = ("--data", coil20, "--epochs", 2, "--latent-dim", 6, "--out", run)
    for command in (("train", "mi-constrained", *arguments), ("evaluate", run), ("report", run)):
        done = inline(*command)
        assert done.returncode == 0, done.stderr
    assert read_json(run / "scores.json")["factor_names"] == ["object", "pose"]
