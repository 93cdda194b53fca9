"""`Disentangler`: the methods behind the interface of scikit-learn."""

from __future__ import annotations

import tempfile
import warnings
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from micvae.arrays import unmasked
from micvae.data import FactorDataset, describe, standardised
from micvae.data.layout import Arrangement, as_arranged
from micvae.data.lazy import is_large
from micvae.data.value_range import innermost
from micvae.errors import DataError, NotConvergedWarning
from micvae.estimator.containers import open_container
from micvae.estimator.inputs import Given, taken
from micvae.estimator.names import check_names
from micvae.estimator.parameters import WithOptions
from micvae.estimator.settings import config_of, objective_of, parameters_of
from micvae.files import expanded
from micvae.models import VAEModel
from micvae.torch_state import with_torch_defaults
from micvae.training.data_identity import IN_MEMORY
from micvae.training.run import Run
from micvae.training.run_copy import RunCopy
from micvae.training.train import train_run
from micvae.training.trained_model import Samples

SETTINGS = (
    "latent_dim",
    "epochs",
    "seed",
    "network",
    "latents",
    "likelihood",
    "batch_size",
    "learning_rate",
    "device",
)
MIN_EPOCHS_TO_WARN = 5
"""With fewer epochs than this, `fit` does not warn of a loss that still falls."""


