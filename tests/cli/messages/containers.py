"""Messages of docs/bad-input.md: containers in Python."""

from functools import partial
from typing import Any

import numpy as np

from messages.entry import Section
from messages.files import frame, learner, numbers

entry = Section("Containers in Python")


def loader(kind: str) -> Any:
    import torch

    data = torch.utils.data.TensorDataset(torch.linspace(0, 1, 64 * 16 * 16).reshape(64, 1, 16, 16))
    return torch.utils.data.DataLoader(data, batch_size=8) if kind == "loader" else data


def dataset_dict() -> Any:
    import datasets

    data = datasets.Dataset.from_dict({"flow": numbers()[:, 0], "depth": numbers()[:, 1]})
    return datasets.DatasetDict({"train": data})


def annotated() -> Any:
    """What AnnData looks like, which is not installed for the tests."""
    kind = type("AnnData", (), {"__module__": "anndata._core.anndata", "X": numbers()})
    return kind()


def lazy_frame() -> Any:
    import polars

    return polars.LazyFrame({"flow": numbers()[:, 0], "depth": numbers()[:, 1]})


def xarray_of(several: bool) -> Any:
    import xarray

    array = xarray.DataArray(numbers(), dims=("time_of_day", "sensor"))
    return xarray.Dataset({"readings": array.rename(time_of_day="sample")}) if several else array


def masked() -> np.ma.MaskedArray:
    values = np.ma.MaskedArray(numbers(80))
    values[3, 1] = np.ma.masked
    return values


entry(
    "A DataLoader",
    "X is a DataLoader, which gives batches in an order of its own; give its .dataset, or an "
    "array.",
    meaning="`fit` makes its own batches, and codes must come in the order of the samples.",
    given="model.fit(X)",
    remedy="Give the data set itself.",
    fix="model.fit(X.dataset)",
    prepare=learner(X=partial(loader, "loader")),
)

entry(
    "A DatasetDict",
    "X is a DatasetDict of <splits>; choose a split, such as X['<split>'].",
    meaning="A `DatasetDict` of Hugging Face holds several data sets.",
    given="model.fit(X)",
    remedy="Choose one of its splits.",
    fix="""model.fit(X["train"])""",
    prepare=learner(X=dataset_dict),
)

entry(
    "An AnnData",
    "X is an AnnData, which holds several matrices; give X.X, or X.to_df() with the names of its "
    "variables.",
    meaning="An `AnnData` has layers besides its main matrix.",
    given="model.fit(X)",
    remedy="Give the matrix to use.",
    fix="model.fit(X.X)",
    prepare=learner(X=annotated),
)

entry(
    "A frame that is not computed yet",
    "X is a <type>, which is not computed yet; give it after .collect() or .compute(), or as a "
    "pandas or polars DataFrame.",
    words="which is not computed yet",
    meaning="Lazy frames hold a query plan instead of numbers.",
    given="model.fit(X)",
    remedy="Compute the frame.",
    fix="model.fit(X.collect())",
    prepare=learner(X=lazy_frame),
)

entry(
    "An xarray of several variables",
    "X is an xarray Dataset of several variables; give one, such as X['name'], or "
    "X.to_dataframe().",
    meaning="An `xarray.Dataset` holds several arrays.",
    given="model.fit(X)",
    remedy="Choose a variable.",
    fix="""model.fit(X["readings"])""",
    prepare=learner(X=partial(xarray_of, True)),
)

entry(
    "An xarray without a sample dimension",
    "X is a DataArray with dimensions <names>, and none of them may count the samples; name that "
    "one 'sample' and no other so, as in X.rename({'…': 'sample'}), or give X.values with the "
    "samples on the first axis.",
    meaning="The order of the dimensions of an xarray does not say which one counts the samples.",
    given="model.fit(X)",
    remedy="Call the dimension that counts the samples `sample`.",
    fix="""model.fit(X.rename({"time_of_day": "sample"}))""",
    prepare=learner(X=partial(xarray_of, False)),
)

