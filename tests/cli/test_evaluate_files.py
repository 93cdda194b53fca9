"""`micvae evaluate --codes …`: anybody's representation, from files."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from micvae.files import read_json
from micvae.metrics import METRICS, evaluate

RNG = np.random.default_rng(0)
FACTORS = np.column_stack([RNG.uniform(size=200), RNG.integers(0, 3, 200)])
CODES = FACTORS * [1, 2] + 0.1 * RNG.normal(size=FACTORS.shape)
SHAPES = np.array(["oval", "heart", "square"])[FACTORS[:, 1].astype(int)]
FAST = ("--metrics", "mig", "mcc_pearson", "block_score")


def write(path, array):
    names = [f"c{i}" for i in range(array.shape[1])]
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".npz":
        np.savez(path, codes=array, other=np.zeros(3))
    elif path.suffix == ".csv":
        rows = [",".join(map(repr, map(float, row))) for row in array]
        path.write_text("\n".join([",".join(names), *rows]))
    else:
        pq.write_table(pa.table(dict(zip(names, array.T, strict=True))), path)
    return path


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".parquet"])
def test_every_format_scores_alike(inline, tmp_path, suffix):
    codes = write(tmp_path / f"codes{suffix}", CODES)
    factors = write(tmp_path / "factors.csv", FACTORS)
    done = inline("evaluate", "--codes", codes, "--factors", factors, *FAST, "--out", "s.json")
    assert done.returncode == 0, done.stderr
    expected = evaluate(CODES, FACTORS, metrics=FAST[1:])
    written = read_json(tmp_path / "s.json")
    assert written["metrics"] == pytest.approx(expected, abs=1e-12)  # decimals in .csv files
    assert written["factor_kinds"] == ["continuous", "ordinal"] and written["samples"] == 200
    for name, value in expected.items():
        assert re.search(rf"{name}\s+{value:.4f}", done.stdout), name


def test_text_is_a_category_and_the_unfair_scores_are_named(inline, tmp_path):
    np.save("codes.npy", CODES)
    lines = ["size,shape", *(f"{s},{n}" for s, n in zip(FACTORS[:, 0], SHAPES, strict=True))]
    (tmp_path / "factors.csv").write_text("\n".join(lines))
    done = inline("evaluate", "--codes", "codes.npy", "--factors", "factors.csv", *FAST)
    assert done.returncode == 0, done.stderr
    assert "size (continuous), shape (categorical)" in done.stdout
    assert "note: mcc_pearson: not fair to categorical factors (column 'shape')" in done.stdout
    assert "warning" not in done.stderr


def test_intervals_and_codes_alone(inline, tmp_path):
    np.save("codes.npy", CODES)
    np.save("factors.npy", FACTORS)
    done = inline(
        "evaluate", "--codes", "codes.npy", "--factors", "factors.npy", *FAST, "--intervals"
    )
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"\[\d\.\d{3}, \d\.\d{3}\]", done.stdout)) == 3
    alone = inline("evaluate", "--codes", "codes.npy")
    assert alone.returncode == 0, alone.stderr
    for name, metric in METRICS.items():
        assert (name in alone.stdout) == (metric.needs == "codes"), name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either one or more RUN folders, or --codes FILE"),
        (["run", "--codes", "codes.npy"], "give either"),
        (["run", "--metrics", "mig"], "--metrics belongs to --codes"),
        (["--codes", "none.npy"], "codes: there is no file none.npy"),
        (["--codes", "codes.txt"], "codes.txt ends in .txt; expected .npy"),
        (["--codes", "broken.npz"], "broken.npz cannot be read"),
        (["--codes", "text.csv"], "codes: column a of text.csv is text"),
        (["--codes", "holes.csv"], "column a has 1 empty entries"),
        (["--codes", "codes.npy", "--factors", "short.npy"], "codes have 200 rows and factors 9"),
        (["--codes", "codes.npy", "--metrics", "migs"], "unknown metric migs"),
        (["--codes", "codes.npy", "--metrics", "mig"], "mig needs factors"),
        (["--codes", "codes.npy", "--factor-kinds", "ordinal"], "--factor-kinds needs --factors"),
        (["--codes", "cube.npy"], "cube.npy has shape (2, 2, 2)"),
        (["--codes", "nan.npy"], "codes must be finite"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_files_are_one_line_and_status_2(inline, tmp_path, arguments, message):
    np.save("codes.npy", CODES)
    np.save("short.npy", FACTORS[:9])
    np.save("cube.npy", np.zeros((2, 2, 2)))
    np.save("nan.npy", np.where(CODES > 0, np.nan, CODES))
    (tmp_path / "codes.txt").write_text("1 2 3")
    (tmp_path / "broken.npz").write_bytes(b"PK not a zip file")
    (tmp_path / "text.csv").write_text("a,b\nred,1\nblue,2\n")
    (tmp_path / "holes.csv").write_text("a,b\n1,1\n,2\n")
    done = inline("evaluate", *arguments)
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "error" in line]
    assert line.startswith("micvae: error: ") and message in line


def test_of_a_table_of_encode_the_latents_are_scored(inline, tmp_path):
    """Counted as latents, the factors beside the codes would know themselves."""
    columns = {"row": np.arange(200), "z0": RNG.normal(size=200), "z1": RNG.normal(size=200)}
    columns |= {"size": FACTORS[:, 0], "shape": FACTORS[:, 1]}
    pq.write_table(pa.table(columns), tmp_path / "enc.parquet")
    np.save("f.npy", FACTORS)
    z = np.column_stack([columns["z0"], columns["z1"]])
    expected = evaluate(z, FACTORS, metrics=FAST[1:])
    for factors in ("f.npy", "enc.parquet"):
        given = ("--codes", "enc.parquet", "--factors", factors, *FAST, "--out", "s.json")
        done = inline("evaluate", *given)
        assert done.returncode == 0, done.stderr
        assert "2 latents: z0, z1; left out: row, size, shape" in done.stdout
        written = read_json(tmp_path / "s.json")
        assert written["metrics"] == pytest.approx(expected, abs=1e-12)
        assert written["latents"] == ["z0", "z1"]
    assert "2 factors: size, shape; left out: row, z0, z1" in done.stdout


def test_the_index_of_pandas_is_left_out_and_named(inline, tmp_path):
    np.save("codes.npy", CODES)
    rows = [f"{i},{a},{b}" for i, (a, b) in enumerate(FACTORS.tolist())]
    for name, said in (("", "a column without a name"), ("Unnamed: 0", "Unnamed: 0")):
        (tmp_path / "f.csv").write_text("\n".join([f"{name},a,b", *rows]))
        done = inline("evaluate", "--codes", "codes.npy", "--factors", "f.csv", *FAST)
        assert done.returncode == 0, done.stderr
        assert f"2 factors: a, b; left out: {said}" in done.stdout


def test_a_constant_factor_is_named(inline, tmp_path):
    np.save("codes.npy", CODES)
    (tmp_path / "f.csv").write_text("\n".join(["a,still", *(f"{a},1" for a in FACTORS[:, 0])]))
    done = inline("evaluate", "--codes", "codes.npy", "--factors", "f.csv", *FAST)
    assert done.returncode == 2
    assert "column still of f.csv is constant" in done.stderr.replace("\n", " ")
    images = np.random.default_rng(0).uniform(size=(64, 8, 8)).astype(np.float32)
    factors = np.column_stack([images[:, 0, 0], np.ones(64)])
    np.savez("own.npz", images=images, factors=factors, factor_names=["a", "still"])
    train = ("train", "vae", "--data", "own.npz", "--epochs", 1, "--batch-size", 32)
    assert inline(*train, "--network", "patch(width=4, hidden=8)", "--out", "run").returncode == 0
    done = inline("evaluate", "run")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "left out of the scores" in line]
    assert line.startswith("note: left out of the scores: still; constant")
