"""Coordinates of the manifold of the samples, by Hessian locally linear embedding."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from micvae.errors import MicvaeError

_RIDGE = 1e-3  # share of a neighbourhood's squared distances, where weights are not unique


class Chart(nn.Module):
    """Coordinates of landmarks, and of anything near them.

    A sample's coordinates are the mean of its nearest landmarks', with the weights, adding up to
    1, whose mean of the landmarks themselves is nearest to the sample.

    Args:
        landmarks: `(M, F)`.
        coordinates: `(M, D)`.
        neighbours: how many landmarks are weighted, at most M.
    """

    centre: Tensor
    landmarks: Tensor
    coordinates: Tensor

    def __init__(self, landmarks: Tensor, coordinates: Tensor, neighbours: int) -> None:
        super().__init__()
        self.neighbours = neighbours
        # Around their mean, or distances would be lost to rounding where features are far from 0.
        self.register_buffer("centre", landmarks.mean(0))
        self.register_buffer("landmarks", landmarks - self.centre)
        self.register_buffer("coordinates", coordinates)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Coordinates `(B, D)` of samples `(B, F)`."""
        x = x - self.centre
        # Squared distances, less what does not depend on the landmark.
        apart = torch.addmm((self.landmarks**2).sum(1), x, self.landmarks.T, alpha=-2)
        near = apart.topk(self.neighbours, largest=False, sorted=False).indices
        around = self.landmarks.index_select(0, near.flatten()).view(*near.shape, -1)
        around -= x[:, None]  # (B, k, F)
        gram = around @ around.mT
        if gram.device.type != "mps":  # which knows no float64
            gram = gram.double()
        diagonal = gram.diagonal(dim1=1, dim2=2)
        diagonal += _RIDGE * diagonal.sum(1, keepdim=True).clamp_min(1e-12)
        weights = torch.linalg.solve(gram, torch.ones_like(gram[:, :, :1]))
        weights = (weights / weights.sum(1, keepdim=True)).to(x.dtype)
        found: Tensor = (weights * self.coordinates[near]).sum(1)
        return found


def neighbourhood(neighbours: int, landmarks: int, latent_dim: int) -> int:
    """k, how many landmarks make a neighbourhood: as given, 2 D (D + 3), or all others.

    With fewer neighbours a landmark at the rim may be disconnected and take up one coordinate.

    Raises:
        MicvaeError: if k does not exceed D (D + 3) / 2, the number of derivatives.
    """
    least = latent_dim * (latent_dim + 3) // 2
    k = neighbours or min(4 * least, landmarks - 1)
    if not least < k < landmarks:
        raise MicvaeError(
            f"neighbours is {k} with {landmarks} landmarks; {latent_dim} latents need more than "
            f"{least} neighbours and more landmarks than neighbours. Give more of them, or fewer "
            "latents."
        )
    return k


def hessian_chart(
    landmarks: NDArray[np.float32], latent_dim: int, neighbours: int, seed: int
) -> Chart:
    """Find coordinates whose second derivatives along the manifold are least.

    They span the functions that are linear on the manifold: for one that is isometric to an open
    connected set of R^D its coordinates, up to an affine map. Each has mean 0 and variance 1.

    Args:
        landmarks: samples `(M, F)`.
        latent_dim: D, the dimension of the manifold.
        neighbours: k, how many samples a tangent plane and the derivatives are estimated from;
            0 for 2 D (D + 3), at most M − 1.
        seed: determines where the search for eigenvectors starts, if it is iterative.

    Raises:
        MicvaeError: if k does not exceed D (D + 3) / 2, the number of derivatives.

    References:
        *Hessian Eigenmaps: Locally Linear Embedding Techniques for High-Dimensional Data*,
        Donoho & Grimes, 2003.
    """
    from sklearn.manifold import LocallyLinearEmbedding

    k = neighbourhood(neighbours, len(landmarks), latent_dim)
    embedding = LocallyLinearEmbedding(
        n_neighbors=k,
        n_components=latent_dim,
        method="hessian",
        eigen_solver="dense",
        random_state=seed,
    ).fit_transform(landmarks.astype(np.float64))
    embedding = (embedding - embedding.mean(0)) / embedding.std(0)
    return Chart(torch.from_numpy(landmarks), torch.from_numpy(embedding).float(), k)
