"""What networks are made of, against PyTorch's own."""

import pytest
import torch
from torch import nn

from micvae.errors import DataError
from micvae.networks.patch import FromPatches, ToPatches

SHAPES = [(1, 32, 32, 4), (3, 64, 48, 8), (2, 9, 15, 1), (5, 6, 4, 2), (3, 12, 8, 4)]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("channels", "height", "width", "side"), SHAPES)
def test_patches_are_pytorchs_pixel_shuffle(channels, height, width, side, layout):
    """Values, layout in memory and gradients, so that no bit of a training differs."""
    cut = (channels, (height // side, width // side), side)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(4, channels, height, width, generator=generator).to(memory_format=layout)
    for ours, theirs in (
        (ToPatches(*cut), nn.PixelUnshuffle(side)),
        (FromPatches(*cut), nn.PixelShuffle(side)),
    ):
        expected = theirs(x)
        assert torch.equal(ours(x), expected)
        if layout == torch.channels_last:
            assert ours(x).is_contiguous(memory_format=layout)
        upstream = torch.rand(expected.shape, generator=generator)
        found, known = (
            torch.autograd.grad(module(leaf), leaf, upstream)[0]
            for module, leaf in ((m, x.clone().requires_grad_()) for m in (ours, theirs))
        )
        assert torch.equal(found, known)
        x = expected  # patches go back to pixels


def test_images_of_another_size_are_refused():
    """Numbers enough for four images of half the side are not taken for four images."""
    with pytest.raises(DataError, match=r"shape \(1, 64, 64\) for a network of \(1, 32, 32\)"):
        ToPatches(1, (8, 8), 4)(torch.zeros(2, 1, 64, 64))
