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
        ("a.csv", "a,b\n1,2\nnan,3\n", "column a has 1 missing entries"),
        ("a.csv", "a,b\n1,2\n2\n", "rows of different lengths: expected 2 columns, got 1"),
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


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_of_encode_has_codes_and_factors(tmp_path, suffix):
    columns = {"row": [0, 1], "z0": [1.5, 2.5], "z10": [3.5, 4.5], "size": [5, 6], "z": [7, 8]}
    lines = [
        ",".join(columns),
        *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    path = tmp_path / f"enc{suffix}"
    write(path, columns if suffix == ".parquet" else "\n".join(lines))
    table = read_matrix(path, "codes")
    assert table.names == tuple(columns)  # what is read is all there is
    assert table.codes().names == ("z0", "z10") and table.factors().names == ("size", "z")
    np.testing.assert_array_equal(table.codes().values, [[1.5, 3.5], [2.5, 4.5]])
    np.testing.assert_array_equal(table.factors().values, [[5, 7], [6, 8]])


def test_without_a_column_row_all_columns_are_codes(tmp_path):
    write(tmp_path / "a.csv", "z0,z1,mood\n1,2,3\n")
    table = read_matrix(tmp_path / "a.csv", "codes")
    assert table.codes().names == table.factors().names == ("z0", "z1", "mood")


def test_codes_alone_have_no_factors(tmp_path):
    write(tmp_path / "a.csv", "row,z0\n0,2\n")
    with pytest.raises(DataError, match=r"the table has codes only \(row, z0\)"):
        read_matrix(tmp_path / "a.csv", "factors").factors()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (",a,b\n0,3,4\n1,5,6\n", ("a", "b")),
        ("Unnamed: 0,a\n0,3\n1,5\n", ("a",)),
        ("a,Unnamed: 0\n3,0\n5,1\n", ("a",)),
        ("Unnamed: 0,a\n1,3\n0,5\n", ("Unnamed: 0", "a")),  # no row numbers: a factor
        (",a\nx,3\ny,5\n", ("", "a")),
        ("i,a\n0,3\n1,5\n", ("i", "a")),
        ("Unnamed: 0\n0\n1\n", ("Unnamed: 0",)),  # or nothing would be left
    ],
)
def test_the_index_of_pandas_is_no_factor(tmp_path, text, names):
    write(tmp_path / "a.csv", text)
    table = read_matrix(tmp_path / "a.csv", "factors")
    assert table.factors().names == table.codes().names == names
