"""`Representation`: codes and factors of a data set, the input of metrics."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from micvae.checks import whole_number
from micvae.data import FactorDataset, FactorKind
from micvae.data.array_header import NpzArrays, npz_arrays
from micvae.data.dataset import KINDS
from micvae.errors import RunError
from micvae.files import replacing
from micvae.paths import checked_file

if TYPE_CHECKING:  # the distributions load torch, which no reader of codes needs
    from micvae.distributions import LatentKind

ACTIVE_VARIANCE = 0.01
LATENT_KINDS = ("gaussian", "continuous", "discrete")
"""Kinds of latents, see `Encoded`."""
RENAMED_KINDS = {"number": "continuous", "value": "discrete"}
"""Kinds as files of earlier versions name them."""
_LARGEST = {np.dtype(np.float32): 1e15, np.dtype(np.float64): 1e30}
# Squares and sums over samples of smaller numbers are finite in the precision of their array.


class Encoded(NamedTuple):
    """Codes of N images as a model computes them.

    Args:
        codes: one number per latent, `(N, D)` float32: posterior means.
        scale: posterior standard deviations, `(N, D)` float32; 0 for deterministic codes.
        draws: one sample of the posterior per image, as codes, `(N, D)` float32.
        latent_kl: KL(q(z_d|x) ‖ p(z_d)) averaged over the images, `(D,)` float64, nats.
        latent_kinds: `gaussian` (the code is the mean of a Gaussian that is independent of the
            other latents given the image), `continuous` (another real number) or `discrete` (one
            out of finitely many values), per latent.
    """

    codes: NDArray[np.float32]
    scale: NDArray[np.float32]
    draws: NDArray[np.float32]
    latent_kl: NDArray[np.float64]
    latent_kinds: "tuple[LatentKind, ...]"


@dataclass(frozen=True, eq=False)
class Representation:
    """Codes of N images and their known factors.

    Args:
        encoded: the codes of the images.
        factors: ground truth, `(N, K)` float64; K = 0 where no factor is known.
        factor_names: K names.
        factor_kinds: K kinds.
    """

    encoded: Encoded
    factors: NDArray[np.float64]
    factor_names: tuple[str, ...]
    factor_kinds: tuple[FactorKind, ...]

    @classmethod
    def of(cls, encoded: Encoded, dataset: FactorDataset) -> "Representation":
        """Combine codes with the factors of their data set."""
        return cls(encoded, dataset.factors, dataset.factor_names, dataset.factor_kinds)

    @property
    def codes(self) -> NDArray[np.float32]:
        """Posterior means, `(N, D)`, which metrics score."""
        return self.encoded.codes

    @property
    def scale(self) -> NDArray[np.float32]:
        """Posterior standard deviations, `(N, D)`."""
        return self.encoded.scale

    @property
    def latent_kl(self) -> NDArray[np.float64]:
        """KL(q(z_d|x) ‖ p(z_d)) per latent, `(D,)`, nats, averaged over the samples."""
        return self.encoded.latent_kl

    @property
    def gaussian(self) -> bool:
        """Whether every posterior is a diagonal Gaussian with the codes as its means."""
        return set(self.encoded.latent_kinds) == {"gaussian"}

    def __len__(self) -> int:
        """Return N, the number of samples."""
        return len(self.codes)

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which latents are active units: Var_x(E[z_d|x]) > 0.01, `(D,)`.

        References:
            *Importance Weighted Autoencoders*, Burda, Grosse & Salakhutdinov, 2016.
        """
        return np.asarray(self.codes.var(0) > ACTIVE_VARIANCE)

    @property
    def varying_factors(self) -> list[int]:
        """Columns of the factors that vary; metrics refuse a constant one."""
        return [k for k, column in enumerate(self.factors.T) if np.ptp(column) > 0]

    def varying(self) -> "Representation":
        """The same codes beside those factors alone that vary."""
        used = self.varying_factors
        return replace(
            self,
            factors=self.factors[:, used],
            factor_names=tuple(self.factor_names[k] for k in used),
            factor_kinds=tuple(self.factor_kinds[k] for k in used),
        )

    def sample(self, n: int, seed: int = 0) -> "Representation":
        """At most `n` of the samples, drawn without replacement."""
        seed = whole_number("seed", seed)
        if n >= len(self):
            return self
        index = np.sort(np.random.default_rng(seed).choice(len(self), n, replace=False))
        part = self.encoded._replace(
            codes=self.codes[index],
            scale=self.scale[index],
            draws=self.encoded.draws[index],
        )
        return replace(
            self,
            encoded=part,
            factors=self.factors[index],
        )

    def _check(self) -> None:
        """Refuse arrays that do not fit each other, as in an altered file."""
        (n, d), (rows, k) = self.codes.shape, self.factors.shape
        fits = {
            "codes": n > 0 and d > 0,
            "scale": self.scale.shape == (n, d),
            "draws": self.encoded.draws.shape == (n, d),
            "latent_kl": self.latent_kl.shape == (d,),
            "latent_kinds": len(self.encoded.latent_kinds) == d
            and set(self.encoded.latent_kinds) <= set(LATENT_KINDS),
            "factors": rows == n,
            "factor_names": len(self.factor_names) == k,
            "factor_kinds": len(self.factor_kinds) == k and set(self.factor_kinds) <= set(KINDS),
        }
        wrong = [name for name, ok in fits.items() if not ok]
        numbers = (self.codes, self.scale, self.encoded.draws, self.latent_kl, self.factors)
        if wrong or not all(np.isfinite(array).all() for array in numbers):
            raise ValueError(f"{wrong[0]} does not fit" if wrong else "NaN or infinite values")

    def save(self, path: Path) -> None:
        """Write an .npz file without pickled objects."""
        with replacing(path) as temporary:
            np.savez(
                temporary,
                **self.encoded._asdict(),
                factors=self.factors,
                factor_names=np.asarray(self.factor_names, dtype=str),
                factor_kinds=np.asarray(self.factor_kinds, dtype=str),
            )

    @staticmethod
    def rows(path: Path) -> int:
        """Number of samples in a file that `save` wrote; only a header is read."""
        checked_file(path)
        try:
            with npz_arrays(path) as file:
                return file.described("codes")[0][0]
        except Exception as error:  # zipfile and NumPy raise a dozen kinds on a broken file
            reason = str(error).rstrip(".") or type(error).__name__
            raise RunError(f"{path} is not a readable representation: {reason}.") from None

    @classmethod
    def load(cls, path: Path) -> "Representation":
        """Read what `save` wrote."""
        checked_file(path)
        try:
            with npz_arrays(path) as file:
                named = {"latent_kinds": "codes", "factor_names": "factors"}
                for name, of in (named | {"factor_kinds": "factors"}).items():
                    if file.described(name)[0] != file.described(of)[0][1:]:  # before it is read
                        raise ValueError(f"{name} does not fit")
                kinds = tuple(RENAMED_KINDS.get(k, k) for k in _texts(file, "latent_kinds"))
                single, double = np.dtype(np.float32), np.dtype(np.float64)
                encoded = Encoded(
                    codes=_numbers(file, "codes", 2, single),
                    scale=_numbers(file, "scale", 2, single),
                    draws=_numbers(file, "draws", 2, single),
                    latent_kl=_numbers(file, "latent_kl", 1, double),
                    latent_kinds=kinds,  # type: ignore[arg-type]
                )
                read = cls(
                    encoded,
                    _numbers(file, "factors", 2, double),
                    _texts(file, "factor_names"),
                    _texts(file, "factor_kinds"),  # type: ignore[arg-type]
                )
                read._check()
                return read
        except Exception as error:  # zipfile and NumPy raise a dozen kinds on a broken file
            reason = str(error).rstrip(".") or type(error).__name__
            raise RunError(f"{path} is not a readable representation: {reason}.") from None


def _numbers(file: NpzArrays, name: str, axes: int, dtype: Any) -> NDArray[Any]:
    """Read a numeric array and check it."""
    array = file.read(name)
    if array.ndim != axes or array.dtype.kind not in "fiu":
        raise ValueError(f"{name} has shape {array.shape} and dtype {array.dtype}")
    if array.size and not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values")
    if array.size and np.abs(array).max() > _LARGEST[dtype]:
        raise ValueError(f"{name} holds values beyond ±{_LARGEST[dtype]:g}")
    return np.asarray(array, dtype=dtype)


def _texts(file: NpzArrays, name: str) -> tuple[str, ...]:
    array = file.read(name)
    # Without names, NumPy stores an empty array, of any type.
    if array.ndim != 1 or (array.size and array.dtype.kind != "U"):
        raise ValueError(f"{name} has shape {array.shape} and dtype {array.dtype}; it holds names")
    return tuple(map(str, array))
