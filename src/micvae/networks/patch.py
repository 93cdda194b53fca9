"""A convolutional network on patches: near the machine's matrix-product rate on small images."""

from dataclasses import dataclass

from torch import nn

from micvae.networks.base import ImageShape, Network, halvings

GRID = 8


@dataclass(frozen=True)
class Patch(Network):
    """3×3 convolutions on a grid of patches, then two dense layers.

    The image is cut into patches (2×2 at 16 pixels, 4×4 at 32, 8×8 at 64) whose pixels become
    channels, which leaves a grid with a side of 8 to 15. All arithmetic is then on short, wide
    arrays: on a CPU it takes about a third of the time of strided convolutions on full-size
    images, at the same or better reconstruction of the toy data.

    Args:
        width: channels of the convolutions.
        hidden: units of the dense layer.
    """

    width: int = 16
    hidden: int = 128

    def encoder(self, image_shape: ImageShape, outputs: int) -> nn.Module:
        """Map images to `(B, outputs)`."""
        side, grid, pixels = self._patches(image_shape)
        return nn.Sequential(
            nn.PixelUnshuffle(side),
            nn.Conv2d(pixels, self.width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(self.width, self.width, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(self.width * grid[0] * grid[1], self.hidden),
            nn.ReLU(),
            nn.Linear(self.hidden, outputs),
        )

    def decoder(self, latent_dim: int, image_shape: ImageShape) -> nn.Module:
        """Map latents to images, the encoder mirrored."""
        side, grid, pixels = self._patches(image_shape)
        return nn.Sequential(
            nn.Linear(latent_dim, self.hidden),
            nn.ReLU(),
            nn.Linear(self.hidden, self.width * grid[0] * grid[1]),
            nn.ReLU(),
            nn.Unflatten(1, (self.width, *grid)),
            nn.Conv2d(self.width, self.width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(self.width, pixels, 3, padding=1),
            nn.PixelShuffle(side),
        )

    def _patches(self, image_shape: ImageShape) -> tuple[int, tuple[int, int], int]:
        """Side of a patch, patches down and across, and numbers in a patch."""
        side = 2 ** halvings(image_shape, GRID)
        channels, height, width = image_shape
        return side, (height // side, width // side), channels * side**2