entry(
    "A dictionary of columns",
    "X is a dict with the keys <names>; give an array, or a data frame of it, such as "
    "pandas.DataFrame(X).",
    meaning="A dictionary has no samples by itself.",
    given="model.fit(X)",
    remedy="Make a data frame of it.",
    fix="""
import pandas

model.fit(pandas.DataFrame(X))
""",
    prepare=learner(X=lambda: {"flow": numbers()[:, 0], "depth": numbers()[:, 1]}),
)

entry(
    "A frame with text or missing values",
    "X has columns that cannot be used as they are: '<name>' (<number> of <number> values "
    "missing), '<name>' (text); leave these columns out, or encode text as 0, 1, …, or fill or "
    "leave out rows with missing or infinite values.",
    meaning="Every column of a frame must hold finite numbers. All others are named at once.",
    given="model.fit(X)",
    remedy="Encode text as 0, 1, …, and leave out rows with missing values.",
    fix="""
X = X.dropna()
X["mode"] = X["mode"].astype("category").cat.codes
model.fit(X)
""",
    prepare=learner(
        X=lambda: frame(mode=["idle", "busy"] * 32, flow=[float("nan"), *numbers()[1:, 0]])
    ),
)

entry(
    "Column names of several types",
    "X has columns that are named by text and others that are not (<name>); name all by text, as "
    "by X.columns = X.columns.astype(str).",
    meaning="Names are kept, and compared when codes are computed. This needs texts.",
    given="model.fit(X)",
    remedy="Name all columns by text.",
    fix="""
X.columns = X.columns.astype(str)
model.fit(X)
""",
    prepare=learner(X=lambda: frame(**{"depth": numbers()[:, 2]}).rename(columns={"depth": 3})),
)

entry(
    "Columns in another order",
    "The feature names should match those that were passed during fit. …",
    meaning="The columns of the frame are others than at `fit`, or in another order. The message "
    "lists them.",
    given="""
model.fit(X)
model.transform(X[["flow", "pressure"]])
""",
    remedy="Give the columns that were fitted, in their order.",
    fix="""model.transform(X[["flow", "pressure"]][model.feature_names_in_])""",
    prepare=learner(X=frame),
)

entry(
    "A masked array",
    "X is a masked array with <number> of <number> rows masked; leave these rows out, for instance "
    "keep = ~numpy.ma.getmaskarray(X).any(axis=1).",
    meaning="What lies behind a mask is not known, and must not be trained on.",
    given="model.fit(X)",
    remedy="Leave out the rows that have masked entries, and the same rows of the factors.",
    fix="""
import numpy

keep = ~numpy.ma.getmaskarray(X).any(axis=1)
model.fit(X[keep])
""",
    prepare=learner(X=masked),
)

entry(
    "An array of text",
    "X is an array of dtype <dtype>, which is not numeric; use X.astype(float) where the texts are "
    "numbers, or encode categories as 0, 1, ….",
    meaning="The array holds texts, as after reading a file without converting its columns.",
    given="model.fit(X)",
    remedy="Convert the texts to numbers.",
    fix="model.fit(X.astype(float))",
    prepare=learner(X=lambda: numbers().astype(str)),
)

entry(
    "Rows of different lengths",
    "X is a list of rows of different shapes (<shape> and <shape>); make all equal.",
    meaning="Every sample must have the same number of values.",
    given="model.fit(X)",
    remedy="Cut or fill the rows so that all have one length.",
    fix="model.fit([row[:2] for row in X])",
    prepare=learner(X=lambda: [list(row)[: 2 + i % 2] for i, row in enumerate(numbers())]),
)

entry(
    "A sample too few",
    "X has n_samples = 1; at least 2 are needed to learn from.",
    meaning="A single sample has no variation.",
    given="model.fit(X[:1])",
    remedy="Give all samples.",
    fix="model.fit(X)",
    prepare=learner(X=numbers),
)
