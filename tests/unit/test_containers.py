"""Whatever holds samples gives the same codes as the array of its numbers, or one sentence."""

import sys
import types
from collections import OrderedDict
from datetime import date

import narwhals
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import torch
import xarray as xr
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

import micvae.data.lazy
from micvae import Disentangler
from micvae.data import FactorDataset
from micvae.errors import DataError

X = np.round(np.random.default_rng(0).normal(size=(60, 3)) * [1, 10, 100] + [0, 5, 1e6], 3)
NAMES = ["a", "b", "c"]
COLUMNS = {name: X[:, k] for k, name in enumerate(NAMES)}
PANDAS = pd.DataFrame(X, columns=NAMES)
POLARS = pl.DataFrame(COLUMNS)
ARROW = pa.table(COLUMNS)
WHOLE = np.round(X).astype(int)


def learner(**options):
    given = {"latent_dim": 2, "epochs": 1, "batch_size": 30, "device": "cpu"}
    network = "mlp(hidden=8, depth=1)"
    return Disentangler("vae", **({"network": network} | given | options))


@pytest.fixture(scope="module")
def fitted():
    return learner().fit(X)


class Dlpack:
    """An array of another library."""

    def __init__(self, array):
        self.array = torch.from_numpy(array)

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Array:
    def __array__(self, dtype=None, copy=None):
        return X


class OnDevice:
    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")


class Stream(IterableDataset):
    def __iter__(self):
        return iter(X)


class Capsule:
    """A frame of a library that only speaks Arrow."""

    def __arrow_c_stream__(self, requested_schema=None):
        return ARROW.__arrow_c_stream__(requested_schema)


def dask_like():
    return POLARS.lazy()


def annotated():
    kind = type("AnnData", (), {"__module__": "anndata._core.anndata", "X": X})
    return kind()


def structured():
    made = np.empty(len(X), dtype=[(name, "f8") for name in NAMES])
    for name in NAMES:
        made[name] = COLUMNS[name]
    return made


def hugging(kind="Dataset"):
    datasets = pytest.importorskip("datasets")
    table = datasets.Dataset.from_dict({k: v.tolist() for k, v in COLUMNS.items()})
    if kind == "DatasetDict":
        return datasets.DatasetDict({"train": table, "test": table})
    return table.to_iterable_dataset() if kind == "IterableDataset" else table


def labelled(dims, **coords):
    return xr.DataArray(X if dims[0] != "feature" else X.T, dims=dims, coords=coords)


