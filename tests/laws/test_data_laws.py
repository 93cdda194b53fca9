"""What holds for every generated data set, and for everything made of one."""

import json
import subprocess
import sys

import numpy as np
import pytest

from micvae.data import DATASETS, GENERATED, WRAPPERS, load

N = 40
WRAPPED = {name: f"{name}('squares(n=400)', seed=3)" for name in WRAPPERS}
WRAPPED["blocks"] = "blocks('squares(n=400)')"
WRAPPED["held_out"] = "held_out('squares(n=400)')"
WRAPPED["rendered"] = "rendered('squares(n=400)')"
WRAPPED["whitened"] = "whitened('independent(n=400)')"
WRAPPED["standardised"] = "standardised('independent(n=400)')"
for name in ("auxiliary", "sequences"):
    WRAPPED[name] = f"{name}('squares(n=400)', column='rotation')"


@pytest.fixture(scope="module", params=GENERATED)
def made(request):
    return GENERATED[request.param](N, seed=3).load()


def test_the_seed_decides_and_nothing_else(made):
    again, other = (GENERATED[made.source["data"]](N, seed=seed).load() for seed in (3, 4))
    assert again.images.tobytes() == made.images.tobytes()
    assert again.factors.tobytes() == made.factors.tobytes()
    assert not np.array_equal(other.images, made.images)


def test_factors_give_the_images_back(made):
    np.testing.assert_array_equal(made.images_of(made.factors), made.images)
    # Also alone and in another order: what is rendered together does not matter.
    np.testing.assert_array_equal(made.images_of(made.factors[5]), made.images[5:6])
    backwards = made.images_of(made.factors[::-1])
    np.testing.assert_array_equal(backwards, made.images[::-1])


def test_images_are_floats_from_0_to_1(made):
    assert made.images.dtype == np.float32 and made.images.shape == (N, *made.image_shape)
    assert made.images.min() >= 0 and made.images.max() <= 1
    assert np.ptp(made.images) > 0.5


def test_factors_take_the_values_that_are_named(made):
    for column, values, kind in zip(
        made.factors.T, made.factor_values, made.factor_kinds, strict=True
    ):
        assert (values is None) == (kind == "continuous")
        assert values is None or np.isin(column, values).all()


def test_every_factor_changes_the_image(made):
    """Each value of a factor shows other images than the next one, whatever the others are."""
    for k, (column, values) in enumerate(zip(made.factors.T, made.factor_values, strict=True)):
        shown = np.linspace(column.min(), column.max(), 9) if values is None else values
        for row in made.factors[:6]:
            factors = np.repeat(row[None], len(shown), axis=0)
            factors[:, k] = shown
            images = made.images_of(factors)
            change = np.abs(np.diff(images, axis=0)).max((1, 2, 3))
            assert change.min() > 0, f"{made.factor_names[k]} at {row}"


def test_sources_are_plain_json(made):
    assert json.loads(json.dumps(made.source)) == made.source
    assert made.source == {"data": made.name, "n": N, "seed": 3} | made.source


@pytest.mark.parametrize("name", WRAPPED)
def test_what_is_made_of_a_data_set_keeps_what_it_was(name):
    inner, outer = load(WRAPPED[name].split("'")[1]), load(WRAPPED[name])
    assert outer.factor_names == inner.factor_names and outer.factor_kinds == inner.factor_kinds
    for mine, its in zip(outer.factor_values, inner.factor_values, strict=True):
        np.testing.assert_array_equal(mine, its)
    np.testing.assert_array_equal(outer.images_of(outer.factors), outer.images)
    assert outer.source["data"] == name and outer.source["of"] == inner.source
    assert json.loads(json.dumps(outer.source)) == outer.source
    again = load(WRAPPED[name])
    assert again.images.tobytes() == outer.images.tobytes()
    assert (again.partners is None) == (outer.partners is None)
    assert again.partners is None or again.partners.tobytes() == outer.partners.tobytes()


@pytest.mark.parametrize("name", DATASETS)
def test_the_first_line_says_what_it_is(name):
    first = DATASETS[name].__doc__.splitlines()[0]
    assert first.endswith(".") and len(first) < 100


def test_torch_is_not_loaded_by_data():
    code = "import sys, micvae.data; sys.exit('torch' in sys.modules or 'h5py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
