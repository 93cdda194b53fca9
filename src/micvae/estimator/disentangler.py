"""`Disentangler`: every method as an estimator of scikit-learn."""

from __future__ import annotations

import tempfile
import warnings
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
import pyarrow as pa
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
from micvae.estimator.inputs import Given, dataset_of
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

    Options of a method are given by name beside the parameters below: `Disentangler("beta-vae",
    beta=2)`. `get_params`, `set_params`, `clone` and grid searches treat them as parameters. `fit`
    checks their names and values.

    `fit`, `transform` and `score` take as `X`:

    - images as an array or tensor, `(N, H, W)`, `(N, H, W, C)` or `(N, C, H, W)`, both sides of at
      least 8 pixels: integers, floats or booleans;
    - vectors `(N, F)` of any finite numbers: arrays of any library, lists, sparse matrices that
      take at most 1 GiB when dense, an `xarray.DataArray` with a dimension named `sample`, and
      data frames of any library (pandas, polars, PyArrow, …), whose names are kept;
    - a map-style `torch.utils.data.Dataset` whose items are an image or begin with one, or a
      `datasets.Dataset` of Hugging Face with a column of images, or with columns of numbers;
    - a path or name as `micvae train --data` takes it, or a `FactorDataset`.

    Of four axes the second one holds channels if its length is 1, 3 or 4, or if it alone is
    shorter than 8; otherwise the last one under the same condition. All other cases need `layout`.

    Black is 0. White is 1 if no value is larger; otherwise the smallest of 255, 1023, 4095, 16383
    and 65535 that is not below the largest value. Ambiguous cases need `value_range`. A fitted
    estimator reads images with the range of its training images.

    Args:
        method: a name from `micvae list methods`, optionally with a preset
            ("mi-constrained:paper") or options ("beta-vae(beta=4)"); or an `Objective`.
        latent_dim: D, the number of latents.
        epochs: passes over the data.
        seed: determines initialisation, order of the data and noise.
        network: encoder and decoder; auto: convolutions for images, perceptrons for vectors.
        latents: the kind of latents; own: the kind that the method was published with.
        likelihood: p(x|z); auto: Bernoulli pixels for images, a Gaussian of learned scale for
            vectors.
        batch_size: samples per step; all of them where there are fewer.
        learning_rate: step size of Adam, a number or a schedule.
        device: auto, cpu, cuda or mps.
        standardise: whether vectors are standardised to mean 0 and variance 1 per feature of the
            training data, in float64. Decoded vectors and scores stay in the units of X. Use False
            for methods that rely on distances, such as isometric-ica.
        layout: auto, channels_first or channels_last.
        value_range: the values of black and white, such as (0, 16); None infers them.
        column: the column of images of a Hugging Face data set that has several.
        verbose: whether `fit` shows a progress bar.
        **method_options: fields of the method, as values or as the text that spells them.

    Attributes:
        trained_model_: the `TrainedModel`, which encodes, decodes and scores a `FactorDataset`.
        model_: its networks, a `VAEModel`.
        config_: the `RunConfig` of the training.
        representation_: the `Representation` of the training samples, with the factors `y`.
        convergence_: the `Convergence` of the loss: how fast it still fell, and how many epochs
            are advised. From 5 epochs on, `fit` warns with a `NotConvergedWarning` if the loss
            still fell.
        converged_: whether the loss had stopped falling; None if that cannot be judged.
        value_range_: the values of black and white of the training images, such as (0, 255); None
            for vectors, and for data sets of floats in [0, 1].
        n_features_in_: F, the number of features; only for vectors.
        feature_names_in_: F names of features; only if X had names. scikit-learn then warns of
            arrays, whose columns have no names.

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
        """Tags: images and sparse matrices are accepted; codes are float32 for every input."""
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
            y: known factors or labels, `(N,)` or `(N, K)`: for methods that use them, and stored
                for scores.
            out: a run folder, as of `micvae train`; an interrupted training continues there. If
                None, nothing is left on disk.

        Raises:
            ParameterError: for parameters that do not fit.
            DataError: for samples that do not fit. Both are a `ValueError` and a `MicvaeError`.
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
        return self.trained_model_.encode_prepared(self._dataset(X)).codes

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.float32 | np.float64]:
        """Decode codes `(N, D)`: expected images or vectors, with the axes of the training data.

        float32; vectors that were standardised are float64, in the units of the training data.

        Raises:
            DataError: for codes of another shape, and codes that are not finite.
        """
        check_is_fitted(self)
        codes = np.asarray(unmasked(X, "X"), dtype=np.float32)
        return self._arranged(self.trained_model_.decode(codes))

    def sample(self, n: int = 1, seed: int = 0) -> NDArray[np.float32 | np.float64]:
        """Decode `n` latents drawn from the prior, as `inverse_transform` does codes."""
        check_is_fitted(self)
        return self._arranged(self.trained_model_.sample(n, seed))

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Evidence lower bound of log p(x) per sample, `(N,)`, nats; see `micvae.models.elbo`.

        Densities of vectors are in the units of X.
        """
        check_is_fitted(self)
        return self.trained_model_.score_prepared(self._dataset(X))

    def score(self, X: Any, y: Any = None) -> float:
        """Mean evidence lower bound of the samples, nats; grid searches maximise it."""
        return float(self.score_samples(X).mean())

    def save(self, path: str | Path, *, data: Any = None, y: Any = None) -> Path:
        """Write the folder of a run, which the `micvae` commands read.

        The folder holds the model, the codes of the training samples and their factors. `evaluate`,
        `encode`, `decode`, `export` and `share` need no more. `audit` also needs the training
        samples; `report` and `explore` leave out their pictures without them. If X was an array,
        give `data` to store it.

        Args:
            path: a new or empty folder.
            data: the training samples X, if they were an array and are to be stored.
            y: the training factors, with `data`.

        Raises:
            RunError: where the folder holds something.
            DataError: if `data` and `y` differ from those of `fit`, or are too large to be stored.
        """
        check_is_fitted(self)
        dataset = None if data is None else self._dataset(data, y)
        folder = expanded(path)
        self._run_copy.write(folder, dataset, lambda: self._dataset(data, y))
        return folder

    @classmethod
    def load(cls, path: str | Path, device: str = "auto") -> Self:
        """Read the folder of a finished run, of the estimator or of `micvae train`.

        The parameters are those of the training.
        """
        run = Run(expanded(path))
        values = {**parameters_of(run.config, run.data), "device": device}
        return cls().set_params(**values)._take(run)

    def _take(self, run: Run) -> Self:
        self.config_ = run.config
        self.trained_model_ = replace(run.trained_model(self.device), name=type(self).__name__)
        self.model_: VAEModel = self.trained_model_.model
        self._run_copy = RunCopy.of(run)
        self.convergence_ = run.convergence()
        self.converged_ = self.convergence_.converged
        self.representation_ = self._run_copy.representation
        self._n_features_out = self.representation_.codes.shape[1]
        found = innermost(run.data.source).get("layout")
        self._arrangement: Arrangement = next(
            (one for one in get_args(Arrangement) if one == found), "NCHW"
        )
        self.value_range_ = (
            self.trained_model_.pixel_scale.value_range if run.data.pictures else None
        )
        for stale in ("n_features_in_", "feature_names_in_"):
            if hasattr(self, stale):  # of an earlier fit
                delattr(self, stale)
        if not run.data.pictures:
            self.n_features_in_ = run.image_shape[0]
        if run.data.feature_names:
            self.feature_names_in_ = np.asarray(run.data.feature_names, dtype=object)
        return self

    def _given(self, X: Any, y: Any = None, *, fitting: bool = False) -> Given:
        """Samples as a data set; tables are checked by scikit-learn."""
        opened = open_container(X, column=self.column, fitting=fitting)
        values, names = opened.values, opened.names
        if isinstance(values, np.ndarray) and values.ndim < 3:
            values = self._checked_table(values, names, fitting)
        given = dataset_of(
            values,
            y,
            layout=opened.layout or self.layout,  # type: ignore[arg-type]
            value_range=self.value_range if fitting else None,
            trained=None if fitting else self.trained_model_.pixel_scale,
        )
        if not names:
            return given
        return replace(given, dataset=replace(given.dataset, feature_names=names))

    def _checked_table(
        self, values: NDArray[Any], names: tuple[str, ...], fitting: bool
    ) -> NDArray[Any]:
        """A table that scikit-learn has checked, with the names of its columns.

        Raises:
            DataError: with scikit-learn's message.
        """
        finite = not is_large(values.shape)  # large arrays are checked in parts
        try:
            if names:
                frame = pa.table([pa.array([])] * len(names), names=names)
                validate_data(self, frame, reset=fitting, skip_check_array=True)
                return np.asarray(check_array(values, ensure_all_finite=finite, estimator=self))
            checked = validate_data(self, values, reset=fitting, ensure_all_finite=finite)
        except ValueError as error:
            raise DataError(str(error)) from None
        return np.asarray(checked)

    def _in_model_units(self, dataset: FactorDataset) -> FactorDataset:
        """Training data: vectors standardised by their own mean and scale."""
        already = dataset.source.get("data") == "standardised"
        if not self.standardise or dataset.pictures or already:
            return dataset
        return standardised(dataset)

    def _dataset(self, X: Any, y: Any = None) -> FactorDataset:
        """Samples as the trained model reads them."""
        return self.trained_model_.prepared(self._given(X, y).dataset, called="X")

    def _arranged(self, samples: Samples) -> Samples:
        """Decoded images with their axes in the order of the images that were fitted."""
        return np.ascontiguousarray(as_arranged(samples, self._arrangement))

    def _progress(self, title: str) -> Any:
        if not self.verbose:
            return nullcontext(lambda progress: None)
        from micvae.cli.display import run_progress  # loads what only the terminal needs

        return run_progress(title)