RIGHT = {
    "list": lambda: X.tolist(),
    "list of arrays": lambda: list(X),
    "list of tensors": lambda: list(torch.from_numpy(X)),
    "tuple": lambda: tuple(map(tuple, X)),
    "Fortran order": lambda: np.asfortranarray(X),
    "big-endian": lambda: X.astype(">f8"),
    "longdouble": lambda: X.astype(np.longdouble),
    "objects": lambda: X.astype(object),
    "masked array without a mask": lambda: np.ma.array(X, mask=False),
    "memory view": lambda: memoryview(X),
    "tensor": lambda: torch.from_numpy(X).requires_grad_(),
    "sparse tensor": lambda: torch.from_numpy(X).to_sparse(),
    "TensorDataset": lambda: TensorDataset(torch.from_numpy(X), torch.zeros(60)),
    "__array__": Array,
    "__dlpack__": lambda: Dlpack(X),
    "structured array": structured,
    "record array": lambda: structured().view(np.recarray),
    "csr array": lambda: scipy.sparse.csr_array(X),
    "coo matrix": lambda: scipy.sparse.coo_matrix(X),
    "pandas": lambda: PANDAS,
    "pandas nullable": lambda: PANDAS.astype("Float64"),
    "pandas of Arrow": lambda: PANDAS.astype("double[pyarrow]"),
    "pandas numbered": lambda: pd.DataFrame(X),
    "pandas sparse": lambda: PANDAS.astype(pd.SparseDtype("float64")),
    "pandas objects": lambda: PANDAS.astype(object),
    "pandas levels": lambda: PANDAS.set_axis(
        pd.MultiIndex.from_tuples([("u", "a"), ("u", "b"), ("v", "c")]), axis=1
    ),
    "polars": lambda: POLARS,
    "polars decimals": lambda: POLARS.cast(pl.Decimal(20, 3)),
    "Arrow table": lambda: ARROW,
    "Arrow batch": lambda: ARROW.to_batches()[0],
    "Arrow capsule": Capsule,
    "narwhals": lambda: narwhals.from_native(POLARS),
    "xarray": lambda: labelled(("sample", "feature")),
    "xarray turned": lambda: labelled(("feature", "time")),
    "xarray named": lambda: labelled(("obs", "feature"), feature=NAMES),
    "Hugging Face": hugging,
    "FactorDataset": lambda: FactorDataset("v", X),
}
NAMED = {"structured array", "record array", "pandas", "pandas nullable", "pandas of Arrow",
         "pandas sparse", "pandas objects", "polars", "polars decimals", "Arrow table",
         "Arrow batch", "Arrow capsule", "narwhals", "xarray named", "Hugging Face"}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_the_codes_are_those_of_the_array(name, fitted):
    own = learner().fit(RIGHT[name]())
    np.testing.assert_array_equal(own.representation_.codes, fitted.representation_.codes)
    np.testing.assert_array_equal(own.transform(RIGHT[name]()), fitted.transform(X))
    np.testing.assert_array_equal(own.score_samples(RIGHT[name]()), fitted.score_samples(X))
    names = {"pandas levels": ["u/a", "u/b", "v/c"]}.get(name, NAMES if name in NAMED else [])
    assert list(getattr(own, "feature_names_in_", ())) == names
    assert own.n_features_in_ == 3


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (PANDAS.round().astype("Int64"), WHOLE),
        (PANDAS.astype("float32"), X.astype(np.float32)),
        (POLARS.select(pl.all().cast(pl.Int32)), X.astype(int)),
        (POLARS.with_columns(pl.col("a") > 0), np.c_[X[:, 0] > 0, X[:, 1:]]),
        (PANDAS.assign(a=PANDAS.a > 0), np.c_[X[:, 0] > 0, X[:, 1:]]),
        (TensorDataset(torch.from_numpy(WHOLE)), WHOLE),
        (torch.from_numpy(WHOLE).to(torch.bfloat16), torch.tensor(WHOLE).bfloat16().float()),
    ],
    ids=["Int64", "float32", "Int32", "boolean", "bool", "whole items", "bfloat16"],
)
def test_other_numbers_than_float64(given, values):
    expected = learner().fit(np.asarray(values, dtype=np.float64)).representation_.codes
    np.testing.assert_allclose(learner().fit(given).representation_.codes, expected, atol=2e-6)


