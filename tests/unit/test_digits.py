"""Digits of scikit-learn: the images that it has, in a drawn order."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from micvae.data.digits import digits
from micvae.errors import DataError


def test_every_image_is_there_once_with_its_class():
    made, known = digits(), load_digits()
    assert made.images.shape == (1797, 1, 8, 8) and made.images.dtype == np.float32
    assert made.factor_names == ("digit",) and made.factor_kinds == ("categorical",)

    def rows(images, labels):
        return sorted((image.tobytes(), label) for image, label in zip(images, labels, strict=True))

    images = (16 * made.images[:, 0]).astype(np.uint8)
    assert rows(images, made.factors[:, 0]) == rows(known.images.astype(np.uint8), known.target)


def test_the_seed_decides_which_are_drawn():
    some, again, other = digits(100, seed=1), digits(100, seed=1), digits(100, seed=2)
    assert len(some) == 100 and some.images.tobytes() == again.images.tobytes()
    assert not np.array_equal(some.factors, other.factors)


def test_more_than_there_are():
    with pytest.raises(DataError, match="n is 1798; there are 1,797 digits"):
        digits(1798)
