"""Codes and factors from files."""

import numpy as np
import pytest

from micvae.data import read_matrix
from micvae.errors import DataError

TEXT = "size,colour\n1.5,red\n2,blue\n3,red\n"
NUMBERS = np.array([[1.5, 0], [2, 1], [3, 0]])


def write(path, content):
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif path.suffix == ".npy":
        np.save(path, content)
    elif path.suffix == ".npz":
        np.savez(path, **content)
    else:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(content), path)


@pytest.mark.parametrize(
    ("name", "content", "values", "names", "text"),
    [
        ("a.npy", NUMBERS, NUMBERS, "01", (0, 0)),
        ("a.npy", NUMBERS[:, 0], NUMBERS[:, :1], "0", (0,)),
        ("a.npy", NUMBERS > 1, NUMBERS > 1, "01", (0, 0)),
        ("a.npy", np.array(["red", "blue", "red"]), [[1], [0], [1]], "0", (1,)),
        ("a.npz", {"factors": NUMBERS, "codes": NUMBERS[:1]}, NUMBERS, "01", (0, 0)),
        ("a.npz", {"whatever": NUMBERS}, NUMBERS, "01", (0, 0)),
        ("a.csv", TEXT, [[1.5, 1], [2, 0], [3, 1]], ("size", "colour"), (0, 1)),
        ("a.csv", "\ufeffa\ntrue\nfalse\n", [[1], [0]], "a", (0,)),
        ("a.parquet", {"a": [1, 2], "b": ["y", "x"]}, [[1, 1], [2, 0]], "ab", (0, 1)),
        pytest.param(*("a.npy", np.array([b"red", b"blue"]), [[1], [0]], "0", (1,))),
    ],
)
def test_matrices_are_read(tmp_path, name, content, values, names, text):
    write(tmp_path / name, content)
    table = read_matrix(tmp_path / name, "factors")
    np.testing.assert_array_equal(table.values, values)
    assert table.values.dtype == np.float64
    assert table.names == tuple(names) and table.text == tuple(map(bool, text))
    assert table.kinds() == tuple("categorical" if t else None for t in text)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "1 2", r"ends in \.txt; expected \.npy"),
        ("a", "1 2", "ends in nothing"),
        ("a.npy", b"", "cannot be read"),
        ("a.npy", b"\x93NUMPY cut", "cannot be read"),
        ("a.npy", np.array(1.0), r"shape \(\)"),
        ("a.npy", np.zeros((2, 2, 2)), "shape"),
        ("a.npy", np.zeros((0, 2)), "shape"),
        ("a.npy", np.array([1j]), "complex128; expected numbers or text"),
        ("a.npy", np.array(["2020-01-01"], "M8[D]"), "datetime64"),
        ("a.npz", {"x": NUMBERS, "y": NUMBERS}, "no array named factors; it has x, y"),
        ("a.npz", b"PK\x03\x04", "cannot be read"),
        ("a.csv", "", "cannot be read"),
        ("a.csv", "a,b\n", "is empty"),
        ("a.csv", "a,b\n1,2\n,3\n", "column a has 1 empty"),
        ("a.csv", "a,b\n1,2\nnan,3\n", "column a has 1 empty"),
        ("a.csv", "a,b\n1,2\n2\n", "cannot be read"),
        ("a.csv", "a,a\n1,2\n", "two columns named a"),
        ("a.csv", "a\n2020-01-01\n", "datetime64"),
        ("a.csv", b"a\n\xff\xfe\n", "expected numbers or text"),
        ("a.parquet", b"PAR1", "cannot be read"),
        ("a.parquet", {"a": [1, None]}, "column a has 1 empty"),
        ("a.parquet", {"a": [[1], [2]]}, "expected numbers or text"),
        pytest.param(*("a.csv", "a,b\n1,red\n2,\n", "empty")),
        pytest.param(*("a.npy", np.array(["red", ""]), "empty")),
    ],
)
def test_unreadable_matrices_are_refused(tmp_path, name, content, message):
    write(tmp_path / name, content)
    with pytest.raises(DataError, match=message):
        read_matrix(tmp_path / name, "factors")


def test_files_that_are_not_there_and_pickles(tmp_path):
    with pytest.raises(DataError, match="codes: there is no file"):
        read_matrix(tmp_path / "none.npy", "codes")
    with pytest.raises(DataError, match="there is no file"):
        read_matrix(tmp_path, "codes")
    np.save(tmp_path / "o.npy", np.array([{"run": "me"}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="cannot be read"):
        read_matrix(tmp_path / "o.npy", "codes")