FAULTY = {
    "city": ["x", "y"] * 30,
    "day": [date(2020, 1, 1)] * 60,
    "age": [None, 1.0] * 30,
    "ok": X[:, 0],
}
REFUSED = {
    "DataLoader": (lambda: DataLoader(TensorDataset(torch.from_numpy(X))), "give its .dataset, or"),
    "IterableDataset": (Stream, "has no length or no items; .* or an array"),
    "DatasetDict": (lambda: hugging("DatasetDict"), r"choose a split, such as X\['train'\]"),
    "streamed": (lambda: hugging("IterableDataset"), "load it without streaming=True"),
    "AnnData": (annotated, r"X is an AnnData, .* give X.X, or X.to_df\(\)"),
    "xarray.Dataset": (
        lambda: labelled(("sample", "f")).to_dataset(name="v"),
        r"such as X\['name'\]",
    ),
    "xarray of what": (lambda: labelled(("x", "y")), "'x', 'y', and none of them .* 'sample'"),
    "xarray of both": (
        lambda: labelled(("row", "sample")),
        "several of them may count the samples",
    ),
    "lazy frame": (dask_like, r"X is a LazyFrame, .* after .collect\(\)"),
    "dict": (lambda: COLUMNS, r"a dict with the keys 'a', 'b', 'c'; .* pandas.DataFrame\(X\)"),
    "OrderedDict": (lambda: OrderedDict(COLUMNS), "an OrderedDict with the keys"),
    "list of dicts": (
        lambda: [{"a": 1}, {"a": 2}],
        r"list of dictionaries .* pandas.DataFrame\(X\)",
    ),
    "generator": (lambda: (row for row in X), r"X is a generator; .* such as list\(X\)"),
    "set": (lambda: {1, 2}, "X is a set; give an array"),
    "None": (lambda: None, "X is None; give an array"),
    "number": (lambda: 5.0, "X is a float; give an array"),
    "bytes": (lambda: b"abc", "X is a bytes; give an array"),
    "no path": (lambda: "nowhere.csv", "no data set or file 'nowhere.csv'"),
    "rows of two lengths": (lambda: [[1.0, 2.0], [1.0]], r"rows of different shapes \(\(1,\) and"),
    "arrays of two lengths": (lambda: [np.ones(2), np.ones(3)], "rows of different shapes"),
    "on a device": (OnDevice, "an OnDevice that cannot be read as an array .* copy it to the CPU"),
    "text": (lambda: np.array([["1", "2"]]), r"use X.astype\(float\) where the texts are numbers"),
    "text in a list": (
        lambda: [[1.0, "idle"], [2.0, "on"]],
        r"'1' \(text\); .*encode text as 0, 1",
    ),
    "None in a list": (lambda: [[1.0, None], [2.0, 3.0]], r"'1' \(1 of 2 values missing\)"),
    "dates": (lambda: np.array([["2020-01-01"]], "M8[D]"), "give dates as a number of days"),
    "spans": (lambda: np.array([[1, 2]], "m8[s]"), "give dates as a number of days or seconds"),
    "complex": (lambda: X.astype(complex), "Complex data not supported"),
    "objects": (lambda: np.array([["a", 1], ["b", 2]], dtype=object), r"'0' \(text\)"),
    "pandas": (lambda: pd.DataFrame(FAULTY), "'city' .*'day' .*'age'"),
    "polars": (lambda: pl.DataFrame(FAULTY), "'city' .*'day' .*'age'"),
    "Arrow": (lambda: pa.table(FAULTY), "'city' .*'day' .*'age'"),
    "all faults": (
        lambda: pl.DataFrame(FAULTY),
        r"^X has columns that cannot be used as they are: 'city' \(text\), 'day' \(dates or "
        r"times\), 'age' \(30 of 60 values missing\); leave these columns out, or encode text as "
        r"0, 1, …, or give dates as a number of days or seconds, or fill or leave out rows with "
        r"missing or infinite values\.$",
    ),
    "categories": (lambda: PANDAS.assign(a=pd.Categorical(["u", "v"] * 30)), r"'a' \(text\)"),
    "pd.NA": (lambda: PANDAS.assign(a=pd.array([1, None] * 30, "Int64")), r"'a' \(30 of 60 values"),
    "NaN in polars": (
        lambda: POLARS.with_columns(a=float("nan")),
        r"'a' \(60 of 60 values missing",
    ),
    "infinite": (lambda: POLARS.with_columns(b=float("inf")), r"'b' \(infinite values\)"),
    "lists": (lambda: POLARS.with_columns(a=pl.lit([1, 2])), r"'a' \(no numbers\)"),
    "two of a name": (lambda: PANDAS.set_axis(["a", "a", "b"], axis=1), "two columns named 'a'"),
    "names of two kinds": (
        lambda: PANDAS.set_axis(["a", 1, "b"], axis=1),
        "named by text and others",
    ),
    "no columns": (lambda: pl.DataFrame(), "X has no columns"),
    "a column": (lambda: POLARS["a"], "Expected 2D array, got 1D array"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused_in_one_sentence(name, fitted):
    make, message = REFUSED[name]
    for call in (learner().fit, fitted.transform, fitted.score):
        with pytest.raises(ValueError, match=message) as caught:
            call(make())
        assert "Traceback" not in str(caught.value)


def test_sparse_matrices_are_not_made_larger_than_memory(monkeypatch):
    with pytest.raises(DataError, match=r"sparse .* larger than 1 GiB as a .*TruncatedSVD"):
        learner().fit(scipy.sparse.csr_array((10**6, 10**4)))
    monkeypatch.setattr(micvae.data.lazy, "LARGE", 600)
    with pytest.raises(DataError, match="TruncatedSVD"):
        learner().fit(torch.from_numpy(X).to_sparse())


def test_images_of_xarray_and_their_channels():
    images = np.random.default_rng(0).random((20, 8, 9, 3))
    expected = learner(network="patch(width=4, hidden=8)").fit(images)
    for dims in (("time", "y", "x", "band"), ("band", "time", "y", "x")):
        order = ["time", "y", "x", "band"]
        given = xr.DataArray(images, dims=order).transpose(*dims)
        found = learner(network="patch(width=4, hidden=8)").fit(given)
        np.testing.assert_array_equal(found.representation_.codes, expected.representation_.codes)
        assert found.inverse_transform(found.transform(given)).shape == images.shape


@pytest.mark.parametrize(
    "library", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "Arrow"]
)
def test_columns_are_compared_by_name(library):
    own = learner().fit(library(COLUMNS))
    assert list(own.feature_names_in_) == NAMES
    same = own.transform(library(COLUMNS))
    for other in (pd.DataFrame, pl.DataFrame, pa.table):  # whatever the library is
        np.testing.assert_array_equal(own.transform(other(COLUMNS)), same)
        turned = {name: COLUMNS[name] for name in reversed(NAMES)}
        with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
            own.transform(other(turned))
        with pytest.raises(ValueError, match="yet now missing:\n- c\n"):
            own.transform(other({name: COLUMNS[name] for name in NAMES[:2]}))
        with pytest.raises(ValueError, match="unseen at fit time:\n- d\n"):
            own.transform(other(COLUMNS | {"d": X[:, 0]}))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        np.testing.assert_array_equal(own.transform(X), same)
    unnamed = learner().fit(X)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        unnamed.transform(library(COLUMNS))


# Labels

CLASSES = ["u", "v", "w"] * 20
LABELS = {
    "list": (lambda: CLASSES, ["label"]),
    "pandas series": (lambda: pd.Series(CLASSES, name="kind"), ["kind"]),
    "pandas categories": (lambda: pd.Series(CLASSES, name="kind", dtype="category"), ["kind"]),
    "polars series": (lambda: pl.Series("kind", CLASSES), ["kind"]),
    "Arrow column": (lambda: pa.chunked_array([CLASSES]), ["label"]),
    "pandas frame": (lambda: pd.DataFrame({"kind": CLASSES}), ["kind"]),
    "polars frame": (lambda: pl.DataFrame({"kind": CLASSES}), ["kind"]),
    "Arrow table": (lambda: pa.table({"kind": CLASSES}), ["kind"]),
    "Arrow dictionary": (
        lambda: pa.table({"kind": pa.array(CLASSES).dictionary_encode()}),
        ["kind"],
    ),
    "numbers": (lambda: torch.arange(60) % 3, ["label"]),
    "masked without a mask": (lambda: np.ma.array(np.arange(60) % 3), ["label"]),
    "xarray": (lambda: xr.DataArray(np.arange(60) % 3, dims="sample", name="kind"), ["kind"]),
    "structured": (
        lambda: np.array([(k % 3,) for k in range(60)], dtype=[("kind", "i8")]),
        ["kind"],
    ),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_every_library_are_read(name):
    make, names = LABELS[name]
    found = learner().fit(X, make()).representation_
    assert list(found.factor_names) == names
    np.testing.assert_array_equal(found.factors[:, 0], np.arange(60) % 3)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (pl.Series([1, None, 2] * 20), "has no value for 20 of 60 samples, the first .* sample 1"),
        (pl.DataFrame({"a": ["u", None, "v"] * 20}), "has no value for 20 of 60 samples"),
        (pa.chunked_array([[1, None] * 30]), "has no value for 30 of 60 samples"),
        (pl.DataFrame({"a": [1]}).lazy(), r"y is a LazyFrame, .* after .collect\(\)"),
        ([[1, 2], [3]], "y is a list of rows of different shapes"),
        ((k for k in range(60)), "y is a generator"),
        ({"a": [1]}, "y is a dict"),
        (pl.DataFrame({"a": [1, 2]}), r"y has shape \(2, 1\), but X has 60 samples"),
    ],
    ids=range(8),
)
def test_labels_that_cannot_be_right_are_refused(labels, message):
    with pytest.raises(DataError, match=message):
        learner().fit(X, labels)


def test_a_module_that_only_has_the_name_of_a_library(monkeypatch):
    for name in ("datasets", "xarray", "anndata"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    np.testing.assert_array_equal(
        learner().fit(X).representation_.codes, learner().fit(POLARS).representation_.codes
    )
