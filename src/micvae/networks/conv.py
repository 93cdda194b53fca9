"""The field's standard network: strided 4×4 convolutions that halve the image."""

from dataclasses import dataclass

from torch import nn

from micvae.checks import PositiveInt
from micvae.networks.base import Fitted, ImageShape, Network, fitted

GRID = 4


@dataclass(frozen=True)
class Conv(Network):
    """Convolutions of kernel 4 and stride 2 down to a side of 4 to 7, then two dense layers.

    At 64×64 this is the encoder and decoder of Locatello et al.: channels 32, 32, 64, 64 and 256
    hidden units. At 32×32 there is one convolution less: 32, 32, 64. Sides of 8 pixels or more
    that cannot be halved so often get a black border inside the network: 37×50 becomes 40×56.

    Args:
        width: channels of the outer half of the convolutions; the inner half has twice as many.
        hidden: units of the dense layer.

    References:
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019, Table 1 of the appendix.

    Examples:
        >>> import torch
        >>> from micvae.networks import Conv, filled
        >>> with torch.device("meta"):
        ...     decoder = Conv().decoder(latent_dim=10, image_shape=(3, 64, 64))
        >>> decoder = filled(decoder, torch.Generator().manual_seed(0))
        >>> decoder(torch.zeros(2, 10)).shape
        torch.Size([2, 3, 64, 64])
    """

    width: PositiveInt = 32
    hidden: PositiveInt = 256

    def encoder(self, image_shape: ImageShape, outputs: int) -> nn.Module:
        """Map images to `(B, outputs)`."""
        fit, channels, inner = self._channels(image_shape)
        layers = fit.padding()
        for a, b in zip((image_shape[0], *channels), channels, strict=False):
            layers += [nn.Conv2d(a, b, 4, 2, 1), nn.ReLU()]
        flat = channels[-1] * inner[0] * inner[1]
        layers += [nn.Flatten(), nn.Linear(flat, self.hidden), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(self.hidden, outputs))

    def decoder(self, latent_dim: int, image_shape: ImageShape) -> nn.Module:
        """Map latents to images, the encoder mirrored."""
        fit, channels, inner = self._channels(image_shape)
        flat = channels[-1] * inner[0] * inner[1]
        layers: list[nn.Module] = [nn.Linear(latent_dim, self.hidden), nn.ReLU()]
        layers += [nn.Linear(self.hidden, flat), nn.ReLU(), nn.Unflatten(1, (channels[-1], *inner))]
        for a, b in zip(channels[::-1], (*channels[-2::-1], image_shape[0]), strict=True):
            layers += [nn.ConvTranspose2d(a, b, 4, 2, 1), nn.ReLU()]
        return nn.Sequential(*layers[:-1], *fit.cropping())

    def _channels(self, image_shape: ImageShape) -> tuple[Fitted, tuple[int, ...], tuple[int, int]]:
        fit = fitted(image_shape, GRID, at_least=1)
        outer = (fit.halvings + 1) // 2
        channels = (self.width,) * outer + (2 * self.width,) * (fit.halvings - outer)
        unit = 2**fit.halvings
        return fit, channels, (fit.height // unit, fit.width // unit)
