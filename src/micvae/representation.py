"""`Representation`: the codes of a data set beside its factors, frozen. It is what metrics see."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from micvae.data import FactorDataset, FactorKind
from micvae.errors import RunError
from micvae.files import replacing

ACTIVE_VARIANCE = 0.01


@dataclass(frozen=True, eq=False)
class Representation:
    """Posterior means and scales of N images, with what is known of their factors.

    Args:
        codes: posterior means, `(N, D)` float32.
        scale: posterior standard deviations, `(N, D)` float32.
        factors: ground truth, `(N, K)` float64; K = 0 where nothing is known.
        factor_names: K names.
        factor_kinds: K kinds.
    """

    codes: NDArray[np.float32]
    scale: NDArray[np.float32]
    factors: NDArray[np.float64]
    factor_names: tuple[str, ...]
    factor_kinds: tuple[FactorKind, ...]

    @classmethod
    def of(
        cls, codes: NDArray[np.float32], scale: NDArray[np.float32], dataset: FactorDataset
    ) -> "Representation":
        """Put codes beside the factors of the data set they were computed from."""
        return cls(codes, scale, dataset.factors, dataset.factor_names, dataset.factor_kinds)

    def __len__(self) -> int:
        """Return N, the number of samples."""
        return len(self.codes)

    @property
    def latent_kl(self) -> NDArray[np.float64]:
        """KL(q(z_d|x) ‖ N(0, 1)) per latent, `(D,)`, nats, averaged over the samples."""
        variance = self.scale.astype(np.float64) ** 2
        kl = 0.5 * (self.codes.astype(np.float64) ** 2 + variance - 1 - np.log(variance))
        return np.asarray(kl.mean(0))

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which latents are active units: Var_x(E[z_d|x]) > 0.01, `(D,)`.

        References:
            *Importance Weighted Autoencoders*, Burda, Grosse & Salakhutdinov, 2016.
        """
        return np.asarray(self.codes.var(0) > ACTIVE_VARIANCE)

    def sample(self, n: int, seed: int = 0) -> "Representation":
        """At most `n` of the samples, drawn without replacement."""
        if n >= len(self):
            return self
        index = np.sort(np.random.default_rng(seed).choice(len(self), n, replace=False))
        return Representation(
            self.codes[index],
            self.scale[index],
            self.factors[index],
            self.factor_names,
            self.factor_kinds,
        )

    def noisy(self, seed: int = 0) -> NDArray[np.float32]:
        """One sample of the aggregate posterior q(z) per image, `(N, D)`."""
        noise = np.random.default_rng(seed).standard_normal(self.codes.shape, dtype=np.float32)
        return self.codes + noise * self.scale

    def save(self, path: Path) -> None:
        """Write an .npz file without pickled objects."""
        with replacing(path) as temporary:
            np.savez(
                temporary,
                codes=self.codes,
                scale=self.scale,
                factors=self.factors,
                factor_names=np.asarray(self.factor_names, dtype=str),
                factor_kinds=np.asarray(self.factor_kinds, dtype=str),
            )

    @classmethod
    def load(cls, path: Path) -> "Representation":
        """Read what `save` wrote."""
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                return cls(
                    file["codes"],
                    file["scale"],
                    file["factors"],
                    tuple(map(str, file["factor_names"])),
                    tuple(file["factor_kinds"].tolist()),
                )
        except Exception as error:  # zipfile and NumPy raise a dozen kinds on a broken file
            raise RunError(f"{path} is not a readable representation: {error}.") from None
