"""The scenes in the manner of Shapes3D against geometry that is known without rendering."""

import numpy as np
import pytest

from micvae.data import scenes
from micvae.data.scenes import render
from micvae.data.solids import SOLIDS
from micvae.errors import DataError


def scene(floor=0.0, wall=0.3, thing=0.6, scale=1.0, shape=2, orientation=0.0):
    return render(np.asarray([[floor, wall, thing, scale, shape, orientation]]))[0]


def hue(rgb):
    import colorsys

    return colorsys.rgb_to_hsv(*rgb)[0]


def covered(**factors):
    """Where the solid is: where its colour changes the image."""
    return np.abs(scene(thing=0.2, **factors) - scene(thing=0.7, **factors)).max(0) > 1e-6


@pytest.mark.parametrize("h", [0.0, 0.1, 0.4, 0.7, 0.9])
def test_hues_are_where_they_belong(h):
    """Shading scales a colour, and so leaves its hue: the floor's below, the wall's on top."""
    assert hue(scene(floor=h)[:, 63, 5]) == pytest.approx(h, abs=1e-6)
    assert hue(scene(wall=h)[:, 0, 5]) == pytest.approx(h, abs=1e-6)
    assert hue(scene(thing=h)[:, 38, 31]) == pytest.approx(h, abs=1e-6)


def test_hues_are_a_circle():
    np.testing.assert_array_equal(scene(floor=1.25), scene(floor=0.25))


@pytest.mark.parametrize("shape", range(4))
def test_a_solid_grows_with_its_scale(shape):
    areas = [covered(shape=shape, scale=scale).sum() for scale in (0.75, 0.9, 1.05, 1.25)]
    assert (np.diff(areas) > 0).all()
    # Seen from a distance of 5.8 the area grows with the square, and a little more: it comes near.
    assert (1.25 / 0.75) ** 2 * 0.9 < areas[-1] / areas[0] < (1.25 / 0.75) ** 2 * 1.4


def test_the_sphere_is_seen_under_its_angle():
    """A ball of radius r at distance d covers a cone of half angle asin(r/d) around its centre."""
    eye, centre, aim = np.asarray([0, 2.8, 5.5]), np.asarray([0, 0.8, 0]), np.asarray([0, 0.7, 0])
    forward = (aim - eye) / np.linalg.norm(aim - eye)
    up = np.cross([1, 0, 0], forward)
    at = (np.arange(64) + 0.5) / 32 - 1
    x, y = at[None, :, None], -at[:, None, None]
    rays = 2.9 * forward + x * np.asarray([1, 0, 0]) + y * up
    towards = (centre - eye) / np.linalg.norm(centre - eye)
    cosine = rays @ towards / np.linalg.norm(rays, axis=-1)
    inside = cosine > np.sqrt(1 - (0.8 / np.linalg.norm(centre - eye)) ** 2)
    seen = covered(shape=2)
    # Partly covered pixels count as seen, so the border may be one pixel wider, never narrower.
    assert (seen | ~inside).all() and (seen & ~inside).sum() < 2 * np.sqrt(np.pi * inside.sum())


def test_round_solids_do_not_show_the_orientation_but_the_room_does():
    for shape in (1, 2, 3):
        one, other = covered(shape=shape, orientation=-20), covered(shape=shape, orientation=20)
        np.testing.assert_array_equal(one, other)
    assert (covered(shape=0, orientation=-20) != covered(shape=0, orientation=10)).any()
    edges = []
    for orientation in (-30, -15, 0, 15, 30):
        top = scene(orientation=orientation)[:, 0].sum(0)
        edges.append(np.abs(np.diff(top)).argmax())  # the corner between the bright and dark wall
    assert (np.diff(edges) > 5).all() and edges[2] == 31


def test_orientations_are_not_mirror_images():
    left, right = scene(orientation=-30), scene(orientation=30)
    assert np.abs(left - right[:, :, ::-1]).max() > 0.1


def test_edges_are_smoothed():
    """Pixels on the border of the solid mix both colours: more than two values along a row."""
    row = scene(floor=0.0, wall=0.0, thing=0.5, shape=0)[0, 38]
    assert len(np.unique(row.round(4))) > 4


@pytest.mark.parametrize("shape", range(4))
def test_rays_meet_the_surface_of_the_solid(shape):
    """At t a ray is on the surface: the point is inside just behind, outside just before."""
    generator = np.random.default_rng(shape)
    meet, normal_at = SOLIDS[shape]
    o = (np.asarray([[0.0], [2.5], [5.0]]) + generator.normal(0, 0.3, (3, 4000))).astype("f4")
    d = (np.asarray([[0.0], [0.8], [0.0]]) + generator.normal(0, 0.5, (3, 4000)) - o).astype("f4")
    t = meet(o, d)
    hit = np.isfinite(t)
    assert 500 < hit.sum() < 4000
    p = o[:, hit] + t[hit] * d[:, hit]
    normal = normal_at(p)
    np.testing.assert_allclose(np.linalg.norm(normal, axis=0), 1, atol=2e-3)
    # The normal looks back along the ray: never away from it, but for a rounded border.
    assert ((normal * d[:, hit]).sum(0) < 0.05).all()
    inside = {
        0: lambda q: np.maximum(np.abs(q - [[0], [0.66], [0]]).max(0) - 0.66, 0) == 0,
        1: lambda q: (np.hypot(q[0], q[2]) <= 0.66) & (q[1] >= 0) & (q[1] <= 1.4),
        2: lambda q: np.linalg.norm(q - [[0], [0.8], [0]], axis=0) <= 0.8,
        3: lambda q: np.hypot(
            np.hypot(q[0], q[2]), q[1] - np.clip(q[1], 0.52, 1.28)
        ) <= 0.52,
    }[shape]  # fmt: skip
    assert not inside(p + 0.01 * normal).any()
    assert inside(p - 0.01 * normal).mean() > 0.99  # but for points at the very edges


def test_factors_outside_the_ranges_are_refused():
    data = scenes(1)
    for factors, message in (
        ([0, 0, 0, 2, 0, 0], "scale is 2"),
        ([0, 0, 0, 1, 5, 0], "shape is 5; expected one of 0, 1, 2, 3"),
        ([0, 0, 0, 1, 0, 45], "orientation is 45; expected -30 to 30"),
    ):
        with pytest.raises(DataError, match=message):
            data.images_of(factors)