class Disentangler(ClassNamePrefixFeaturesOutMixin, TransformerMixin, WithOptions):  # type: ignore[misc]
    """Learn independent factors of images or tables, as an estimator of scikit-learn.

    A method's own options are given by name beside the parameters below: `Disentangler("beta-vae",
    beta=2)`. They are parameters like the others, for `get_params`, `set_params`, `clone` and grid
    searches, also where they were not given before. Names and values are checked by `fit`.

    `fit` takes as `X`, and everything that reads samples likewise:

    - images as an array or tensor, `(N, H, W)`, `(N, H, W, C)` or `(N, C, H, W)`, both sides of at
      least 8 pixels: integers, floats or booleans;
    - vectors `(N, F)` of any finite numbers: arrays of any library, lists, sparse matrices that
      take at most 1 GiB when dense, an `xarray.DataArray` with a dimension named `sample`, and
      data frames of any library (pandas, polars, PyArrow, …), whose names are kept;
    - a map-style `torch.utils.data.Dataset` whose items are an image or begin with one, or a
      `datasets.Dataset` of Hugging Face with a column of images, or with columns of numbers;
    - a path or name as `micvae train --data` takes it, or a `FactorDataset`.

    Of four axes the second counts channels where it is 1, 3 or 4, or where it alone is below 8;
    else the last one where the same is true of that; else `layout` has to say.

    Black is 0. White is 1 where no value is larger; else the smallest of 255, 1023, 4095, 16383 and
    65535 that is not below the largest value. Where that leaves a doubt, `value_range` has to say.
    Images that are given to a fitted estimator are read with the range of those that were fitted.

    Args:
        method: a name out of `micvae list methods`, where wanted with a preset
            ("mi-constrained:paper") or options ("beta-vae(beta=4)"); or an `Objective`.
        latent_dim: D, the number of latents.
        epochs: passes over the data.
        seed: determines initialisation, order of the data and noise, to the bit.
        network: encoder and decoder; auto: convolutions for images, perceptrons for vectors.
        latents: what latents are; own: what the method is published with.
        likelihood: p(x|z); auto: Bernoulli pixels for images, a Gaussian of learned scale for
            vectors.
        batch_size: samples per step; all of them where there are fewer.
        learning_rate: step size of Adam, a number or a schedule.
        device: auto, cpu, cuda or mps.
        standardise: whether vectors are brought to mean 0 and variance 1 per feature, as the
            training data has it, computed in float64; codes, decoded vectors and scores stay in
            the units of X. Say False for methods that rest on distances, such as isometric-ica.
        layout: auto, channels_first or channels_last.
        value_range: the values of black and white, such as (0, 16); None finds them.
        column: the column of images of a Hugging Face data set that has several.
        verbose: whether `fit` shows a progress bar.
        **method_options: fields of the method, as values or as the text that spells them.

    Attributes:
        model_: the trained `VAEModel`.
        config_: the `RunConfig` that was trained.
        representation_: the `Representation` of the training samples, with the factors `y`.
        convergence_: the `Convergence` of the loss: how fast it still fell, and how many epochs
            would do. `fit` warns with a `NotConvergedWarning` where it still fell, from 5 epochs
            on: fewer are not meant to converge.
        converged_: whether the loss had stopped falling; None where that cannot be judged.
        value_range_: the values of black and white of the images that were fitted, such as
            (0, 255); None for vectors, and for data sets that are floats in [0, 1].
        n_features_in_: F, where samples are vectors.
        feature_names_in_: what these are called, where a data frame's columns, a table or a data
            set said so. scikit-learn then warns of arrays, whose columns have no names.

    Examples:
        >>> from micvae import Disentangler
        >>> from micvae.data import squares
        >>> learner = Disentangler("beta-vae", latent_dim=3, epochs=1, beta=2)
        >>> learner.fit_transform(squares(256).images).shape
        (256, 3)
    """

    def __init__(
        self,
        method: Any = "mi-constrained",
        *,
        latent_dim: int = 10,
        epochs: int = 20,
        seed: int = 0,
        network: Any = "auto",
        latents: Any = "own",
        likelihood: Any = "auto",
        batch_size: int = 64,
        learning_rate: Any = 1e-3,
        device: str = "auto",
        standardise: bool = True,
        layout: str = "auto",
        value_range: tuple[float, float] | None = None,
        column: str | None = None,
        verbose: bool = False,
        **method_options: Any,
    ) -> None:
        self.method = method
        self.latent_dim = latent_dim
        self.epochs = epochs
        self.seed = seed
        self.network = network
        self.latents = latents
        self.likelihood = likelihood
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.device = device
        self.standardise = standardise
        self.layout = layout
        self.value_range = value_range
        self.column = column
        self.verbose = verbose
        self.set_params(**method_options)

    def __sklearn_tags__(self) -> Any:
        """Images and sparse matrices are taken as well; codes are float32 whatever came in."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @with_torch_defaults
    def fit(self, X: Any, y: Any = None, *, out: str | Path | None = None) -> Self:
        """Train.

        Args:
            X: samples, see the class.
            y: known factors or labels, `(N,)` or `(N, K)`, for methods that are told some, and
                kept for scores.
            out: a folder for the run, as of `micvae train`: training that was interrupted goes on
                there. Without it nothing is left on disk.

        Raises:
            MicvaeError: for parameters, and its subclass `DataError` for samples, that do not fit.
        """
        objective = objective_of(self.method, self.options)
        given = self._given(X, y, fitting=True)
        dataset, data = self._in_model_units(given.dataset), given.data
        if dataset is not given.dataset and data != IN_MEMORY:
            data = str(describe(data).wrapped("standardised"))
        if len(dataset) < 2:
            raise DataError("X has n_samples = 1; at least 2 are needed to learn from.")
        values = {name: getattr(self, name) for name in SETTINGS}
        if isinstance(self.batch_size, int | np.integer):
            values["batch_size"] = min(self.batch_size, len(dataset))
        config = config_of(objective, data, values)

        def reload() -> FactorDataset:
            return self._in_model_units(self._given(X, y, fitting=True).dataset)

        with tempfile.TemporaryDirectory() if out is None else nullcontext(out) as folder:
            path = Path(folder) / "run" if out is None else expanded(folder)
            with self._progress(f"training {config.method} on {dataset.name}") as report:
                run = train_run(config, path, report, dataset, reload=reload)
            self._take(run)
        if self.converged_ is False and config.epochs >= MIN_EPOCHS_TO_WARN:
            said = self.convergence_.sentence("epochs={}")
            warnings.warn(said, NotConvergedWarning, stacklevel=2)
        if not dataset.feature_names and hasattr(self, "feature_names_in_"):
            del self.feature_names_in_  # of the run that was found, not of X
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> NDArray[np.float32]:
        """Train, and return the codes `(N, D)` of the training samples."""
        return self.fit(X, y, **fit_params).representation_.codes.copy()

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Codes `(N, D)` of samples: posterior means."""
        check_is_fitted(self)
        return self._trained.encode_prepared(self._dataset(X)).codes

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.float32 | np.float64]:
        """Decode codes `(N, D)`: expected images or vectors, arranged as those that were fitted.

        float32; vectors that were standardised are float64, in the units of what was fitted.

        Raises:
            DataError: for codes of another shape, or that are not finite.
        """
        check_is_fitted(self)
        codes = np.asarray(unmasked(X, "X"), dtype=np.float32)
        return self._arranged(self._trained.decode(codes))

    def sample(self, n: int = 1, seed: int = 0) -> NDArray[np.float32 | np.float64]:
        """Decode `n` latents drawn from the prior, as `inverse_transform` does codes."""
        check_is_fitted(self)
        return self._arranged(self._trained.sample(n, seed))

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Evidence lower bound of log p(x) per sample, `(N,)`, nats; see `micvae.models.elbo`.

        Densities of vectors are in the units of X, whatever they were standardised by.
        """
        check_is_fitted(self)
        return self._trained.score_prepared(self._dataset(X))

    def score(self, X: Any, y: Any = None) -> float:
        """Mean evidence lower bound of the samples, nats: what grid searches maximise."""
        return float(self.score_samples(X).mean())

    def save(self, path: str | Path, *, data: Any = None, y: Any = None) -> Path:
        """Write the folder of a run, which the `micvae` commands read.

        The folder holds the model, the codes of the training samples and their factors. `evaluate`,
        `encode`, `decode`, `export` and `share` need no more. Of an array that was fitted, `audit`
        needs the samples themselves and refuses a run without them; `report` and `explore` then
        leave out what shows them. Give `data` to store them.

        Args:
            path: a new or empty folder.
            data: X as it was fitted, to be stored with the run where that was an array.
            y: the factors that were fitted, with `data`.

        Raises:
            RunError: where the folder holds something.
            DataError: where `data` and `y` are not what was fitted, or are too large to be stored.
        """
        check_is_fitted(self)
        dataset = None if data is None else self._dataset(data, y)
        folder = expanded(path)
        self._run_copy.write(folder, dataset, lambda: self._dataset(data, y))
        return folder

    @classmethod
    def load(cls, path: str | Path, device: str = "auto") -> Self:
        """Read the folder of a finished run, whoever trained it.

        The parameters are those that were trained with; `layout` and `standardise` as the data
        needs them, `column` and `value_range` where they were said.
        """
        run = Run(expanded(path))
        values = parameters_of(run.config, run.data)
        return cls(**{**values, "device": device})._take(run)

    def _take(self, run: Run) -> Self:
        self.config_ = run.config
        self._trained = replace(run.trained_model(self.device), name=type(self).__name__)
        self.model_: VAEModel = self._trained.model
        self._run_copy = RunCopy.of(run)
        self.convergence_ = run.convergence()
        self.converged_ = self.convergence_.converged
        self.representation_ = self._run_copy.representation
        self._n_features_out = self.representation_.codes.shape[1]
        found = innermost(run.data.source).get("layout")
        self._arrangement: Arrangement = next(
            (one for one in get_args(Arrangement) if one == found), "NCHW"
        )
        self.value_range_ = self._trained.pixel_scale.value_range if run.data.pictures else None
        for stale in ("n_features_in_", "feature_names_in_"):
            if hasattr(self, stale):  # of an earlier fit
                delattr(self, stale)
        if not run.data.pictures:
            self.n_features_in_ = run.image_shape[0]
        if run.data.feature_names:
            self.feature_names_in_ = np.asarray(run.data.feature_names, dtype=object)
        return self

    def _given(self, X: Any, y: Any = None, *, fitting: bool = False) -> Given:
        """Samples as they were given; tables are checked as scikit-learn does."""
        opened = open_container(X, column=self.column, fitting=fitting)
        values, names = opened.values, opened.names
        if isinstance(values, np.ndarray) and values.ndim < 3:
            finite = not is_large(values.shape)  # where it is large, it is checked in parts
            if names:
                check_names(self, names, fitting)
                values = check_array(values, ensure_all_finite=finite, estimator=self)
            else:
                values = validate_data(self, values, reset=fitting, ensure_all_finite=finite)
        given = taken(
            values,
            y,
            layout=opened.layout or self.layout,  # type: ignore[arg-type]
            column=self.column,
            value_range=self.value_range if fitting else None,
            trained=None if fitting else self._trained.pixel_scale,
        )
        if not names:
            return given
        return replace(given, dataset=replace(given.dataset, feature_names=names))

    def _in_model_units(self, dataset: FactorDataset) -> FactorDataset:
        """What `fit` trains on: vectors standardised by their own mean and scale."""
        already = dataset.source.get("data") == "standardised"
        if not self.standardise or dataset.pictures or already:
            return dataset
        return standardised(dataset)

    def _dataset(self, X: Any, y: Any = None) -> FactorDataset:
        """Samples as the trained model reads them."""
        return self._trained.prepared(self._given(X, y).dataset, called="X")

    def _arranged(self, samples: Samples) -> Samples:
        """Decoded images with their axes in the order of the images that were fitted."""
        return np.ascontiguousarray(as_arranged(samples, self._arrangement))

    def _progress(self, title: str) -> Any:
        if not self.verbose:
            return nullcontext(lambda progress: None)
        from micvae.cli.display import run_progress  # loads what only the terminal needs

        return run_progress(title)
