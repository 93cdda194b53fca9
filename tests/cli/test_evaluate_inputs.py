"""What `micvae evaluate --codes` reads without a loss, and what it refuses in one line."""

import csv

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from micvae.cli import main
from micvae.data import read_matrix
from micvae.errors import DataError
from micvae.files import read_json
from micvae.metrics import evaluate

RNG = np.random.default_rng(0)
N = 120
F = np.column_stack([RNG.integers(0, 3, N), RNG.integers(0, 4, N)])
Z = F + 0.3 * RNG.normal(size=F.shape)
FAST = ["--metrics", "mig", "dci_disentanglement", "mcc_pearson"]
EXPECTED = evaluate(Z, F, metrics=FAST[1:])


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """A command in a folder with codes z.npy and factors f.npy: its status and what it said."""
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", Z)
    np.save("f.npy", F)

    def command(*arguments):
        status = 0
        try:
            main(list(map(str, arguments)))
        except SystemExit as ended:
            status = ended.code
        said = capsys.readouterr()
        return status, " ".join(said.out.split()), " ".join(said.err.split())

    return command


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("evaluate --codes a.npy --codes b.npy", "--codes is given 2 times (a.npy, b.npy); give"),
        ("evaluate --codes a.npy --codes=b.npy", "--codes is given 2 times"),
        ("evaluate --codes a.npy --metrics mig --metrics sap", "give all values after one --metr"),
        ("evaluate --codes a.npy --factor-kinds ordinal --factor_kinds ordinal", "after one --fac"),
        ("evaluate --codes a.npy --intervals --no-intervals", "--intervals is given 2 times"),
        ("train vae --epochs 1 --epochs 2", "--epochs is given 2 times (1, 2); give it once"),
        ("train vae --beta 1 --beta 2", "--beta is given 2 times"),
        ("study vae --seeds 1 --seeds 2", "--seeds is given 2 times"),
        ("select squares --seed 1 --seed 2", "--seed is given 2 times"),
        ("reproduce --out a --out b", "--out is given 2 times"),
        ("audit run --seed 1 --seed 1", "--seed is given 2 times"),
        ("report run --out a --out b", "--out is given 2 times"),
        ("explore run --port 1 --port 2", "--port is given 2 times"),
        ("encode run data --out a.csv --out b.csv", "--out is given 2 times"),
        ("decode run c.csv --out a.npz --out b.npz", "--out is given 2 times"),
        ("export run --out a --out b", "--out is given 2 times"),
        ("share run --out a --out b", "--out is given 2 times"),
        ("theorem --seed 1 --seed 2", "--seed is given 2 times"),
    ],
)  # fmt: skip
def test_an_option_is_given_once(run, command, message):
    status, _, error = run(*command.split())
    assert (status == 2 and f"micvae: error: {message}" in error) or message in error
    assert status == 2 and error.count("micvae: error") == 1


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("evaluate --codes z.npy --out t.tex", "out: t.tex ends in .tex; scores are written as JS"),
        ("evaluate --codes z.npy --out t", "out: t ends in nothing; scores are written as JSON"),
        ("train vae --data squares --out run.npz", "out: run.npz ends in .npz, and a folder is"),
        ("study vae --data squares --out t.json", "out: t.json ends in .json, and a folder is"),
        ("export run --out model.onnx", "out: model.onnx ends in .onnx, and a folder is written"),
        ("share run --out model.zip", "out: model.zip ends in .zip, and a folder is written"),
        ("report a b --out page.html", "out: page.html ends in .html, and a folder is written"),
        ("explore run --out page.json", "ends in .json; the explorer is an HTML page"),
        ("encode run squares --out codes.json", "ends in .json; codes go to .parquet or .csv"),
    ],
)
def test_the_ending_of_out_fits_what_is_written(run, tmp_path, command, message):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
    status, _, error = run(*command.split())
    assert status == 2 and message in error
    assert not (tmp_path / command.split()[-1]).exists()


def test_folders_may_have_dots(run, tmp_path):
    train = "train vae --data squares(n=64) --epochs 1 --batch-size 32 --network"
    status, _, error = run(*train.split(), "patch(width=4, hidden=8)", "--out", "beta-0.5")
    assert status == 0, error
    assert (tmp_path / "beta-0.5" / "run.json").exists()


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".parquet"])
@pytest.mark.parametrize(
    "change",
    [
        lambda z: np.round(1e6 * z).astype(np.int64) + 2**60,
        lambda z: z + 1e8,
        lambda z: z * 1e-160,
        lambda z: z.astype(np.float32),
    ],
)
def test_files_keep_the_digits_of_codes(run, suffix, change):
    codes = change(Z)
    if suffix == ".parquet":
        pq.write_table(pa.table({"a": codes[:, 0], "b": codes[:, 1]}), "c.parquet")
    else:
        (np.save if suffix == ".npy" else np.savez)(f"c{suffix}", codes)
    status, _, error = run(
        "evaluate", "--codes", f"c{suffix}", "--factors", "f.npy", *FAST, "--out", "s.json"
    )
    assert status == 0, error
    assert read_json_here()["metrics"] == pytest.approx(EXPECTED, abs=0.02)


def read_json_here():
    from pathlib import Path

    return read_json(Path("s.json"))


def test_integers_beside_floats_keep_their_digits(run):
    stamps = 1_700_000_000_000_000_000 + np.round(1e3 * Z[:, 0]).astype(np.int64)
    pq.write_table(pa.table({"stamp": stamps, "b": Z[:, 1]}), "c.parquet")
    status, _, _ = run(
        "evaluate", "--codes", "c.parquet", "--factors", "f.npy", *FAST, "--out", "s.json"
    )
    assert status == 0
    assert read_json_here()["metrics"] == pytest.approx(EXPECTED, abs=0.02)


def test_what_is_missing_is_printed_and_stored(run):
    species = np.r_[np.arange(100), np.arange(N - 100)]
    pd.DataFrame({"species": species, "size": F[:, 1]}).to_csv("f.csv", index=False)
    kinds = ("--factor-kinds", "categorical", "ordinal")
    status, said, _ = run(
        "evaluate", "--codes", "z.npy", "--factors", "f.csv", *kinds, "--out", "s.json"
    )
    assert status == 0
    reason = "factor 'species' has 100 classes in 120 samples"
    assert "note: left out: dci_disentanglement" in said and reason in said
    stored = read_json_here()
    assert stored["missing"]["sap"].startswith(reason) and "sap" not in stored["metrics"]
    assert "mig" in stored["metrics"] and "mig" not in stored["missing"]
    status, _, error = run(
        "evaluate", "--codes", "z.npy", "--factors", "f.csv", *kinds, "--metrics", "sap"
    )
    assert status == 2 and reason in error


@pytest.mark.filterwarnings("default::micvae.metrics.AmbiguousKindWarning")
def test_a_guess_names_the_column_and_the_option(run):
    ages = pd.DataFrame({"age": 18 + np.arange(N) % 73, "shape": F[:, 0]})
    ages.to_csv("f.csv", index=False)
    given = ("evaluate", "--codes", "z.npy", "--factors", "f.csv", *FAST)
    status, said, error = run(*given)
    assert status == 0 and "age (continuous), shape (ordinal)" in said
    assert "'age' is taken as continuous (73 distinct values); specify it by --factor-k" in (error)
    status, _, error = run(*given, "--factor-kinds", "continuous", "ordinal")
    assert status == 0 and "guess" not in error


WORDS = ("NA", "null", "None", "nan")


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("quoted", [False, True])
def test_a_word_for_missing_is_text_in_a_column_of_text(tmp_path, word, quoted):
    with (tmp_path / "f.csv").open("w", newline="") as file:
        style = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
        csv.writer(file, quoting=style).writerows([["country"], ["DE"], [word], ["FR"], [word]])
    table = read_matrix(tmp_path / "f.csv", "factors")
    assert table.text == (True,) and len(set(table.values[:, 0])) == 3


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("quoted", [False, True])
def test_a_word_for_missing_is_missing_in_a_column_of_numbers(tmp_path, word, quoted):
    with (tmp_path / "f.csv").open("w", newline="") as file:
        style = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
        csv.writer(file, quoting=style).writerows([["age"], ["30"], [word], ["41.5"]])
    with pytest.raises(DataError, match=rf"column age has 1 missing entries \({word}\)"):
        read_matrix(tmp_path / "f.csv", "factors")


def test_nothing_but_words_for_missing_is_text_in_quotes_only(tmp_path):
    (tmp_path / "q.csv").write_text('a,b\n"NA",1\n"null",2\n')
    assert read_matrix(tmp_path / "q.csv", "factors").text == (True, False)
    (tmp_path / "u.csv").write_text("a,b\nNA,1\nnull,2\n")
    with pytest.raises(DataError, match="column a has 2 missing entries"):
        read_matrix(tmp_path / "u.csv", "factors")


@pytest.mark.parametrize("cell", ["", '""'])
def test_an_empty_cell_is_missing(tmp_path, cell):
    (tmp_path / "f.csv").write_text(f"a,b\nred,1\n{cell},2\n")
    with pytest.raises(DataError, match="column a has 1 empty entries"):
        read_matrix(tmp_path / "f.csv", "factors")


def test_the_page_of_a_run_names_the_scores_that_are_missing(run, tmp_path):
    images = RNG.integers(0, 256, (N, 8, 8)).astype(np.uint8)
    factors = np.c_[np.arange(N) % 100, np.arange(N) % 3]
    known = {"factor_names": ["species", "size"], "factor_kinds": ["categorical", "ordinal"]}
    np.savez("own.npz", images=images, factors=factors, **known)
    train = ["train", "vae", "--data", "own.npz", "--epochs", "1", "--batch-size", "32"]
    assert run(*train, "--network", "patch(width=4, hidden=8)", "--out", "run")[0] == 0
    status, said, _ = run("evaluate", "run")
    assert status == 0 and "left out: dci_disentanglement" in said
    assert "sap" in read_json(tmp_path / "run" / "scores.json")["missing"]
    status, _, error = run("report", "run")
    assert status == 0, error
    assert "factor &#x27;species&#x27; has 100 classes" in (tmp_path / "run/report.html").read_text(
        encoding="utf-8"
    ).replace("&#39;", "&#x27;")
